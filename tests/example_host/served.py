"""The example clinic as people meet it: `serve.py` in a process of its own, with its worker and its catcher."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .clinic_client import HOST

PATIENCE = 30.0  # seconds that anything may take on a slow machine


@dataclass(frozen=True)
class Booked:
    """A visit on file, as the clinic's database has it; ``start`` and ``end`` are its wall clock."""

    id: int
    start: datetime
    end: datetime
    therapist: int
    treatment: int
    client: str
    email: str
    mobile: str

    @property
    def day(self) -> str:
        return self.start.date().isoformat()

    @property
    def slot(self) -> str:
        """This time as the online booking names it."""
        return f"{self.start:%Y-%m-%dT%H:%M}/{self.therapist}"

    @property
    def booking_path(self) -> str:
        """The online booking, open where this time is offered if it is free."""
        return f"/book?treatment={self.treatment}&therapist={self.therapist}&day={self.day}"


@dataclass(frozen=True)
class Caught:
    """A message in the catcher; ``at`` is the clinic's wall clock when it arrived."""

    kind: str
    to: str
    text: str
    at: datetime


@dataclass
class ServedClinic:
    address: str
    folder: Path
    _picked: set[str] = field(default_factory=set)

    def pick(self, day: str, *, language: str = "en", deposit: bool = False, after: str = "13:00") -> Booked:
        """The first open visit of a day that no test has had, of a client who can be reached both ways."""
        rows = self._rows(
            "clinic.sqlite3",
            "SELECT v.id, v.begins_at, t.minutes, v.therapist_id, t.id, p.first_name, p.last_name, p.email, p.mobile"
            " FROM visits_book v JOIN price_list t ON t.id = v.treatment_id JOIN card_index p ON p.id = v.patient_id"
            " WHERE v.begins_at BETWEEN ? AND ? AND v.state IN ('booked', 'confirmed') AND p.language = ?"
            " AND (v.deposit_paid > 0) = ? AND p.email IS NOT NULL AND p.mobile IS NOT NULL ORDER BY v.begins_at, v.id",
            (f"{day} {after}", f"{day} 24", language, deposit),
        )
        row = next(row for row in rows if row[7] not in self._picked)
        start = datetime.fromisoformat(row[1])
        visit = Booked(
            id=row[0],
            start=start,
            end=start + timedelta(minutes=row[2]),
            therapist=row[3],
            treatment=row[4],
            client=f"{row[5]} {row[6]}",
            email=row[7],
            mobile=row[8],
        )
        self._picked.add(visit.email)
        return visit

    def open_visits(self, visit: Booked) -> int:
        """How many open visits start at this visit's time with its therapist."""
        ((count,),) = self._rows(
            "clinic.sqlite3",
            "SELECT count(*) FROM visits_book"
            " WHERE begins_at = ? AND therapist_id = ? AND state IN ('booked', 'confirmed')",
            (f"{visit.start:%Y-%m-%d %H:%M:%S.%f}", visit.therapist),
        )
        return int(count)

    def caught(self, visit: Booked) -> list[Caught]:
        """The messages that have arrived at this client's two addresses."""
        rows = self._rows("demo.sqlite3", "SELECT kind, recipient, body, arrived_us FROM caught ORDER BY id", ())
        ours = (visit.email, digits(visit.mobile))
        return [
            Caught(kind, to, mail_text(body) if kind == "email" else bytes(body).decode(), wall_clock(at))
            for kind, to, body, at in rows
            if (to if kind == "email" else digits(to)) in ours
        ]

    def _rows(self, file: str, statement: str, values: tuple[Any, ...]) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.folder / file}?mode=ro", uri=True, timeout=PATIENCE)) as connection:
            return connection.execute(statement, values).fetchall()


@contextmanager
def served(folder: Path) -> Iterator[ServedClinic]:
    """Serve a new clinic, whose data lie in ``folder``, until the block ends."""
    port = free_port()
    log = folder / "serve.log"
    command = [sys.executable, str(HOST / "serve.py"), "--port", str(port), "--instance", str(folder)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: b"End with Ctrl-C" in log.read_bytes() or process.poll() is not None, "the server's welcome")
        assert process.poll() is None, log.read_text()
        yield ServedClinic(f"http://127.0.0.1:{port}", folder)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    assert "Traceback" not in log.read_text(), log.read_text()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for(is_so: Callable[[], bool], what: str) -> None:
    """Ask until it is so; fail when it takes too long."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.1)  # between two looks at another process, which has no event to wait for


def wall_clock(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1_000_000, ZoneInfo("Europe/Sofia")).replace(tzinfo=None)


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def mail_text(raw: bytes) -> str:
    """Subject and plain text of an e-mail."""
    message = message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    return f"{message['subject']}\n{body.get_content()}"
