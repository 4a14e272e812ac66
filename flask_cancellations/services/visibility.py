"""What a host without a status asks before it shows its appointments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement

from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.host.keys import key_of_value
from flask_cancellations.host.no_status import Claimed
from flask_cancellations.state import State


def is_cancelled(state: State, keys: Iterable[Any]) -> dict[Any, bool]:
    """For each primary key whether our claim says cancelled, by one statement."""
    texts = {key: key_of_value(key) for key in keys}
    cancelled = _claimed(state).cancelled(state.store.session, texts.values())
    return {key: text in cancelled for key, text in texts.items()}


def not_cancelled(state: State, model: Any = None) -> ColumnElement[bool]:
    """The condition that leaves out what our claims call cancelled."""
    claimed = _claimed(state)
    return claimed.not_cancelled(
        claimed.model if model is None else model, state.store.session.get_bind(claimed.model).dialect
    )


def _claimed(state: State) -> Claimed:
    status = state.host.status
    if isinstance(status, Claimed):
        return status
    raise ConfigError(
        [
            Fault(
                "CANCELLATIONS_HOST.appointment.status",
                "a status of the host's own",
                "{none = 'hide'} for is_cancelled and not_cancelled; with a status, ask that",
            )
        ]
    )
