"""Decide the pending fees: dropped or reduced once the time is booked again, else charged when their time is over.

Also writes off client credit whose time is over.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import Row, or_, select

from flask_cancellations.clock import MINUTE
from flask_cancellations.jobs.summary import Summary
from flask_cancellations.models import Cancellation, Pending, SettlementRow, Slot
from flask_cancellations.services import credit, fees, slots
from flask_cancellations.services.actor import job_actor
from flask_cancellations.services.elsewhere import findings
from flask_cancellations.services.transaction import run
from flask_cancellations.state import State

BATCH = 100
# How often the host's diary is asked for each pending fee whether its time is booked again; before charging, always.
LOOK_EVERY = 5 * MINUTE

logger = logging.getLogger(__name__)


class Fees:
    """The pending fees of one app."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._actor = job_actor("worker")
        self._looked_us: dict[str, int] = {}  # by scope

    def decide(self, stop: threading.Event, summary: Summary) -> None:
        """Decide what can be decided now, each fee in a transaction of its own, and count it."""
        state, now = self._state, self._state.clock.now()
        last = self._looked_us.get(state.scope)
        look = last is None or not last <= now < last + LOOK_EVERY
        for pending in run(state, lambda: _pending(state, everything=look)):
            if stop.is_set():
                return
            summary.fees += self._attempt(partial(self._decide, pending), f"fee of {pending.cancellation_id}", summary)
        for lot_id in run(state, lambda: credit.expired(state, BATCH)):
            if stop.is_set():
                return
            self._attempt(partial(credit.expire, state, lot_id, self._actor), f"credit {lot_id}", summary)
        if look:
            self._looked_us[state.scope] = now

    def _attempt(self, work: Callable[[], bool], what: str, summary: Summary) -> bool:
        try:
            return run(self._state, work)
        except findings.ChangedItsMind:
            return False  # the next round looks again
        except Exception:
            # One client's trouble must not keep back the money of all others.
            summary.errors += 1
            logger.exception("%s broke off and stays as it is", what)
            return False

    def _decide(self, pending: Row[Any]) -> bool:
        state = self._state
        taken = pending.slot_state == "taken" or _booked_again(state, pending)
        if not taken and pending.pending_until_us > state.clock.now():
            return False
        if findings.stands(state, pending.appointment_key, pending.cancellation_id):
            return False  # by itself it takes its time again; people say what becomes of its fee
        decide = fees.refill if taken else fees.charge_overdue
        return decide(state, pending.cancellation_id, self._actor) is not None


def _pending(state: State, *, everything: bool) -> list[Row[Any]]:
    """The pending fees that can be decided as far as our own rows tell; with ``everything`` all, to look at the
    diary."""
    ripe = or_(SettlementRow.pending_until_us <= state.clock.now(), Slot.state == "taken")
    query = (
        select(
            SettlementRow.cancellation_id,
            SettlementRow.pending_until_us,
            Slot.state.label("slot_state"),
            Cancellation.start_us,
            Cancellation.end_us,
            Cancellation.staff_key,
            Cancellation.appointment_key,
        )
        .join(Cancellation, Cancellation.id == SettlementRow.cancellation_id)
        .join(Slot, Slot.cancellation_id == Cancellation.id)
        .outerjoin(Pending, Pending.cancellation_id == Cancellation.id)
        .where(
            Cancellation.scope == state.scope,
            SettlementRow.pending_until_us.is_not(None),
            SettlementRow.stood_again_us.is_(None),  # else somebody has to say what becomes of the fee
            Pending.id.is_(None),  # else the host's own function has still to cancel it
        )
        .order_by(SettlementRow.pending_until_us, SettlementRow.id)
    )
    return list(state.store.execute(query if everything else query.where(ripe).limit(BATCH)).all())


def _booked_again(state: State, pending: Row[Any]) -> bool:
    """Whether the host's diary has an open appointment of that therapist in this time."""
    start, end = state.clock.to_wall(pending.start_us), state.clock.to_wall(pending.end_us)
    return slots.at(state, start, end, pending.staff_key) == "taken"
