"""The history of one appointment, and of one cancellation all that a page shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.errors import NotFound
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import (
    Cancellation,
    Event,
    Message,
    Movement,
    PrivateValue,
    SettlementRow,
    Slot,
    Waiver,
)
from flask_cancellations.models.base import Base, table_of
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.rules.slots import SlotState, effective_state
from flask_cancellations.services import appointments
from flask_cancellations.state import State


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event. ``at_us`` in microseconds UTC; ``private`` holds the personal values that were not erased."""

    at_us: int
    action: str
    actor_kind: str
    actor_key: str
    source: str
    before: dict[str, Any]
    after: dict[str, Any]
    private: dict[str, str]

    @property
    def actor_name(self) -> str:
        """The actor's name, or the key once the name was erased."""
        return self.private.get("actor", self.actor_key)


def history(state: State, key: str, cancellation_id: int | None = None) -> list[HistoryEntry]:
    """Everything recorded about one appointment, the oldest first.

    A key may have had several lives: a row was deleted, and another came under its key. ``cancellation_id`` asks for
    the life which that cancellation belongs to; without it the present row's is meant, or the last one's if there is
    no row.
    Raises NotFound for a cancellation of another appointment.
    """
    events: Sequence[Row[Any]] = state.store.execute(
        select(table_of(Event)).where(Event.scope == state.scope, Event.appointment_key == key).order_by(Event.id)
    ).all()
    events = _of_life(state, key, cancellation_id, events)
    bodies = [json.loads(event.body) for event in events]
    commitments = [c for body in bodies for c in body["private"].values()]
    values: dict[str, str] = {}
    if commitments:
        found = state.store.execute(
            select(PrivateValue.commitment, PrivateValue.value).where(PrivateValue.commitment.in_(commitments))
        )
        values = {row.commitment: row.value for row in found}
    return [
        HistoryEntry(
            at_us=event.at_us,
            action=event.action,
            actor_kind=event.actor_kind,
            actor_key=event.actor_key,
            source=event.source,
            before=body["before"],
            after=body["after"],
            private={name: values[c] for name, c in body["private"].items() if c in values},
        )
        for event, body in zip(events, bodies, strict=True)
    ]


def _of_life(state: State, key: str, cancellation_id: int | None, events: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """Those of the events that belong to one life."""
    records = appointments.cancellations_of(state, key)
    if cancellation_id is not None and all(record.id != cancellation_id for record in records):
        raise NotFound(fcx_("There is no such cancellation."))
    grouped = appointments.lives(state, records)
    wanted = len(grouped) - 1
    if cancellation_id is not None:
        wanted = next(n for n, life in enumerate(grouped) if any(record.id == cancellation_id for record in life))
    elif records:
        present = state.host.appointment(state.store.session, key)
        if not appointments.is_current(state, records[-1], present):
            wanted = len(grouped)
    if len(grouped) < 2 and wanted == len(grouped) - 1:
        return events
    life_of = {record.id: number for number, life in enumerate(grouped) for record in life}
    found, current = [], 0
    for event in events:
        # What names no cancellation belongs to the life in which it was recorded.
        current = life_of.get(json.loads(event.body)["after"].get("cancellation"), current)
        if current == wanted:
            found.append(event)
    return found


@dataclass(frozen=True, slots=True)
class CancellationView:
    """One cancellation with its rows; ``slot_state`` is the state that counts now.

    ``terms`` is the settlement's row: what the quote was computed from.
    """

    record: Row[Any]
    terms: Row[Any]
    settlement: Settlement
    why: tuple[str, ...]
    waivers: list[Row[Any]]
    movements: list[Row[Any]]
    messages: list[Row[Any]]
    slot_state: SlotState
    slot_held_until_us: int | None


def latest_cancellation_id(state: State, key: str) -> int | None:
    """The id of an appointment's latest cancellation."""
    return state.store.execute(
        select(Cancellation.id)
        .where(Cancellation.scope == state.scope, Cancellation.appointment_key == key)
        .order_by(Cancellation.id.desc())
        .limit(1)
    ).scalar()


def record_of(state: State, cancellation_id: int) -> Row[Any]:
    """The record of one cancellation. Raises NotFound for an unknown id or another scope's."""
    record = state.store.execute(
        select(table_of(Cancellation)).where(Cancellation.scope == state.scope, Cancellation.id == cancellation_id)
    ).first()
    if record is None:
        raise NotFound(fcx_("There is no such cancellation."))
    return record


def cancellation_view(state: State, cancellation_id: int) -> CancellationView:
    """Everything about one cancellation. Raises NotFound for an unknown id or another scope's."""
    record = record_of(state, cancellation_id)
    settled = _rows(state, SettlementRow, cancellation_id)[0]
    slot = _rows(state, Slot, cancellation_id)[0]
    names = Settlement.__dataclass_fields__
    return CancellationView(
        record=record,
        terms=settled,
        settlement=Settlement(**{name: getattr(settled, name) for name in names}),
        why=tuple(settled.why.split()),
        waivers=_rows(state, Waiver, cancellation_id),
        movements=_rows(state, Movement, cancellation_id),
        messages=_rows(state, Message, cancellation_id),
        slot_state=effective_state(slot.state, slot.held_until_us, state.clock.now()),
        slot_held_until_us=slot.held_until_us,
    )


def _rows(state: State, model: type[Base], cancellation_id: int) -> list[Row[Any]]:
    table = table_of(model)
    query = select(table).where(table.c.cancellation_id == cancellation_id).order_by(table.c.id)
    return list(state.store.execute(query).all())
