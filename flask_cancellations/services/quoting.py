"""The quote of one appointment: by the policy version that was in force when the booking was made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import select

from flask_cancellations.host.values import Appointment
from flask_cancellations.models import Acceptance, Cancellation, SettlementRow
from flask_cancellations.rules.deposits import Deposit
from flask_cancellations.rules.policy import Policy, in_force
from flask_cancellations.rules.quote import FIRST_TIME, Facts, Quote, quote
from flask_cancellations.rules.reasons import Reason
from flask_cancellations.services.catalogue import Catalogue, Version
from flask_cancellations.services.deposits import deposit_left, deposits_of
from flask_cancellations.state import State


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote, the policy it was made by, the id of that policy's stored version, the deposits that the adapter
    named."""

    quote: Quote
    policy: Policy | None
    version_id: int | None
    deposits: tuple[Deposit, ...] | None = None


def shown_as(quoted: Quote, appointment: Appointment) -> str:
    """What a form returns to prove what was looked at: the amounts, and which appointment stood under the key.

    A deleted row's key may be given to the next one while a form is open.
    """
    return f"{quoted.fingerprint()}-{_mark(appointment)}"


def is_another(seen: str, appointment: Appointment) -> bool:
    """Whether the form showed another appointment, or this one at another time."""
    mark = seen.partition("-")[2]
    return bool(mark) and mark != _mark(appointment)


def _mark(appointment: Appointment) -> str:
    life = (appointment.start_us, appointment.client_key, appointment.booked_us)
    return hashlib.sha256(repr(life).encode()).hexdigest()[:16]


def quote_for(
    state: State,
    catalogue: Catalogue,
    appointment: Appointment,
    *,
    told_us: int,
    reason: Reason | None,
    entered: int | None = None,
) -> Quoted:
    """Quote a cancellation. ``told_us`` in microseconds UTC, ``entered`` a fee typed in, in minor units."""
    version, proven = _version_at_booking(state, catalogue, appointment)
    policy = version.policy if version else None
    deposits = deposits_of(state, appointment)
    facts = Facts(
        currency=state.settings.currency,
        start=appointment.start_us,
        told=told_us,
        booked=appointment.booked_us,
        price=appointment.price,
        deposit=deposit_left(state, appointment, deposits),
        proven=proven,
        entered=entered,
        other_currency=appointment.other_currency,
        calendar=state.calendar,
        group=appointment.client.group if appointment.client else "",
        granted=_granted(state, policy, appointment.client_key),
    )
    return Quoted(quote(facts, policy, reason), policy, version.id if version else None, deposits)


def _granted(state: State, policy: Policy | None, client_key: str | None) -> int | None:
    """How many late cancellations this client was let off within the months that the policy looks back.

    A cancellation that was taken back does not count. None where the policy lets nobody off, or the client is unknown.
    """
    if policy is None or policy.first_free is None or client_key is None:
        return None
    since = state.clock.day_start(policy.first_free.since(state.clock.today()))
    granted = (
        select(SettlementRow.why)
        .join(Cancellation, Cancellation.id == SettlementRow.cancellation_id)
        .where(
            Cancellation.scope == state.scope,
            Cancellation.client_key == client_key,
            Cancellation.cancelled_us >= since,
            SettlementRow.stood_again_us.is_(None),
        )
    )
    return sum(FIRST_TIME in why.split() for why in state.store.execute(granted).scalars())


def version_on(state: State, catalogue: Catalogue, appointment: Appointment, at_us: int) -> Version | None:
    """The policy version that covers an appointment booked at an instant (microseconds UTC)."""
    holding = [v for v in catalogue.policies if v.withdrawn_us is None or v.withdrawn_us > at_us]
    found = in_force(
        [version.policy for version in holding],
        state.clock.to_wall(at_us).date(),
        appointment.service_key,
        appointment.staff_key,
        appointment.location_key,
    )
    return next((version for version in holding if version.policy is found), None)


def _version_at_booking(state: State, catalogue: Catalogue, appointment: Appointment) -> tuple[Version | None, bool]:
    """The version the client booked under, and whether that is proven (or proof is not asked for)."""
    accepted = state.store.execute(
        select(Acceptance.policy_version_id)
        .where(
            Acceptance.scope == state.scope,
            Acceptance.appointment_key == appointment.key,
            Acceptance.client_key.is_not_distinct_from(appointment.client_key),
        )
        .order_by(Acceptance.id.desc())
        .limit(1)
    ).first()
    if accepted is not None:
        return catalogue.by_id(accepted.policy_version_id), True
    booked = appointment.booked_us
    if booked is not None:
        day = state.clock.to_wall(booked).date()
        if any(version.policy.valid_from <= day for version in catalogue.policies):
            return version_on(state, catalogue, appointment, booked), True
    if state.settings.policy_without_proof == "current":
        return version_on(state, catalogue, appointment, state.clock.now()), True
    return None, booked is not None
