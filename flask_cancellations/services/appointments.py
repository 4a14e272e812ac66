"""One appointment, whether the host still has it or only our record of its cancellation is left.

Also tells the lives of a key apart: SQLite gives the id of a deleted row to the next one, and a host may make a new row
under an old key. Each life has a history of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.host.values import Appointment, Person
from flask_cancellations.models import Cancellation
from flask_cancellations.models.base import table_of
from flask_cancellations.state import State


def find(state: State, key: str) -> Appointment | None:
    """The appointment with this key: the host's row, else the snapshot of its latest cancellation, else None."""
    appointment = state.host.appointment(state.store.session, key)
    if appointment is not None:
        return appointment
    records = cancellations_of(state, key)
    return snapshot(state, records[-1]) if records else None


def of_record(state: State, record: Row[Any]) -> Appointment:
    """The appointment that a row of ``Cancellation`` is about: the host's row, or the snapshot once that is gone.

    A row that came under the same key later is another appointment.
    """
    appointment = state.host.appointment(state.store.session, record.appointment_key)
    if appointment is not None and _is_of(state, record, appointment):
        return appointment
    return snapshot(state, record)


def snapshot(state: State, record: Row[Any]) -> Appointment:
    """The appointment as it was when it was cancelled. It has no ``row``."""
    client = None
    if record.client_key is not None:
        client = Person(record.client_key, record.client_name, None, None, None)
    return Appointment(
        key=record.appointment_key,
        start=state.clock.to_wall(record.start_us),
        end=state.clock.to_wall(record.end_us),
        start_us=record.start_us,
        end_us=record.end_us,
        client=client,
        staff_key=record.staff_key,
        staff_name=record.staff_name,
        service_key=record.service_key,
        service_name=record.service_name,
        location_key=record.location_key,
        location_name=record.location_name,
        price=None,
        deposit=0,
        booked_us=record.booked_us,
        status="cancelled",
        scope=record.scope,
        public_id=record.public_id or record.appointment_key,
        row=None,
    )


def cancellations_of(state: State, key: str) -> list[Row[Any]]:
    """All cancellations of a key, in their order, whichever life they belong to."""
    table = table_of(Cancellation)
    return list(
        state.store.execute(
            select(table).where(table.c.scope == state.scope, table.c.appointment_key == key).order_by(table.c.id)
        ).all()
    )


def lives(state: State, records: Sequence[Row[Any]]) -> list[list[Row[Any]]]:
    """The cancellations of one key, grouped by the life that they belong to."""
    found: list[list[Row[Any]]] = []
    for record in records:
        if found and _is_of(state, found[-1][-1], record):
            found[-1].append(record)
        else:
            found.append([record])
    return found


def is_current(state: State, record: Row[Any], appointment: Appointment | None) -> bool:
    """Whether a cancellation is that of the row that stands under its key now, or of the last one that did."""
    return appointment is None or _is_of(state, record, appointment)


def _is_of(state: State, earlier: Row[Any], later: Any) -> bool:
    """Whether what was cancelled earlier is this same appointment (or later cancellation), opened again in between."""
    if state.host.deletes:
        return False  # what stands there now came after the row was deleted
    if state.host.has_public_id and earlier.public_id and later.public_id:
        return bool(earlier.public_id == later.public_id)
    if earlier.booked_us is not None and later.booked_us is not None:
        return bool(earlier.booked_us == later.booked_us)
    return bool(earlier.client_key == later.client_key)
