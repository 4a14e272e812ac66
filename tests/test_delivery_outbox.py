"""The outbox between two crashes: leases, attempts, waits, and what staff stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from flask_cancellations.clock import MINUTE, SECOND
from flask_cancellations.delivery import outbox
from flask_cancellations.delivery.addresses import Address
from flask_cancellations.models import Cancellation, Message
from flask_cancellations.services.actor import job_actor
from flask_cancellations.services.messages import stop_message
from flask_cancellations.services.transaction import run

from .small_host import Clinic, make_clinic

UNDO = 3 * MINUTE


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    made = make_clinic()
    with made.app.app_context():
        yield made


@pytest.fixture
def shared_clinic(database_url: str) -> Iterator[Clinic]:
    """On a database that several connections share."""
    made = make_clinic(database_url)
    with made.app.app_context():
        yield made
        made.db.session.remove()
        made.db.engine.dispose()


def cancelled(clinic: Clinic, messages: int = 2) -> None:
    """Cancel one appointment; its client is to get this many messages (two, and more of the second)."""
    clinic.cancel(clinic.visit())
    (record,) = clinic.rows(Cancellation)
    state, now = clinic.state, clinic.state.clock.now()
    with clinic.cancellations.transaction():
        outbox.enqueue(
            state.store,
            [Address("sms", "+359888123412")] * (messages - 2),
            scope=state.scope,
            cancellation_id=record.id,
            client_key="1",
            locale="bg",
            template="cancelled_client",
            parameters={},
            now=now,
            not_before=now + state.settings.undo_delay,
        )


def lease(clinic: Clinic, limit: int = 10) -> list[outbox.Leased]:
    state = clinic.state
    return run(state, lambda: outbox.lease(state.store, state.scope, state.clock.now(), limit))


def failed(clinic: Clinic, message: outbox.Leased, random: float = 0.5) -> bool:
    state = clinic.state
    now = state.clock.now()
    return run(state, lambda: outbox.mark_failed(state.store, message, "refused", now, lambda: random))


def row(clinic: Clinic, message: outbox.Leased) -> Any:
    return next(r for r in clinic.rows(Message) if r.id == message.id)


def test_nothing_leaves_before_the_undo_delay_is_over(clinic: Clinic) -> None:
    cancelled(clinic)
    clinic.clock.forward(minutes=2, seconds=59)
    assert lease(clinic) == []
    clinic.clock.forward(seconds=1)
    assert sorted(message.channel for message in lease(clinic)) == ["email", "sms"]


def test_a_leased_message_is_nobody_elses_until_the_lease_runs_out(clinic: Clinic) -> None:
    cancelled(clinic)
    clinic.clock.forward(minutes=3)
    first = lease(clinic)
    assert [message.attempts for message in first] == [1, 1]
    assert lease(clinic) == []

    clinic.clock.forward(minutes=5)
    second = lease(clinic)
    assert [message.uid for message in second] == [message.uid for message in first]
    assert [message.attempts for message in second] == [2, 2]
    assert second[0].lease_token != first[0].lease_token


def test_a_stopped_message_is_not_sent(clinic: Clinic) -> None:
    cancelled(clinic)
    stopped, other = clinic.rows(Message)
    with clinic.cancellations.transaction():
        stop_message(clinic.state, stopped.id, job_actor("test"))
    clinic.clock.forward(minutes=3)
    assert [message.id for message in lease(clinic)] == [other.id]


def test_a_message_stopped_while_it_is_chosen_is_not_sent(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the choice of a row and its lease another transaction may commit; the update looks again."""
    cancelled(clinic)
    clinic.clock.forward(minutes=3)
    store, update = clinic.state.store, clinic.state.store.update

    def stop_first(model: Any, *where: Any, **values: Any) -> int:
        monkeypatch.undo()
        update(Message, Message.channel == "sms", state="stopped")
        return update(model, *where, **values)

    monkeypatch.setattr(store, "update", stop_first)
    assert [message.channel for message in lease(clinic)] == ["email"]


def test_another_clinics_messages_are_left_alone(clinic: Clinic) -> None:
    cancelled(clinic)
    clinic.clock.forward(minutes=3)
    state = clinic.state
    assert outbox.lease(state.store, "elsewhere", state.clock.now(), 10) == []


def test_a_sent_message_keeps_the_words_that_left(clinic: Clinic) -> None:
    cancelled(clinic)
    clinic.clock.forward(minutes=3)
    message = lease(clinic)[0]
    state = clinic.state
    assert run(state, lambda: outbox.mark_sent(state.store, message, "the words", state.clock.now()))

    sent = row(clinic, message)
    assert (sent.state, sent.sent_text, sent.error) == ("sent", "the words", None)
    assert sent.sent_us == state.clock.now()


@pytest.mark.parametrize(
    ("attempts", "longest"),
    [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480), (6, 960), (7, 1800), (8, 1800)],
)
def test_the_wait_doubles_up_to_half_an_hour_and_is_random(attempts: int, longest: int) -> None:
    assert outbox.retry_delay(attempts, lambda: 0.5) == longest * SECOND // 2
    assert outbox.retry_delay(attempts, lambda: 0.999_999) <= longest * SECOND
    assert outbox.retry_delay(attempts, lambda: 0.0) == SECOND


def test_a_failed_message_waits_for_its_next_attempt(clinic: Clinic) -> None:
    cancelled(clinic)
    clinic.clock.forward(minutes=3)
    message, _ = lease(clinic)
    assert failed(clinic, message) is False

    waiting = row(clinic, message)
    assert (waiting.state, waiting.error) == ("waiting", "refused")
    assert waiting.not_before_us == clinic.state.clock.now() + 15 * SECOND
    clinic.clock.forward(seconds=14)
    assert lease(clinic) == []
    clinic.clock.forward(seconds=1)
    assert [(m.id, m.attempts) for m in lease(clinic)] == [(message.id, 2)]


def test_after_eight_attempts_it_is_given_up_and_says_why(clinic: Clinic) -> None:
    cancelled(clinic)
    clinic.clock.forward(minutes=3)
    ends = []
    for attempt in range(1, 9):
        messages = lease(clinic)
        assert [message.attempts for message in messages] == [attempt, attempt]
        ends.append([failed(clinic, message) for message in messages])
        clinic.clock.forward(minutes=30)
    assert ends == [[False, False]] * 7 + [[True, True]]
    assert lease(clinic) == []
    assert {(r.state, r.error) for r in clinic.rows(Message)} == {("dead", "refused")}


def test_a_message_that_ends_its_worker_each_time_is_given_up_too(clinic: Clinic) -> None:
    cancelled(clinic)
    clinic.clock.forward(minutes=3)
    for attempt in range(1, 9):
        assert [message.attempts for message in lease(clinic)] == [attempt, attempt]
        clinic.clock.forward(minutes=5)
    assert lease(clinic) == []
    assert {(r.state, r.error) for r in clinic.rows(Message)} == {("dead", outbox.WORKER_LOST)}


def test_what_was_not_tried_is_given_back_and_costs_no_attempt(clinic: Clinic) -> None:
    cancelled(clinic)
    clinic.clock.forward(minutes=3)
    tried, untried = lease(clinic)
    state = clinic.state
    run(state, lambda: outbox.mark_sent(state.store, tried, "text", state.clock.now()))
    run(state, lambda: outbox.release(state.store, untried))

    assert (row(clinic, tried).state, row(clinic, untried).state) == ("sent", "waiting")
    assert [(m.id, m.attempts) for m in lease(clinic)] == [(untried.id, 1)]


def test_a_worker_that_lost_its_lease_marks_nothing(clinic: Clinic) -> None:
    cancelled(clinic)
    clinic.clock.forward(minutes=3)
    slow, _ = lease(clinic)
    clinic.clock.forward(minutes=5)
    lease(clinic)
    state = clinic.state
    assert not run(state, lambda: outbox.mark_sent(state.store, slow, "late", state.clock.now()))
    assert failed(clinic, slow) is False
    assert (row(clinic, slow).state, row(clinic, slow).attempts) == ("sending", 2)


@pytest.mark.race
def test_workers_at_once_lease_disjoint_messages(shared_clinic: Clinic) -> None:
    cancelled(shared_clinic, messages=60)
    shared_clinic.clock.forward(minutes=3)
    start = threading.Barrier(4)
    leased: list[list[int]] = []
    errors: list[BaseException] = []

    def work() -> None:
        mine: list[int] = []
        try:
            with shared_clinic.app.app_context():
                start.wait(30)
                # One that came too late for its choice gets none, and asks again.
                while any(r.state == "waiting" for r in shared_clinic.rows(Message)):
                    mine += [message.id for message in lease(shared_clinic, limit=7)]
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            leased.append(mine)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    ids = [number for mine in leased for number in mine]
    assert sorted(ids) == sorted({r.id for r in shared_clinic.rows(Message)})
    assert len(ids) == len(set(ids)) == 60
