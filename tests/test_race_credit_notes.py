"""Eight writers draw credit notes at once, some giving up half way: numbers without a gap and without a double."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from flask_cancellations.jobs.money import _issue
from flask_cancellations.models import CreditLot, CreditNote, Movement, Series
from flask_cancellations.models.base import table_of
from flask_cancellations.services.transaction import run
from flask_cancellations.state import current_state

from .race_host import Clinic, at_once, open_clinic

pytestmark = pytest.mark.race

WRITERS = 8


class GivenUp(Exception):
    """Something went wrong after the number was drawn."""


@pytest.fixture
def clinic(database_url: str) -> Iterator[Clinic]:
    with open_clinic(database_url, CANCELLATIONS_CREDIT_EXPIRES="365d") as clinic:
        yield clinic


@pytest.fixture
def notes(rounds: int) -> int:
    """How many notes each writer draws: 200 with `make soak`, a tenth otherwise."""
    return min(200, max(20, rounds // 2))


def credits_due(clinic: Clinic, count: int) -> list[Any]:
    """That many credits whose undo delay is over, of one cancellation each in ten."""
    for _ in range(count // 10 or 1):
        clinic.cancel(clinic.book(), rest="credit", tell=False, silent_reason="test")
    with clinic.session() as session:
        store, table = current_state().store, table_of(Movement)
        made = store.execute(select(table)).mappings().all()
        more = [
            {**{name: value for name, value in made[n % len(made)].items() if name != "id"}, "uid": f"more-{n}"}
            for n in range(count - len(made))
        ]
        store.insert_many(Movement, more)
        session.commit()
        return list(store.execute(select(table).order_by(table.c.id)).all())


def draw(clinic: Clinic, mine: list[Any], gate: threading.Barrier) -> int:
    """Draw the notes of these credits; each fifth is given up once after its number was drawn. How often that was."""
    given_up = 0
    with clinic.session():
        state = current_state()

        def broken(movement: Any) -> None:
            assert _issue(state, movement)
            raise GivenUp

        gate.wait()
        for number, movement in enumerate(mine):
            if number % 5 == 0:
                with pytest.raises(GivenUp):
                    run(state, partial(broken, movement), attempts=20)
                given_up += 1
            assert run(state, partial(_issue, state, movement), attempts=20)
    return given_up


def draw_naively(clinic: Clinic, series: str, gate: threading.Barrier) -> int:
    """What a host does without us: look at the highest number, then take the next. The control of the test here."""
    with clinic.session() as session:
        state = current_state()
        highest = state.store.execute(select(func.max(Series.last_number)).where(Series.document == series)).scalar()
        session.rollback()
        gate.wait()
        number = int(highest or 0) + 1

        def take() -> None:
            state.store.insert(Series, scope=threading.current_thread().name, document=series, last_number=number)

        run(state, take, attempts=20)
        return number


def test_eight_writers_draw_numbers_without_a_gap_or_a_double(clinic: Clinic, notes: int) -> None:
    due = credits_due(clinic, WRITERS * notes)
    shares = [due[writer::WRITERS] for writer in range(WRITERS)]
    given_up = at_once([partial(draw, clinic, share) for share in shares])
    assert [len(share) for share in shares] == [notes] * WRITERS
    assert given_up == [(notes + 4) // 5] * WRITERS

    with clinic.session():
        store = current_state().store
        rows = store.execute(select(table_of(CreditNote)).order_by(CreditNote.number)).all()
        assert [row.number for row in rows] == list(range(1, WRITERS * notes + 1))
        assert store.execute(select(Series.last_number)).scalars().all() == [WRITERS * notes]
        lots = store.execute(select(table_of(CreditLot))).all()
        assert {row.lot_id for row in rows} == {lot.id for lot in lots}
        numbers = store.execute(select(Movement.number)).scalars().all()
        assert sorted(numbers) == [row.number for row in rows]
    assert clinic.count(Movement, state="done") == len(due)


def test_the_control_draws_doubles(clinic: Clinic) -> None:
    numbers = at_once([partial(draw_naively, clinic, "control") for _ in range(WRITERS)])
    assert numbers == [1] * WRITERS
