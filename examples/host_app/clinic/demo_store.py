"""The demo's own small file: the clock's offset and the caught messages.

It is not part of the clinic's database, so that the demo's tools never wait for the clinic's locks and leave no
table in it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import current_app

FILE = "demo.sqlite3"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS clock (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    offset_us INTEGER NOT NULL,
    seen_us INTEGER
);
CREATE TABLE IF NOT EXISTS caught (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('email', 'sms')),
    sms_key TEXT UNIQUE,
    recipient TEXT NOT NULL,
    body BLOB NOT NULL,
    arrived_us INTEGER NOT NULL
);
"""


def prepare(folder: Path) -> None:
    """Create the file in ``folder`` if it is absent."""
    connection = sqlite3.connect(folder / FILE, timeout=15)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
    finally:
        connection.close()


@contextmanager
def connect() -> Iterator[sqlite3.Connection]:
    """Open the current app's file; commits at the end, rolls back on an error."""
    connection = sqlite3.connect(Path(current_app.instance_path) / FILE, timeout=15)
    connection.row_factory = sqlite3.Row
    try:
        with connection:
            yield connection
    finally:
        connection.close()
