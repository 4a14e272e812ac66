"""One pass of the sweep over an open future in which nothing changed, against the indexed query for that open future.

The floor is the one query that cannot be left out: key, start and status of the open appointments ahead, as plain
columns. Ours also reads what was seen before and our cancellations in force, and compares. Neither may grow with what
is on file.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.filled import OPEN, Filled, filled_clinic
from benchmarks.measure import databases, interleaved, note, report, statements_of
from flask_cancellations.jobs.sweep import Swept, sweep
from flask_cancellations.state import State, current_state
from tests.race_host import TODAY

SIZES = (1_000, 100_000)
ROUNDS = 100
WARM_UP = 10
TARGET = None  # printed, not promised yet


def ours(state: State) -> Swept:
    """A pass as the worker does it."""
    done = sweep(state, threading.Event())
    assert done is not None  # nobody else is at it
    return done


def floor(session: Session, visit: type) -> int:
    """The open future, by hand."""
    table = visit.__table__  # type: ignore[attr-defined]  # a mapped class
    first = TODAY - timedelta(days=2)
    ahead = table.c.begins_at.between(first, first + timedelta(days=368))
    query = select(table.c.id, table.c.begins_at, table.c.state).where(ahead, table.c.state.in_(["booked"]))
    found = session.execute(query).all()
    session.commit()
    return len(found)


def measure(filled: Filled, rounds: int = ROUNDS) -> tuple[float, float, int]:
    """Median milliseconds of ours and of the floor, and how many statements ours sends."""
    clinic = filled.clinic
    with clinic.session() as session:
        state = current_state()
        assert ours(state).baseline
        assert ours(state).watched >= OPEN - 1
        steps = [(partial(ours, state), partial(floor, session, clinic.visit)) for _ in range(rounds)]
        ours_ms, floor_ms = interleaved(steps, clinic.db.session.remove, warm_up=min(WARM_UP, rounds // 2))
        with statements_of(clinic.db.engine) as statements:
            ours(state)
        clinic.db.session.remove()
    return ours_ms, floor_ms, len(statements)


def main() -> None:
    """Measure on both databases with few and with many appointments on file."""
    with databases() as known:
        for database, new_database in known:
            for n in SIZES:
                note(f"sweep: {database}, {n} appointments on file ...")
                with new_database() as url, filled_clinic(url, n) as filled:
                    ours_ms, floor_ms, statements = measure(filled)
                report(
                    "sweep",
                    database,
                    n,
                    ours_ms=ours_ms,
                    floor_ms=floor_ms,
                    statements=statements,
                    target=TARGET,
                )
