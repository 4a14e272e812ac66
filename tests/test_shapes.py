"""One scenario on hosts of the shapes that real apps have, through HTTP, by configuration only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import event, select

from flask_cancellations import Actor, CancelCommand, NotFound
from flask_cancellations.models import Cancellation, SettlementRow
from flask_cancellations.services import appointments
from flask_cancellations.services.actor import job_actor, visible

from .shapes import BY_NAME, SHAPES, START, Customer2, Rdv, Running, run
from .site import ROOT, text_of


@pytest.fixture
def start(database_url: str) -> Iterator[Callable[[str], Running]]:
    running: list[Running] = []

    def begin(name: str) -> Running:
        running.append(run(BY_NAME[name], database_url))
        return running[-1]

    yield begin
    for one in running:
        one.session.remove()
        one.extra["engine"].dispose()


def api(key: str, resource: str) -> str:
    return f"{ROOT}/api/appointments/{quote(key)}/{resource}"


def cancel(client, key, reason="family", status=201, **more):
    """The answer of a cancellation as JSON; the status is what is expected."""
    body = {"reason": reason, "fee": "charge", "told_channel": "phone"} | more
    answer = client.post(api(key, "cancel"), json=body, headers={"Idempotency-Key": uuid4().hex})
    assert answer.status_code == status, answer.text
    return answer.get_json(force=True)


def rows(running, model):
    running.session.remove()
    return list(running.session.execute(select(model.__table__).order_by(model.__table__.c.id)).all())


@pytest.mark.parametrize("name", [shape.name for shape in SHAPES])
def test_list_cancel_with_fee_history_and_a_second_time(start, name):
    running = start(name)
    shape, key, other = running.shape, running.add(), running.add()
    desk = running.desk()

    day = text_of(desk.get(f"{ROOT}/?date=2026-12-02"))
    assert day.count("15:05 –15:50 Ada Byron") == 2
    assert shape.staff in day
    assert shape.service in day

    form = desk.get(f"{ROOT}/cancel/{quote(key)}")
    assert form.status_code == 200
    assert "30.00" in text_of(form)

    answer = cancel(desk, key)
    assert answer["settlement"]["due"] == "30.00"
    assert shape.state(running.row(key)) == shape.cancelled
    assert shape.state(running.row(other)) != shape.cancelled or shape.name == "2-hide"

    record = rows(running, Cancellation)[0]
    assert (record.client_name, record.staff_name, record.service_name) == ("Ada Byron", shape.staff, shape.service)
    assert (record.local_day, record.local_minute) == (START.date(), 15 * 60 + 5)
    assert rows(running, SettlementRow)[0].price == 6000

    again = cancel(desk, key, status=409)
    assert "Elena Desk cancelled this appointment" in again["detail"]
    assert desk.get(f"{ROOT}/cancel/{quote(key)}").status_code == 409

    shown = text_of(desk.get(f"{ROOT}/appointment/{quote(key)}"))
    assert "Elena Desk cancelled the appointment" in shown
    assert "30.00" in shown
    page = text_of(desk.get(f"{ROOT}/cancellation/{answer['cancellation_id']}"))
    assert "Ada Byron" in page
    assert "can be booked online" in page or "booked again" in page
    assert len(desk.get(api(key, "history")).json["events"]) == 1
    assert len(desk.get(api(other, "history")).json["events"]) == 0
    cancel(desk, other)


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
        event.listen(running.extra["engine"], "before_cursor_execute", note)
        assert desk.get(f"{ROOT}/?date=2026-12-02").status_code == 200
        event.remove(running.extra["engine"], "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert sum("cancellations_claim" in statement for statement in seen) == 1


@pytest.mark.race
@pytest.mark.parametrize("name", ["2-delete", "2-hide", "3"])
def test_of_two_who_cancel_at_once_one_is_told_that_the_other_was_faster(start, name, rounds):
    running = start(name)
    desks = [running.desk(), running.desk()]
    for _ in range(max(rounds // 4, 3)):
        key, together = running.add(), Barrier(2)

        def click(desk, key=key, together=together):
            together.wait()
            answer = desk.post(
                api(key, "cancel"),
                json={"reason": "family", "fee": "charge", "told_channel": "phone"},
                headers={"Idempotency-Key": uuid4().hex},
            )
            return answer.status_code, answer.get_json(force=True)

        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(click, desks), key=lambda answer: answer[0])
        assert [status for status, _ in answers] == [201, 409]
        assert "Elena Desk cancelled this appointment" in answers[1][1]["detail"]
    records = rows(running, Cancellation)
    # SQLite gives the key of a deleted row to the next one, which is another life of that key.
    lives = {(record.appointment_key, record.generation) for record in records}
    assert len(lives) == len(records) == max(rounds // 4, 3)


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
        "customer": Customer2(name="Bo Second"),
        "service_id": 1,
    }


def _history(running, key, cancellation_id):
    with running.app.app_context():
        return running.cancellations.history(key, cancellation_id)
