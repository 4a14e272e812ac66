"""The outbox: messages are written in the transaction of what they tell about, leased for sending, and marked.

The worker commits the lease, sends, then commits the mark, so no transaction is open while a mail server thinks. A
worker that dies in between leaves a lease that runs out: the message leaves again, with the same ``uid``.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from flask_cancellations.clock import MINUTE, SECOND
from flask_cancellations.delivery.addresses import Address
from flask_cancellations.i18n import fcx_mark
from flask_cancellations.models import Message
from flask_cancellations.models.message import DEAD, SENDING, SENT, WAITING
from flask_cancellations.models.store import Store

LEASE = 5 * MINUTE
MAX_ATTEMPTS = 8
FIRST_RETRY = 30 * SECOND
LONGEST_RETRY = 30 * MINUTE
MAX_ERROR = 500
WORKER_LOST = fcx_mark("The worker ended while it was sending, at each attempt; nobody knows whether it left.")


def enqueue(
    store: Store,
    addresses: Sequence[Address],
    *,
    scope: str,
    cancellation_id: int,
    client_key: str | None,
    locale: str,
    template: str,
    parameters: Mapping[str, Any],
    now: int,
    not_before: int,
    state: str = WAITING,
) -> None:
    """Queue one message per address; the worker sends none before ``not_before`` (microseconds UTC).

    One in the state ``pending_host`` waits for more than that: see :mod:`flask_cancellations.services.pending`.
    """
    shared = {
        "scope": scope,
        "cancellation_id": cancellation_id,
        "client_key": client_key,
        "locale": locale,
        "template": template,
        "parameters": json.dumps(parameters, ensure_ascii=False, sort_keys=True),
        "state": state,
        "created_us": now,
        "not_before_us": not_before,
        "attempts": 0,
    }
    store.insert_many(
        Message,
        [{**shared, "uid": str(uuid.uuid4()), "channel": to.channel, "address": to.address} for to in addresses],
    )


@dataclass(frozen=True, slots=True)
class Leased:
    """A message that is ours to send until ``lease_until_us``; ``attempts`` counts this one too."""

    id: int
    uid: str
    cancellation_id: int
    client_key: str | None
    channel: str
    address: str
    locale: str
    template: str
    parameters: str
    attempts: int
    lease_token: str
    lease_until_us: int


def lease(store: Store, scope: str, now: int, limit: int) -> list[Leased]:
    """Take up to ``limit`` messages that are due, in the caller's transaction, which it commits before it sends.

    Due is what waits and whose time has come, and what a worker began whose lease has run out. Several workers get
    disjoint messages; one of them may get none although some are left, and then asks again.
    """
    waiting = and_(Message.state == WAITING, Message.not_before_us <= now)
    abandoned = and_(Message.state == SENDING, Message.lease_until_us <= now)
    # Two questions rather than one with OR: each is answered in its order by the index.
    ids = _abandoned_ids(store, scope, abandoned, limit)
    ids += _ids(store, scope, waiting, limit - len(ids))
    if not ids:
        return []
    token = secrets.token_hex(16)
    taken = store.update(
        Message,
        Message.id.in_(ids),
        # Asked again: in the meantime another worker may have taken a message, or staff stopped it.
        or_(waiting, abandoned),
        state=SENDING,
        attempts=Message.attempts + 1,
        lease_token=token,
        lease_until_us=now + LEASE,
    )
    if not taken:
        return []
    columns = [getattr(Message, field.name) for field in fields(Leased)]
    rows = store.execute(select(*columns).where(Message.lease_token == token).order_by(Message.id))
    return [Leased(**row) for row in rows.mappings()]


def _ids(store: Store, scope: str, due: ColumnElement[bool], limit: int) -> list[int]:
    query = select(Message.id).where(Message.scope == scope, due).order_by(Message.not_before_us).limit(limit)
    return list(store.execute(query).scalars()) if limit > 0 else []


def _abandoned_ids(store: Store, scope: str, abandoned: ColumnElement[bool], limit: int) -> list[int]:
    """The ids of abandoned messages with attempts left; those without become dead: they seem to end workers."""
    query = select(Message.id, Message.attempts).where(Message.scope == scope, abandoned).limit(limit)
    found = store.execute(query).all()
    lost = [row.id for row in found if row.attempts >= MAX_ATTEMPTS]
    if lost:
        store.update(Message, Message.id.in_(lost), abandoned, state=DEAD, error=WORKER_LOST)
    return [row.id for row in found if row.attempts < MAX_ATTEMPTS]


def mark_sent(store: Store, message: Leased, text: str, now: int) -> bool:
    """Note that it left, with the text that left. False if the lease was lost to another worker."""
    marked = store.update(Message, *_still_ours(message), state=SENT, sent_us=now, sent_text=text, error=None)
    return marked == 1


def mark_failed(store: Store, message: Leased, error: str, now: int, random: Callable[[], float]) -> bool:
    """Note that it did not leave: it waits for its next attempt, or is dead after the last one.

    ``random`` gives a number from 0 up to 1. Returns whether it is dead now.
    """
    dead = message.attempts >= MAX_ATTEMPTS
    marked = store.update(
        Message,
        *_still_ours(message),
        state=DEAD if dead else WAITING,
        not_before_us=now if dead else now + retry_delay(message.attempts, random),
        error=error[:MAX_ERROR],
    )
    return dead and marked == 1


def retry_delay(attempts: int, random: Callable[[], float]) -> int:
    """Microseconds until the next attempt: up to 30 s doubled with each attempt, up to 30 minutes, at random.

    The whole span is random, so that after an outage the messages do not all come back at once.
    """
    longest = min(FIRST_RETRY * 2 ** (attempts - 1), LONGEST_RETRY)
    return max(SECOND, int(longest * random()))


def release(store: Store, message: Leased) -> None:
    """Give back what was leased together with ``message`` and was not tried yet, ``message`` included."""
    store.update(
        Message,
        Message.lease_token == message.lease_token,
        Message.state == SENDING,
        state=WAITING,
        attempts=Message.attempts - 1,
        lease_token=None,
        lease_until_us=None,
    )


def _still_ours(message: Leased) -> tuple[ColumnElement[bool], ...]:
    return (Message.id == message.id, Message.state == SENDING, Message.lease_token == message.lease_token)
