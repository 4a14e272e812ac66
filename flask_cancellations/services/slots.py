"""Freed times: what state a time is in, what online booking must not offer, and who gets a time.

A time is free only if no open appointment of that therapist overlaps it, whatever our slots say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select

from flask_cancellations.clock import DAY
from flask_cancellations.errors import SlotTaken
from flask_cancellations.host.keys import key_of_value
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Diary, Slot
from flask_cancellations.models.base import table_of
from flask_cancellations.rules.slots import SlotState, effective_state
from flask_cancellations.state import State

TimeState = Literal["open", "held", "closed", "taken"]

_CLOSED: frozenset[SlotState] = frozenset({"closed", "pending"})
_LONGEST = DAY  # no appointment lasts longer


@dataclass(frozen=True, slots=True)
class BlockedTime:
    """A time that online booking must not offer. ``start`` and ``end`` are the clinic's naive wall clock."""

    start: datetime
    end: datetime
    staff_key: str | None
    state: Literal["held", "closed"]


def at(state: State, start: datetime, end: datetime, staff: Any) -> TimeState:
    """The state of a time of one therapist; ``start`` and ``end`` naive wall clock, ``staff`` a key or None."""
    staff_key = _key(staff)
    if state.host.overlapping(state.store.session, start, end, staff_key):
        return "taken"
    states = {effective for _, effective in _overlapping(state, start, end, [staff_key])}
    return "closed" if states & _CLOSED else "held" if "held" in states else "open"


def blocked(state: State, start: datetime, end: datetime, staff: Any = None) -> list[BlockedTime]:
    """The held and closed times between two moments, of one therapist or (None) of all, in their order."""
    staff_keys = None if staff is None else [_key(staff)]
    return [
        BlockedTime(
            state.clock.to_wall(slot.start_us),
            state.clock.to_wall(slot.end_us),
            slot.staff_key,
            "held" if effective == "held" else "closed",
        )
        for slot, effective in _overlapping(state, start, end, staff_keys)
        if effective == "held" or effective in _CLOSED
    ]


def claim(state: State, start: datetime, end: datetime, staff: Any) -> None:
    """Take a time for a booking, inside the booking's own transaction and before its row is added.

    Bookings of one therapist and day follow one another, so of several at once exactly one goes through. Raises
    SlotTaken if the time is held for the waiting list, closed, or booked; the caller then rolls back.
    """
    staff_key, days = _key(staff), list(_days(start, end))
    bookings = _bookings(state, staff_key, days)
    # A look before anything is written: waiting for a claim that is then rolled back is a deadlock on MariaDB.
    _released(state, start, end, staff_key)
    for day in days:
        _lock_day(state, staff_key, day, known=day in bookings)
    # MariaDB shows what was booked since this transaction began to a locking read only, which would shut out bookings
    # of other therapists as well; so there it is made only if somebody was faster.
    overtaken = _bookings(state, staff_key, days) != {day: bookings.get(day, 0) + 1 for day in days}
    lock = overtaken or state.store.dialect not in ("mysql", "mariadb")
    released = _released(state, start, end, staff_key, lock=lock)
    if released:
        state.store.update(Slot, Slot.id.in_(released), state="taken", changed_us=state.clock.now())


def _released(state: State, start: datetime, end: datetime, staff_key: str | None, *, lock: bool = False) -> list[int]:
    """The ids of the released slots in a time. Raises SlotTaken if the time is booked, held or closed."""
    # The host's rows first, then our slots: a cancellation that commits in between is then seen with its hold.
    if state.host.overlapping(state.store.session, start, end, staff_key, lock=lock):
        raise SlotTaken(fcx_("This time has just been booked. Please choose another one."), state="taken")
    overlapping = _overlapping(state, start, end, [staff_key], lock=lock)
    for _, effective in overlapping:
        if effective == "held":
            raise SlotTaken(fcx_("This time is reserved. Please choose another one."), state="held")
        if effective in _CLOSED:
            raise SlotTaken(fcx_("This time is not available. Please choose another one."), state="closed")
    return [slot.id for slot, effective in overlapping if effective == "released"]


def _key(staff: Any) -> str | None:
    return None if staff is None else key_of_value(staff)


def _days(start: datetime, end: datetime) -> Iterator[date]:
    day = start.date()
    while day <= max(end - timedelta(microseconds=1), start).date():
        yield day
        day += timedelta(days=1)


def _bookings(state: State, staff_key: str | None, days: Sequence[date]) -> dict[date, int]:
    """How often a time of these days was claimed, as far as this transaction sees."""
    rows = state.store.execute(
        select(Diary.day, Diary.bookings).where(
            Diary.scope == state.scope, Diary.staff_key == (staff_key or ""), Diary.day.in_(days)
        )
    )
    return {row.day: row.bookings for row in rows}


def _lock_day(state: State, staff_key: str | None, day: date, *, known: bool) -> None:
    """Wait for the other claims of this day; its row is ``known`` to be there, or made."""
    identity = {"scope": state.scope, "staff_key": staff_key or "", "day": day}
    if not known:
        state.store.insert_if_absent(Diary, ("scope", "staff_key", "day"), **identity, bookings=0)
    state.store.update(
        Diary,
        Diary.scope == state.scope,
        Diary.staff_key == (staff_key or ""),
        Diary.day == day,
        bookings=Diary.bookings + 1,
    )


def _overlapping(
    state: State,
    start: datetime,
    end: datetime,
    staff_keys: Sequence[str | None] | None,
    *,
    lock: bool = False,
) -> list[tuple[Any, SlotState]]:
    """Our slots that overlap a time, with the state that counts now; ``staff_keys`` None means of everybody."""
    slot = table_of(Slot).c
    start_us, end_us = state.clock.to_us(start), state.clock.to_us(end)
    query = (
        select(table_of(Slot))
        .where(
            slot.scope == state.scope,
            # The lower bound lets the index end the search.
            slot.start_us > start_us - _LONGEST,
            slot.start_us < end_us,
            slot.end_us > start_us,
        )
        .order_by(slot.start_us)
    )
    if staff_keys is not None:
        query = query.where(slot.staff_key.is_(None) if staff_keys == [None] else slot.staff_key.in_(staff_keys))
    if lock:
        query = query.with_for_update()
    now = state.clock.now()
    return [(row, effective_state(row.state, row.held_until_us, now)) for row in state.store.execute(query).all()]
