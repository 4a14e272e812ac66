"""Cancel an appointment: claim, re-read, decide, write; the host's own row last.

The claim is written before the appointment is read for good, so of two cancellations at once one wins on our row and
the other learns who was faster. Everything happens in the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from flask_cancellations.errors import AlreadyCancelled, NotFound
from flask_cancellations.host.values import Appointment
from flask_cancellations.host.write_back import Deed
from flask_cancellations.i18n import fcx_, moment_text, use_locale
from flask_cancellations.models import Cancellation, Claim
from flask_cancellations.models.claim import BOOKED, CANCELLED
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.rules.slots import SlotState
from flask_cancellations.services import appointments, catalogue
from flask_cancellations.services.actor import Actor, visible
from flask_cancellations.services.decide import CancelCommand, Decision, decide
from flask_cancellations.services.signals import appointment_cancelled
from flask_cancellations.services.transaction import Publication, announce
from flask_cancellations.services.write import write
from flask_cancellations.state import State


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The outcome. A host that commits by itself calls ``publish()`` after its commit."""

    cancellation_id: int
    appointment: Appointment
    settlement: Settlement
    slot_state: SlotState
    publication: Publication

    def publish(self) -> None:
        """Send the signal ``appointment_cancelled``."""
        self.publication.publish()


def cancel(state: State, command: CancelCommand, actor: Actor) -> Cancelled:
    """Cancel one appointment in the caller's transaction; flushes, never commits.

    Raises the refusals of :mod:`flask_cancellations.errors`; the caller then rolls back.
    """
    session, key = state.store.session, command.appointment_key
    seen = visible(state, actor, appointments.find(state, key))
    if seen.row is None:  # the host's row went when it was cancelled
        raise already_cancelled(state, key)
    generation = _win_claim(state, seen)
    row = state.host.get(session, key, lock=True, fresh=True)
    if row is None and generation is None:  # whoever was faster has deleted it
        raise already_cancelled(state, key, current=True)
    if row is None:
        raise NotFound(fcx_("There is no such appointment."))
    # It may have been given to another therapist since it was first read.
    known = state.host.read(row, status="booked" if generation is not None else None, lock=True)
    appointment = visible(state, actor, known)
    if generation is None:
        generation = _reopen_claim(state, appointment)
    if appointment.status == "cancelled":
        # Cancelled in the host's own pages, past us: there is no record of who and when.
        raise AlreadyCancelled(fcx_("This appointment is already cancelled."))
    decision = decide(state, catalogue.load(state, store_if_new=True), appointment, command, actor)
    status_before = state.host.status_value(row)
    cancellation_id, slot_state = write(state, decision, generation, status_before)
    state.host.write_cancelled(row, decision.side, _deed(state, decision))
    session.flush()
    return Cancelled(
        cancellation_id,
        appointment,
        decision.settlement,
        slot_state,
        announce(appointment_cancelled, appointment_key=key, cancellation_id=cancellation_id),
    )


def _deed(state: State, decision: Decision) -> Deed:
    """What the host's own columns are told, in the language of the clinic and not of whoever cancels."""
    with use_locale(state.settings.locale):
        reason = decision.reason.label
    actor = decision.actor
    return Deed(reason, decision.now, actor.name, actor.key if actor.user is not None else None)


def _win_claim(state: State, appointment: Appointment) -> int | None:
    """Turn the claim from booked to cancelled; its generation, or None if somebody else had done so."""
    store, mine = state.store, _claim_of(state, appointment.key)
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


def _reopen_claim(state: State, appointment: Appointment) -> int:
    """Win a claim that says cancelled although the host's row is open: restored elsewhere, or a new row with an old
    key. Raises AlreadyCancelled, with who and when, if the appointment really is cancelled."""
    mine = _claim_of(state, appointment.key)
    generation = int(state.store.execute(select(Claim.generation).where(*mine).with_for_update()).scalar_one())
    if appointment.status == "booked":
        won = state.store.update(
            Claim,
            *mine,
            Claim.generation == generation,
            generation=generation + 1,
            start_us=appointment.start_us,
            client_key=appointment.client_key,
            changed_us=state.clock.now(),
        )
        if won == 1:
            return generation + 1
    # A current read: MariaDB's snapshot may be older than the winner's commit.
    raise already_cancelled(state, appointment.key, current=True)


def already_cancelled(state: State, key: str, *, current: bool = False) -> AlreadyCancelled:
    """The refusal that says who cancelled and when, as far as we know; ``current`` reads with a lock."""
    query = (
        select(Cancellation.actor_name, Cancellation.cancelled_us)
        .where(Cancellation.scope == state.scope, Cancellation.appointment_key == key)
        .order_by(Cancellation.id.desc())
        .limit(1)
    )
    record: Any = state.store.execute(query.with_for_update() if current else query).first()
    if record is None:
        return AlreadyCancelled(fcx_("This appointment is already cancelled."))
    when = moment_text(state.clock.to_wall(record.cancelled_us))
    return AlreadyCancelled(
        fcx_("%(who)s cancelled this appointment on %(when)s.", who=record.actor_name, when=when),
        cancelled_by=record.actor_name,
        cancelled_us=record.cancelled_us,
    )


def _claim_of(state: State, key: str) -> tuple[Any, ...]:
    return (Claim.scope == state.scope, Claim.appointment_key == key)
