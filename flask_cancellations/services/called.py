"""What addresses and JSON call an appointment, turned into the appointment: by its public id, if the host has one.

Everywhere else an appointment goes by its key, the primary key. A host may give the key of a deleted row to another
one; a public id stays with what it named, so what is left of that is found by our record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.host.keys import is_key
from flask_cancellations.host.values import Appointment
from flask_cancellations.models import Cancellation
from flask_cancellations.models.base import table_of
from flask_cancellations.services import cancel as cancelling
from flask_cancellations.services.actor import Actor, visible
from flask_cancellations.services.appointments import find, snapshot
from flask_cancellations.services.decide import CancelCommand
from flask_cancellations.state import State


@dataclass(frozen=True, slots=True)
class Called:
    """An appointment; ``cancellation_id`` is its latest cancellation's if only our record of it is left."""

    appointment: Appointment | None
    cancellation_id: int | None = None


def called(state: State, name: str) -> Called:
    """The appointment of this name, the host's row or what our record keeps of it; None for an unknown name."""
    if not is_key(name):
        return Called(None)
    if not state.host.has_public_id:
        return Called(find(state, name))
    appointment = state.host.called(state.store.session, name)
    if appointment is not None:
        return Called(appointment)
    record = _record(state, name)
    return Called(None) if record is None else Called(snapshot(state, record), record.id)


def _record(state: State, name: str) -> Row[Any] | None:
    table = table_of(Cancellation)
    mine = (table.c.scope == state.scope, table.c.public_id == name)
    return state.store.execute(select(table).where(*mine).order_by(table.c.id.desc()).limit(1)).first()


def cancel_called(state: State, name: str, command: CancelCommand, actor: Actor) -> cancelling.Cancelled:
    """Cancel the appointment of this name; the key in ``command`` is replaced by that of the appointment.

    Otherwise as :func:`flask_cancellations.services.cancel.cancel`.
    """
    found = called(state, name)
    seen = visible(state, actor, found.appointment)
    if seen.row is None:
        raise cancelling.already_cancelled(state, seen.key, cancellation_id=found.cancellation_id)
    return cancelling.cancel(state, replace(command, appointment_key=seen.key), actor)
