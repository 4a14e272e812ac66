"""Refunds and charges by the worker: once each, whatever the provider answers and whenever a worker is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from flask_cancellations import Conflict, Forbidden, HostAdapter, InvalidInput, NotFound
from flask_cancellations.jobs.payments import Cashier
from flask_cancellations.jobs.summary import Summary
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import Event, Movement
from flask_cancellations.rules.rights import RIGHTS
from flask_cancellations.services import desk, payments

from .money_host import DESK, assert_books_agree, moving, settled, staff
from .provider import PayingAdapter, Provider
from .small_host import Clinic, make_clinic

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE = 60  # seconds until a process that hangs fails its test


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider().serving() as serving:
        yield serving


@contextlib.contextmanager
def opened(url: str, provider: Provider) -> Iterator[Clinic]:
    made = make_clinic(url, CANCELLATIONS_ADAPTER="tests.provider:PayingAdapter", PROVIDER_URL=provider.url)
    with made.app.app_context():
        yield made
        assert_books_agree(made)


@pytest.fixture
def clinic(provider: Provider) -> Iterator[Clinic]:
    with opened("sqlite://", provider) as made:
        yield made


@pytest.fixture
def any_clinic(database_url: str, provider: Provider) -> Iterator[Clinic]:
    """The same on each database."""
    with opened(database_url, provider) as made:
        yield made


def refund_and_charge(clinic: Clinic) -> None:
    """A refund of 20.00 and a charge of 30.00, both due."""
    clinic.cancel(clinic.visit(deposit="50.00"), rest="refund", tell=False, silent_reason="test")
    clinic.cancel(clinic.visit(deposit="0"), tell=False, silent_reason="test")
    clinic.clock.forward(minutes=3)


def work(clinic: Clinic) -> Summary:
    clinic.db.session.rollback()
    return run_once(clinic.state)


def rows(clinic: Clinic) -> list[Any]:
    clinic.db.session.rollback()
    return clinic.rows(Movement)


def test_the_provider_is_asked_after_the_delay_and_each_payment_is_noted(
    any_clinic: Clinic, provider: Provider
) -> None:
    clinic = any_clinic
    open_connections: list[int] = []
    pool: Any = clinic.db.engine.pool
    provider.on_call = lambda _before: open_connections.append(pool.checkedout())
    refund_and_charge(clinic)
    assert work(clinic).movements == 2
    assert [(p["kind"], p["amount"]) for p in provider.moved] == [("refund", 2000), ("charge", 3000)]
    assert [(row.state, row.provider_reference, row.attempts) for row in rows(clinic)] == [
        ("done", "pay-1", 1),
        ("done", "pay-2", 1),
    ]
    assert set(open_connections) == {0}  # no transaction is open while the provider thinks
    assert (settled(clinic, 2).due, settled(clinic, 2).kept) == (0, 3000)
    assert work(clinic).movements == 0
    actions = [event.action for event in clinic.rows(Event)]
    assert [a for a in actions if a.startswith(("refund", "charge"))] == [
        "refund.sent",
        "refund.done",
        "charge.sent",
        "charge.done",
    ]


def test_an_unclear_answer_is_asked_again_under_the_same_key(clinic: Clinic, provider: Provider) -> None:
    """It moves the money, then fails to say so."""
    refund_and_charge(clinic)
    provider.answers = [500, 503]
    assert (work(clinic).movements, [row.state for row in rows(clinic)]) == (0, ["sent", "sent"])
    assert all(row.doubt and "answered 50" in row.error for row in rows(clinic))
    clinic.clock.forward(minutes=1)
    assert work(clinic).movements == 2
    assert [(row.state, row.attempts, row.error) for row in rows(clinic)] == [("done", 2, None), ("done", 2, None)]
    assert (len(provider.calls), len(provider.moved)) == (4, 2)


def test_after_the_last_attempt_it_is_given_up_for_people_to_see_to(clinic: Clinic, provider: Provider) -> None:
    clinic.cancel(clinic.visit(deposit="50.00"), rest="refund")
    clinic.clock.forward(minutes=3)
    provider.answers = [500] * 8
    failed = 0
    for _ in range(12):
        failed += work(clinic).payments_failed
        clinic.clock.forward(minutes=30)
    (row,) = rows(clinic)
    assert (failed, row.state, row.attempts, row.doubt, len(provider.calls)) == (1, "failed", 8, True, 8)
    (listed,) = desk.to_settle(clinic.state, DESK)
    assert (listed.row.id, listed.record.client_name, listed.row.amount) == (row.id, "Мария Петрова", 2000)
    assert (listed.what, listed.failed) == ("refund", True)

    payments.retry(clinic.state, row.id, DESK)
    clinic.db.session.commit()
    assert work(clinic).movements == 1
    assert {call["key"] for call in provider.calls} == {row.uid}  # the provider knows this one
    assert len(provider.moved) == 1


def test_a_refusal_moved_nothing_so_another_try_is_another_payment(clinic: Clinic, provider: Provider) -> None:
    clinic.cancel(clinic.visit(deposit="0"))
    clinic.clock.forward(minutes=3)
    (before,) = rows(clinic)
    provider.answers = [402]
    assert work(clinic).payments_failed == 1
    (row,) = rows(clinic)
    assert (row.state, row.doubt, row.error) == ("failed", False, "card declined")
    assert settled(clinic).due == 3000  # still owed
    payments.retry(clinic.state, row.id, DESK)
    clinic.db.session.commit()
    assert work(clinic).movements == 1
    first, second = (call["key"] for call in provider.calls)
    assert (first, first != second) == (before.uid, True)
    assert settled(clinic).due == 0


def test_without_an_adapter_the_desk_settles_by_hand(database_url: str) -> None:
    clinic = make_clinic(database_url)
    with clinic.app.app_context():
        refund_and_charge(clinic)
        assert work(clinic).movements == 2
        assert moving(clinic) == [("refund", "manual", 2000), ("charge", "manual", 3000)]
        with pytest.raises(Forbidden):
            payments.settle_by_hand(clinic.state, 2, staff(rights=set(RIGHTS) - {"money"}))
        with pytest.raises(InvalidInput):
            payments.settle_by_hand(clinic.state, 2, DESK, how="shells")
        payments.settle_by_hand(clinic.state, 2, DESK, how="card", note="terminal 2")
        clinic.db.session.commit()
        row = rows(clinic)[1]
        assert (row.state, row.settled_by, row.settled_how, row.note) == ("done", "Elena Desk", "card", "terminal 2")
        assert (settled(clinic, 2).due, settled(clinic, 2).kept) == (0, 3000)
        assert [listed.row.id for listed in desk.to_settle(clinic.state, DESK)] == [1]
        for movement_id in (2, 1):
            with pytest.raises(Conflict):
                payments.retry(clinic.state, movement_id, DESK)
            clinic.db.session.rollback()
        with pytest.raises(Conflict):
            payments.settle_by_hand(clinic.state, 2, DESK)
        clinic.db.session.rollback()
        with pytest.raises(NotFound):
            payments.settle_by_hand(clinic.state, 3, DESK)
        clinic.db.session.rollback()
        assert settled(clinic, 2).kept == 3000
        assert_books_agree(clinic)


def test_an_adapter_may_leave_some_payments_to_the_desk(provider: Provider) -> None:
    class Cash(PayingAdapter):
        def refund(self, payment: Any) -> str | None:
            return None

    clinic = make_clinic("sqlite://", CANCELLATIONS_ADAPTER=Cash, PROVIDER_URL=provider.url)
    with clinic.app.app_context():
        refund_and_charge(clinic)
        assert work(clinic).movements == 2
        assert moving(clinic) == [("refund", "manual", 2000), ("charge", "done", 3000)]


def test_a_failure_undoes_no_cancellation_and_keeps_nobody_back(provider: Provider) -> None:
    class Broken(PayingAdapter):
        def refund(self, payment: Any) -> str | None:
            raise ZeroDivisionError

    clinic = make_clinic("sqlite://", CANCELLATIONS_ADAPTER=Broken, PROVIDER_URL=provider.url)
    with clinic.app.app_context():
        refund_and_charge(clinic)
        assert work(clinic).errors == 0
        assert moving(clinic) == [("refund", "sent", 2000), ("charge", "done", 3000)]
        assert {visit.state for visit in clinic.db.session.scalars(clinic.db.select(clinic.Visit))} == {"cancelled"}


def test_a_worker_whose_lease_ran_out_notes_nothing(clinic: Clinic, provider: Provider) -> None:
    """It was slow; another one has taken the payment over meanwhile."""
    clinic.cancel(clinic.visit(deposit="0"))
    clinic.clock.forward(minutes=3)
    slow = payments.begin(clinic.state, 1, DESK)
    clinic.db.session.commit()
    assert slow is not None
    assert work(clinic).movements == 0  # the lease still holds
    clinic.clock.forward(minutes=5)
    assert work(clinic).movements == 1
    assert not payments.finish(clinic.state, slow, "pay-slow", DESK)
    assert not payments.put_off(clinic.state, slow, "late", DESK, lambda: 0.5)
    clinic.db.session.commit()
    (row,) = rows(clinic)
    assert (row.state, row.provider_reference) == ("done", "pay-1")
    assert settled(clinic).kept == 3000


def test_the_adapter_of_nobody_is_the_default() -> None:
    made = HostAdapter()
    assert (made.refund(None), made.charge(None), made.deposits(None)) == (None, None, None)  # type: ignore[arg-type]


@pytest.mark.race
def test_workers_at_once_pay_each_once(any_clinic: Clinic, provider: Provider) -> None:
    clinic = any_clinic
    for _ in range(6):
        refund_and_charge(clinic)
    clinic.db.session.commit()
    start = threading.Barrier(4, timeout=PATIENCE)

    def pay() -> Summary:
        with clinic.app.app_context():
            done = Summary()
            start.wait()
            Cashier(clinic.state).carry_out(threading.Event(), done)
            return done

    with ThreadPoolExecutor(4) as pool:
        done = [future.result(PATIENCE) for future in [pool.submit(pay) for _ in range(4)]]
    assert [summary.errors for summary in done] == [0, 0, 0, 0]
    assert sum(summary.movements for summary in done) == len(provider.moved) == len(provider.calls) == 12


# -- killed ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def worker_process(clinic: Clinic) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker on the clinic's database, at the clinic's present time, which stands still for it."""
    config = {key: clinic.app.config[key] for key in ("CANCELLATIONS_ADAPTER", "PROVIDER_URL")}
    told = {
        "url": clinic.app.config["SQLALCHEMY_DATABASE_URI"],
        "wall": clinic.clock.wall.isoformat(),
        "config": config,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "tests.worker_app", "cancellations", "worker"],
        cwd=PROJECT,
        env={**os.environ, "FCX_WORKER": json.dumps(told)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def kill_workers(clinic: Clinic, provider: Provider, kills: int) -> None:
    """Let a worker be killed `kills` times: in turn after the money has moved, and before. Others finish the work."""
    for number in range(kills):
        refund_and_charge(clinic)
        clinic.db.session.commit()
        with worker_process(clinic) as process:

            def strike(before: bool, process: Any = process, wanted: bool = number % 2 == 1) -> None:
                if before is wanted and process.poll() is None:
                    os.kill(process.pid, signal.SIGKILL)
                    process.wait(PATIENCE)

            provider.on_call = strike
            assert process.wait(PATIENCE) == -signal.SIGKILL
        provider.on_call = lambda _before: None
        clinic.clock.forward(minutes=5)
        if number % 3 == 2:  # in between the same payment ends one worker after the other
            finish(clinic)
    finish(clinic)


def finish(clinic: Clinic) -> None:
    """What the killed workers left is carried out by one that lives."""
    for _ in range(3):
        assert work(clinic).errors == 0
        clinic.clock.forward(minutes=5)


@pytest.mark.race
def test_a_worker_killed_between_provider_and_commit_pays_nothing_twice_and_loses_nothing(
    any_clinic: Clinic, provider: Provider, rounds: int
) -> None:
    clinic, kills = any_clinic, min(20, max(2, rounds // 20))
    kill_workers(clinic, provider, kills)
    movements = rows(clinic)
    assert {row.state for row in movements} == {"done"}
    assert len(movements) == len(provider.moved) == 2 * kills
    assert {row.uid for row in movements} == {entry["key"] for entry in provider.moved}
    assert len(provider.calls) > len(provider.moved)  # some were asked for twice
    assert all(settled(clinic, cancellation).due == 0 for cancellation in range(1, 2 * kills + 1))


@pytest.mark.race
def test_without_keys_a_killed_worker_would_pay_twice(sqlite_url: str, provider: Provider) -> None:
    """The control: the same against a provider that ignores the keys."""
    provider.forgetful = True
    with opened(sqlite_url, provider) as clinic:
        kill_workers(clinic, provider, 1)
        assert len(provider.moved) > len(rows(clinic))
