"""The one place where our own views, commands and worker commit; signals follow the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from blinker import Signal
from flask import current_app
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import SessionTransaction

from flask_cancellations.models.store import Store
from flask_cancellations.state import State


@dataclass(slots=True)
class Publication:
    """A signal that waits for the commit."""

    signal: Signal
    facts: dict[str, Any] = field(default_factory=dict)
    published: bool = False

    def publish(self) -> None:
        """Send the signal, once. A host that commits by itself calls this after its commit."""
        if not self.published:
            self.published = True
            self.signal.send(current_app._get_current_object(), **self.facts)  # type: ignore[attr-defined]


# The signals announced so far, each with the database transaction that its facts were written in.
_Waiting = list[tuple[Publication, SessionTransaction | None]]
_waiting: ContextVar[tuple[Store, _Waiting] | None] = ContextVar("flask_cancellations_waiting", default=None)


def announce(signal: Signal, **facts: Any) -> Publication:
    """Have a signal sent after the commit of the surrounding :func:`transaction`, or by ``publish()``."""
    publication = Publication(signal, facts)
    current = _waiting.get()
    if current is not None:
        store, waiting = current
        waiting.append((publication, store.session.get_transaction()))
    return publication


@contextmanager
def transaction(state: State) -> Iterator[None]:
    """Commit what is done inside, then send its signals; roll back if anything is raised.

    A ``rollback()`` inside takes the signals of what it undoes along. A savepoint does not: whoever rolls back to one
    of their own calls the services outside of this, and publishes by hand.
    """
    with _committing(state) as committed:
        yield
    _publish(committed)


@contextmanager
def _committing(state: State) -> Iterator[list[Publication]]:
    """Gathers the signals of what is committed at the end; the list is empty until then."""
    waiting: _Waiting = []
    committed: list[Publication] = []
    token = _waiting.set((state.store, waiting))
    try:
        yield committed
        session = state.store.session  # a host's function may have given up the one of the beginning
        current = session.get_transaction()
        session.commit()
        committed += [publication for publication, made_in in waiting if made_in is current]
    except BaseException:
        state.store.session.rollback()
        raise
    finally:
        _waiting.reset(token)


def _publish(publications: list[Publication]) -> None:
    for publication in publications:
        publication.publish()


T = TypeVar("T")

_SQLSTATES = {"40001", "40P01"}  # serialization failure, deadlock (PostgreSQL)
_ERROR_NUMBERS = {1020, 1205, 1213}  # record changed, lock wait timeout, deadlock (MariaDB)


def run(state: State, work: Callable[[], T], attempts: int = 3) -> T:
    """Do ``work`` in a transaction of ours, again if the database says that it collided with another one.

    Only for callers that own the whole transaction: what is repeated must not have been half committed.
    """
    for left in reversed(range(attempts)):
        try:
            with _committing(state) as committed:
                done = work()
        except DBAPIError as error:
            if not (left and collided(error)):
                raise
        else:
            # Outside of what is tried again: a listener that fails must not repeat what is committed.
            _publish(committed)
            return done
    raise ValueError("at least one attempt")


def collided(error: DBAPIError) -> bool:
    """Whether the database gave up this transaction for another one, so that it may go through when it is repeated."""
    cause = error.orig
    number = cause.args[0] if cause is not None and cause.args else None
    sqlstate = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)  # psycopg, psycopg2
    return sqlstate in _SQLSTATES or number in _ERROR_NUMBERS or "database is locked" in str(cause)
