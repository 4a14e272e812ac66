"""Record an event: one insert in the caller's transaction, personal values only as salted commitments."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_cancellations.models import Event, PrivateValue
from flask_cancellations.models.store import Store

SAFE_INTEGER = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What to record.

    ``before`` and ``after`` hold codes and numbers; ``private`` holds personal values by name, which enter the log as
    commitments and stand in clear only in a table that erasure can empty. ``at_us`` is in microseconds UTC.
    """

    scope: str
    at_us: int
    action: str
    appointment_key: str
    actor_kind: str
    actor_key: str
    source: str
    request_id: str = ""
    client_key: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)


def record(store: Store, entry: Entry) -> None:
    """Write one event (and its private values) into the caller's transaction."""
    values = [
        {
            "commitment": commit(salt, value),
            "scope": entry.scope,
            "client_key": entry.client_key,
            "salt": salt,
            "value": value,
            "name": name,
        }
        for name, value in entry.private.items()
        if value
        for salt in (secrets.token_hex(16),)
    ]
    body = canonical(
        {
            "before": dict(entry.before),
            "after": dict(entry.after),
            "private": {str(row.pop("name")): row["commitment"] for row in values},
        }
    )
    store.insert_many(PrivateValue, values)
    store.insert(
        Event,
        scope=entry.scope,
        at_us=entry.at_us,
        action=entry.action,
        appointment_key=entry.appointment_key,
        actor_kind=entry.actor_kind,
        actor_key=entry.actor_key,
        source=entry.source,
        request_id=entry.request_id,
        body=body,
    )


def commit(salt: str, value: str) -> str:
    """The commitment to a value: SHA-256, in hex, over the salt and the value."""
    return hashlib.sha256(bytes.fromhex(salt) + value.encode()).hexdigest()


def canonical(body: Mapping[str, Any]) -> str:
    """Restricted canonical JSON: sorted ASCII keys, no floats, integers below 2^53, no spaces."""
    _check(body)
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _check(value: object) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise ValueError(f"a key of an audit body must be ASCII text, not {key!r}")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    elif isinstance(value, float) or (isinstance(value, int) and abs(value) >= SAFE_INTEGER):
        raise ValueError(f"{value!r} cannot stand in an audit body")
