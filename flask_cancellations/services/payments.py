"""Charges and refunds on their way: handed to the host's adapter, tried again, settled by hand.

A movement that was ``sent`` may have moved money already, so from then on nobody calls it off: the worker asks again
under the same key until the answer is certain.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select

from flask_cancellations.clock import MINUTE
from flask_cancellations.delivery.outbox import retry_delay
from flask_cancellations.errors import Conflict, InvalidInput, NotFound
from flask_cancellations.host.values import Payment
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Cancellation, Movement, Paid
from flask_cancellations.models.base import table_of
from flask_cancellations.models.settlement import CREATED, DONE, FAILED, MANUAL, SENT
from flask_cancellations.services.actor import Actor, require, visible
from flask_cancellations.services.appointments import of_record
from flask_cancellations.services.fee_ledger import audit, lock
from flask_cancellations.services.fees import note_paid
from flask_cancellations.state import State

LEASE = 5 * MINUTE
MAX_ATTEMPTS = 8
MAX_ERROR = 500
PAYMENTS = ("charge", "refund")
HOW = ("cash", "card", "transfer", "other")  # what the desk has settled it by


@dataclass(frozen=True, slots=True)
class Sent:
    """A payment that is ours to carry out until ``lease_until_us``."""

    id: int
    lease_token: str
    lease_until_us: int
    payment: Payment


def due_ids(state: State, limit: int) -> list[int]:
    """The ids of payments whose time has come, or that a worker began and did not finish, in their order."""
    table = table_of(Movement)
    query = (
        select(table.c.id)
        .where(table.c.scope == state.scope, table.c.kind.in_(PAYMENTS), _due(state))
        .order_by(table.c.not_before_us, table.c.id)
        .limit(limit)
    )
    return list(state.store.execute(query).scalars())


def _due(state: State) -> ColumnElement[bool]:
    now = state.clock.now()
    return or_(
        and_(Movement.state == CREATED, Movement.not_before_us <= now),
        and_(Movement.state == SENT, Movement.lease_until_us <= now),
    )


def kind_of(state: State, movement_id: int) -> str:
    """``charge`` or ``refund``."""
    return str(state.store.execute(select(Movement.kind).where(Movement.id == movement_id)).scalar_one())


def to_the_desk(state: State, movement_id: int, actor: Actor, *, begun: Sent | None = None) -> bool:
    """Nobody carries it out for us: it is to be settled at the desk. False if somebody else was faster."""
    mine = (Movement.state == CREATED,) if begun is None else _still_ours(begun)
    won = state.store.update(Movement, Movement.id == movement_id, *mine, state=MANUAL, lease_until_us=None)
    if won:
        _audit(state, movement_id, MANUAL, actor, before=CREATED if begun is None else SENT)
    return won == 1


def begin(state: State, movement_id: int, actor: Actor) -> Sent | None:
    """Take a due payment in hand, in a transaction that is committed before the adapter is called.

    None if another worker was faster. One that seems to end workers is given up after the last attempt.
    """
    token, now = secrets.token_hex(16), state.clock.now()
    lost = state.store.update(
        Movement,
        Movement.id == movement_id,
        Movement.state == SENT,
        Movement.lease_until_us <= now,
        Movement.attempts >= MAX_ATTEMPTS,
        state=FAILED,
        doubt=True,
    )
    if lost:
        _audit(state, movement_id, FAILED, actor, before=SENT)
        return None
    won = state.store.update(
        Movement,
        Movement.id == movement_id,
        _due(state),
        state=SENT,
        attempts=Movement.attempts + 1,
        lease_token=token,
        lease_until_us=now + LEASE,
    )
    if won != 1:
        return None
    row = _row(state, movement_id)
    if row.attempts == 1:
        _audit(state, movement_id, SENT, actor, before=CREATED)
    return Sent(movement_id, token, row.lease_until_us, _payment(state, row))


def finish(state: State, sent: Sent, reference: str, actor: Actor) -> bool:
    """Note that it is carried out. False if the lease had gone to another worker, which then asks the provider
    again."""
    payment = sent.payment
    if payment.kind == "charge":
        lock(state, payment.cancellation_id)  # the settlement before its movements, as everywhere
    if not _done(state, sent, reference, actor):
        return False
    if payment.kind == "charge":
        note_paid(state, payment.cancellation_id, payment.amount, actor, reference)
    return True


def _done(state: State, sent: Sent, reference: str, actor: Actor) -> bool:
    won = state.store.update(
        Movement,
        Movement.id == sent.id,
        *_still_ours(sent),
        state=DONE,
        done_us=state.clock.now(),
        provider_reference=reference[:190],
        error=None,
        doubt=None,
    )
    if won:
        _audit(state, sent.id, DONE, actor, before=SENT, private={"reference": reference})
    return won == 1


def refuse(state: State, sent: Sent, error: str, actor: Actor) -> bool:
    """The provider said no, and nothing has moved: failed. Another try is another payment, so it gets a new key."""
    won = state.store.update(
        Movement,
        Movement.id == sent.id,
        *_still_ours(sent),
        state=FAILED,
        error=error[:MAX_ERROR],
        uid=str(uuid.uuid4()),
        doubt=False,
    )
    if won:
        _audit(state, sent.id, FAILED, actor, before=SENT, private={"error": error[:MAX_ERROR]})
    return won == 1


def put_off(state: State, sent: Sent, error: str, actor: Actor, random: Callable[[], float]) -> bool:
    """Nobody knows what came of it: it is asked again later under the same key, or given up after the last attempt.

    ``random`` gives a number from 0 up to 1. Returns whether it is given up.
    """
    now, attempt = state.clock.now(), sent.payment.attempt
    given_up = attempt >= MAX_ATTEMPTS
    won = state.store.update(
        Movement,
        Movement.id == sent.id,
        *_still_ours(sent),
        state=FAILED if given_up else SENT,
        lease_until_us=None if given_up else now + retry_delay(attempt, random),
        error=error[:MAX_ERROR],
        doubt=True,
    )
    if won and given_up:
        _audit(state, sent.id, FAILED, actor, before=SENT, private={"error": error[:MAX_ERROR]})
    return given_up and won == 1


def settle_by_hand(state: State, movement_id: int, actor: Actor, *, how: str = "", note: str = "") -> None:
    """The desk has settled it. Needs the right ``money``, and to see the appointment. ``how`` is a word of ``HOW``, or
    empty; ``note`` is for staff.

    Raises NotFound, InvalidInput, and Conflict if it is no longer to be settled.
    """
    require(state, actor, "money")
    if how and how not in HOW:
        raise InvalidInput({"how": [fcx_("Choose one of the possibilities offered.")]})
    known = state.store.execute(
        select(Movement.cancellation_id).where(Movement.id == movement_id, Movement.scope == state.scope)
    ).scalar()
    if known is not None:
        lock(state, known)  # the settlement before its movements, as everywhere
    row = _row(state, movement_id)
    visible(state, actor, of_record(state, _kept(state, row)))
    won = state.store.update(
        Movement,
        Movement.id == movement_id,
        Movement.state.in_((MANUAL, FAILED)),
        state=DONE,
        done_us=state.clock.now(),
        settled_by=actor.name[:200],
        settled_how=how or None,
        note=note.strip() or None,
        lease_until_us=None,
    )
    if won != 1:
        raise Conflict(fcx_("This payment is no longer to be settled. Please look again."))
    if row.kind == "charge":
        note_paid(state, row.cancellation_id, row.amount, actor, "")
    after = {"by_hand": True, "how": how}
    _audit(state, movement_id, DONE, actor, before=row.state, after=after, private={"note": note.strip()})


def retry(state: State, movement_id: int, actor: Actor) -> None:
    """Have the worker try a failed payment again. Needs the right ``money``, and to see the appointment. Raises
    NotFound and Conflict.

    After a refusal it goes out as a new payment; after an unclear end under its old key, which the provider knows.
    """
    require(state, actor, "money")
    row = _row(state, movement_id)
    visible(state, actor, of_record(state, _kept(state, row)))
    now = state.clock.now()
    again = {"state": SENT, "lease_until_us": now} if row.doubt else {"state": CREATED, "not_before_us": now}
    won = state.store.update(
        Movement, Movement.id == movement_id, Movement.state == FAILED, attempts=0, error=None, **again
    )
    if won != 1:
        raise Conflict(fcx_("This payment is no longer to be settled. Please look again."))
    _audit(state, movement_id, "retried", actor, before=FAILED)


def _row(state: State, movement_id: int) -> Row[Any]:
    """A charge or refund of this scope as it is now. Raises NotFound."""
    table = table_of(Movement)
    row = state.store.execute(
        select(table)
        .where(table.c.id == movement_id, table.c.scope == state.scope, table.c.kind.in_(PAYMENTS))
        .with_for_update()
    ).first()
    if row is None:
        raise NotFound(fcx_("There is no such payment."))
    return row


def _kept(state: State, row: Row[Any]) -> Row[Any]:
    return state.store.execute(select(table_of(Cancellation)).where(Cancellation.id == row.cancellation_id)).one()


def _payment(state: State, row: Row[Any]) -> Payment:
    reference = None
    if row.paid_id is not None:
        reference = state.store.execute(select(Paid.reference).where(Paid.id == row.paid_id)).scalar_one()
    return Payment(
        kind=row.kind,
        key=row.uid or f"movement-{row.id}",  # made before keys were drawn
        amount=row.amount,
        currency=row.currency,
        client_key=row.client_key,
        appointment_key=_kept(state, row).appointment_key,
        cancellation_id=row.cancellation_id,
        reference=reference or "",
        attempt=row.attempts,
    )


def _still_ours(sent: Sent) -> tuple[ColumnElement[bool], ...]:
    return (Movement.id == sent.id, Movement.state == SENT, Movement.lease_token == sent.lease_token)


def _audit(
    state: State,
    movement_id: int,
    outcome: str,
    actor: Actor,
    *,
    before: str,
    after: Mapping[str, Any] | None = None,
    private: Mapping[str, str] | None = None,
) -> None:
    """The event ``refund.sent``, ``charge.done`` and so on."""
    row = _row(state, movement_id)
    facts = {
        "state": row.state,
        "movement": movement_id,
        "amount": row.amount,
        "currency": row.currency,
        "attempts": row.attempts,
        **(after or {}),
    }
    audit(
        state,
        _kept(state, row),
        f"{row.kind}.{outcome}",
        actor,
        before={"state": before},
        after=facts,
        private=private,
    )
