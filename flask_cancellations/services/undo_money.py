"""The money of a cancellation whose appointment stands again: what has not moved is called off.

Then either all of it is undone, or people have to say what becomes of the fee: ``hold_money`` first, then
``settle_fee``.
"""

from __future__ import annotations

from typing import Literal

from sqlalchemy import select

from flask_cancellations.models import CreditLot, SettlementRow
from flask_cancellations.models.base import table_of
from flask_cancellations.models.settlement import CANCEL, GIVE_BACK, STEP
from flask_cancellations.rules import fee_book
from flask_cancellations.rules.fee_book import Step
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.services import credit, fee_letters, movements
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.fee_ledger import Ledger, lock, post
from flask_cancellations.services.movements import Stopped
from flask_cancellations.state import State

FeeFate = Literal["drop", "keep"]
FATES: dict[str, FeeFate] = {"drop": "drop", "keep": "keep"}


def undo_money(state: State, cancellation_id: int, actor: Actor) -> int:
    """Undo the money of one cancellation in the caller's transaction; returns how many movements were called off.

    The deposit is held for the appointment as before, and there is no fee. Credit that was not redeemed is taken back,
    with a numbered reversal of its note. What has moved or is just moving stays in the settlement, for people to look
    at; a fee that was paid otherwise than from the deposit is given back.
    """
    ledger = lock(state, cancellation_id)
    _mark(state, cancellation_id)
    return _undo(state, ledger, actor)[0]


def hold_money(state: State, cancellation_id: int, actor: Actor) -> int:
    """Let nothing more move, in the caller's transaction; returns how many movements were called off.

    What of the deposit has not gone back is held for the appointment. The fee is left to people: what of it is not paid
    is pending, and nobody charges it before :func:`settle_fee`. Credit that was issued stays.
    """
    ledger = lock(state, cancellation_id)
    _mark(state, cancellation_id)
    now, stopped = ledger.settled, _call_off(state, cancellation_id)
    step = fee_book.hold(
        now,
        refunded=now.refunded - stopped.refund,
        credited=now.credited - stopped.credit,
        due=now.due - stopped.charge,
    )
    if step.changes:
        post(state, ledger, step, actor)
    return stopped.count


def undecided(settled: Settlement) -> int:
    """How much the clinic has or asks for because of a cancellation whose appointment stands again, in minor units."""
    return settled.kept + settled.forfeited + settled.due + settled.pending


def settle_fee(state: State, ledger: Ledger, actor: Actor, fate: FeeFate) -> int:
    """Somebody has said what becomes of the fee; returns how much is dropped, in minor units.

    A fee that is dropped is undone with all the rest. Of one that is kept, what is pending is charged. The client is
    written to if a decision was promised.
    """
    dropped, step = 0, None
    if fate == "drop":
        dropped = undecided(ledger.settled)
        step = _undo(state, ledger, actor)[1]
    elif ledger.settled.pending:
        step = fee_book.charge(ledger.settled, ledger.settled.pending)
        post(state, ledger, step, actor)
    if step is not None and ledger.pending_until is not None:
        fee_letters.tell_if_decided(state, ledger.record, step)
    return dropped


def _undo(state: State, ledger: Ledger, actor: Actor) -> tuple[int, Step]:
    cancellation_id, now = ledger.record.id, ledger.settled
    stopped = _call_off(state, cancellation_id)
    table = table_of(CreditLot)
    lots = list(
        state.store.execute(
            select(table.c.id)
            .where(table.c.cancellation_id == cancellation_id, table.c.origin.in_((CANCEL, STEP)), table.c.balance > 0)
            .order_by(table.c.id)
        ).scalars()
    )
    taken_back = sum(credit.take_back(state, lot_id, actor, "undo") for lot_id in lots)
    step = fee_book.undo(
        now,
        refunded=now.refunded - stopped.refund,
        credited=now.credited - stopped.credit - taken_back,
        due=now.due - stopped.charge,
    )
    if step.changes:
        post(state, ledger, step, actor, purpose=GIVE_BACK)
    return stopped.count + len(lots), step


def _call_off(state: State, cancellation_id: int) -> Stopped:
    return movements.call_off(state, cancellation_id, ("charge", "refund", "credit"))


def _mark(state: State, cancellation_id: int) -> None:
    mine = SettlementRow.cancellation_id == cancellation_id
    state.store.update(SettlementRow, mine, stood_again_us=state.clock.now())
