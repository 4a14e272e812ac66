"""A request sent twice is done once and answered the same; on every database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from flask_cancellations import Cancelled, InvalidInput, RequestReused
from flask_cancellations.models import AnsweredRequest, Cancellation, Message
from flask_cancellations.services import cancel, requests
from flask_cancellations.services.transaction import run, transaction
from flask_cancellations.state import current_state

from .race_host import Clinic, at_once, command, desk, open_clinic

Answer = dict[str, Any]
KEY = "3f0e6b0c-6a0c-4c8e-8c84-0d3a8a1f7b55"


@pytest.fixture
def clinic(database_url: str) -> Iterator[Clinic]:
    with open_clinic(database_url) as clinic:
        yield clinic


@pytest.fixture
def done() -> list[str]:
    """What was really carried out."""
    return []


def send(
    clinic: Clinic, done: list[str], *, actor: str = "staff:7", key: str = KEY, **request: Any
) -> tuple[Answer, bool]:
    """Send a request and commit; the answer, and whether it is a stored one."""

    def work() -> Answer:
        done.append(actor)
        return {"number": len(done), "text": "Отменен"}

    with clinic.session():
        state = current_state()
        with transaction(state):
            return requests.once(state, actor, key, {"reason": "illness", **request}, work)


def test_sent_twice_it_is_done_once_and_answered_the_same(clinic: Clinic, done: list[str]) -> None:
    first = send(clinic, done)
    assert first == ({"number": 1, "text": "Отменен"}, False)
    assert send(clinic, done) == (first[0], True)
    assert send(clinic, done) == (first[0], True)
    assert done == ["staff:7"]


def test_the_order_of_the_fields_does_not_matter(clinic: Clinic, done: list[str]) -> None:
    send(clinic, done, note="a", fee="charge")
    assert send(clinic, done, fee="charge", note="a")[1]
    assert len(done) == 1


def test_the_key_of_another_request_is_refused_with_the_field(clinic: Clinic, done: list[str]) -> None:
    send(clinic, done)
    with pytest.raises(RequestReused) as refusal:
        send(clinic, done, note="something else")
    assert (refusal.value.status, refusal.value.code) == (422, "request_reused")
    assert list(refusal.value.fields) == ["idempotency_key"]
    assert len(done) == 1
    assert send(clinic, done)[1]  # the first request still stands


def test_a_key_is_the_actors_own(clinic: Clinic, done: list[str]) -> None:
    """Another actor who happens to send the same key, or has stolen it, learns nothing and hinders nobody."""
    send(clinic, done, actor="staff:7")
    assert send(clinic, done, actor="staff:8", note="another request") == ({"number": 2, "text": "Отменен"}, False)
    assert send(clinic, done, actor="STAFF:7")[0]["number"] == 3
    assert send(clinic, done, actor="staff:7")[0]["number"] == 1


def test_an_actor_may_have_the_longest_key_there_is(clinic: Clinic, done: list[str]) -> None:
    longest = "staff:" + "k" * 190
    send(clinic, done, actor=longest)
    assert send(clinic, done, actor=longest)[1]
    assert len(done) == 1


def test_keys_are_told_apart_by_case_and_accent(clinic: Clinic, done: list[str]) -> None:
    for key in ("abc", "ABC", "äbc"):
        send(clinic, done, key=key)
    assert len(done) == 3


@pytest.mark.parametrize("key", ["", "x" * 65, "a\x00b", "a\nb", "\ud800"])
def test_a_key_must_be_there_short_and_of_letters(clinic: Clinic, done: list[str], key: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        send(clinic, done, key=key)
    assert list(refusal.value.fields) == ["idempotency_key"]
    assert not done
    assert clinic.our_rows() == {}


def test_what_failed_is_forgotten_and_may_be_sent_again(clinic: Clinic, done: list[str]) -> None:
    def fail() -> Answer:
        raise InvalidInput({"reason": ["Choose a reason."]})

    with clinic.session():
        state = current_state()
        with pytest.raises(InvalidInput), transaction(state):
            requests.once(state, "staff:7", KEY, {"reason": "illness"}, fail)
    assert clinic.our_rows() == {}
    assert send(clinic, done) == ({"number": 1, "text": "Отменен"}, False)


def test_an_answer_is_kept_for_48_hours(clinic: Clinic, done: list[str]) -> None:
    def forget() -> int:
        with clinic.session():
            state = current_state()
            with transaction(state):
                return requests.forget_old(state)

    send(clinic, done)
    clinic.clock.advance(timedelta(hours=48))
    send(clinic, done, key="a later one")
    assert forget() == 0
    assert send(clinic, done)[1]
    clinic.clock.advance(timedelta(microseconds=1))
    assert forget() == 1
    assert clinic.count(AnsweredRequest, idempotency_key="a later one") == 1
    assert not send(clinic, done)[1]
    assert len(done) == 3


def both_at_once(clinic: Clinic, work: Callable[[], Answer]) -> list[Any]:
    """Two threads send the same request at the same moment, as a double click or a proxy's retry does."""

    def attempt(gate: threading.Barrier) -> tuple[Answer, bool]:
        with clinic.session() as session:
            session.get(clinic.patient, 1)  # a snapshot from before the race, as the session's user is one
            gate.wait()
            state = current_state()
            return run(state, lambda: requests.once(state, "staff:7", KEY, {}, work))

    return at_once([attempt, attempt])


@pytest.mark.race
def test_of_two_at_once_one_is_done_and_both_are_answered(clinic: Clinic, rounds: int) -> None:
    for _ in range(rounds):
        key = clinic.book()

        def work(key: str = key) -> Answer:
            return {"cancellation": cancel.cancel(current_state(), command(key), desk()).cancellation_id}

        outcomes = both_at_once(clinic, work)
        assert sorted(stored for _, stored in outcomes) == [False, True], outcomes
        assert outcomes[0][0] == outcomes[1][0]
        assert clinic.count(Cancellation, appointment_key=key) == 1
        assert clinic.count(Message, cancellation_id=outcomes[0][0]["cancellation"]) == 2
        clinic.forget(AnsweredRequest)


@pytest.mark.race
def test_if_the_first_of_two_fails_the_second_is_done(clinic: Clinic, rounds: int) -> None:
    for _ in range(rounds):
        attempts: list[int] = []

        def work(attempts: list[int] = attempts) -> Answer:
            attempts.append(1)
            if len(attempts) == 1:
                raise InvalidInput({"reason": ["Choose a reason."]})
            return {"attempt": len(attempts)}

        outcomes = both_at_once(clinic, work)
        assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [InvalidInput]
        assert [outcome for outcome in outcomes if isinstance(outcome, tuple)] == [({"attempt": 2}, False)]
        clinic.forget(AnsweredRequest)


def test_the_service_gives_the_types_that_a_view_needs(clinic: Clinic) -> None:
    """One request through key, retry and service, as our own page does it."""
    key = clinic.book()
    results: list[Cancelled] = []
    with clinic.session():
        state = current_state()

        def work() -> Answer:
            results.append(cancel.cancel(state, command(key), desk()))
            return {"cancellation": results[-1].cancellation_id}

        assert run(state, lambda: requests.once(state, "staff:7", KEY, {"key": key}, work))[1] is False
        assert run(state, lambda: requests.once(state, "staff:7", KEY, {"key": key}, work))[1] is True
    assert len(results) == 1
    assert results[0].publication.published
