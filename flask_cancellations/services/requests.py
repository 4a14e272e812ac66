"""Idempotency: a request sent twice is done once and answered the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from flask_cancellations.clock import HOUR
from flask_cancellations.errors import InvalidInput, RequestReused
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import AnsweredRequest
from flask_cancellations.state import State

KEEP = 48 * HOUR
MAX_KEY = 64


def once(
    state: State,
    actor: str,
    key: str,
    request: Mapping[str, Any],
    work: Callable[[], dict[str, Any]],
) -> tuple[dict[str, Any], bool]:
    """Do ``work`` unless this actor's ``key`` was answered within 48 hours.

    Returns the answer and whether it is a stored one. The row is written first, so that of two requests at once the
    second waits for the first; a failure rolls it back with everything else. Raises RequestReused if the key came
    with another request before.
    """
    if not key or len(key) > MAX_KEY or not key.isprintable():
        raise InvalidInput({"idempotency_key": [fcx_("Send a key of 1 to 64 characters with this request.")]})
    digest = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    mine = (
        AnsweredRequest.scope == state.scope,
        AnsweredRequest.actor == actor,
        AnsweredRequest.idempotency_key == key,
    )
    state.store.insert_if_absent(
        AnsweredRequest,
        ("scope", "actor", "idempotency_key"),
        scope=state.scope,
        actor=actor,
        idempotency_key=key,
        request_hash=digest,
        answer="",
        created_us=state.clock.now(),
    )
    # A current read: MariaDB's snapshot may be older than the answer of the request that came first.
    row = state.store.execute(
        select(AnsweredRequest.request_hash, AnsweredRequest.answer).where(*mine).with_for_update()
    ).one()
    if row.request_hash != digest:
        raise RequestReused({"idempotency_key": [fcx_("This form was already sent with other values. Open it again.")]})
    if row.answer:
        return json.loads(row.answer), True
    answer = work()
    state.store.update(AnsweredRequest, *mine, answer=json.dumps(answer))
    return answer, False


def forget_old(state: State) -> int:
    """Delete the answers that are older than 48 hours; returns how many."""
    return state.store.delete(AnsweredRequest, AnsweredRequest.created_us < state.clock.now() - KEEP)
