"""The money of one cancellation, locked, and each step written down: settlement, book, movements, audit.

The settlement's row is the arbiter: it is written first, so that two steps of one fee follow one another and the second
sees what the first has left.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from sqlalchemy import Row, select

from flask_cancellations.errors import ChangedMeanwhile, Conflict, InvalidInput, NotFound
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Cancellation, FeeStep, SettlementRow
from flask_cancellations.models.base import table_of
from flask_cancellations.models.settlement import STEP
from flask_cancellations.rules.fee_book import AMOUNTS, NotPossible, Step
from flask_cancellations.rules.settlement import RestChoice, Settlement
from flask_cancellations.rules.wording import amount_text
from flask_cancellations.services import movements
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.log import log
from flask_cancellations.state import State

ACTIONS = {
    "charge": "fee.charged",
    "waive": "fee.waived",
    "drop": "fee.dropped",
    "pay": "fee.paid",
    "give_back": "fee.given_back",
    "release": "deposit.released",
    "hold": "fee.held",
    "undo": "fee.undone",
}


@dataclass(frozen=True, slots=True)
class Ledger:
    """One cancellation and its money, which nobody else changes until the transaction ends.

    ``record`` is the row of ``Cancellation``; ``rest`` where the deposit goes that is set free; ``pending_until`` in
    microseconds UTC; ``stood_again`` whether the appointment stands again, so that no more is charged or refunded for
    its cancellation by itself.
    """

    record: Row[Any]
    settled: Settlement
    version: int
    rest: RestChoice
    pending_until: int | None
    stood_again: bool


def lock(state: State, cancellation_id: int) -> Ledger:
    """The ledger of a cancellation of this scope. Raises NotFound."""
    table = table_of(Cancellation)
    mine = select(table.c.id).where(table.c.scope == state.scope, table.c.id == cancellation_id)
    found = state.store.update(SettlementRow, SettlementRow.cancellation_id.in_(mine), version=SettlementRow.version)
    if not found:
        raise NotFound(fcx_("There is no such cancellation."))
    row = state.store.execute(
        select(table_of(SettlementRow)).where(SettlementRow.cancellation_id == cancellation_id).with_for_update()
    ).one()
    known = state.store.execute(select(table).where(table.c.id == cancellation_id)).one()
    return Ledger(
        record=known,
        settled=settlement_of(row),
        version=row.version,
        rest=cast("RestChoice", row.rest or "refund"),
        pending_until=row.pending_until_us,
        stood_again=row.stood_again_us is not None,
    )


def settlement_of(row: Row[Any]) -> Settlement:
    """The settlement in a row of ``SettlementRow``."""
    return Settlement(row.currency, **{name: getattr(row, name) for name in AMOUNTS})


def settlements_of(state: State, ids: Sequence[int]) -> dict[int, Settlement]:
    """The settlements of these cancellations, by one statement."""
    table = table_of(SettlementRow)
    rows = state.store.execute(select(table).where(table.c.cancellation_id.in_(ids))) if ids else ()
    return {row.cancellation_id: settlement_of(row) for row in rows}


def post(
    state: State,
    ledger: Ledger,
    step: Step,
    actor: Actor,
    *,
    reason: str = "",
    purpose: str = STEP,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write one step: the settlement as it is now, its line in the book, what has to move, the audit event.

    ``reason`` is in the actor's words, and so private in the log; ``facts`` are codes and numbers.
    """
    kept, now, seq = ledger.record, state.clock.now(), ledger.version + 1
    ended = {"pending_until_us": None} if step.before.pending and not step.after.pending else {}
    won = state.store.update(
        SettlementRow,
        SettlementRow.cancellation_id == kept.id,
        SettlementRow.version == ledger.version,
        **{name: getattr(step.after, name) for name in step.changes},
        version=seq,
        **ended,
    )
    if won != 1:
        raise ChangedMeanwhile(fcx_("The amounts have changed. Please look again and confirm."))
    state.store.insert(
        FeeStep,
        cancellation_id=kept.id,
        seq=seq,
        step=step.name,
        amount=step.amount,
        currency=step.after.currency,
        changes=json.dumps(step.changes, sort_keys=True),
        reason=reason,
        actor_kind=actor.kind,
        actor_key=actor.key,
        at_us=now,
    )
    movements.start(
        state,
        kept.id,
        kept.client_key,
        step.after.currency,
        {"charge": step.charge, "refund": step.refund, "credit": step.credit},
        purpose=purpose,
        not_before=max(now, kept.cancelled_us + state.settings.undo_delay),
    )
    audit(
        state,
        kept,
        ACTIONS[step.name],
        actor,
        before={"settlement": asdict(step.before)},
        after={
            "amount": step.amount,
            "currency": step.after.currency,
            "settlement": asdict(step.after),
            **(facts or {}),
        },
        private={"reason": reason},
    )


def audit(
    state: State,
    kept: Row[Any],
    action: str,
    actor: Actor,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    private: Mapping[str, str] | None = None,
) -> None:
    """Record an event about the money of a cancellation (``kept`` is its row)."""
    log(
        state,
        actor,
        action,
        kept.appointment_key,
        client_key=kept.client_key,
        before=before or {},
        after={"cancellation": kept.id, **(after or {})},
        private={"actor": actor.name, **(private or {})},
    )


def refusal(error: NotPossible, currency: str) -> InvalidInput | Conflict:
    """What the person at the screen is told about a step that is not possible."""
    if not error.most:
        return Conflict(fcx_("There is nothing left to do this with: the fee has been decided otherwise."))
    most = amount_text(error.most, currency)
    return InvalidInput({"amount": [fcx_("Enter an amount above 0 and up to %(most)s.", most=most)]})


def need_reason(reason: str) -> str:
    """The reason without spaces around it. Raises InvalidInput if there is none."""
    if not reason.strip():
        raise InvalidInput({"reason": [fcx_("Say why.")]})
    return reason.strip()
