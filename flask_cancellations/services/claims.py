"""Our claim on an appointment: whoever wins it cancels."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from flask_cancellations.host.values import Appointment
from flask_cancellations.models import Claim
from flask_cancellations.models.claim import BOOKED, CANCELLED
from flask_cancellations.state import State


def win(state: State, appointment: Appointment) -> int | None:
    """Turn the claim from booked to cancelled; its generation, or None if somebody else had done so."""
    store, mine = state.store, claim_of(state, appointment.key)
    now = state.clock.now()
    store.insert_if_absent(
        Claim,
        ("scope", "appointment_key"),
        scope=state.scope,
        appointment_key=appointment.key,
        state=BOOKED,
        generation=1,
        start_us=appointment.start_us,
        client_key=appointment.client_key,
        changed_us=now,
    )
    won = store.update(
        Claim,
        *mine,
        Claim.state == BOOKED,
        state=CANCELLED,
        start_us=appointment.start_us,
        client_key=appointment.client_key,
        changed_us=now,
    )
    if won != 1:
        return None
    return int(store.execute(select(Claim.generation).where(*mine)).scalar_one())


def let_go(state: State, key: str, generation: int) -> bool:
    """Close a cancelled claim of an appointment that is gone, because another one stands under its key now.

    Nothing else of that cancellation is touched. False if the claim is no longer that of this ``generation``.
    """
    closed = state.store.update(
        Claim,
        *claim_of(state, key),
        Claim.state == CANCELLED,
        Claim.generation == generation,
        state=BOOKED,
        generation=generation + 1,
        changed_us=state.clock.now(),
    )
    return closed == 1


def claim_of(state: State, key: str) -> tuple[Any, ...]:
    """The conditions for the claim of an appointment."""
    return (Claim.scope == state.scope, Claim.appointment_key == key)
