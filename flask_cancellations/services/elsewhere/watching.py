"""The rows that watch the open future: what is known of each appointment, to tell what was done to it past us."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.clock import HOUR
from flask_cancellations.host.values import Appointment
from flask_cancellations.models import Cancellation, Claim, Watched
from flask_cancellations.models.base import table_of
from flask_cancellations.models.claim import CANCELLED
from flask_cancellations.models.watch import HIDDEN, OPEN
from flask_cancellations.services.appointments import snapshot
from flask_cancellations.services.write import snapshot_values
from flask_cancellations.state import State

_A_DAY_OF_ANY_LENGTH = 26 * HOUR


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last pass saw of one appointment, without most of the snapshot."""

    id: int
    key: str
    state: str
    start_us: int
    mark: str
    missing: int
    client_key: str | None = None
    booked_us: int | None = None
    public_id: str | None = None


@dataclass(frozen=True, slots=True)
class InForce:
    """A cancellation of ours that our claim still stands for."""

    id: int
    key: str
    start_us: int


def watched(state: State) -> dict[str, Seen]:
    """All that is watched, by key."""
    row = table_of(Watched).c
    names = ("id", "appointment_key", "state", "start_us", "mark", "missing", "client_key", "booked_us", "public_id")
    query = select(*(row[name] for name in names)).where(row.scope == state.scope)
    return {seen.key: seen for seen in starmap(Seen, state.store.execute(query))}


def in_force(state: State, first_us: int) -> dict[str, InForce]:
    """Our cancellations of appointments from ``first_us`` (microseconds UTC) on that were not undone, by key."""
    return {ours.key: ours for ours in starmap(InForce, state.store.execute(_in_force(state, first_us)))}


def in_force_for(state: State, keys: Sequence[str]) -> dict[str, InForce]:
    """The same for a few appointments, whatever their start was."""
    query = _in_force(state).where(Cancellation.appointment_key.in_(keys))
    return {ours.key: ours for ours in starmap(InForce, state.store.execute(query))}


def _in_force(state: State, first_us: int | None = None) -> Any:
    query = (
        select(Cancellation.id, Cancellation.appointment_key, Cancellation.start_us)
        .join(
            Claim,
            (Claim.scope == Cancellation.scope)
            & (Claim.appointment_key == Cancellation.appointment_key)
            & (Claim.generation == Cancellation.generation),
        )
        .where(Cancellation.scope == state.scope, Claim.state == CANCELLED)
    )
    if first_us is None:
        return query
    # By the day, which has an index.
    day = state.clock.to_wall(first_us - _A_DAY_OF_ANY_LENGTH).date()
    return query.where(Cancellation.local_day >= day)


def row_of(state: State, seen: Seen) -> Row[Any] | None:
    """The whole row, or None if another worker has dealt with it."""
    table = table_of(Watched)
    return state.store.execute(select(table).where(table.c.id == seen.id)).first()


def as_it_was(state: State, row: Row[Any]) -> Appointment:
    """The appointment that a row of ``Watched`` remembers. It has no ``row``."""
    return replace(snapshot(state, row), price=row.price, deposit=row.deposit, status="booked")


def same_life(state: State, row: Row[Any] | Seen, later: Appointment) -> bool:
    """Whether what stands under the key now is the appointment that was watched.

    The public id or the stamp of the booking decides. Without either it is another if both its start and its client
    are others; a host that corrects one of the two changes the appointment, it does not make a new one.
    """
    if state.host.has_public_id and row.public_id and later.public_id:
        return bool(row.public_id == later.public_id)
    if row.booked_us is not None and later.booked_us is not None:
        return bool(row.booked_us == later.booked_us)
    return bool(row.start_us == later.start_us or row.client_key == later.client_key)


def watch(state: State, found: Iterable[tuple[Appointment, str]]) -> None:
    """Begin to watch appointments, each given with its mark, in the caller's transaction."""
    rows = [
        {
            "scope": state.scope,
            "appointment_key": one.key,
            "missing": 0,
            **_values(state, one, mark),
        }
        for one, mark in found
    ]
    state.store.insert_many_if_absent(Watched, ("scope", "appointment_key"), rows)


def look_again(state: State, seen: Seen, one: Appointment, mark: str) -> bool:
    """Remember an appointment as it is now; False if another worker has dealt with it."""
    updated = state.store.update(
        Watched,
        Watched.id == seen.id,
        Watched.start_us == seen.start_us,
        Watched.mark == seen.mark,
        missing=0,
        **_values(state, one, mark),
    )
    return updated == 1


def forget(state: State, seen: Sequence[Seen]) -> int:
    """Stop watching; returns how many were watched."""
    return state.store.delete(Watched, Watched.id.in_([one.id for one in seen]))


def count_missing(state: State, seen: Sequence[Seen], *, found: bool = False) -> None:
    """Note that these were not found in this pass, or were ``found`` again."""
    if seen:
        missing = 0 if found else Watched.missing + 1
        state.store.update(Watched, Watched.id.in_([one.id for one in seen]), missing=missing)


def _values(state: State, one: Appointment, mark: str) -> dict[str, Any]:
    return {
        "state": HIDDEN if one.status == "cancelled" else OPEN,
        "mark": mark,
        "seen_us": state.clock.now(),
        "status": state.host.status_value(one.row)[:100],
        "price": one.price,
        "deposit": one.deposit,
        **snapshot_values(state, one),
    }
