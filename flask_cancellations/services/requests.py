"""Idempotency: a request sent twice is done once and answered the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from sqlalchemy import ColumnElement, select

from flask_cancellations.clock import HOUR
from flask_cancellations.errors import InvalidInput, RequestReused
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import AnsweredRequest
from flask_cancellations.services.pending import resume
from flask_cancellations.state import State

KEEP = 48 * HOUR
MAX_KEY = 64

# The row of the request that is being answered.
_answering: ContextVar[tuple[ColumnElement[bool], ...] | None] = ContextVar(
    "flask_cancellations_answering", default=None
)


def once(
    state: State,
    actor: str,
    key: str,
    request: Mapping[str, Any],
    work: Callable[[], dict[str, Any]],
    again: Callable[[int], dict[str, Any]] | None = None,
) -> tuple[dict[str, Any], bool]:
    """Do ``work`` unless this actor's ``key`` was answered within 48 hours.

    Returns the answer and whether it is a stored one. The row is written first, so that of two requests at once the
    second waits for the first; a failure rolls it back with everything else. Raises RequestReused if the key came
    with another request before.

    Where the host's function commits by itself, a process may die between that and its answer. ``again`` gives the
    answer about the cancellation (by its id) that was made then; if it was not made after all, ``work`` is done anew.
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
        select(AnsweredRequest.request_hash, AnsweredRequest.answer, AnsweredRequest.cancellation_id)
        .where(*mine)
        .with_for_update()
    ).one()
    if row.request_hash != digest:
        raise RequestReused({"idempotency_key": [fcx_("This form was already sent with other values. Open it again.")]})
    if row.answer:
        return json.loads(row.answer), True
    made = row.cancellation_id
    if made is not None and not resume(state, made):
        state.store.delete(AnsweredRequest, *mine)
        return once(state, actor, key, request, work, again)
    token = _answering.set(mine)
    try:
        answer = work() if made is None or again is None else again(made)
    finally:
        _answering.reset(token)
    state.store.update(AnsweredRequest, *mine, answer=json.dumps(answer))
    return answer, made is not None


def begun(state: State, cancellation_id: int) -> None:
    """Note what the request in hand has begun, before a host function may commit."""
    mine = _answering.get()
    if mine is not None:
        state.store.update(AnsweredRequest, *mine, cancellation_id=cancellation_id)


def hold(state: State) -> None:
    """Lock the row of the request in hand again after that commit, before anything else: the order of :func:`once`."""
    mine = _answering.get()
    if mine is not None:
        state.store.execute(select(AnsweredRequest.id).where(*mine).with_for_update()).all()


def forget_old(state: State) -> int:
    """Delete the answers that are older than 48 hours; returns how many."""
    return state.store.delete(AnsweredRequest, AnsweredRequest.created_us < state.clock.now() - KEEP)
