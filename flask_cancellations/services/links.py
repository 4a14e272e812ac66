"""Links that clients hold: a random token, of which only the hash is stored, with a purpose and an end."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from flask_cancellations.errors import Gone, NotFound
from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Link
from flask_cancellations.models.base import table_of
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.appointments import find
from flask_cancellations.state import State

CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Opened:
    """An appointment that is still its client's, who opened it by a link or, without ``link_id``, by signing in.

    Whatever is done with it is done within its ``scope``. A ``used`` or ``expired`` link can no longer cancel it.
    ``cancellation_id`` is given where the host's row is gone and only the record of that cancellation is left.
    """

    scope: str
    appointment: Appointment
    link_id: int | None = None
    used: bool = False
    expired: bool = False
    cancellation_id: int | None = None


def new_cancel_link(state: State, row: Any) -> str:
    """Make a link by which the client of a host row may cancel it; returns the token (256 bits, URL-safe).

    The link ends when the appointment begins, also after it was moved to a later time. It belongs to the scope of the
    row, whoever is signed in. Raises NoScope for a row without one, in a host that maps scopes.
    """
    token = secrets.token_urlsafe(32)
    with state.within_scope_of(row):
        appointment = state.host.read(row)
        state.store.insert(
            Link,
            scope=state.scope,
            token_hash=_hash(token),
            purpose=CANCEL,
            appointment_key=appointment.key,
            client_key=appointment.client_key,
            start_us=appointment.start_us,
            created_us=state.clock.now(),
            expires_us=appointment.start_us,
        )
    return token


def open_link(state: State, token: str) -> Opened:
    """The appointment behind a token, of whichever scope; changes nothing.

    Raises NotFound for an unknown token, Gone for one whose appointment is no longer the client's.
    """
    query = select(table_of(Link)).where(Link.token_hash == _hash(token))
    if not state.scoped:  # two apps on one database have an appointment each under one key
        query = query.where(Link.scope == state.scope)
    link = state.store.execute(query).first()
    if link is None:
        raise NotFound(fcx_("This link is not valid."))
    with state.within(link.scope):
        appointment = find(state, link.appointment_key)
    if appointment is None or not _same(appointment, link):
        raise Gone(fcx_("This appointment no longer exists."))
    ends = max(link.expires_us, appointment.start_us)
    return Opened(link.scope, appointment, link.id, link.used_us is not None, ends <= state.clock.now())


def _same(appointment: Appointment, link: Any) -> bool:
    """Whether the host's row still stands for what the link was made for: a deleted row's key may come again."""
    if link.client_key is None and appointment.start_us != link.start_us:
        return False
    return bool(appointment.client_key == link.client_key)


def use_link(state: State, link: Opened) -> None:
    """Use up a link that was opened in the caller's transaction. Raises Gone if it has expired or was used before."""
    if link.expired and not link.used:
        raise Gone(fcx_("This link has expired: the appointment has begun."))
    if state.store.update(Link, Link.id == link.link_id, Link.used_us.is_(None), used_us=state.clock.now()) != 1:
        raise Gone(fcx_("This link was used already."))


def link_actor(link: Opened, request_id: str = "") -> Actor:
    """The client who holds the link: may cancel this appointment and nothing else."""
    client = link.appointment.client
    return Actor(
        kind="link",
        key=client.key if client else link.appointment.key,
        name=client.name if client else "",
        source="link",
        rights=frozenset({"cancel"}),
        request_id=request_id,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
