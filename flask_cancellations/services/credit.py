"""Client credit: balance, redeem, void, pay out, expire.

Each service works in the caller's transaction and writes the client's account first, so that of two at once the second
sees what the first has left. Amounts are minor units; a client is meant by the host's key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.errors import Conflict, Forbidden, InvalidInput, NotFound, RequestReused
from flask_cancellations.i18n import fcx_, moment_text
from flask_cancellations.models import Cancellation, CreditAccount, CreditEntry, CreditLot
from flask_cancellations.models.base import table_of
from flask_cancellations.models.settlement import PAY_OUT
from flask_cancellations.rules import credit as rules
from flask_cancellations.rules.credit import Lot, NotEnough
from flask_cancellations.rules.wording import amount_text
from flask_cancellations.services import credit_notes, movements
from flask_cancellations.services.actor import Actor, require
from flask_cancellations.services.fee_ledger import audit, need_reason
from flask_cancellations.state import State

MAX_KEY = 64


@dataclass(frozen=True, slots=True)
class Credit:
    """What a client can redeem now; ``lots`` are the rows of ``CreditLot`` in the order in which they are used.

    ``text`` says it on the host's booking page; it is empty without any credit.
    """

    balance: int
    currency: str
    lots: tuple[Row[Any], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What was redeemed, and what is left; ``parts`` are pairs of a lot's id and its part."""

    amount: int
    left: int
    currency: str
    parts: tuple[tuple[int, int], ...]


def balance(state: State, client_key: str, currency: str = "") -> Credit:
    """The credit of a client; ``currency`` is by default the clinic's."""
    money = currency or state.settings.currency
    rows = _rows(state, client_key, money)
    now, by_id = state.clock.now(), {row.id: row for row in rows}
    usable = rules.in_order(_lots(rows), now)
    return Credit(
        sum(lot.balance for lot in usable), money, tuple(by_id[lot.id] for lot in usable), _text(state, usable, money)
    )


def _text(state: State, usable: Sequence[Lot], money: str) -> str:
    if not usable:
        return ""
    ends, whole = usable[0].expires, sum(lot.balance for lot in usable)
    amount = amount_text(whole, money)
    if ends is None:
        return fcx_("A credit of %(amount)s can be used.", amount=amount)
    part, moment = sum(lot.balance for lot in usable if lot.expires == ends), moment_text(state.clock.to_wall(ends))
    if part == whole:
        return fcx_("A credit of %(amount)s can be used until %(moment)s.", amount=amount, moment=moment)
    return fcx_(
        "A credit of %(amount)s can be used, %(part)s of it until %(moment)s.",
        amount=amount,
        part=amount_text(part, money),
        moment=moment,
    )


def redeem(
    state: State, client_key: str, amount: int, actor: Actor, *, reference: str = "", key: str = "", currency: str = ""
) -> Redeemed:
    """Redeem credit for something that the client buys, in the host's own transaction: what expires first goes first.

    ``reference`` is what it is for, in the host's words; with an idempotency ``key`` the same request is done once.
    Staff need the right ``money``; clients redeem their own. Raises InvalidInput if the balance is too small.
    """
    if actor.kind in ("client", "link"):
        if actor.key != client_key:
            raise Forbidden(fcx_("You do not have the right to do this. Ask a manager."))
    else:
        require(state, actor, "money")
    if len(key) > MAX_KEY:
        raise InvalidInput({"idempotency_key": [fcx_("Send a key of 1 to 64 characters with this request.")]})
    money = currency or state.settings.currency
    rows = _locked(state, client_key, money)
    if key:
        before = _redeemed_before(state, client_key, amount, money, key)
        if before is not None:
            return before
    parts = _spread(rows, amount, money, state.clock.now())
    _take(state, rows, parts, "redeem", actor, reference=reference[:190], request_key=key or None)
    left = rules.balance(_lots(rows), state.clock.now()) - amount
    return Redeemed(amount, left, money, tuple(parts))


def void(state: State, lot_id: int, actor: Actor, *, reason: str) -> int:
    """Take back what is left of one credit, for instance one that was made by mistake; its note is reversed.

    Needs the right ``money`` and a reason. Returns how much that was.
    """
    require(state, actor, "money")
    why = need_reason(reason)
    return take_back(state, lot_id, actor, "void", reason=why)


def pay_out(state: State, client_key: str, actor: Actor, *, amount: int | None = None, currency: str = "") -> int:
    """Pay credit out to the client, all of it (None) or a part: refunds that the worker or the desk carries out.

    What expires first goes first. Needs the right ``money``. Returns the amount.
    """
    require(state, actor, "money")
    money = currency or state.settings.currency
    rows = _locked(state, client_key, money)
    now = state.clock.now()
    wanted = rules.balance(_lots(rows), now) if amount is None else amount
    parts = _spread(rows, wanted, money, now)
    _take(state, rows, parts, "pay_out", actor)
    by_id = {row.id: row for row in rows}
    for lot_id, part in parts:
        lot = by_id[lot_id]
        movements.start(
            state,
            lot.cancellation_id,
            client_key or None,
            money,
            {"refund": part},
            purpose=PAY_OUT,
            not_before=now,
            lot_id=lot_id,
        )
    return wanted


def issue(state: State, movement: Row[Any], kept: Row[Any], actor: Actor) -> credit_notes.Document:
    """Make the credit of a movement, with its numbered note. ``kept`` is the row of the cancellation."""
    now, life = state.clock.now(), state.settings.credit_expires
    client_key = movement.client_key or ""
    lot_id = state.store.insert(
        CreditLot,
        scope=state.scope,
        client_key=client_key,
        currency=movement.currency,
        amount=movement.amount,
        balance=movement.amount,
        origin=movement.purpose,
        cancellation_id=kept.id,
        movement_id=movement.id,
        issued_us=now,
        expires_us=None if life is None else now + life,
    )
    _enter(state, lot_id, "issue", movement.amount, actor)
    return credit_notes.draw(state, kept, lot_id, movement.amount, movement.currency, movement.purpose)


def take_back(state: State, lot_id: int, actor: Actor, kind: str, *, reason: str = "") -> int:
    """Take back what is left of one credit and reverse its note; ``kind`` is ``void``, or ``undo`` where the
    appointment stands again. Returns how much that was. Raises NotFound, and Conflict if nothing is left."""
    table = table_of(CreditLot)
    found = state.store.execute(
        select(table.c.client_key, table.c.currency).where(table.c.scope == state.scope, table.c.id == lot_id)
    ).first()
    if found is None:
        raise NotFound(fcx_("There is no such credit."))
    rows = _locked(state, found.client_key, found.currency)
    lot = next((row for row in rows if row.id == lot_id), None)
    if lot is None:
        raise Conflict(fcx_("Nothing is left of this credit."))
    left = int(lot.balance)
    _take(state, rows, [(lot_id, left)], kind, actor, reason=reason)
    kept = _record(state, lot.cancellation_id)
    note = credit_notes.reverse(state, kept, lot_id, left, kind)
    if note is not None:
        after = {"number": note.label, "reverses": note.reverses, "amount": left, "currency": lot.currency}
        audit(state, kept, "credit_note.reversed", actor, after=after)
    return left


def expire(state: State, lot_id: int, actor: Actor) -> bool:
    """Write off what is left of a credit whose time is over. For jobs; False if there is nothing to write off."""
    table = table_of(CreditLot)
    found = state.store.execute(select(table.c.client_key, table.c.currency).where(table.c.id == lot_id)).one()
    rows = _locked(state, found.client_key, found.currency)
    now = state.clock.now()
    lot = next((row for row in rows if row.id == lot_id), None)
    if lot is None or lot.expires_us is None or lot.expires_us > now:
        return False
    _take(state, rows, [(lot_id, lot.balance)], "expire", actor)
    return True


def expired(state: State, limit: int) -> list[int]:
    """The ids of credits of this scope whose time is over and of which something is left."""
    table = table_of(CreditLot)
    query = select(table.c.id).where(
        table.c.scope == state.scope, table.c.expires_us <= state.clock.now(), table.c.balance > 0
    )
    return list(state.store.execute(query.order_by(table.c.expires_us).limit(limit)).scalars())


def _locked(state: State, client_key: str, currency: str) -> list[Row[Any]]:
    """The client's lots with something left, after everybody who came before has committed."""
    identity = {"scope": state.scope, "client_key": client_key, "currency": currency}
    state.store.insert_if_absent(CreditAccount, tuple(identity), **identity, changes=0)
    state.store.update(
        CreditAccount,
        CreditAccount.scope == state.scope,
        CreditAccount.client_key == client_key,
        CreditAccount.currency == currency,
        changes=CreditAccount.changes + 1,
    )
    # A current read: MariaDB's snapshot may be older than what the one before has committed.
    return _rows(state, client_key, currency, lock=True)


def _rows(state: State, client_key: str, currency: str, *, lock: bool = False) -> list[Row[Any]]:
    table = table_of(CreditLot)
    query = (
        select(table)
        .where(
            table.c.scope == state.scope,
            table.c.client_key == client_key,
            table.c.currency == currency,
            table.c.balance > 0,
        )
        .order_by(table.c.id)
    )
    return list(state.store.execute(query.with_for_update() if lock else query).all())


def _lots(rows: Sequence[Row[Any]]) -> list[Lot]:
    return [Lot(row.id, row.balance, row.expires_us) for row in rows]


def _spread(rows: Sequence[Row[Any]], amount: int, currency: str, now: int) -> list[tuple[int, int]]:
    try:
        return rules.spread(_lots(rows), amount, now)
    except NotEnough as error:
        have = amount_text(error.balance, currency)
        raise InvalidInput({"amount": [fcx_("The client's credit is %(balance)s.", balance=have)]}) from None
    except ValueError:
        raise InvalidInput({"amount": [fcx_("Enter an amount above 0.")]}) from None


def _take(
    state: State,
    rows: Sequence[Row[Any]],
    parts: Sequence[tuple[int, int]],
    kind: str,
    actor: Actor,
    *,
    reason: str = "",
    reference: str = "",
    request_key: str | None = None,
) -> None:
    """Take parts from lots, by conditional updates, with an entry and an event for each."""
    by_id = {row.id: row for row in rows}
    for lot_id, part in parts:
        won = state.store.update(
            CreditLot, CreditLot.id == lot_id, CreditLot.balance >= part, balance=CreditLot.balance - part
        )
        if won != 1:  # nobody gets here past the account's row; a balance below zero is worth a second lock
            raise Conflict(fcx_("Nothing is left of this credit."))
        _enter(state, lot_id, kind, -part, actor, reason, reference, request_key)
        lot = by_id[lot_id]
        audit(
            state,
            _record(state, lot.cancellation_id),
            f"credit.{kind}",
            actor,
            before={"balance": lot.balance},
            after={"lot": lot_id, "amount": part, "currency": lot.currency, "balance": lot.balance - part},
            private={"reason": reason, "reference": reference},
        )


def _enter(
    state: State,
    lot_id: int,
    kind: str,
    amount: int,
    actor: Actor,
    reason: str = "",
    reference: str = "",
    request_key: str | None = None,
) -> None:
    state.store.insert(
        CreditEntry,
        scope=state.scope,
        lot_id=lot_id,
        kind=kind,
        amount=amount,
        reference=reference,
        request_key=request_key,
        reason=reason,
        actor_kind=actor.kind,
        actor_key=actor.key,
        at_us=state.clock.now(),
    )


def _redeemed_before(state: State, client_key: str, amount: int, currency: str, key: str) -> Redeemed | None:
    """What the same request has redeemed already. Raises RequestReused if the key came with another request."""
    rows = state.store.execute(
        select(CreditEntry.lot_id, CreditEntry.amount, CreditLot.client_key, CreditLot.currency)
        .join(CreditLot, CreditLot.id == CreditEntry.lot_id)
        .where(CreditEntry.scope == state.scope, CreditEntry.request_key == key, CreditEntry.kind == "redeem")
        .order_by(CreditEntry.id)
        .with_for_update(read=True)
    ).all()
    if not rows:
        return None
    parts = tuple((row.lot_id, -row.amount) for row in rows)
    same = all((row.client_key, row.currency) == (client_key, currency) for row in rows)
    if not same or sum(part for _, part in parts) != amount:
        raise RequestReused({"idempotency_key": [fcx_("This form was already sent with other values. Open it again.")]})
    return Redeemed(amount, balance(state, client_key, currency).balance, currency, parts)


def _record(state: State, cancellation_id: int) -> Row[Any]:
    return state.store.execute(select(table_of(Cancellation)).where(Cancellation.id == cancellation_id)).one()
