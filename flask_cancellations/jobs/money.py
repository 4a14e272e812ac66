"""Carry out the money of cancellations once the undo delay is over."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.audit import Entry, record
from flask_cancellations.jobs.summary import Summary
from flask_cancellations.models import Cancellation, Movement, Series
from flask_cancellations.models.settlement import CREATED, DONE, MANUAL
from flask_cancellations.services.actor import job_actor
from flask_cancellations.services.transaction import run
from flask_cancellations.state import State

CREDIT_NOTE = "credit_note"
BATCH = 100

logger = logging.getLogger(__name__)


def carry_out(state: State, stop: threading.Event, summary: Summary) -> None:
    """Carry out the movements that are due, each in a transaction of its own, and count them.

    A charge or refund becomes ``manual``: the desk settles it. A credit gets the number of its credit note.
    """
    for movement in _due(state):
        if stop.is_set():
            break
        try:
            summary.movements += run(state, partial(_carry_out, state, movement))
        except Exception:
            # One client's trouble must not keep back the money of all others.
            summary.errors += 1
            logger.exception("movement %s broke off and stays due", movement.id)


def _due(state: State) -> list[Row[Any]]:
    query = (
        select(
            Movement.id,
            Movement.kind,
            Movement.amount,
            Movement.currency,
            Movement.client_key,
            Movement.cancellation_id,
            Cancellation.appointment_key,
        )
        .join(Cancellation, Cancellation.id == Movement.cancellation_id)
        .where(
            Movement.scope == state.scope,
            Movement.state == CREATED,
            Movement.not_before_us <= state.clock.now(),
        )
        # In the order in which they fall due, so that numbers follow the calendar.
        .order_by(Movement.not_before_us, Movement.id)
        .limit(BATCH)
    )
    return list(run(state, lambda: state.store.execute(query).all()))


def _carry_out(state: State, movement: Row[Any]) -> bool:
    """Whether this worker did it; False if another one was faster or the movement was called off meanwhile."""
    now = state.clock.now()
    credit = movement.kind == "credit"
    outcome: dict[str, Any] = {"state": DONE, "done_us": now} if credit else {"state": MANUAL}
    # Won first: a number is drawn by nobody who does not use it.
    won = state.store.update(Movement, Movement.id == movement.id, Movement.state == CREATED, **outcome)
    if won != 1:
        return False
    after = {"state": outcome["state"], "amount": movement.amount, "currency": movement.currency}
    if credit:
        after["number"] = _next_number(state, CREDIT_NOTE)
        state.store.update(Movement, Movement.id == movement.id, number=after["number"])
    actor = job_actor("worker")
    record(
        state.store,
        Entry(
            scope=state.scope,
            at_us=now,
            action=f"{movement.kind}.{outcome['state']}",
            appointment_key=movement.appointment_key,
            actor_kind=actor.kind,
            actor_key=actor.key,
            source=actor.source,
            client_key=movement.client_key,
            before={"state": CREATED},
            after={"cancellation": movement.cancellation_id, **after},
        ),
    )
    return True


def _next_number(state: State, document: str) -> int:
    """The next number of a gap-free series. Its row stays locked until the commit, and a rollback gives it back."""
    mine = (Series.scope == state.scope, Series.document == document)
    state.store.insert_if_absent(Series, ("scope", "document"), scope=state.scope, document=document, last_number=0)
    state.store.update(Series, *mine, last_number=Series.last_number + 1)
    return int(state.store.execute(select(Series.last_number).where(*mine)).scalar_one())
