"""One scenario on hosts of the shapes that real apps have, through HTTP, by configuration only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import quote
from uuid import uuid4

import pytest

from flask_cancellations.models import Cancellation, SettlementRow

from .shapes import SHAPES, Running
from .shapes.desk import api, cancel, rows, starting
from .shapes.eight import another_desk
from .site import ROOT, text_of


@pytest.fixture
def start(database_url: str) -> Iterator[Callable[..., Running]]:
    yield from starting(database_url)


@pytest.mark.parametrize("name", [shape.name for shape in SHAPES])
def test_list_cancel_with_fee_history_and_a_second_time(start, name):
    running = start(name)
    shape, key, other = running.shape, running.add(), running.add()
    desk = running.desk()

    day = text_of(desk.get(f"{ROOT}/?date={shape.start:%Y-%m-%d}"))
    assert day.count(f"{shape.when} Ada Byron") == 2
    assert shape.staff in day
    assert shape.service in day

    form = desk.get(f"{ROOT}/cancel/{quote(key)}")
    assert form.status_code == 200
    assert "30.00" in text_of(form)

    answer = cancel(desk, key)
    assert answer["settlement"]["due"] == "30.00"
    assert running.state_of(key) == shape.cancelled
    assert running.state_of(other) != shape.cancelled or shape.name == "2-hide"

    record = rows(running, Cancellation)[0]
    assert (record.client_name, record.staff_name, record.service_name) == ("Ada Byron", shape.staff, shape.service)
    assert (record.local_day, record.local_minute) == (
        shape.start.date(),
        shape.start.hour * 60 + shape.start.minute,
    )
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

    # Their neighbours, in the same database.
    neighbour = stranger(start, running)
    assert neighbour.get(f"{ROOT}/cancellation/{answer['cancellation_id']}").status_code == 404
    told = neighbour.get(api(key, "history"))
    assert told.status_code == 404 or told.json["events"] == []


def stranger(start, running):
    """A browser at the front desk of another scope: of another clinic where the host has several."""
    if running.shape.name == "8":
        return running.desk(another_desk(running))
    return start(running.shape.name, CANCELLATIONS_SCOPE="elsewhere").desk()


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
