"""Send the messages that are due: lease, commit, send, mark."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from secrets import SystemRandom
from typing import Any

from flask import current_app
from sqlalchemy import select

from flask_cancellations.clock import MINUTE
from flask_cancellations.delivery import outbox
from flask_cancellations.delivery.channels import channels
from flask_cancellations.delivery.letter import one_line
from flask_cancellations.delivery.outbox import Leased
from flask_cancellations.delivery.rendering import Renderer
from flask_cancellations.errors import DeliveryFailed
from flask_cancellations.jobs.summary import Summary
from flask_cancellations.models import Cancellation
from flask_cancellations.models.message import DEAD, SENDING, SENT
from flask_cancellations.services.actor import job_actor
from flask_cancellations.services.log import log
from flask_cancellations.services.transaction import run, transaction
from flask_cancellations.state import State

BATCH = 10
# A message is begun only if its lease outlasts the slowest server; otherwise another worker might send it meanwhile.
LONGEST_SEND = 2 * MINUTE

logger = logging.getLogger(__name__)


class Postman:
    """Sends the messages of one app; made once, with its channels and templates.

    Raises ConfigError if a channel cannot be used. ``random`` gives numbers from 0 up to 1, for the waits after a
    failure.
    """

    def __init__(self, state: State, random: Callable[[], float] | None = None) -> None:
        self._state = state
        self._channels = channels(state.settings)
        self._renderer = Renderer(state.settings, state.clock, current_app.jinja_env.loader)
        self._random = random or SystemRandom().random

    def deliver(self, stop: threading.Event, summary: Summary) -> None:
        """Send what is due, and count it, until nothing is left or ``stop`` is set; the rest is then given back."""
        state = self._state
        while not stop.is_set():
            leased = run(state, lambda: outbox.lease(state.store, state.scope, state.clock.now(), BATCH))
            if not leased:
                break
            for message in leased:
                if stop.is_set() or state.clock.now() > message.lease_until_us - LONGEST_SEND:
                    with transaction(state):
                        outbox.release(state.store, message)
                    break
                self._send(message, summary)

    def _send(self, message: Leased, summary: Summary) -> None:
        try:
            letter = self._renderer.render(message)
            self._channels[message.channel].send(letter)
        except DeliveryFailed as error:
            logger.warning("message %s, attempt %s: %s", message.uid, message.attempts, error)
            self._failed(message, str(error), summary)
        except Exception as error:
            # A fault in a template or a library concerns this message; the others are sent all the same.
            logger.exception("message %s, attempt %s", message.uid, message.attempts)
            self._failed(message, one_line(f"{type(error).__name__}: {error}"), summary)
        else:
            self._sent(message, letter.record)
            summary.sent += 1

    def _sent(self, message: Leased, text: str) -> None:
        state, now = self._state, self._state.clock.now()

        def mark() -> None:
            if outbox.mark_sent(state.store, message, text, now):
                _record(state, message, now, SENT)
            else:
                logger.warning("message %s left, but its lease had gone to another worker", message.uid)

        run(state, mark)

    def _failed(self, message: Leased, error: str, summary: Summary) -> None:
        state, now = self._state, self._state.clock.now()

        def mark() -> bool:
            dead = outbox.mark_failed(state.store, message, error, now, self._random)
            if dead:
                _record(state, message, now, DEAD)
            return dead

        if run(state, mark):
            summary.dead += 1
            logger.error("message %s is given up after %s attempts", message.uid, message.attempts)
        else:
            summary.failed += 1


def _record(state: State, message: Leased, now: int, outcome: str) -> None:
    """The audit event ``message.sent`` or ``message.dead``."""
    actor = job_actor("worker")
    key: Any = state.store.execute(
        select(Cancellation.appointment_key).where(Cancellation.id == message.cancellation_id)
    ).scalar_one()
    log(
        state,
        actor,
        f"message.{outcome}",
        key,
        at_us=now,
        client_key=message.client_key,
        before={"state": SENDING},
        after={
            "state": outcome,
            "message": message.id,
            "cancellation": message.cancellation_id,
            "channel": message.channel,
            "attempts": message.attempts,
        },
    )
