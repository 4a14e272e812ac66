"""Transactions of our own that collide with others in the database are done again, and only those."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from flask_cancellations import AlreadyCancelled, Cancelled, appointment_cancelled
from flask_cancellations.models import Cancellation
from flask_cancellations.services import cancel
from flask_cancellations.services.transaction import run
from flask_cancellations.state import current_state

from .race_host import Clinic, at_once, command, desk, open_clinic


@pytest.fixture
def clinic(database_url: str) -> Iterator[Clinic]:
    with open_clinic(database_url) as clinic:
        yield clinic


@pytest.fixture
def locked_clinic(sqlite_url: str) -> Iterator[Clinic]:
    with open_clinic(sqlite_url, patience_ms=0) as clinic:
        yield clinic


def rename(clinic: Clinic, therapist: int, name: str) -> None:
    clinic.db.session.execute(update(clinic.therapist).filter_by(id=therapist).values(name=name))


def test_a_deadlock_is_done_again(clinic: Clinic) -> None:
    """Two write the same two rows in opposite order; the database throws one of them out, and it comes again."""
    if clinic.db_name == "sqlite":
        pytest.skip("SQLite has one writer at a time, and so no deadlocks")
    attempts: list[str] = []

    def cross(name: str, first: int, second: int, gate: threading.Barrier) -> str:
        def work() -> str:
            again = name in attempts
            attempts.append(name)
            rename(clinic, first, name)
            if not again:
                gate.wait()
            rename(clinic, second, name)
            return name

        with clinic.session():
            return run(current_state(), work)

    assert at_once([partial(cross, "A", 1, 2), partial(cross, "B", 2, 1)]) == ["A", "B"]
    # The one thrown out may be thrown out again, if it comes back before the other has woken up.
    assert len(attempts) > 2, attempts
    with clinic.session() as session:
        names = {session.get(clinic.therapist, number).name for number in (1, 2)}
    assert len(names) == 1  # both rows are of the one who came last, and none is of a half


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_serialization_failure_is_done_again(postgresql_url: str, level: str) -> None:
    with open_clinic(postgresql_url, options={"isolation_level": level}) as clinic:
        attempts: list[str] = []

        def append(name: str, gate: threading.Barrier) -> None:
            def work() -> None:
                again = name in attempts
                attempts.append(name)
                therapist = clinic.db.session.get(clinic.therapist, 1)
                known = therapist.name  # type: ignore[union-attr]
                if not again:
                    gate.wait()
                rename(clinic, 1, known + name)

            with clinic.session():
                run(current_state(), work)

        assert at_once([partial(append, "A"), partial(append, "B")]) == [None, None]
        assert len(attempts) == 3
        with clinic.session() as session:
            assert session.get(clinic.therapist, 1).name in ("Dr PetrovaAB", "Dr PetrovaBA")


@pytest.mark.race
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_hosts_on_a_stricter_isolation_cancel_once_too(postgresql_url: str, level: str, rounds: int) -> None:
    with open_clinic(postgresql_url, options={"isolation_level": level}) as clinic:
        clinic.cancel(clinic.book())

        def attempt(key: str, gate: threading.Barrier) -> Cancelled:
            with clinic.session() as session:
                session.get(clinic.visit, int(key))
                gate.wait()
                state = current_state()
                return run(state, lambda: cancel.cancel(state, command(key), desk()))

        for _ in range(rounds):
            key = clinic.book()
            outcomes = at_once([partial(attempt, key)] * 8)
            assert sum(isinstance(outcome, Cancelled) for outcome in outcomes) == 1, outcomes
            assert sum(type(outcome) is AlreadyCancelled for outcome in outcomes) == 7, outcomes
            assert clinic.count(Cancellation, appointment_key=key) == 1


@pytest.fixture
def writer(locked_clinic: Clinic) -> Iterator[Callable[[], None]]:
    """Another process that is writing into the SQLite file; the call ends it."""
    with locked_clinic.app.app_context():
        connection = locked_clinic.db.engine.connect()
    connection.execute(text("BEGIN IMMEDIATE"))
    yield connection.rollback
    connection.close()


def test_a_locked_sqlite_file_is_tried_again(locked_clinic: Clinic, writer: Callable[[], None]) -> None:
    attempts: list[int] = []

    def work() -> None:
        attempts.append(1)
        if len(attempts) == 3:
            writer()
        rename(locked_clinic, 1, "Dr Petrova-Stoeva")

    with locked_clinic.session() as session:
        run(current_state(), work)
        assert session.get(locked_clinic.therapist, 1).name == "Dr Petrova-Stoeva"
    assert len(attempts) == 3


def test_after_three_attempts_the_error_comes_through(locked_clinic: Clinic, writer: Callable[[], None]) -> None:
    attempts: list[int] = []

    def work() -> None:
        attempts.append(1)
        rename(locked_clinic, 1, "never")

    with locked_clinic.session(), pytest.raises(OperationalError, match="locked"):
        run(current_state(), work)
    assert len(attempts) == 3


class Psycopg2Error(Exception):
    """An error of psycopg2, which has the SQLSTATE under another name than psycopg."""

    pgcode = "40P01"


def test_a_deadlock_told_by_psycopg2_is_done_again_too(locked_clinic: Clinic) -> None:
    attempts: list[int] = []

    def work() -> str:
        attempts.append(1)
        if len(attempts) == 1:
            raise DBAPIError("UPDATE", {}, Psycopg2Error("deadlock detected"))
        return "done"

    with locked_clinic.session():
        assert run(current_state(), work) == "done"
    assert len(attempts) == 2


def test_other_errors_of_the_database_are_not_tried_again(clinic: Clinic) -> None:
    attempts: list[int] = []

    def work() -> None:
        attempts.append(1)
        clinic.db.session.add(clinic.therapist(id=1, name="another"))
        clinic.db.session.flush()

    with clinic.session(), pytest.raises(IntegrityError):
        run(current_state(), work)
    assert len(attempts) == 1


def test_a_listener_that_collides_after_the_commit_repeats_nothing(clinic: Clinic) -> None:
    """What a listener does with the database may deadlock; the cancellation is committed by then."""
    key = clinic.book()
    attempts: list[int] = []

    def collide(_app: Any, **_facts: Any) -> None:
        raise OperationalError("UPDATE statistics", {}, Exception("database is locked"))

    def work() -> Cancelled:
        attempts.append(1)
        return cancel.cancel(current_state(), command(key), desk())

    with clinic.session(), appointment_cancelled.connected_to(collide), pytest.raises(DBAPIError):
        run(current_state(), work)
    assert len(attempts) == 1
    assert clinic.status(key) == "cancelled"


def test_an_attempt_that_collided_sends_no_signal(clinic: Clinic) -> None:
    """Only the one that was committed does."""
    key = clinic.book()
    attempts: list[int] = []
    heard: list[dict[str, Any]] = []

    def listen(_app: Any, **facts: Any) -> None:
        heard.append(facts)

    def work() -> Cancelled:
        attempts.append(1)
        done = cancel.cancel(current_state(), command(key), desk())
        if len(attempts) < 3:
            raise OperationalError("INSERT INTO visits", {}, Exception("database is locked"))
        return done

    with clinic.session(), appointment_cancelled.connected_to(listen):
        done = run(current_state(), work)
    assert heard == [{"appointment_key": key, "cancellation_id": done.cancellation_id}]
    assert clinic.count(Cancellation) == 1
