"""The Jinja globals: what the signed-in user may do with an appointment, and a client's own link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from flask import current_app

from flask_cancellations.errors import ConfigError, Fault, NoScope, NotOpen
from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import fcx_p
from flask_cancellations.services.actor import Actor, may, signed_in
from flask_cancellations.services.links import new_cancel_link
from flask_cancellations.state import State, current_state
from flask_cancellations.web.pages import address


@dataclass(frozen=True, slots=True)
class Action:
    """Something the signed-in user may do with an appointment; ``url`` is the path of the page that does it."""

    name: Literal["cancel", "history"]
    label: str
    url: str


def actions_for(state: State, actor: Actor, appointment: Appointment) -> list[Action]:
    """What this actor may do with this appointment; asks no table of ours.

    A signed-in client may cancel what is their own, on a page with the client's terms.
    """
    name = appointment.public_id
    if not name:
        return []
    ahead = appointment.status == "booked" and appointment.start_us > state.clock.now()
    if not may(state, actor, "cancel", appointment):
        own = ahead and actor.user is not None and state.host.owns(actor.user, appointment)
        return [Action("cancel", fcx_p("action", "Cancel"), address("mine", key=name))] if own else []
    actions = [Action("history", fcx_p("action", "History"), address("appointment", key=name))]
    if ahead:
        actions.insert(0, Action("cancel", fcx_p("action", "Cancel"), address("cancel", key=name)))
    return actions


def cancellations_actions(row: Any) -> list[Action]:
    """What the signed-in user may do with a host's appointment; empty for visitors, and for another tenant's row.

    Meant for a diary that asks once for each of its rows: beyond the relations that the mapping reads from the row
    (load them with the diary's own query), it sends no statement to the database.
    """
    state = current_state()
    actor = signed_in(state)
    if actor is None:
        return []
    try:
        # A host without a status shows what is not cancelled; asking our claims here would cost a statement a row.
        appointment = state.host.read(row, status="booked")
        if appointment.scope != state.scope:
            return []
    except (NotOpen, NoScope):  # a row that has no date yet, or a user of no tenant
        return []
    return actions_for(state, actor, appointment)


def cancellations_link(row: Any) -> str:
    """A new link, as an absolute address, by which the client may cancel this appointment without signing in.

    It writes a row (only the token's hash is kept), so call it where the host writes: in the request that makes the
    booking, or in the mail that confirms it, never on a page that is only read. The caller's commit makes the link
    work. The row must be flushed. Raises ConfigError without ``CANCELLATIONS_PUBLIC_URL``: taking the address from
    the request would let a forged Host header send the client elsewhere.
    """
    state = current_state()
    if not state.settings.public_url:
        raise ConfigError([Fault("CANCELLATIONS_PUBLIC_URL", "nothing", "the address that clients' links start with")])
    token = new_cancel_link(state, row)
    # Without the request's script name, which the public URL has already, and without a request, as in a mail job.
    path = current_app.url_map.bind("localhost").build(f"{state.settings.blueprint_name}.link", {"token": token})
    return state.settings.public_url.rstrip("/") + path
