"""Write an event to the audit log: who did what, in the current scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_cancellations.audit import Entry, record
from flask_cancellations.services.actor import Actor
from flask_cancellations.state import State


def log(
    state: State,
    actor: Actor,
    action: str,
    appointment_key: str,
    *,
    client_key: str | None = None,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    private: Mapping[str, str] | None = None,
    at_us: int | None = None,
) -> None:
    """Record an event in the caller's transaction.

    ``appointment_key`` is empty for what is about no appointment. ``private`` holds what can be erased, ``at_us`` is in
    microseconds UTC, by default now.
    """
    record(
        state.store,
        Entry(
            scope=state.scope,
            at_us=state.clock.now() if at_us is None else at_us,
            action=action,
            appointment_key=appointment_key,
            actor_kind=actor.kind,
            actor_key=actor.key,
            source=actor.source,
            request_id=actor.request_id,
            client_key=client_key,
            before=before,
            after=after,
            private=private or {},
        ),
    )
