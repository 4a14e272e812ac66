"""Money that has to move: made in the transaction of what decides about it, carried out later by the worker."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.errors import Conflict
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Movement, Paid
from flask_cancellations.models.base import table_of
from flask_cancellations.models.settlement import CANCEL, CREATED, FAILED, MANUAL, PENDING_HOST, STEP, STOPPED
from flask_cancellations.rules.deposits import Deposit, allot
from flask_cancellations.state import State

# What nobody has carried out yet; what is sent may have moved, and stays.
NOT_MOVED = (CREATED, MANUAL, PENDING_HOST)


@dataclass(frozen=True, slots=True)
class Stopped:
    """What was called off: how many movements, and how much of each kind in minor units."""

    count: int
    charge: int
    refund: int
    credit: int


def keep_deposits(state: State, cancellation_id: int, deposits: Sequence[Deposit]) -> None:
    """Remember which payments the deposit of a cancellation consists of, so that refunds go back to them."""
    state.store.insert_many(
        Paid,
        [
            {
                "cancellation_id": cancellation_id,
                "kind": "deposit",
                "reference": deposit.reference[:190],
                "amount": deposit.left,
                "returned": 0,
            }
            for deposit in deposits
            if deposit.left
        ],
    )


def start(
    state: State,
    cancellation_id: int,
    client_key: str | None,
    currency: str,
    amounts: dict[str, int],
    *,
    purpose: str = CANCEL,
    not_before: int,
    lot_id: int | None = None,
    known_paid: bool = True,
    begin_as: str = CREATED,
) -> None:
    """Write the movements of these kinds and amounts; a refund goes back to the payments it came from, as far as known.

    ``not_before`` in microseconds UTC. ``known_paid`` False spares the look for payments where there are none.
    ``begin_as`` is ``pending_host`` while a host function that commits by itself has the last word.
    """
    shared = {
        "scope": state.scope,
        "cancellation_id": cancellation_id,
        "state": begin_as,
        "currency": currency,
        "client_key": client_key,
        "not_before_us": not_before,
        "purpose": purpose,
        "attempts": 0,
        "lot_id": lot_id,
    }
    rows: list[dict[str, Any]] = []
    for kind, amount in amounts.items():
        parts: list[tuple[int, int | None]] = [(amount, None)]
        if kind == "refund" and amount and known_paid and lot_id is None:
            parts = _sources(state, cancellation_id, amount)
        rows.extend(
            {**shared, "kind": kind, "amount": part, "paid_id": paid_id, "uid": str(uuid.uuid4())}
            for part, paid_id in parts
            if part
        )
    state.store.insert_many(Movement, rows)


def _sources(state: State, cancellation_id: int, amount: int) -> list[tuple[int, int | None]]:
    """Which payments a refund goes back to, the latest first; what exceeds them has no source."""
    table = table_of(Paid)
    payments = state.store.execute(
        select(table).where(table.c.cancellation_id == cancellation_id).order_by(table.c.id.desc()).with_for_update()
    ).all()
    shares = allot(amount, [row.amount - row.returned for row in payments])
    parts: list[tuple[int, int | None]] = []
    for row, share in zip(payments, shares, strict=True):
        if share:
            state.store.update(Paid, Paid.id == row.id, returned=Paid.returned + share)
            parts.append((share, row.id))
    return [*parts, (amount - sum(shares), None)]


def call_off(
    state: State, cancellation_id: int, kinds: Collection[str], purposes: Collection[str] = (CANCEL, STEP)
) -> Stopped:
    """Stop what has not moved yet. Movements of other kinds and purposes stay.

    What failed is called off too if it is certain that nothing has moved.
    """
    table = table_of(Movement)
    rows = state.store.execute(
        select(table)
        .where(
            table.c.cancellation_id == cancellation_id,
            table.c.kind.in_(kinds),
            table.c.purpose.in_(purposes),
            table.c.state.in_((*NOT_MOVED, FAILED)),
        )
        .order_by(table.c.id)
        .with_for_update()
    ).all()
    stopped = [row for row in rows if not row.doubt and stop(state, row)]
    amounts = {kind: sum(row.amount for row in stopped if row.kind == kind) for kind in ("charge", "refund", "credit")}
    return Stopped(len(stopped), **amounts)


def stop(state: State, row: Row[Any]) -> bool:
    """Stop one movement unless somebody has begun with it since it was read."""
    won = state.store.update(
        Movement, Movement.id == row.id, Movement.state == row.state, Movement.doubt.is_not(True), state=STOPPED
    )
    if won and row.paid_id is not None:
        state.store.update(Paid, Paid.id == row.paid_id, returned=Paid.returned - row.amount)
    return won == 1


def call_off_charges(state: State, cancellation_id: int, due: int) -> None:
    """Stop all payments that the client was asked for. Raises Conflict if one of them is just being made."""
    if call_off(state, cancellation_id, ("charge",)).charge != due:
        raise Conflict(fcx_("A payment of this fee is under way. Wait until it is done, or settle it by hand first."))
