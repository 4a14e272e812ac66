"""What becomes of a fee after the cancellation: charged, waived, dropped, reduced, given back; and of a held deposit.

Each service works in the caller's transaction. All raise NotFound, Forbidden, InvalidInput (422, with the field) and
Conflict, and change nothing then. Amounts are minor units; None means all of it. Where the appointment stands again,
its fee is decided in the review list and its deposit stays held.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from flask_cancellations.errors import Conflict, InvalidInput
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Paid, Pending, Waiver
from flask_cancellations.models.settlement import GIVE_BACK, STEP
from flask_cancellations.rules import fee_book
from flask_cancellations.rules.fee_book import NotPossible, Step, Way
from flask_cancellations.rules.settlement import RestChoice, Settlement, Split
from flask_cancellations.rules.wording import amount_text
from flask_cancellations.services import fee_letters, movements
from flask_cancellations.services.actor import Actor, require, visible
from flask_cancellations.services.appointments import of_record
from flask_cancellations.services.fee_ledger import Ledger, lock, need_reason, post, refusal
from flask_cancellations.services.waiver_limit import check_waiver
from flask_cancellations.state import State

_Make = Callable[[Settlement], Step]
_MakeWay = Callable[[RestChoice | Split], Step]


def charge(state: State, cancellation_id: int, actor: Actor, *, amount: int | None = None) -> Settlement:
    """Charge a pending fee, or a part of it, before its time. Needs the right ``money``."""
    ledger = _open_fee(state, cancellation_id, actor, "money")
    step = _step(ledger, lambda now: fee_book.charge(now, now.pending if amount is None else amount))
    post(state, ledger, step, actor)
    fee_letters.tell_if_decided(state, ledger.record, step)
    return step.after


def waive(
    state: State,
    cancellation_id: int,
    actor: Actor,
    *,
    reason: str,
    amount: int | None = None,
    rest: RestChoice | Split | None = None,
) -> Settlement:
    """Waive what is not paid yet, what is pending first. Needs the right ``waive``, a reason, and an amount within the
    limit of the actor's roles. A charge that is called off for it is asked for anew with what remains."""
    ledger = _open_fee(state, cancellation_id, actor, "waive")
    why = need_reason(reason)
    now = ledger.settled
    most = now.pending + now.due
    wanted = most if amount is None else amount
    if 0 < wanted <= most:
        check_waiver(state, ledger.record.id, actor, wanted, now.currency)
    step = _released(state, ledger, actor, rest, lambda way: fee_book.waive(now, wanted, way))
    from_due = now.due - step.after.due
    if from_due:
        movements.call_off_charges(state, ledger.record.id, now.due)
    post(state, ledger, step, actor, reason=why)
    if from_due:
        movements.start(
            state,
            ledger.record.id,
            ledger.record.client_key,
            now.currency,
            {"charge": step.after.due},
            purpose=STEP,
            not_before=state.clock.now(),
        )
    state.store.insert(
        Waiver,
        cancellation_id=ledger.record.id,
        amount=step.amount,
        currency=now.currency,
        reason=why,
        keep_reason="",
        actor_kind=actor.kind,
        actor_key=actor.key,
        waived_us=state.clock.now(),
    )
    fee_letters.tell_if_decided(state, ledger.record, step)
    return step.after


def drop(
    state: State,
    cancellation_id: int,
    actor: Actor,
    *,
    reason: str,
    amount: int | None = None,
    rest: RestChoice | Split | None = None,
) -> Settlement:
    """Drop a pending fee, or a part of it, because the clinic has no such loss. Needs the right ``money`` and a
    reason."""
    ledger = _open_fee(state, cancellation_id, actor, "money")
    why = need_reason(reason)
    now = ledger.settled
    step = _released(
        state, ledger, actor, rest, lambda way: fee_book.drop(now, now.pending if amount is None else amount, way)
    )
    post(state, ledger, step, actor, reason=why)
    fee_letters.tell_if_decided(state, ledger.record, step)
    return step.after


def give_back(
    state: State, cancellation_id: int, actor: Actor, *, reason: str, amount: int | None = None, way: Way = "refund"
) -> Settlement:
    """Give back a fee that was paid, or a part of it, as a refund or as credit. Needs the right ``give_back`` and a
    reason."""
    ledger = _opened(state, cancellation_id, actor, "give_back")
    why = need_reason(reason)
    if way not in ("refund", "credit"):
        raise InvalidInput({"way": [fcx_("This is not possible for the deposit here. Choose another outcome.")]})
    step = _step(ledger, lambda now: fee_book.give_back(now, now.kept if amount is None else amount, way))
    post(state, ledger, step, actor, reason=why, purpose=GIVE_BACK, facts={"way": way})
    return step.after


def release(
    state: State,
    cancellation_id: int,
    actor: Actor,
    *,
    reason: str,
    amount: int | None = None,
    rest: RestChoice | Split = "refund",
) -> Settlement:
    """Decide about a deposit that is held although no fee is pending for it, as of a cancellation in the host's own
    pages: refund, credit or keep it, or a part of it. Needs the right ``money`` and a reason."""
    ledger = _opened(state, cancellation_id, actor, "money")
    if ledger.stood_again:
        raise Conflict(fcx_("The appointment stands again, so its deposit stays held for it."))
    why, now = need_reason(reason), ledger.settled
    wanted = fee_book.releasable(now) if amount is None else amount
    step = _released(state, ledger, actor, rest, lambda way: fee_book.release(now, wanted, way))
    post(state, ledger, step, actor, reason=why)
    return step.after


def refill(state: State, cancellation_id: int, actor: Actor) -> Settlement | None:
    """Its time is booked again: drop a pending fee down to what ``CANCELLATIONS_REFILLED_FEE`` leaves, and charge that.

    For jobs. None, with nothing changed, if the fee is no longer pending, or the appointment itself stands again.
    """
    ledger = lock(state, cancellation_id)
    now = ledger.settled
    if not now.pending or ledger.stood_again:
        return None
    dropped = fee_book.refilled(now.pending, state.settings.refilled_fee)
    steps: list[Step] = []
    if dropped:
        steps.append(fee_book.drop(now, dropped, ledger.rest))
        post(state, ledger, steps[-1], actor, facts={"refilled": True})
    if now.pending > dropped:
        ledger = lock(state, cancellation_id)
        steps.append(fee_book.charge(ledger.settled, ledger.settled.pending))
        post(state, ledger, steps[-1], actor, facts={"refilled": True})
    fee_letters.tell_if_decided(state, ledger.record, steps[-1])
    return steps[-1].after


def charge_overdue(state: State, cancellation_id: int, actor: Actor) -> Settlement | None:
    """Charge a fee whose pending time is over. For jobs; None if it is not pending, its time was put off, or the
    appointment stands again."""
    ledger = lock(state, cancellation_id)
    until = ledger.pending_until
    if not ledger.settled.pending or ledger.stood_again or (until is not None and until > state.clock.now()):
        return None
    step = fee_book.charge(ledger.settled, ledger.settled.pending)
    post(state, ledger, step, actor)
    fee_letters.tell_if_decided(state, ledger.record, step)
    return step.after


def note_paid(state: State, cancellation_id: int, amount: int, actor: Actor, reference: str) -> None:
    """The client has paid what was due; ``reference`` is what a later refund of it names."""
    ledger = lock(state, cancellation_id)
    post(state, ledger, _step(ledger, lambda now: fee_book.pay(now, amount)), actor)
    state.store.insert(
        Paid, cancellation_id=cancellation_id, kind="charge", reference=reference[:190], amount=amount, returned=0
    )


def _opened(state: State, cancellation_id: int, actor: Actor, right: str) -> Ledger:
    """The locked ledger of a cancellation that the actor may see and has the right for.

    Raises Conflict while a host function that commits by itself has the last word about it.
    """
    ledger = lock(state, cancellation_id)
    appointment = visible(state, actor, of_record(state, ledger.record))
    require(state, actor, right, appointment)
    if state.store.execute(select(Pending.id).where(Pending.cancellation_id == cancellation_id)).first():
        raise Conflict(fcx_("This appointment is being cancelled at this moment. Look again in a minute."))
    return ledger


def _open_fee(state: State, cancellation_id: int, actor: Actor, right: str) -> Ledger:
    """The same for what is not paid of the fee."""
    ledger = _opened(state, cancellation_id, actor, right)
    if ledger.stood_again and ledger.settled.pending:
        raise Conflict(fcx_("The appointment stands again. Decide about its fee where it waits to be looked at."))
    return ledger


def _step(ledger: Ledger, make: _Make) -> Step:
    try:
        return make(ledger.settled)
    except NotPossible as error:
        raise refusal(error, ledger.settled.currency) from None


def _released(state: State, ledger: Ledger, actor: Actor, rest: RestChoice | Split | None, make: _MakeWay) -> Step:
    """A step that sets a part of the deposit free; keeping any of that needs its own right."""
    way = ledger.rest if rest is None else rest
    if way == "keep" or (not isinstance(way, str) and way.get("keep")):
        require(state, actor, "keep_deposit")
    try:
        return make(way)
    except NotPossible as error:
        raise refusal(error, ledger.settled.currency) from None
    except ValueError:
        held = amount_text(ledger.settled.held, ledger.settled.currency)
        raise InvalidInput(
            {"rest": [fcx_("Divide exactly what becomes free of the %(held)s held.", held=held)]}
        ) from None
