"""Proof of what a client accepted when the booking was made."""

from __future__ import annotations

from typing import Any

from flask_cancellations.models import Acceptance
from flask_cancellations.services import catalogue
from flask_cancellations.services.quoting import version_on
from flask_cancellations.state import State


def accept_policy(state: State, row: Any, *, channel: str, ip: str | None = "") -> None:
    """Record that the client accepted the policy in force for this booking, in the booking's own transaction.

    ``row`` is the host's appointment, flushed, so that it has its key; ``channel`` is where it was accepted (``web``,
    ``phone``, ``desk``), at most 16 characters; ``ip`` the client's address, if it is known. It belongs to the scope
    of the row, whoever is signed in.
    """
    now = state.clock.now()
    with state.within_scope_of(row):
        appointment = state.host.read(row)
        version = version_on(state, catalogue.load(state, store_if_new=True), appointment, now)
        state.store.insert(
            Acceptance,
            scope=state.scope,
            appointment_key=appointment.key,
            start_us=appointment.start_us,
            client_key=appointment.client_key,
            policy_version_id=version.id if version else None,
            accepted_us=now,
            channel=channel[:16],
            ip=(ip or "")[:45],  # a server on a Unix socket knows no address
        )
