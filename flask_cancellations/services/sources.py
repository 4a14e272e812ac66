"""Who may change policies and reasons, one after the other: the source of truth, the lock, the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from flask_cancellations.errors import ChangedMeanwhile, Forbidden
from flask_cancellations.i18n import fcx_, moment_text
from flask_cancellations.models import Event, PrivateValue, ReasonRow
from flask_cancellations.models.base import table_of
from flask_cancellations.services.actor import Actor, require
from flask_cancellations.services.catalogue import Catalogue, load
from flask_cancellations.services.log import log
from flask_cancellations.state import State

_LOOKED_AT = 100


def on_pages(state: State) -> bool:
    """Whether policies and reasons are changed on the pages; else they come from the configuration."""
    return state.settings.source == "pages"


def begin_change(state: State, actor: Actor) -> Catalogue:
    """What is in force, for somebody who is going to change it in the caller's transaction.

    The reasons' rows are locked first, so changes of one scope follow one another. Raises Forbidden without the right
    ``policies``, and where the configuration is the source.
    """
    require(state, actor, "policies")
    if not on_pages(state):
        raise Forbidden(fcx_("Policies and reasons are kept in the configuration here, so nothing can be changed."))
    load(state, store_if_new=True)
    reasons = table_of(ReasonRow)
    state.store.execute(
        select(reasons.c.id).where(reasons.c.scope == state.scope).order_by(reasons.c.id).with_for_update()
    ).all()
    return load(state, current=True)


def log_change(state: State, actor: Actor, action: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Record a change that is about no appointment."""
    log(
        state,
        actor,
        action,
        "",
        before=before,
        after=after,
        private={"actor": actor.name},
    )


def changed_meanwhile(state: State, about: Mapping[str, str]) -> ChangedMeanwhile:
    """The conflict to raise: who changed it, and when. ``about`` is what the event's ``after`` says of it."""
    event = table_of(Event)
    rows = state.store.execute(
        select(event.c.at_us, event.c.actor_key, event.c.body)
        .where(event.c.scope == state.scope, event.c.appointment_key == "")
        .order_by(event.c.id.desc())
        .limit(_LOOKED_AT)
        .with_for_update(read=True)  # MariaDB's snapshot may be older than the other change
    )
    for row in rows:
        body = json.loads(row.body)
        if about.items() <= body["after"].items():
            who = _name(state, body["private"].get("actor")) or row.actor_key
            when = moment_text(state.clock.to_wall(row.at_us))
            return ChangedMeanwhile(
                fcx_(
                    "%(who)s has changed this on %(when)s. What you entered is still here: look at what is in force "
                    "now, then save again if yours is to follow.",
                    who=who,
                    when=when,
                )
            )
    return ChangedMeanwhile(fcx_("This has changed meanwhile. Open it again."))


def _name(state: State, commitment: str | None) -> str | None:
    query = select(PrivateValue.value).where(PrivateValue.commitment == commitment).with_for_update(read=True)
    return state.store.execute(query).scalar() if commitment else None
