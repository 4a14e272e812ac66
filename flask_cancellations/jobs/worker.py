"""The worker: rounds of what is due, until it is told to stop. Any number of them may run on one database."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from flask_cancellations.clock import HOUR, MINUTE
from flask_cancellations.jobs.fees import Fees
from flask_cancellations.jobs.messages import Postman
from flask_cancellations.jobs.money import issue_credits
from flask_cancellations.jobs.payments import Cashier
from flask_cancellations.jobs.pending import decide_left_over
from flask_cancellations.jobs.summary import Summary
from flask_cancellations.jobs.sweep import sweep
from flask_cancellations.services.requests import forget_old
from flask_cancellations.services.transaction import run as in_transaction
from flask_cancellations.state import State

TIDY_EVERY = HOUR
WAIT_AFTER_ERROR_SECONDS = 10.0

logger = logging.getLogger(__name__)


def run_once(state: State, stop: threading.Event | None = None) -> Summary:
    """Do everything that is due now, inside an app context. Raises ConfigError if a channel cannot be used."""
    return _Rounds(state, stop or threading.Event()).next()


def run(state: State, stop: threading.Event, poll: float = 1.0) -> None:
    """Do rounds, ``poll`` seconds apart, until ``stop`` is set; inside an app context.

    Raises ConfigError at once if a channel cannot be used; later errors are logged, and the work goes on.
    """
    rounds = _Rounds(state, stop)
    while not stop.is_set():
        summary = rounds.next()
        # Nothing that this round read may be taken for the truth in the next one.
        state.store.session.close()
        # Whatever is broken, a database for instance, is not mended by asking it every second.
        stop.wait(max(poll, WAIT_AFTER_ERROR_SECONDS) if summary.errors else poll)


@contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Set ``stop`` at SIGTERM or SIGINT; a second signal ends the process the usual way. Main thread only."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        restore()

    for number in numbers:
        signal.signal(number, ask_to_stop)
    try:
        yield
    finally:
        restore()


@contextmanager
def _apart(what: str, summary: Summary) -> Iterator[None]:
    """A step of a round, whose trouble keeps back neither the other steps nor another scope."""
    try:
        yield
    except Exception:
        # Each step ends its own transactions, so the next one starts clean.
        summary.errors += 1
        logger.exception("a step of the worker broke off: %s", what)


class _Rounds:
    def __init__(self, state: State, stop: threading.Event) -> None:
        self._state = state
        self._stop = stop
        self._postman = Postman(state)
        self._waiting_fees = Fees(state)
        self._cashier = Cashier(state)
        self._tidied_us: int | None = None
        self._swept_us: int | None = None

    def next(self) -> Summary:
        summary, scopes = Summary(), list[str]()
        # First, so that a message about an appointment that stands again is stopped and not sent.
        with _apart("looking what to sweep", summary):
            self._sweep(summary)
        with _apart("looking what is due", summary):
            scopes = in_transaction(self._state, self._state.due_scopes)
        for scope in scopes:
            steps = (
                ("pending", self._pending),
                ("fees", self._fees),
                ("messages", self._messages),
                ("credits", self._credits),
                ("payments", self._payments),
            )
            for name, step in steps:
                if self._stop.is_set():
                    return summary
                with _apart(f"{name} of the scope {scope}", summary), self._state.within(scope):
                    step(summary)
        if not self._stop.is_set():
            with _apart("tidy", summary):
                self._tidy(summary)
        return summary

    def _pending(self, summary: Summary) -> None:
        decide_left_over(self._state, self._stop, summary)

    def _sweep(self, summary: Summary) -> None:
        """Whether a pass is due is known to the database; it is asked now and then, for a worker that died with it."""
        state, every, now = self._state, self._state.settings.sweep_every, self._state.clock.now()
        last = self._swept_us
        if every is None or (last is not None and last <= now < last + min(every, MINUTE)):
            return
        self._swept_us = now
        for scope in in_transaction(state, state.scopes):
            if self._stop.is_set():
                return
            with _apart(f"sweep of the scope {scope}", summary), state.within(scope):
                swept = sweep(state, self._stop, every=every)
                if swept is not None:
                    summary.found += swept.found.total()
                    summary.errors += swept.errors

    def _messages(self, summary: Summary) -> None:
        self._postman.deliver(self._stop, summary)

    def _fees(self, summary: Summary) -> None:
        self._waiting_fees.decide(self._stop, summary)

    def _credits(self, summary: Summary) -> None:
        issue_credits(self._state, self._stop, summary)

    def _payments(self, summary: Summary) -> None:
        self._cashier.carry_out(self._stop, summary)

    def _tidy(self, summary: Summary) -> None:
        """Only now and then: it writes, and so locks, even where there is nothing to forget."""
        now = self._state.clock.now()
        if self._tidied_us is None or not self._tidied_us <= now < self._tidied_us + TIDY_EVERY:
            summary.forgotten = in_transaction(self._state, lambda: forget_old(self._state))
            self._tidied_us = now
