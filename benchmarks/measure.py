"""What all measurements share: databases, interleaved rounds, counted statements, the line of JSON."""

from __future__ import annotations

import gc
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, event

from tests.servers import PostgreSQLServer

Step = Callable[[], object]


def note(text: str) -> None:
    """A word to whoever watches; never on standard output."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def databases() -> Iterator[Sequence[tuple[str, Callable[[], Any]]]]:
    """Name and maker of an empty database (a context manager that gives its URL): SQLite in a file, PostgreSQL.

    Neither waits for the disk: what is compared is code, and the wait would be the same on both sides.
    """
    with tempfile.TemporaryDirectory(prefix="fcx-benchmark-") as folder:
        files = iter(range(10**6))

        @contextmanager
        def sqlite() -> Iterator[str]:
            yield f"sqlite:///{Path(folder) / f'{next(files)}.sqlite3'}"

        server = PostgreSQLServer()
        server.start()
        try:
            yield [("sqlite", sqlite), ("postgresql", server.database)]
        finally:
            server.stop()


@contextmanager
def statements_of(engine: Engine) -> Iterator[list[str]]:
    """The statements that go to the database meanwhile; one with many rows of parameters is one."""
    found: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", listen)


def interleaved(rounds: Sequence[tuple[Step, Step]], between: Step, *, warm_up: int) -> tuple[float, float]:
    """Median milliseconds of the first and of the second step of all rounds but the first ``warm_up``.

    Each round does both, in turns which one first, so that a slow minute of the machine strikes both. ``between``
    is done after each step and not measured.
    """
    times: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    gc.disable()
    try:
        for number, steps in enumerate(rounds):
            for which in (0, 1) if number % 2 else (1, 0):
                began = perf_counter()
                steps[which]()
                taken = perf_counter() - began
                between()
                if number >= warm_up:
                    times[which].append(taken * 1000)
            gc.collect(0)
    finally:
        gc.enable()
    return median(times[0]), median(times[1])


def report(
    bench: str, database: str, n: int, *, ours_ms: float, floor_ms: float, statements: int, target: float | None
) -> None:
    """Print one result. ``target`` is the highest ratio that is allowed, or None while nothing is promised."""
    line = {
        "bench": bench,
        "database": database,
        "n": n,
        "ours_ms": round(ours_ms, 3),
        "floor_ms": round(floor_ms, 3),
        "ratio": round(ours_ms / floor_ms, 2),
        "target": target,
        "statements": statements,
    }
    print(json.dumps(line), flush=True)
