"""Carry out charges and refunds by the host's adapter: take in hand, commit, call, note.

No transaction is open while a provider thinks. A worker that dies after the call leaves a lease that runs out; the
next one calls again under the same key.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from secrets import SystemRandom

from flask_cancellations.delivery.letter import one_line
from flask_cancellations.errors import PaymentRefused
from flask_cancellations.host.adapter import HostAdapter
from flask_cancellations.jobs.summary import Summary
from flask_cancellations.services import payments
from flask_cancellations.services.actor import job_actor
from flask_cancellations.services.payments import Sent
from flask_cancellations.services.transaction import run
from flask_cancellations.state import State

BATCH = 100

logger = logging.getLogger(__name__)


class Cashier:
    """Carries out the payments of one app. ``random`` gives numbers from 0 up to 1, for the waits after a failure."""

    def __init__(self, state: State, random: Callable[[], float] | None = None) -> None:
        self._state = state
        self._actor = job_actor("worker")
        self._random = random or SystemRandom().random

    def carry_out(self, stop: threading.Event, summary: Summary) -> None:
        """Carry out what is due, and count it."""
        state = self._state
        for movement_id in run(state, lambda: payments.due_ids(state, BATCH)):
            if stop.is_set():
                break
            try:
                self._one(movement_id, summary)
            except Exception:
                # One client's trouble must not keep back the money of all others.
                state.store.session.rollback()
                summary.errors += 1
                logger.exception("payment %s broke off", movement_id)

    def _one(self, movement_id: int, summary: Summary) -> None:
        state, actor = self._state, self._actor
        kind = run(state, lambda: payments.kind_of(state, movement_id))
        if not _carries_out(state.adapter, kind):
            summary.movements += run(state, lambda: payments.to_the_desk(state, movement_id, actor))
            return
        sent = run(state, lambda: payments.begin(state, movement_id, actor))
        if sent is None:
            return
        call = state.adapter.refund if kind == "refund" else state.adapter.charge
        try:
            reference = call(sent.payment)
        except PaymentRefused as error:
            self._failed(sent, str(error), summary, refused=True)
        except Exception as error:
            logger.exception("payment %s, attempt %s", movement_id, sent.payment.attempt)
            self._failed(sent, one_line(f"{type(error).__name__}: {error}"), summary, refused=False)
        else:
            self._finished(sent, reference, summary)

    def _finished(self, sent: Sent, reference: str | None, summary: Summary) -> None:
        state, actor = self._state, self._actor
        if reference is None:
            noted = run(state, lambda: payments.to_the_desk(state, sent.id, actor, begun=sent))
        else:
            noted = run(state, partial(payments.finish, state, sent, reference, actor))
        summary.movements += noted
        if not noted:
            logger.warning("payment %s was carried out, but its lease had gone to another worker", sent.payment.key)

    def _failed(self, sent: Sent, error: str, summary: Summary, *, refused: bool) -> None:
        state, actor = self._state, self._actor
        state.store.session.rollback()  # what the adapter left half done
        if refused:
            given_up = run(state, lambda: payments.refuse(state, sent, error, actor))
        else:
            given_up = run(state, lambda: payments.put_off(state, sent, error, actor, self._random))
        summary.payments_failed += given_up
        if given_up:
            logger.error("payment %s failed at attempt %s: %s", sent.payment.key, sent.payment.attempt, error)


def _carries_out(adapter: HostAdapter, kind: str) -> bool:
    """Whether the host's adapter has a say in this; without one the desk settles everything."""
    return getattr(getattr(adapter, kind), "__func__", None) is not getattr(HostAdapter, kind)
