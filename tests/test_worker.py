"""The worker: what a client gets, what the desk finds, and what is left when it is stopped or killed."""

from __future__ import annotations

import contextlib
import json
import logging
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
from sqlalchemy import text

from flask_cancellations.jobs.summary import Summary
from flask_cancellations.jobs.worker import run, run_once
from flask_cancellations.models import AnsweredRequest, Cancellation, Event, Message, Movement
from flask_cancellations.services.actor import job_actor
from flask_cancellations.services.messages import stop_message
from flask_cancellations.services.requests import once

from .loopback import Gateway
from .servers import SmtpCatcher, free_port
from .small_host import Clinic, make_clinic

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE = 30  # seconds until a process that hangs fails its test


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway().serving() as serving:
        yield serving


@contextlib.contextmanager
def opened(url: str, mail_url: str, sms_url: str, **config: Any) -> Iterator[Clinic]:
    made = make_clinic(url, CANCELLATIONS_MAIL_URL=mail_url, CANCELLATIONS_SMS_URL=sms_url, **config)
    with made.app.app_context():
        yield made
        made.db.session.remove()
        made.db.engine.dispose()


@pytest.fixture
def clinic(sqlite_url: str, smtp_catcher: SmtpCatcher, gateway: Gateway) -> Iterator[Clinic]:
    with opened(sqlite_url, smtp_catcher.url, gateway.url) as made:
        yield made


@pytest.fixture
def any_clinic(database_url: str, smtp_catcher: SmtpCatcher, gateway: Gateway) -> Iterator[Clinic]:
    """The same on each database."""
    with opened(database_url, smtp_catcher.url, gateway.url) as made:
        yield made


def states(clinic: Clinic) -> list[str]:
    return [message.state for message in clinic.rows(Message)]


def actions(clinic: Clinic) -> list[str]:
    return [event.action for event in clinic.rows(Event)]


# -- messages ------------------------------------------------------------------------------------------------------


def test_a_cancelled_client_gets_an_email_and_a_text_message(
    any_clinic: Clinic, smtp_catcher: SmtpCatcher, gateway: Gateway
) -> None:
    any_clinic.cancel(any_clinic.visit(price="60.00", deposit="20.00"))
    assert run_once(any_clinic.state) == Summary()
    assert (smtp_catcher.mails, gateway.posted) == ([], [])

    any_clinic.clock.forward(minutes=3)
    done = run_once(any_clinic.state)
    assert (done.sent, done.failed, done.dead, done.errors) == (2, 0, 0, 0)

    (mail,), (posted,) = smtp_catcher.mails, gateway.posted
    rows = {message.channel: message for message in any_clinic.rows(Message)}
    assert mail.recipients == ["maria@example.com"]
    assert mail.message["Message-ID"] == f"<{rows['email'].uid}@clinic.example>"
    assert "сряда, 2 декември 2026" in mail.message["Subject"]
    body = mail.message.get_body(("plain",))
    assert body is not None
    assert "30,00\xa0EUR" in body.get_content()
    assert (posted.body["id"], posted.body["to"]) == (rows["sms"].uid, "+359888123412")
    assert rows["sms"].sent_text == posted.body["text"]
    assert rows["email"].sent_text.startswith(f"{mail.message['Subject']}\n\n")
    assert {row.state for row in rows.values()} == {"sent"}
    assert {row.sent_us for row in rows.values()} == {any_clinic.state.clock.now()}
    assert actions(any_clinic).count("message.sent") == 2

    assert run_once(any_clinic.state) == Summary()
    assert len(smtp_catcher.mails) == len(gateway.posted) == 1


def test_a_stopped_message_is_never_sent(clinic: Clinic, smtp_catcher: SmtpCatcher, gateway: Gateway) -> None:
    clinic.cancel(clinic.visit())
    for message in clinic.rows(Message):
        with clinic.cancellations.transaction():
            stop_message(clinic.state, message.id, job_actor("test"))
    clinic.clock.forward(hours=1)
    assert run_once(clinic.state).sent == 0
    assert (smtp_catcher.mails, gateway.posted) == ([], [])
    assert states(clinic) == ["stopped", "stopped"]


def test_a_server_that_refuses_keeps_nothing_else_back(
    clinic: Clinic, smtp_catcher: SmtpCatcher, gateway: Gateway
) -> None:
    smtp_catcher.replies.append("451 try later")
    clinic.cancel(clinic.visit())
    clinic.clock.forward(minutes=3)
    done = run_once(clinic.state)
    assert (done.sent, done.failed, done.errors) == (1, 1, 0)
    (waiting,) = [message for message in clinic.rows(Message) if message.state == "waiting"]
    assert (waiting.channel, waiting.error) == ("email", "SMTP 451: try later")
    (uid,) = [message.uid for message in clinic.rows(Message) if message.channel == "email"]

    clinic.clock.forward(seconds=30)
    assert run_once(clinic.state).sent == 1
    assert smtp_catcher.mails[0].message["Message-ID"].startswith(f"<{uid}@")
    assert len(gateway.posted) == 1


def test_what_cannot_be_delivered_is_given_up_and_logged(sqlite_url: str, gateway: Gateway) -> None:
    with opened(sqlite_url, f"smtp://127.0.0.1:{free_port()}", gateway.url) as clinic:
        clinic.cancel(clinic.visit())
        clinic.clock.forward(minutes=3)
        total = Summary()
        for _ in range(10):
            done = run_once(clinic.state)
            total.failed += done.failed
            total.dead += done.dead
            clinic.clock.forward(minutes=30)
        assert (total.failed, total.dead) == (7, 1)
        (dead,) = [message for message in clinic.rows(Message) if message.channel == "email"]
        assert (dead.state, dead.attempts) == ("dead", 8)
        assert "ConnectionRefusedError" in dead.error
        assert actions(clinic).count("message.dead") == 1


def test_a_message_that_cannot_be_rendered_keeps_nothing_else_back(
    clinic: Clinic, gateway: Gateway, smtp_catcher: SmtpCatcher, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.cancel(clinic.visit())
    with clinic.cancellations.transaction():
        clinic.state.store.update(Message, Message.channel == "sms", template="gone")
    clinic.clock.forward(minutes=3)
    done = run_once(clinic.state)
    assert (done.sent, done.failed, done.errors) == (1, 1, 0)
    assert "TemplateNotFound" in next(m.error for m in clinic.rows(Message) if m.channel == "sms")
    assert "Traceback" in caplog.text
    assert len(smtp_catcher.mails) == 1


def test_nothing_is_open_in_the_database_while_a_mail_server_thinks(
    any_clinic: Clinic, smtp_catcher: SmtpCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    pool: Any = any_clinic.db.engine.pool
    handle = smtp_catcher.handle_DATA

    async def look(*args: Any) -> str:
        seen.append(pool.checkedout())
        return await handle(*args)

    monkeypatch.setattr(smtp_catcher, "handle_DATA", look)
    any_clinic.cancel(any_clinic.visit())
    any_clinic.clock.forward(minutes=3)
    run_once(any_clinic.state)
    assert seen == [0]


# -- money ---------------------------------------------------------------------------------------------------------


def test_money_moves_only_when_the_undo_delay_is_over(any_clinic: Clinic) -> None:
    clinic = any_clinic
    clinic.cancel(clinic.visit(price="60.00", deposit="50.00"), rest="refund")  # fee 30, rest 20
    clinic.cancel(clinic.visit(price="60.00", deposit="0"))  # fee 30 to be charged
    clinic.cancel(clinic.visit(price="60.00", deposit="40.00"), rest="credit")
    clinic.clock.forward(minutes=2)
    assert run_once(clinic.state).movements == 0
    assert {row.state for row in clinic.rows(Movement)} == {"created"}

    clinic.clock.forward(minutes=1)
    assert run_once(clinic.state).movements == 3
    assert {(row.kind, row.state, row.amount, row.number) for row in clinic.rows(Movement)} == {
        ("refund", "manual", 2000, None),
        ("charge", "manual", 3000, None),
        ("credit", "done", 1000, 1),
    }
    assert {row.done_us for row in clinic.rows(Movement)} == {None, clinic.state.clock.now()}
    assert {"refund.manual", "charge.manual", "credit.done"} <= set(actions(clinic))
    (body,) = [json.loads(event.body) for event in clinic.rows(Event) if event.action == "credit.done"]
    assert body["before"] == {"state": "created"}
    assert body["after"] == {
        "state": "done",
        "amount": 1000,
        "currency": "EUR",
        "number": 1,
        "cancellation": clinic.rows(Cancellation)[2].id,
    }
    assert run_once(clinic.state).movements == 0


@pytest.mark.race
def test_workers_at_once_draw_each_number_once_and_leave_no_gap(any_clinic: Clinic) -> None:
    clinic = any_clinic
    for _ in range(12):
        clinic.cancel(clinic.visit(deposit="40.00"), rest="credit", tell=False, silent_reason="test")
    clinic.db.session.commit()
    clinic.clock.forward(minutes=3)
    start = threading.Barrier(4)

    def work() -> Summary:
        with clinic.app.app_context():
            start.wait(PATIENCE)
            return run_once(clinic.state)

    with ThreadPoolExecutor(4) as pool:
        done = [future.result(PATIENCE) for future in [pool.submit(work) for _ in range(4)]]

    assert [summary.errors for summary in done] == [0, 0, 0, 0]
    assert sum(summary.movements for summary in done) == 12
    assert sorted(row.number for row in clinic.rows(Movement)) == list(range(1, 13))
    assert actions(clinic).count("credit.done") == 12


def test_a_movement_that_breaks_off_draws_no_number_and_keeps_nobody_back(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        clinic.cancel(clinic.visit(deposit="40.00"), rest="credit")
    with clinic.cancellations.transaction():
        # An amount that no audit body can hold: the event, written last, breaks off.
        clinic.state.store.update(Movement, Movement.id == clinic.rows(Movement)[0].id, amount=2**60)
    clinic.clock.forward(minutes=3)
    done = run_once(clinic.state)
    assert (done.movements, done.errors) == (1, 1)
    assert [(row.state, row.number) for row in clinic.rows(Movement)] == [("created", None), ("done", 1)]
    assert "Traceback" in caplog.text


# -- rounds --------------------------------------------------------------------------------------------------------


def test_a_step_that_breaks_off_does_not_stop_the_others(clinic: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    clinic.cancel(clinic.visit(deposit="40.00"), rest="credit")
    clinic.clock.forward(minutes=3)
    clinic.db.session.execute(text("ALTER TABLE cancellations_message RENAME TO elsewhere"))
    clinic.db.session.commit()
    done = run_once(clinic.state)
    assert (done.sent, done.movements, done.errors) == (0, 1, 1)
    assert "no such table: cancellations_message" in caplog.text
    assert "Traceback" in caplog.text


def test_old_answers_are_forgotten(clinic: Clinic) -> None:
    with clinic.cancellations.transaction():
        once(clinic.state, "staff:1", "key", {}, lambda: {"ok": True})
    clinic.clock.forward(hours=48)
    assert run_once(clinic.state).forgotten == 0
    clinic.clock.forward(seconds=1)
    assert run_once(clinic.state).forgotten == 1
    assert clinic.rows(AnsweredRequest) == []


def test_the_worker_sees_what_others_commit_between_its_rounds(
    any_clinic: Clinic, smtp_catcher: SmtpCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker in one app context; each new cancellation is committed by another connection."""
    clinic, stop, arrived = any_clinic, threading.Event(), threading.Event()
    handle = smtp_catcher.handle_DATA

    async def tell(*args: Any) -> str:
        answer = await handle(*args)
        arrived.set()
        return answer

    monkeypatch.setattr(smtp_catcher, "handle_DATA", tell)

    def work() -> None:
        with clinic.app.app_context():
            run(clinic.state, stop, poll=0.01)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for count in (1, 2, 3):
            arrived.clear()
            clinic.cancel(clinic.visit())
            clinic.clock.forward(minutes=3)
            assert arrived.wait(PATIENCE)
            assert len(smtp_catcher.mails) == count
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()


# -- processes -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def worker_process(clinic: Clinic, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A real worker on the clinic's database, at the clinic's present time, which stands still for it."""
    config = {key: clinic.app.config[f"CANCELLATIONS_{key}"] for key in ("MAIL_URL", "SMS_URL")}
    told = {
        "url": clinic.app.config["SQLALCHEMY_DATABASE_URI"],
        "wall": clinic.clock.wall.isoformat(),
        "config": {f"CANCELLATIONS_{key}": value for key, value in config.items()},
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "tests.worker_app", "cancellations", "worker", *options],
        cwd=PROJECT,
        env={**os.environ, "FCX_WORKER": json.dumps(told)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def signalled(smtp_catcher: SmtpCatcher, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Takes each mail, and with it sends a signal to a process: `signalled.update(process=..., signal=...)`."""
    plan: dict[str, Any] = {}
    ready = threading.Event()
    handle = smtp_catcher.handle_DATA

    async def take(*args: Any) -> str:
        answer = await handle(*args)
        if plan:
            os.kill(plan["process"].pid, plan["signal"])
        ready.set()
        return answer

    monkeypatch.setattr(smtp_catcher, "handle_DATA", take)
    return plan


def test_a_worker_killed_between_sending_and_noting_it_sends_again_under_the_same_id(
    clinic: Clinic, smtp_catcher: SmtpCatcher, signalled: dict[str, Any]
) -> None:
    clinic.cancel(clinic.visit(patient=clinic.patient(mobile=None)))
    clinic.clock.forward(minutes=3)
    with worker_process(clinic) as process:
        signalled.update(process=process, signal=signal.SIGKILL)
        assert process.wait(PATIENCE) == -signal.SIGKILL
    signalled.clear()
    (message,) = clinic.rows(Message)
    assert (message.state, message.sent_us, message.attempts) == ("sending", None, 1)
    assert len(smtp_catcher.mails) == 1

    clinic.clock.forward(minutes=4)
    assert run_once(clinic.state).sent == 0  # the lease still holds: the worker might be slow, not dead
    clinic.clock.forward(minutes=1)
    assert run_once(clinic.state).sent == 1
    first, second = smtp_catcher.mails
    assert first.message["Message-ID"] == second.message["Message-ID"] == f"<{message.uid}@clinic.example>"
    assert states(clinic) == ["sent"]


def test_a_worker_that_is_told_to_stop_ends_after_the_message_in_hand(
    clinic: Clinic, smtp_catcher: SmtpCatcher, signalled: dict[str, Any]
) -> None:
    for _ in range(2):
        clinic.cancel(clinic.visit(patient=clinic.patient(mobile=None)))
    clinic.clock.forward(minutes=3)
    with worker_process(clinic) as process:
        signalled.update(process=process, signal=signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert len(smtp_catcher.mails) == 1
    assert [(message.state, message.attempts) for message in clinic.rows(Message)] == [
        ("sent", 1),
        ("waiting", 0),
    ]


def test_worker_once_says_what_it_did(clinic: Clinic, smtp_catcher: SmtpCatcher) -> None:
    clinic.cancel(clinic.visit(deposit="40.00"), rest="credit")
    clinic.clock.forward(minutes=3)
    with worker_process(clinic, "--once") as process:
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert output == (
        "messages: 2 sent, 0 to be tried again, 0 given up; fees decided: 0; money movements: 1, 0 failed; "
        "old answers forgotten: 0; changes by other pages found: 0\n"
    )
    assert len(smtp_catcher.mails) == 1


# -- commands ------------------------------------------------------------------------------------------------------


def command(clinic: Clinic, *arguments: str) -> tuple[int, str]:
    result = clinic.app.test_cli_runner().invoke(args=["cancellations", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_worker_once_fails_if_a_step_broke_off(clinic: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    clinic.db.session.execute(text("ALTER TABLE cancellations_message RENAME TO elsewhere"))
    clinic.db.session.commit()
    with caplog.at_level(logging.CRITICAL):
        code, output = command(clinic, "worker", "--once")
    assert code == 1
    assert "1 of the worker's steps broke off" in output


def test_a_worker_without_a_sender_does_not_start() -> None:
    with opened("sqlite://", "smtp://127.0.0.1:9", "console:", CANCELLATIONS_CLINIC_EMAIL="") as clinic:
        code, output = command(clinic, "worker")
        assert code == 1
        assert output.startswith("Error: flask_cancellations: 1 fault in the configuration:")
        assert "CANCELLATIONS_CLINIC_EMAIL" in output


def test_validate_says_that_all_is_well_or_what_is_not(clinic: Clinic) -> None:
    assert command(clinic, "validate") == (0, "The configuration is fine.\n")

    wrong = clinic.app.config["CANCELLATIONS_HOST"]
    wrong["appointment"]["start"] = "begins"
    wrong["client"]["email"] = "mail"
    with opened("sqlite://", "console:", "console:", CANCELLATIONS_HOST=wrong) as faulty:
        for arguments in (["validate"], ["worker"]):
            code, output = command(faulty, *arguments)
            assert code == 1
            assert "2 faults" in output
            assert "Did you mean 'begins_at'?" in output
            assert "Traceback" not in output


def test_sync_prints_what_it_changed(clinic: Clinic) -> None:
    code, output = command(clinic, "sync")
    assert code == 0
    assert "added: illness\n" in output
    assert "added: standard 2026-01-01\n" in output
    assert command(clinic, "sync") == (0, "Nothing to do: the database agrees with the configuration.\n")


def test_sync_refuses_other_terms_for_a_policy_in_use(sqlite_url: str) -> None:
    with opened(sqlite_url, "console:", "console:") as clinic:
        clinic.cancel(clinic.visit())
        policies = clinic.app.config["CANCELLATIONS_POLICIES"]
    policies[0]["bands"][0]["fee"] = "60%"
    with opened(sqlite_url, "console:", "console:", CANCELLATIONS_POLICIES=policies) as changed:
        code, output = command(changed, "sync")
        assert code == 1
        assert "a new valid_from for the new terms" in output
        assert "Traceback" not in output
