"""The money of a cancellation that was undone: what has not happened yet does not happen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from sqlalchemy import select

from flask_cancellations.models import Movement, SettlementRow
from flask_cancellations.models.base import table_of
from flask_cancellations.models.settlement import CREATED, MANUAL, STOPPED
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.state import State

_NAMES = tuple(Settlement.__dataclass_fields__)


def settlement_of(state: State, cancellation_id: int, *, lock: bool = False) -> Settlement:
    """The settlement of one cancellation as it stands; with ``lock`` nobody changes it until the transaction ends."""
    table = table_of(SettlementRow)
    query = select(*(table.c[name] for name in _NAMES)).where(table.c.cancellation_id == cancellation_id)
    row = state.store.execute(query.with_for_update() if lock else query).one()
    return Settlement(**row._mapping)


def settlements_of(state: State, ids: Sequence[int]) -> dict[int, Settlement]:
    """The settlements of these cancellations, by one statement."""
    table = table_of(SettlementRow)
    rows = state.store.execute(select(table).where(table.c.cancellation_id.in_(ids))).mappings() if ids else ()
    return {row["cancellation_id"]: Settlement(**{name: row[name] for name in _NAMES}) for row in rows}


def take_back(state: State, cancellation_id: int) -> Settlement:
    """The deposit is held again as far as stopped movements would have given it back; the settlement now.

    What became of the fee is for people to say, by :func:`drop_fee` or :func:`keep_fee`.
    """
    before = settlement_of(state, cancellation_id, lock=True)
    stopped = set(
        state.store.execute(
            select(Movement.kind).where(Movement.cancellation_id == cancellation_id, Movement.state == STOPPED)
        ).scalars()
    )
    refunded = before.refunded if "refund" in stopped else 0
    credited = before.credited if "credit" in stopped else 0
    after = replace(
        before,
        refunded=before.refunded - refunded,
        credited=before.credited - credited,
        held=before.held + refunded + credited,
    )
    return _write(state, cancellation_id, after)


def void(state: State, cancellation_id: int) -> Settlement:
    """Nothing of it happened: the whole deposit is held and no fee is asked for; the settlement that counts now."""
    before = settlement_of(state, cancellation_id, lock=True)
    after = replace(
        before,
        taken=0,
        forfeited=0,
        refunded=0,
        credited=0,
        held=before.deposit,
        kept=0,
        due=0,
        pending=0,
        dropped=before.fee - before.waived - before.given_back,
    )
    return _write(state, cancellation_id, after)


def standing(settled: Settlement) -> int:
    """How much of the fee was taken from the deposit or is still due, in minor units."""
    return settled.kept + settled.due


def drop_fee(state: State, cancellation_id: int) -> int:
    """Ask for no more of the fee, and hold again what was taken for it; how much it was, in minor units."""
    before = settlement_of(state, cancellation_id, lock=True)
    _turn_charge(state, cancellation_id, (CREATED, MANUAL), STOPPED)
    after = replace(
        before,
        kept=0,
        given_back=before.given_back + before.kept,
        due=0,
        dropped=before.dropped + before.due,
        taken=0,
        held=before.held + before.taken,
    )
    _write(state, cancellation_id, after)
    return standing(before)


def keep_fee(state: State, cancellation_id: int) -> None:
    """Ask for what is due of the fee after all, although its charge was stopped."""
    if settlement_of(state, cancellation_id, lock=True).due:
        _turn_charge(state, cancellation_id, (STOPPED,), MANUAL)


def _turn_charge(state: State, cancellation_id: int, before: tuple[str, ...], after: str) -> None:
    state.store.update(
        Movement,
        Movement.cancellation_id == cancellation_id,
        Movement.kind == "charge",
        Movement.state.in_(before),
        state=after,
    )


def _write(state: State, cancellation_id: int, settled: Settlement) -> Settlement:
    state.store.update(SettlementRow, SettlementRow.cancellation_id == cancellation_id, **asdict(settled))
    return settled
