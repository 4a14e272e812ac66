"""Draw the credit notes of cancellations once the undo delay is over, and make the credits."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.jobs.summary import Summary
from flask_cancellations.models import Cancellation, Movement
from flask_cancellations.models.base import table_of
from flask_cancellations.models.settlement import CREATED, DONE
from flask_cancellations.services import credit
from flask_cancellations.services.actor import job_actor
from flask_cancellations.services.log import log
from flask_cancellations.services.transaction import run
from flask_cancellations.state import State

BATCH = 100

logger = logging.getLogger(__name__)


def issue_credits(state: State, stop: threading.Event, summary: Summary) -> None:
    """Issue the credits that are due, each in a transaction of its own, and count them."""
    for movement in _due(state):
        if stop.is_set():
            break
        try:
            summary.movements += run(state, partial(_issue, state, movement))
        except Exception:
            # One client's trouble must not keep back the money of all others.
            summary.errors += 1
            logger.exception("movement %s broke off and stays due", movement.id)


def _due(state: State) -> list[Row[Any]]:
    table = table_of(Movement)
    query = (
        select(table)
        .where(
            table.c.scope == state.scope,
            table.c.kind == "credit",
            table.c.state == CREATED,
            table.c.not_before_us <= state.clock.now(),
        )
        # In the order in which they fall due, so that numbers follow the calendar.
        .order_by(table.c.not_before_us, table.c.id)
        .limit(BATCH)
    )
    return list(run(state, lambda: state.store.execute(query).all()))


def _issue(state: State, movement: Row[Any]) -> bool:
    """Whether this worker did it; False if another one was faster or the movement was called off meanwhile."""
    now = state.clock.now()
    # Won first: a number is drawn by nobody who does not use it.
    won = state.store.update(Movement, Movement.id == movement.id, Movement.state == CREATED, state=DONE, done_us=now)
    if won != 1:
        return False
    actor = job_actor("worker")
    kept = state.store.execute(select(table_of(Cancellation)).where(Cancellation.id == movement.cancellation_id)).one()
    note = credit.issue(state, movement, kept, actor)
    state.store.update(Movement, Movement.id == movement.id, number=note.number)
    log(
        state,
        actor,
        "credit.done",
        kept.appointment_key,
        at_us=now,
        client_key=movement.client_key,
        before={"state": CREATED},
        after={
            "cancellation": movement.cancellation_id,
            "state": DONE,
            "amount": movement.amount,
            "currency": movement.currency,
            "number": note.number,
        },
    )
    return True
