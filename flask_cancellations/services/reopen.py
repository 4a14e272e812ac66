"""Take back our side of a cancellation, because the appointment stands again: the claim, and what had not happened yet.

The caller has seen that it stands (restored in the host's own pages, a host function that did not cancel it after all),
and records why. What has left the building or moved already stays as it is, for people to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, select

from flask_cancellations.models import Claim, Message, Pending, Slot
from flask_cancellations.models.base import table_of
from flask_cancellations.models.claim import BOOKED, CANCELLED
from flask_cancellations.models.message import PENDING_HOST, STOPPED, WAITING
from flask_cancellations.services.actor import Actor, job_actor
from flask_cancellations.services.undo_money import hold_money, undo_money
from flask_cancellations.state import State


@dataclass(frozen=True, slots=True)
class Reopened:
    """What was called off: how many messages and movements of money. ``generation`` is the claim's next one."""

    generation: int
    messages: int
    movements: int


def reopen(
    state: State,
    record: Row[Any],
    actor: Actor | None = None,
    *,
    money: Literal["undo", "hold"] = "undo",
    same_time: bool = True,
) -> Reopened | None:
    """Close the claim of a cancellation (a row of ``Cancellation``) in the caller's transaction, and call off the rest.

    Its waiting messages and movements are stopped. ``money`` says whether all of it is undone, or held until people say
    what becomes of the fee (:mod:`flask_cancellations.services.undo_money`); ``actor`` stands in those events, by
    default a job. The time it freed or closed is taken again, unless the appointment stands at another one now. None,
    with nothing changed, if the claim no longer says that this cancellation is in force (somebody else was faster), or
    while it is pending: the host's own function may still be at it.
    """
    store, now = state.store, state.clock.now()
    slots = select(table_of(Slot).c.id).where(Slot.cancellation_id == record.id)
    store.execute(slots.with_for_update()).all()  # the order of locks: slot, claim, money
    if store.execute(select(Pending.id).where(Pending.cancellation_id == record.id).with_for_update()).first():
        return None
    generation = record.generation + 1
    won = store.update(
        Claim,
        Claim.scope == record.scope,
        Claim.appointment_key == record.appointment_key,
        Claim.state == CANCELLED,
        Claim.generation == record.generation,
        state=BOOKED,
        generation=generation,
        changed_us=now,
    )
    if won != 1:
        return None
    if same_time:
        store.update(Slot, Slot.cancellation_id == record.id, Slot.state != "taken", state="taken", changed_us=now)
    return Reopened(
        generation,
        store.update(
            Message,
            Message.cancellation_id == record.id,
            Message.state.in_((WAITING, PENDING_HOST)),
            state=STOPPED,
        ),
        (undo_money if money == "undo" else hold_money)(state, record.id, actor or job_actor("reopen")),
    )
