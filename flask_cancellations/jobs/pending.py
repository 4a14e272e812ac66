"""Decide the cancellations whose process died between the commit of the host's own function and our look at it."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import Any

from sqlalchemy import Row

from flask_cancellations.jobs.summary import Summary
from flask_cancellations.services.actor import job_actor
from flask_cancellations.services.pending import left_over, look_again
from flask_cancellations.services.transaction import run
from flask_cancellations.state import State

logger = logging.getLogger(__name__)


def decide_left_over(state: State, stop: threading.Event, summary: Summary) -> None:
    """Set going what the host has cancelled, and take back what it has not, each in a transaction of its own."""
    if state.host.own_cancel is None or not state.host.own_cancel.commits:
        return
    for made in run(state, lambda: left_over(state)):
        if stop.is_set():
            break
        try:
            in_force = run(state, partial(_decide, state, made))
        except Exception:
            # One appointment's trouble must not keep back the others.
            summary.errors += 1
            logger.exception("cancellation %s stays pending", made.id)
        else:
            summary.decided += 1
            logger.warning("cancellation %s was left pending: %s", made.id, "set going" if in_force else "taken back")


def _decide(state: State, made: Row[Any]) -> bool:
    return look_again(state, made, job_actor("worker"), "unknown") is not None
