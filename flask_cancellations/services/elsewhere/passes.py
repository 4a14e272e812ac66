"""Who is at the sweep of a scope: one worker at a time, by a lease, and not sooner than it is due."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, or_, select

from flask_cancellations.clock import MINUTE
from flask_cancellations.models import Sweep, Watched
from flask_cancellations.models.base import table_of
from flask_cancellations.state import State

# A worker that died leaves its pass to another one after this time.
LEASE = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass that this worker is at. The first one that is finished is the ``baseline``."""

    token: str
    baseline: bool


def last_pass(state: State) -> Row[Any] | None:
    """The row of ``Sweep`` of the current scope; None before the first pass."""
    table = table_of(Sweep)
    return state.store.execute(select(table).where(table.c.scope == state.scope)).first()


def begin(state: State, every: int) -> Pass | None:
    """Take the next pass in the caller's transaction; None if another worker is at it, or ``every`` (microseconds) has
    not gone by since the last one began."""
    store, now, token = state.store, state.clock.now(), secrets.token_hex(16)
    known = last_pass(state)
    if known is not None and not _is_due(known, now, every):
        return None  # found out without a write, which on SQLite would lock
    store.insert_if_absent(Sweep, ("scope",), scope=state.scope, lease_until_us=0, held_back=0)
    taken = store.update(
        Sweep,
        Sweep.scope == state.scope,
        or_(Sweep.lease_token.is_(None), Sweep.lease_until_us <= now),
        or_(Sweep.started_us.is_(None), Sweep.started_us <= now - every, Sweep.started_us > now),
        lease_token=token,
        lease_until_us=now + LEASE,
        started_us=now,
    )
    if taken != 1:
        return None
    finished = store.execute(select(Sweep.finished_us).where(Sweep.scope == state.scope)).scalar_one()
    return Pass(token, finished is None)


def _is_due(known: Row[Any], now: int, every: int) -> bool:
    free = known.lease_token is None or known.lease_until_us <= now
    return free and (known.started_us is None or not now - every < known.started_us <= now)


def still_ours(state: State, current: Pass) -> bool:
    """Whether the lease still holds; it is made longer, so that a long pass is not taken by another worker."""
    held = state.store.update(
        Sweep,
        Sweep.scope == state.scope,
        Sweep.lease_token == current.token,
        lease_until_us=state.clock.now() + LEASE,
    )
    return held == 1


def finish(state: State, current: Pass, held_back: int) -> None:
    """End a pass that looked at everything; ``held_back`` changes were not believed."""
    values: dict[str, Any] = {} if held_back else {"finished_us": state.clock.now()}
    state.store.update(
        Sweep,
        Sweep.scope == state.scope,
        Sweep.lease_token == current.token,
        lease_token=None,
        held_back=held_back,
        **values,
    )


def give_back(state: State, current: Pass) -> None:
    """Let another worker, or the next round, do a pass that broke off."""
    state.store.update(
        Sweep, Sweep.scope == state.scope, Sweep.lease_token == current.token, lease_token=None, started_us=None
    )


def start_over(state: State) -> None:
    """Forget what is watched in the current scope: the next pass is a baseline."""
    state.store.delete(Watched, Watched.scope == state.scope)
    state.store.update(Sweep, Sweep.scope == state.scope, finished_us=None, started_us=None, held_back=0)
