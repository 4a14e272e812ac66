"""The one place where our own views, commands and worker commit; signals follow the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from blinker import Signal
from flask import current_app
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction

from flask_cancellations.state import State


@dataclass(slots=True)
class Publication:
    """A signal that waits for the commit; ``made_in`` is the transaction or savepoint it was announced in."""

    signal: Signal
    facts: dict[str, Any] = field(default_factory=dict)
    published: bool = False
    made_in: SessionTransaction | None = field(default=None, repr=False)

    def publish(self) -> None:
        """Send the signal, once. A host that commits by itself calls this after its commit."""
        if not self.published:
            self.published = True
            self.signal.send(current_app._get_current_object(), **self.facts)  # type: ignore[attr-defined]


class _Waiting:
    """The signals of one :func:`transaction`; those of a transaction or savepoint that is rolled back are dropped."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.publications: list[Publication] = []

    def add(self, publication: Publication) -> None:
        publication.made_in = self.session.get_nested_transaction() or self.session.get_transaction()
        self.publications.append(publication)

    def drop(self, _session: Session, rolled_back: SessionTransaction) -> None:
        self.publications = [kept for kept in self.publications if rolled_back not in _lineage(kept.made_in)]

    def publish(self) -> None:
        for publication in self.publications:
            publication.publish()


def _lineage(transaction: SessionTransaction | None) -> Iterator[SessionTransaction]:
    while transaction is not None:
        yield transaction
        transaction = transaction.parent


_waiting: ContextVar[_Waiting | None] = ContextVar("flask_cancellations_waiting", default=None)


def announce(signal: Signal, **facts: Any) -> Publication:
    """Have a signal sent after the commit of the surrounding :func:`transaction`, or by ``publish()``."""
    publication = Publication(signal, facts)
    waiting = _waiting.get()
    if waiting is not None:
        waiting.add(publication)
    return publication


@contextmanager
def transaction(state: State) -> Iterator[None]:
    """Commit what is done inside, then send its signals; roll back if anything is raised.

    What is rolled back inside, in whole or to a savepoint, sends nothing either.
    """
    waiting = _Waiting(state.store.session)
    with _committing(state, waiting):
        yield
    waiting.publish()


@contextmanager
def _committing(state: State, waiting: _Waiting) -> Iterator[None]:
    token = _waiting.set(waiting)
    event.listen(waiting.session, "after_soft_rollback", waiting.drop)
    try:
        yield
        state.store.session.commit()
    except BaseException:
        state.store.session.rollback()
        raise
    finally:
        event.remove(waiting.session, "after_soft_rollback", waiting.drop)
        _waiting.reset(token)


T = TypeVar("T")

_SQLSTATES = {"40001", "40P01"}  # serialization failure, deadlock (PostgreSQL)
_ERROR_NUMBERS = {1020, 1205, 1213}  # record changed, lock wait timeout, deadlock (MariaDB)


def run(state: State, work: Callable[[], T], attempts: int = 3) -> T:
    """Do ``work`` in a transaction of ours, again if the database says that it collided with another one.

    Only for callers that own the whole transaction: what is repeated must not have been half committed.
    """
    for left in reversed(range(attempts)):
        waiting = _Waiting(state.store.session)
        try:
            with _committing(state, waiting):
                done = work()
        except DBAPIError as error:
            if not (left and _collided(error)):
                raise
        else:
            # Outside of what is tried again: a listener that fails must not repeat what is committed.
            waiting.publish()
            return done
    raise ValueError("at least one attempt")


def _collided(error: DBAPIError) -> bool:
    cause = error.orig
    number = cause.args[0] if cause is not None and cause.args else None
    return (
        getattr(cause, "sqlstate", None) in _SQLSTATES or number in _ERROR_NUMBERS or "database is locked" in str(cause)
    )
