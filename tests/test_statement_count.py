"""A cancellation costs the same number of statements however many appointments are on file; so does a booking."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from unittest.mock import ANY

import pytest

from benchmarks.__main__ import measurements
from benchmarks.cancel import floor, measure, ours
from benchmarks.filled import Filled, filled_clinic, written_for
from benchmarks.measure import report, statements_of
from benchmarks.sweep import ours as sweep
from flask_cancellations.models import Cancellation, SettlementRow
from flask_cancellations.models.base import table_of
from flask_cancellations.state import current_state

from .race_host import today

SETTLEMENT = table_of(SettlementRow)
FEW, MANY = 1_000, 100_000


@pytest.fixture
def filled(database_url: str) -> Iterator[Filled]:
    with filled_clinic(database_url, FEW) as filled:
        yield filled


def of_a_cancellation(filled: Filled) -> list[str]:
    """What is sent to cancel an appointment that the session does not know."""
    with filled.clinic.session(), statements_of(filled.clinic.db.engine) as statements:
        ours(current_state(), next(filled.keys))
    return list(statements)


def of_a_pass(filled: Filled) -> list[str]:
    """What is sent to find that nothing was done past us."""
    with filled.clinic.session(), statements_of(filled.clinic.db.engine) as statements:
        assert sweep(current_state()).found.total() == 0
    return list(statements)


def of_a_booking(filled: Filled, start: datetime) -> list[str]:
    """What is sent to claim a free time among other appointments of that day."""
    with filled.clinic.session() as session, statements_of(filled.clinic.db.engine) as statements:
        filled.clinic.cancellations.slots.claim(start, start + timedelta(minutes=15), 1)
        session.rollback()
    return list(statements)


def test_the_statements_are_the_same_with_few_and_with_many_on_file(filled: Filled) -> None:
    evening = today(21) + timedelta(days=3)
    of_a_pass(filled)  # the baseline
    cancellation, booking = of_a_cancellation(filled), of_a_booking(filled, evening)
    of_a_pass(filled)  # takes note of that cancellation
    a_pass = of_a_pass(filled)
    assert of_a_cancellation(filled) == cancellation
    filled.file(MANY - FEW)
    assert filled.clinic.count(Cancellation) > (MANY - FEW) / 10
    assert of_a_cancellation(filled) == cancellation
    assert of_a_booking(filled, evening) == booking
    assert 0 < len(cancellation) <= 16
    of_a_pass(filled)  # takes note of the cancellations since
    assert of_a_pass(filled) == a_pass


def test_the_floor_of_the_measurement_writes_the_same_rows_as_the_service(filled: Filled) -> None:
    """Else the ratio would compare two different things."""
    service, by_hand = next(filled.keys), next(filled.keys)
    before = filled.clinic.our_rows()
    with filled.clinic.session():
        ours(current_state(), service)
    between = filled.clinic.our_rows()
    with filled.clinic.session() as session:
        floor(session, filled.clinic.visit, filled.written, by_hand)
    after = filled.clinic.our_rows()
    assert {name: after[name] - between[name] for name in after} == {
        name: between[name] - before[name] for name in before
    }
    assert filled.clinic.status(by_hand) == filled.clinic.status(service) == "cancelled"
    with filled.clinic.session() as session:
        left, right = written_for(session, service), written_for(session, by_hand)
    # Times, client and ids differ from one appointment to the next; everything else may not.
    for table, rows in left.parts.items():
        assert [sorted(row) for row in rows] == [sorted(row) for row in right.parts[table]], table.name
    assert left.parts[SETTLEMENT] == [{**row, "cancellation_id": ANY, "trace": ANY} for row in right.parts[SETTLEMENT]]


def test_a_measurement_prints_the_agreed_line_and_nothing_else(
    filled: Filled, capsys: pytest.CaptureFixture[str]
) -> None:
    ours_ms, floor_ms, statements = measure(filled, rounds=4)
    report("cancel", "sqlite", FEW, ours_ms=ours_ms, floor_ms=floor_ms, statements=statements, target=None)
    line = json.loads(capsys.readouterr().out)
    assert list(line) == ["bench", "database", "n", "ours_ms", "floor_ms", "ratio", "target", "statements"]
    assert line["ours_ms"] > 0
    assert line["ratio"] == pytest.approx(ours_ms / floor_ms, abs=0.01)
    assert line["statements"] == statements > 0
    assert line["target"] is None


def test_every_measurement_is_found() -> None:
    assert "cancel" in measurements()
