"""A client's own appointment, for somebody who signs in to the host as that client: what a client's link gives."""

from __future__ import annotations

from flask_cancellations.errors import NotFound
from flask_cancellations.host.values import User
from flask_cancellations.i18n import fcx_
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.appointments import cancellations_of
from flask_cancellations.services.called import Called, called
from flask_cancellations.services.links import Opened
from flask_cancellations.state import State


def open_own(state: State, user: User, name: str) -> Opened:
    """The user's own appointment of this name; changes nothing.

    Raises NotFound for an unknown one as for somebody else's, so that the answer does not tell which there are.
    """
    found = called(state, name)
    it = found.appointment
    if it is not None and state.host.owns(user, it):
        return Opened(state.scope, it)
    cancellation_id = _cancelled_by(state, user, found)
    if it is None or cancellation_id is None:
        raise NotFound(fcx_("There is no such appointment."))
    return Opened(state.scope, it, cancellation_id=cancellation_id)


def _cancelled_by(state: State, user: User, found: Called) -> int | None:
    """Where the host deleted the row, nothing says whose it was but who cancelled it: the cancellation, if they did."""
    if found.appointment is None or found.appointment.row is not None:
        return None
    records = cancellations_of(state, found.appointment.key)
    latest = next((one for one in records if one.id == found.cancellation_id), records[-1])
    return int(latest.id) if (latest.actor_kind, latest.actor_key) == ("client", user.key) else None


def own_actor(user: User, opened: Opened, request_id: str = "") -> Actor:
    """The signed-in client: may cancel what is their own, and nothing else."""
    client = opened.appointment.client
    unnamed = user.name == user.key
    return Actor(
        kind="client",
        key=user.key,
        name=client.name if client is not None and unnamed else user.name,
        source="web",
        request_id=request_id,
        user=user,
    )
