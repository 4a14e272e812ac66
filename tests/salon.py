"""What the tests of the salon import share: the command, run as a person runs it, and plain SQL on what it wrote."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from .conftest import PROJECT

HOST = PROJECT / "examples" / "host_app"
FILES = {
    "bookings": "Future Bookings (All Clients)0.csv",
    "cancellations": "Client Cancellations0.csv",
    "no_shows": "No-Show Report0.csv",
    "services": "Service Listing0.csv",
}
FEE = 3000  # cents, for less than 24 hours


def flask(instance: Path, *command: object, program: tuple[str, ...] = ("-m", "flask", "--app", "clinic")) -> Any:
    """Run a command of the example clinic as a person would, on data of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", *program, *map(str, command)],
        cwd=HOST,
        env={**os.environ, "CLINIC_INSTANCE": str(instance)},
        capture_output=True,
        text=True,
        check=False,
    )


def query(database: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(statement).fetchall()


def dump(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump())
