"""Cancel an appointment: claim, re-read, decide, write; the host's own row last.

The claim is written before the appointment is read for good, so of two cancellations at once one wins on our row and
the other learns who was faster. Everything happens in the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.errors import AlreadyCancelled, NotFound
from flask_cancellations.host.keys import key_of
from flask_cancellations.host.values import Appointment
from flask_cancellations.host.write_back import Deed
from flask_cancellations.i18n import fcx_, moment_text, use_locale
from flask_cancellations.models import Cancellation, Claim
from flask_cancellations.models.base import table_of
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.rules.slots import SlotState
from flask_cancellations.services import appointments, catalogue
from flask_cancellations.services.actor import Actor, visible
from flask_cancellations.services.appointments import is_current
from flask_cancellations.services.by_host import cancel_by_host
from flask_cancellations.services.claims import claim_of, win
from flask_cancellations.services.decide import CancelCommand, Decision, check_open, decide
from flask_cancellations.services.elsewhere.findings import restored
from flask_cancellations.services.history import cancellation_view
from flask_cancellations.services.pending import make_way
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

    Raises the refusals of :mod:`flask_cancellations.errors`; the caller then rolls back. A function of the host that
    commits by itself breaks both promises; see :mod:`flask_cancellations.services.by_host`.
    """
    session, key = state.store.session, command.appointment_key
    seen = visible(state, actor, appointments.find(state, key))
    if seen.row is None:  # the host's row went when it was cancelled
        raise already_cancelled(state, key)
    generation = win(state, seen)
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
    function, deed = state.host.own_cancel, _deed(state, decision)
    commits = function is not None and function.commits
    cancellation_id, slot_state = write(state, decision, generation, status_before, pending=commits)
    announced = None
    if function is None:
        state.host.write_cancelled(row, decision.side, deed)
        session.flush()
    else:
        announced = cancel_by_host(state, function, row, deed, actor, cancellation_id)
    return Cancelled(
        cancellation_id,
        appointment,
        decision.settlement,
        slot_state,
        announced or announce(appointment_cancelled, appointment_key=key, cancellation_id=cancellation_id),
    )


def cancelled_before(state: State, cancellation_id: int) -> Cancelled:
    """The outcome of a cancellation that was made before, for the answer to a request that is sent again."""
    view = cancellation_view(state, cancellation_id)
    facts = {"appointment_key": view.record.appointment_key, "cancellation_id": cancellation_id}
    return Cancelled(
        cancellation_id,
        appointments.of_record(state, view.record),
        view.settlement,
        view.slot_state,
        Publication(appointment_cancelled, facts, published=True),
    )


def _deed(state: State, decision: Decision) -> Deed:
    """What the host's own columns and function are told, in the language of the clinic and not of whoever cancels."""
    with use_locale(state.settings.locale):
        reason = decision.reason.label
    actor = decision.actor
    row = actor.user.row if actor.user is not None else None
    return Deed(
        reason,
        decision.now,
        actor.name,
        None if row is None else key_of(row),
        code=decision.reason.code,
        note=decision.command.note.strip(),
        side=decision.side,
        user=row,
    )


def _reopen_claim(state: State, appointment: Appointment) -> int:
    """Win a claim that says cancelled although the host's row is open: restored elsewhere, or a new row with an old
    key. Raises AlreadyCancelled, with who and when, if the appointment really is cancelled."""
    if appointment.status not in ("booked", "cancelled"):
        check_open(appointment, state.clock.now())  # missed, for instance, as the sweep has found
    mine = claim_of(state, appointment.key)
    generation = int(state.store.execute(select(Claim.generation).where(*mine).with_for_update()).scalar_one())
    stands = appointment.status == "booked"
    if stands and make_way(state, appointment.key):
        taken = win(state, appointment)
        if taken is not None:
            return taken
    elif (
        stands and (made := _cancelled_as(state, appointment.key, generation)) and is_current(state, made, appointment)
    ):
        # Restored past us: what had not left or moved of that cancellation does not happen beside this one.
        taken = win(state, appointment) if restored(state, made, appointment) else None
        if taken is not None:
            return taken
    elif stands:
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


def _cancelled_as(state: State, key: str, generation: int) -> Row[Any] | None:
    """The record of the cancellation that a claim of this generation stands for."""
    table = table_of(Cancellation)
    mine = (table.c.scope == state.scope, table.c.appointment_key == key, table.c.generation == generation)
    return state.store.execute(select(table).where(*mine).with_for_update(read=True)).first()


def already_cancelled(
    state: State, key: str, *, current: bool = False, cancellation_id: int | None = None
) -> AlreadyCancelled:
    """The refusal that says who cancelled and when, as far as we know; ``current`` reads with a lock.

    It goes by the latest cancellation under this key, unless ``cancellation_id`` says which.
    """
    query = (
        select(Cancellation.actor_name, Cancellation.cancelled_us)
        .where(Cancellation.scope == state.scope, Cancellation.appointment_key == key)
        .order_by(Cancellation.id.desc())
        .limit(1)
    )
    if cancellation_id is not None:
        query = query.where(Cancellation.id == cancellation_id)
    record: Any = state.store.execute(query.with_for_update() if current else query).first()
    if record is None or not record.actor_name:  # nobody knows who, if it was past us
        return AlreadyCancelled(fcx_("This appointment is already cancelled."))
    when = moment_text(state.clock.to_wall(record.cancelled_us))
    return AlreadyCancelled(
        fcx_("%(who)s cancelled this appointment on %(when)s.", who=record.actor_name, when=when),
        cancelled_by=record.actor_name,
        cancelled_us=record.cancelled_us,
    )
