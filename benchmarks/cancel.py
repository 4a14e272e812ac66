"""One cancellation: our whole service call with its commit, against the same rows written by hand.

The floor is what nobody can go below who leaves the same records: one insert per table, and the host's update, in
SQLAlchemy Core through a Session, with every value known beforehand. It reads nothing, checks nothing and loses races.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from benchmarks.filled import CANCELLATION, CLAIM, EVENT, PARTS, PRIVATE, Filled, Written, filled_clinic
from benchmarks.measure import databases, interleaved, note, report, statements_of
from flask_cancellations.services import cancel
from flask_cancellations.services.transaction import transaction
from flask_cancellations.state import State, current_state
from tests.race_host import command, desk

SIZES = (1_000, 100_000)
ROUNDS = 200
WARM_UP = 20
TARGET = None  # printed, not promised yet

_INSERTS = {table: insert(table) for table in (CLAIM, CANCELLATION, *PARTS, PRIVATE, EVENT)}


def ours(state: State, key: str) -> None:
    """The service as our own pages call it."""
    with transaction(state):
        cancel.cancel(state, command(key), desk())


def floor(session: Session, visit: type, written: Written, key: str) -> None:
    """The same rows, by hand."""
    claim, cancellation = written.cancellation_of(key)
    session.execute(_INSERTS[CLAIM], claim)
    made = session.execute(_INSERTS[CANCELLATION], cancellation)
    cancellation_id = made.inserted_primary_key[0]  # type: ignore[attr-defined]  # an insert's result has it
    for table in PARTS:
        session.execute(_INSERTS[table], written.parts_of(table, cancellation_id))
    private, event = written.log_of(key)
    session.execute(_INSERTS[PRIVATE], private)
    session.execute(_INSERTS[EVENT], event)
    table = visit.__table__  # type: ignore[attr-defined]  # a mapped class
    session.execute(update(table).where(table.c.id == int(key)).values(state="cancelled"))
    session.commit()


def measure(filled: Filled, rounds: int = ROUNDS) -> tuple[float, float, int]:
    """Median milliseconds of ours and of the floor, and how many statements ours sends."""
    clinic, keys = filled.clinic, filled.keys
    with clinic.session() as session:
        state = current_state()
        steps = [
            (
                partial(ours, state, next(keys)),
                partial(floor, session, clinic.visit, filled.written, next(keys)),
            )
            for _ in range(rounds)
        ]
        ours_ms, floor_ms = interleaved(steps, clinic.db.session.remove, warm_up=min(WARM_UP, rounds // 2))
        with statements_of(clinic.db.engine) as statements:
            ours(state, next(keys))
        clinic.db.session.remove()
    return ours_ms, floor_ms, len(statements)


def main() -> None:
    """Measure on both databases with few and with many appointments on file."""
    with databases() as known:
        for database, new_database in known:
            for n in SIZES:
                note(f"cancel: {database}, {n} appointments on file ...")
                with new_database() as url, filled_clinic(url, n) as filled:
                    ours_ms, floor_ms, statements = measure(filled)
                report(
                    "cancel",
                    database,
                    n,
                    ours_ms=ours_ms,
                    floor_ms=floor_ms,
                    statements=statements,
                    target=TARGET,
                )
