"""Cancellations that a host function which commits by itself was asked to make, until we have looked at what it did.

Its commit keeps our rows too, whatever it did to the appointment. So they lie still: no message leaves, no money moves,
nobody can book the time. Then claim and host row are read again. If both say cancelled, all this is set going; if the
appointment stands, our side is taken back. Whoever asked the function does that at once. What a process leaves that
dies in between is decided by the worker, or by whoever comes to cancel after a minute.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.clock import MINUTE
from flask_cancellations.errors import Conflict
from flask_cancellations.host.function import still_stands
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import (
    AnsweredRequest,
    Cancellation,
    Claim,
    Link,
    Message,
    Movement,
    Pending,
    SettlementRow,
    Slot,
)
from flask_cancellations.models.base import table_of
from flask_cancellations.models.claim import CANCELLED
from flask_cancellations.models.message import PENDING_HOST, WAITING
from flask_cancellations.models.settlement import CREATED
from flask_cancellations.models.settlement import PENDING_HOST as MONEY_PENDING_HOST
from flask_cancellations.rules.slots import freed_state
from flask_cancellations.services.actor import Actor, job_actor
from flask_cancellations.services.claims import claim_of
from flask_cancellations.services.log import log
from flask_cancellations.services.reopen import reopen
from flask_cancellations.services.signals import appointment_cancelled
from flask_cancellations.services.transaction import Publication, announce
from flask_cancellations.state import State

PATIENCE = MINUTE  # how long a host's function may take, from our rows to its last commit


def look_again(state: State, made: Row[Any], actor: Actor, why: str) -> Publication | None:
    """Decide a pending cancellation (a row of ``Cancellation``) by what the host's row says now.

    In the caller's transaction, which must be a newer one than that of the host's function. ``actor`` and ``why`` are
    recorded if it is taken back. Returns the signal of a cancellation that is in force, None for one that is not;
    whoever decided it before has sent the signal.
    """
    frees = _take(state, made)
    if frees is None:
        facts = {"appointment_key": made.appointment_key, "cancellation_id": made.id}
        return Publication(appointment_cancelled, facts, published=True) if in_force(state, made) else None
    if still_stands(state.host, state.store.session, made.appointment_key) is None:
        return _set_going(state, made, frees=frees)
    take_back(state, made, actor, why)
    return None


def confirm(state: State, made: Row[Any]) -> Publication:
    """Set a pending cancellation going that the host's function has made in our own transaction."""
    frees = _take(state, made)
    assert frees is not None  # nobody else has seen it yet
    return _set_going(state, made, frees=frees)


def take_back(state: State, made: Row[Any], actor: Actor, why: str) -> None:
    """Take back our side, because the appointment stands: its claim, messages, money and time, and the request.

    ``why`` is a code: ``refused``, ``failed`` or ``unchanged`` for what the host's function did, ``unknown`` if the
    process died. A link by which its client cancelled works again.
    """
    store, reopened = state.store, reopen(state, made, actor)
    if made.actor_kind == "link":
        store.update(
            Link,
            Link.scope == made.scope,
            Link.appointment_key == made.appointment_key,
            Link.client_key.is_not_distinct_from(made.client_key),
            Link.used_us.is_not(None),
            used_us=None,
        )
    # Sent again, it is a new request.
    store.delete(AnsweredRequest, AnsweredRequest.cancellation_id == made.id)
    log(
        state,
        actor,
        "cancellation.reversed",
        made.appointment_key,
        client_key=made.client_key,
        before={"status": "cancelled"},
        after={
            "status": "booked",
            "cancellation": made.id,
            "why": why,
            "messages": reopened.messages if reopened else 0,
            "movements": reopened.movements if reopened else 0,
        },
        private={"actor": actor.name},
    )


def make_way(state: State, key: str) -> bool:
    """Whether a cancellation of this appointment, which stands, was pending and is now taken back.

    Raises Conflict if it is pending for less than a minute: the host's function may still be at it.
    """
    if state.host.own_cancel is None or not state.host.own_cancel.commits:
        return False
    cancellation, mine = (
        table_of(Cancellation),
        (Cancellation.scope == state.scope, Cancellation.appointment_key == key),
    )
    query = select(cancellation).join(Pending, Pending.cancellation_id == Cancellation.id).where(*mine)
    made = state.store.execute(query.with_for_update()).first()
    if made is None:
        return False
    _wait_for(state, made)
    look_again(state, made, job_actor("cancel"), "unknown")
    return True


def resume(state: State, cancellation_id: int) -> bool:
    """Whether a cancellation is in force that was begun by a request which nobody has answered.

    Decides it if it is pending. Raises Conflict while it may still be under way.
    """
    made = made_by(state, cancellation_id)
    assert made is not None  # a request is written with its cancellation
    if still_stands(state.host, state.store.session, made.appointment_key) is not None:
        _wait_for(state, made)
    return look_again(state, made, job_actor("retry"), "unknown") is not None


def left_over(state: State) -> list[Row[Any]]:
    """The cancellations of this scope that are pending for more than a minute: whoever asked for them is gone."""
    query = (
        select(table_of(Cancellation))
        .join(Pending, Pending.cancellation_id == Cancellation.id)
        .where(Pending.scope == state.scope, Pending.since_us <= state.clock.now() - PATIENCE)
        .order_by(Pending.id)
    )
    return list(state.store.execute(query).all())


def made_by(state: State, cancellation_id: int) -> Row[Any] | None:
    """The record of a cancellation as it is now: MariaDB's snapshot may be older than the host's commit."""
    query = select(table_of(Cancellation)).where(Cancellation.scope == state.scope, Cancellation.id == cancellation_id)
    return state.store.execute(query.with_for_update()).first()


def in_force(state: State, made: Row[Any]) -> bool:
    """Whether the claim says that this cancellation is the one in force."""
    claim = state.store.execute(
        select(Claim.state, Claim.generation).where(*claim_of(state, made.appointment_key)).with_for_update()
    ).first()
    return claim is not None and claim.state == CANCELLED and claim.generation == made.generation


def _take(state: State, made: Row[Any]) -> bool | None:
    """Win the right to decide; gives whether the reason frees the time, None if it was decided before."""
    store = state.store
    slots = select(table_of(Slot).c.id).where(Slot.cancellation_id == made.id)
    store.execute(slots.with_for_update()).all()  # the order of locks: slot, claim, money
    store.execute(select(Claim.id).where(*claim_of(state, made.appointment_key)).with_for_update()).all()
    pending = store.execute(select(Pending.frees).where(Pending.cancellation_id == made.id).with_for_update()).first()
    if pending is None or store.delete(Pending, Pending.cancellation_id == made.id) != 1:
        return None
    return bool(pending.frees)


def _set_going(state: State, made: Row[Any], *, frees: bool) -> Publication:
    """Everything counts from now: the delay before messages and money, and the hold of the time."""
    store, now = state.store, state.clock.now()
    later = now + state.settings.undo_delay
    slot_state, held_until = freed_state(frees=frees, start=made.start_us, now=now, hold=state.settings.hold)
    store.update(
        Slot,
        Slot.cancellation_id == made.id,
        Slot.state == "pending",
        state=slot_state,
        held_until_us=held_until,
        changed_us=now,
    )
    store.update(
        Message,
        Message.cancellation_id == made.id,
        Message.state == PENDING_HOST,
        state=WAITING,
        not_before_us=later,
    )
    store.update(
        Movement,
        Movement.cancellation_id == made.id,
        Movement.state == MONEY_PENDING_HOST,
        state=CREATED,
        not_before_us=later,
    )
    store.update(
        SettlementRow,
        SettlementRow.cancellation_id == made.id,
        SettlementRow.pending_until_us < later,
        pending_until_us=later,
    )
    return announce(appointment_cancelled, appointment_key=made.appointment_key, cancellation_id=made.id)


def _wait_for(state: State, made: Row[Any]) -> None:
    if made.cancelled_us > state.clock.now() - PATIENCE:
        raise Conflict(fcx_("This appointment is being cancelled at this moment. Look again in a minute."))
