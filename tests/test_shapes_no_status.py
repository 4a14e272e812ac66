"""Hosts without a status column: what is hidden, what is deleted, and what comes under an old key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, select

from flask_cancellations import Actor, CancelCommand, NotFound
from flask_cancellations.models import Cancellation
from flask_cancellations.services import appointments
from flask_cancellations.services.actor import job_actor, visible

from .shapes import START, Running
from .shapes.desk import api, cancel, rows, starting
from .shapes.two import Customer2, Rdv
from .site import ROOT, text_of


@pytest.fixture
def start(database_url: str) -> Iterator[Callable[..., Running]]:
    yield from starting(database_url)


def test_a_deleted_row_leaves_its_record_and_the_next_of_its_key_has_a_history_of_its_own(start):
    running = start("2-delete")
    desk, key = running.desk(), running.add()
    first = cancel(desk, key)["cancellation_id"]
    assert running.row(key) is None
    assert desk.get(f"{ROOT}/cancellation/{first}").status_code == 200

    running.session.add(Rdv(id=int(key), **_like(running)))
    running.session.commit()
    assert running.row(key) is not None
    assert desk.get(api(key, "history")).json["events"] == []
    assert "cancelled the appointment" not in text_of(desk.get(f"{ROOT}/appointment/{key}"))
    assert "Elena Desk cancelled" in text_of(desk.get(f"{ROOT}/appointment/{key}?cancellation={first}"))

    second = cancel(desk, key, reason="transport")["cancellation_id"]
    assert second != first
    assert [record.generation for record in rows(running, Cancellation)] == [1, 2]
    with running.app.app_context():
        histories = [running.cancellations.history(key, one) for one in (first, second, None)]
    assert [[entry.after["reason"] for entry in entries] for entries in histories] == [
        ["family"],
        ["transport"],
        ["transport"],
    ]
    for one, reason in ((first, "Family matter"), (second, "No transport")):
        assert reason in text_of(desk.get(f"{ROOT}/cancellation/{one}"))
        assert reason in text_of(desk.get(f"{ROOT}/appointment/{key}?cancellation={one}"))
    cancel(desk, key, status=409)
    assert desk.get(f"{ROOT}/appointment/{key}?cancellation=999").status_code == 404


def test_a_hidden_row_is_left_out_by_the_hosts_own_queries(start):
    running = start("2-hide")
    desk, keys = running.desk(), [running.add() for _ in range(3)]
    cancel(desk, keys[1])
    with running.app.app_context():
        ours = running.cancellations
        assert ours.is_cancelled([int(key) for key in keys]) == dict(
            zip(map(int, keys), (False, True, False), strict=True)
        )
        assert ours.is_cancelled([]) == {}
        query = select(Rdv.id).where(ours.not_cancelled(Rdv)).order_by(Rdv.id)
        assert [str(found) for found in running.session.scalars(query)] == [keys[0], keys[2]]
        assert len(running.session.scalars(select(Rdv.id).where(ours.not_cancelled())).all()) == 2
    day = text_of(desk.get(f"{ROOT}/?date=2026-12-02"))
    assert "1 of them cancelled" in day
    assert "Cancelled Family matter" in day


def test_another_row_under_a_hidden_rows_key_is_a_new_appointment(start):
    running = start("2-hide")
    desk, key = running.desk(), running.add()
    first = cancel(desk, key)["cancellation_id"]
    running.session.delete(running.row(key))
    running.session.commit()
    cancel(desk, key, status=409)  # our record of it is left
    running.session.add(Rdv(id=int(key), **_like(running)))
    running.session.commit()
    assert "1 of them cancelled" not in text_of(desk.get(f"{ROOT}/?date=2026-12-02"))
    second = cancel(desk, key)["cancellation_id"]
    assert [len(_history(running, key, one)) for one in (first, second)] == [1, 1]
    cancel(desk, key, status=409)


def test_a_list_without_a_status_takes_one_statement_more(start):
    running = start("2-hide")
    desk = running.desk()
    counts = []
    for _ in range(2):
        for _ in range(3):
            running.add()
        cancel(desk, running.add())
        seen: list[str] = []
        note = lambda *args, seen=seen: seen.append(args[2])  # noqa: E731
        event.listen(running.engine, "before_cursor_execute", note)
        assert desk.get(f"{ROOT}/?date=2026-12-02").status_code == 200
        event.remove(running.engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert sum("cancellations_claim" in statement for statement in seen) == 1


def test_a_form_that_was_open_meanwhile_does_not_cancel_the_next_row_under_the_key(start):
    running = start("2-delete")
    desk, key = running.desk(), running.add()
    seen = desk.get(api(key, "quote"), query_string={"reason": "family"}).json["seen"]
    cancel(desk, key)
    running.session.add(Rdv(id=int(key), **_like(running)))
    running.session.commit()
    refused = cancel(desk, key, status=409, seen=seen)
    assert "Something changed" in refused["detail"]
    assert running.row(key) is not None
    seen = desk.get(api(key, "quote"), query_string={"reason": "family"}).json["seen"]
    cancel(desk, key, seen=seen)


@pytest.mark.parametrize("name", ["2-delete", "2-hide"])
def test_a_rollback_by_the_host_leaves_everything_as_it_was(start, name):
    running = start(name)
    key = running.add()
    with running.app.app_context():
        command = CancelCommand(appointment_key=key, reason="family", fee="charge")
        running.cancellations.cancel(command, job_actor("test"))
        assert running.cancellations.history(key)
        running.session.rollback()
        assert running.cancellations.history(key) == []
    assert running.row(key) is not None
    assert rows(running, Cancellation) == []
    cancel(running.desk(), key)


@pytest.mark.parametrize("name", ["2-delete", "2-hide"])
def test_the_time_of_a_cancelled_appointment_is_free_for_a_booking(start, name):
    running = start(name)
    key = running.add()
    end = START.replace(minute=50)
    with running.app.app_context():
        slots = running.cancellations.slots
        assert slots.at(START, end) == "taken"
    cancel(running.desk(), key)
    with running.app.app_context():
        assert slots.at(START, end) == "open"
        slots.claim(START, end)
        running.session.add(Rdv(**_like(running)))
        running.session.commit()
        assert slots.at(START, end) == "taken"


def test_a_therapist_sees_the_record_of_a_deleted_appointment_only_if_it_was_his(start):
    """The record stands in for the row in every question of rights."""
    running = start("2-delete")
    key = running.add()
    cancel(running.desk(), key)
    with running.app.app_context():
        state = running.app.extensions["cancellations"]
        found: Any = appointments.find(state, key)
        assert (found.status, found.row, found.client.name, found.service_name) == (
            "cancelled",
            None,
            "Ada Byron",
            "Massage",
        )
        stranger = Actor("staff", "9", "Other", "web", frozenset({"cancel:own"}), staff_key="9")
        with pytest.raises(NotFound):
            visible(state, stranger, found)
        assert appointments.find(state, "999") is None


def _like(running):
    return {
        "date": START.date(),
        "start_time": START.time(),
        "end_time": START.replace(minute=50).time(),
        "customer": Customer2(username="bo", name="Bo Second"),
        "service_id": 1,
    }


def _history(running, key, cancellation_id):
    with running.app.app_context():
        return running.cancellations.history(key, cancellation_id)
