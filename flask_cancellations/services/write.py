"""Write one decided cancellation: our rows, the audit event, the messages, the freed slot."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import select

from flask_cancellations.clock import MINUTE
from flask_cancellations.delivery.outbox import enqueue
from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import parse_locale
from flask_cancellations.models import Cancellation, Pending, SettlementRow, Slot, Waiver
from flask_cancellations.models.message import PENDING_HOST, WAITING
from flask_cancellations.models.settlement import CREATED
from flask_cancellations.models.settlement import PENDING_HOST as MONEY_PENDING_HOST
from flask_cancellations.rules.slots import SlotState, freed_state
from flask_cancellations.rules.trace import trace_body
from flask_cancellations.services import movements
from flask_cancellations.services.decide import Decision
from flask_cancellations.services.log import log
from flask_cancellations.state import State

TEMPLATES = {"client": "cancelled_client", "clinic": "cancelled_clinic", "other": "cancelled_other"}


def write(
    state: State, decision: Decision, generation: int, status_before: str, *, pending: bool = False
) -> tuple[int, SlotState]:
    """Write everything of ours; returns the cancellation's id and the state of the slot it leaves.

    With ``pending`` nothing goes out, moves or can be booked until :mod:`flask_cancellations.services.pending` has
    looked at what the host's function did.
    """
    frees, now = decision.reason.frees, decision.now
    cancellation_id = _record(state, decision, generation, status_before)
    _money(state, decision, cancellation_id, MONEY_PENDING_HOST if pending else CREATED)
    slot_state = leave_slot(
        state, decision.appointment, cancellation_id, generation, frees=frees, now=now, pending=pending
    )
    if pending:
        state.store.insert(Pending, scope=state.scope, cancellation_id=cancellation_id, frees=frees, since_us=now)
    _audit(state, decision, cancellation_id, status_before, slot_state)
    _messages(state, decision, cancellation_id, PENDING_HOST if pending else WAITING)
    return cancellation_id, slot_state


def _record(state: State, decision: Decision, generation: int, status_before: str) -> int:
    command, actor = decision.command, decision.actor
    return state.store.insert(
        Cancellation,
        **record_values(state, decision.appointment, generation, status_before),
        side=decision.side,
        reason_code=decision.reason.code,
        note=command.note.strip(),
        told_us=decision.told_us,
        told_channel=command.told_channel,
        notice_minutes=decision.quote.notice // MINUTE,
        late=decision.quote.late,
        cancelled_us=decision.now,
        actor_kind=actor.kind,
        actor_key=actor.key,
        actor_name=short(actor.name),
        source=actor.source,
        tell=bool(decision.addresses),
        silent_reason=command.silent_reason.strip(),
    )


def record_values(state: State, seen: Appointment, generation: int, status_before: str) -> dict[str, Any]:
    """The columns of a record that tell which appointment was cancelled."""
    booked = seen.booked_us
    return {
        "scope": state.scope,
        "appointment_key": seen.key,
        "generation": generation,
        "local_day": seen.start.date(),
        "local_minute": seen.start.hour * 60 + seen.start.minute,
        "lead_minutes": None if booked is None else (seen.start_us - booked) // MINUTE,
        "status_before": status_before[:100],
        **snapshot_values(state, seen),
    }


def snapshot_values(state: State, seen: Appointment) -> dict[str, Any]:
    """What is kept of an appointment, for when the host's row is gone."""
    return {
        "public_id": (seen.public_id or None) if state.host.has_public_id else None,
        "start_us": seen.start_us,
        "end_us": seen.end_us,
        "client_key": seen.client_key,
        "client_name": short(seen.client.name if seen.client else ""),
        "staff_key": seen.staff_key,
        "staff_name": short(seen.staff_name),
        "service_key": seen.service_key,
        "service_name": short(seen.service_name),
        "location_key": seen.location_key,
        "location_name": short(seen.location_name),
        "booked_us": seen.booked_us,
    }


def short(name: str) -> str:
    """A name as long as our columns take."""
    return name[:200]


def _money(state: State, decision: Decision, cancellation_id: int, movement_state: str) -> None:
    quote, settled, actor = decision.quote, decision.settlement, decision.actor
    state.store.insert(
        SettlementRow,
        cancellation_id=cancellation_id,
        policy_version_id=decision.quoted.version_id,
        band_less_than_us=quote.band.less_than if quote.band else None,
        why=" ".join(quote.why),
        trace=trace_body(quote),
        price=quote.price,
        otherwise=quote.otherwise,
        version=0,
        pending_until_us=_pending_until(state, decision),
        rest=_rest(decision),
        fee_vat_rate=state.settings.vat.fee,
        kept_vat_rate=state.settings.vat.kept,
        **asdict(settled),
    )
    if settled.waived:
        state.store.insert(
            Waiver,
            cancellation_id=cancellation_id,
            amount=settled.waived,
            currency=settled.currency,
            reason=decision.command.waive_reason.strip(),
            keep_reason=decision.command.keep_reason.strip(),
            actor_kind=actor.kind,
            actor_key=actor.key,
            waived_us=decision.now,
        )
    deposits = decision.quoted.deposits or ()
    movements.keep_deposits(state, cancellation_id, deposits)
    movements.start(
        state,
        cancellation_id,
        decision.appointment.client_key,
        settled.currency,
        {"charge": settled.due, "refund": settled.refunded, "credit": settled.credited},
        not_before=decision.now + state.settings.undo_delay,
        known_paid=bool(deposits),
        begin_as=movement_state,
    )


def _pending_until(state: State, decision: Decision) -> int | None:
    """When a pending fee is charged: once nobody can take the time any more, at the latest; None if it does not
    wait."""
    if not decision.settlement.pending:
        return None
    until = min(decision.now + state.settings.pending, decision.appointment.start_us)
    return max(until, decision.now + state.settings.undo_delay)


def _rest(decision: Decision) -> str:
    """Where the deposit goes that a pending fee sets free, if nobody says otherwise then."""
    open_to = [rest for rest in decision.quote.rests if rest != "keep"]
    asked = decision.command.rest
    return asked if asked in open_to else next(iter(open_to), "refund")


def leave_slot(
    state: State,
    seen: Appointment,
    cancellation_id: int,
    generation: int,
    *,
    frees: bool,
    now: int,
    pending: bool = False,
) -> SlotState:
    """Write the time that a cancellation frees or closes; ``frees`` is what its reason says. The state it comes to."""
    if generation > 1:
        _take_up_earlier_slots(state, seen, generation, now)
    slot_state, held_until = freed_state(frees=frees, start=seen.start_us, now=now, hold=state.settings.hold)
    state.store.insert(
        Slot,
        scope=state.scope,
        cancellation_id=cancellation_id,
        staff_key=seen.staff_key,
        service_key=seen.service_key,
        location_key=seen.location_key,
        start_us=seen.start_us,
        end_us=seen.end_us,
        state="pending" if pending else slot_state,
        held_until_us=None if pending else held_until,
        changed_us=now,
    )
    return slot_state


def _take_up_earlier_slots(state: State, seen: Appointment, generation: int, now: int) -> None:
    """The appointment stood again, so it had taken the time that its earlier cancellations freed or closed."""
    earlier = select(Cancellation.id).where(
        Cancellation.scope == state.scope,
        Cancellation.appointment_key == seen.key,
        Cancellation.generation < generation,
        Cancellation.client_key.is_not_distinct_from(seen.client_key),
        Cancellation.start_us == seen.start_us,
    )
    state.store.update(Slot, Slot.cancellation_id.in_(earlier), state="taken", changed_us=now)


def _audit(state: State, decision: Decision, cancellation_id: int, status_before: str, slot_state: SlotState) -> None:
    seen, actor, command = decision.appointment, decision.actor, decision.command
    after: dict[str, Any] = {
        "status": "cancelled",
        "cancellation": cancellation_id,
        "side": decision.side,
        "reason": decision.reason.code,
        "told_us": decision.told_us,
        "told_channel": command.told_channel,
        "notice_minutes": decision.quote.notice // MINUTE,
        "late": decision.quote.late,
        "why": list(decision.quote.why),
        "policy_version": decision.quoted.version_id,
        "fee_choice": decision.fee_choice if decision.settlement.fee else "none",
        "settlement": asdict(decision.settlement),
        "slot": slot_state,
        "told": [address.channel for address in decision.addresses],
    }
    log(
        state,
        actor,
        "appointment.cancelled",
        seen.key,
        at_us=decision.now,
        client_key=seen.client_key,
        before={"status": seen.status, "host_status": status_before, "start_us": seen.start_us},
        after=after,
        private={
            "actor": actor.name,
            "note": command.note.strip(),
            "waive_reason": command.waive_reason.strip(),
            "keep_reason": command.keep_reason.strip(),
            "silent_reason": command.silent_reason.strip(),
        },
    )


def _messages(state: State, decision: Decision, cancellation_id: int, message_state: str) -> None:
    seen, settled = decision.appointment, decision.settlement
    client = seen.client
    if client is None or not decision.addresses:
        return
    enqueue(
        state.store,
        decision.addresses,
        scope=state.scope,
        cancellation_id=cancellation_id,
        client_key=client.key,
        locale=_locale(client.locale) or state.settings.locale,
        template=TEMPLATES[decision.side],
        parameters={
            "client": client.name,
            "service": seen.service_name,
            "staff": seen.staff_name,
            "start_us": seen.start_us,
            "free_until_us": _free_until(decision),
            "pending_until_us": _pending_until(state, decision),
            "settlement": asdict(settled),
        },
        now=decision.now,
        not_before=decision.now + state.settings.undo_delay,
        state=message_state,
    )


def _locale(text: str | None) -> str:
    """The language that a host's text names, as Babel writes it; empty for a text that names none."""
    known = parse_locale(text) if text else None
    return str(known) if known else ""


def _free_until(decision: Decision) -> int | None:
    """Until when (microseconds UTC) cancelling was free of charge; None if it always was."""
    policy, facts = decision.quoted.policy, decision.quote.facts
    return policy.free_until(facts.start, facts.calendar) if policy and facts else None
