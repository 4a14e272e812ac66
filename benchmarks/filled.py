"""A clinic with many appointments on file, a tenth of them cancelled, and what one cancellation writes."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Table, cast, insert, select, text
from sqlalchemy.orm import Session

from flask_cancellations.models import (
    Cancellation,
    Claim,
    Event,
    Message,
    Movement,
    PrivateValue,
    SettlementRow,
    Slot,
)
from flask_cancellations.models.base import table_of
from tests.race_host import TODAY, Clinic, open_clinic

OPEN = 600  # appointments that lie ahead
PATIENTS = 500
A_DAY = 64  # appointments of all therapists
CHUNK = 5000
CANCELLATION, CLAIM = table_of(Cancellation), table_of(Claim)
PRIVATE, EVENT = table_of(PrivateValue), table_of(Event)
PARTS = (table_of(SettlementRow), table_of(Movement), table_of(Slot), table_of(Message))
Row = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """The rows that our service wrote for one cancellation, without what the database counts up."""

    claim: Row
    cancellation: Row
    parts: Mapping[Table, Sequence[Row]]
    private: Sequence[Row]
    event: Row

    def cancellation_of(self, key: str, **when: Any) -> tuple[Row, Row]:
        """Claim and cancellation for another appointment; ``when`` are the columns that tell its time."""
        claim = {**self.claim, "appointment_key": key}
        return {**claim, **{name: when[name] for name in when.keys() & claim.keys()}}, {
            **self.cancellation,
            "appointment_key": key,
            **when,
        }

    def parts_of(self, table: Table, cancellation_id: int) -> list[Row]:
        """The rows of one table that point at the cancellation; each message has an id of its own."""
        rows = [{**row, "cancellation_id": cancellation_id} for row in self.parts[table]]
        return [{**row, "uid": str(uuid.uuid4())} for row in rows] if "uid" in table.c else rows

    def log_of(self, key: str) -> tuple[list[Row], Row]:
        """Private values and audit event."""
        fresh = [{**row, "commitment": secrets.token_hex(32), "salt": secrets.token_hex(16)} for row in self.private]
        return fresh, {**self.event, "appointment_key": key}


def written_for(session: Session, key: str) -> Written:
    """Read back what a cancellation wrote; there must be one and nothing else about this appointment."""

    def rows(table: Table, *where: Any) -> list[Row]:
        found = session.execute(select(table).where(*where).order_by(*table.primary_key)).mappings()
        return [{name: value for name, value in row.items() if name != "id"} for row in found]

    cancellation_id = session.execute(
        select(CANCELLATION.c.id).where(CANCELLATION.c.appointment_key == key)
    ).scalar_one()
    (event,) = rows(EVENT, EVENT.c.appointment_key == key)
    return Written(
        claim=rows(CLAIM, CLAIM.c.appointment_key == key)[0],
        cancellation=rows(CANCELLATION, CANCELLATION.c.id == cancellation_id)[0],
        parts={table: rows(table, table.c.cancellation_id == cancellation_id) for table in PARTS},
        # The event names each private value that belongs to it.
        private=[row for row in rows(PRIVATE) if row["commitment"] in event["body"]],
        event=event,
    )


@dataclass(frozen=True)
class Filled:
    """The clinic, keys of appointments that lie ahead and are open, and the rows of one cancellation."""

    clinic: Clinic
    keys: Iterator[str]
    written: Written

    def file(self, count: int) -> None:
        """Add appointments that are past, each tenth of them cancelled through us."""
        visit = self.clinic.visit.__table__
        with self.clinic.session() as session:
            past = (_visit(TODAY - timedelta(days=1 + number // A_DAY), number) for number in range(count))
            marked = ({**row, "state": "booked" if number % 10 else "cancelled"} for number, row in enumerate(past))
            _insert_many(session, visit, marked)
            known = select(cast(CLAIM.c.appointment_key, visit.c.id.type))
            new = select(visit.c.id, visit.c.begins_at).where(visit.c.state == "cancelled", visit.c.id.not_in(known))
            self._cancel({str(one): begins for one, begins in session.execute(new)}, session)
            if self.clinic.db_name in ("sqlite", "postgresql"):  # MariaDB counts by itself
                session.execute(text("ANALYZE"))
            session.commit()

    def _cancel(self, keys: Mapping[str, datetime], session: Session) -> None:
        to_us = self.clinic.state.clock.to_us
        pairs = [
            self.written.cancellation_of(key, start_us=to_us(begins), local_day=begins.date())
            for key, begins in keys.items()
        ]
        _insert_many(session, CLAIM, (claim for claim, _ in pairs))
        _insert_many(session, CANCELLATION, (cancellation for _, cancellation in pairs))
        settled = select(PARTS[0].c.cancellation_id)
        ids = list(session.execute(select(CANCELLATION.c.id).where(CANCELLATION.c.id.not_in(settled))).scalars())
        for table in PARTS:
            _insert_many(session, table, (row for one in ids for row in self.written.parts_of(table, one)))
        logs = [self.written.log_of(key) for key in keys]
        _insert_many(session, PRIVATE, (row for private, _ in logs for row in private))
        _insert_many(session, EVENT, (event for _, event in logs))


@contextmanager
def filled_clinic(url: str, n: int) -> Iterator[Filled]:
    """A clinic with ``n`` appointments, more than ``OPEN``; ``OPEN`` of them lie ahead."""
    with open_clinic(url) as clinic:
        first = clinic.book()
        clinic.cancel(first)
        with clinic.session() as session:
            written = written_for(session, first)
            patients = (
                {"id": one, "name": f"Client {one}", "email": f"c{one}@example.test", "mobile": f"0888 {one:06}"}
                for one in range(2, PATIENTS + 1)
            )
            _insert_many(session, clinic.patient.__table__, patients)
            visit = clinic.visit.__table__
            ahead = (_visit(TODAY + timedelta(days=1 + number // A_DAY), number) for number in range(OPEN))
            _insert_many(session, visit, ahead)
            session.commit()
            keys = [str(one) for one in session.execute(select(visit.c.id).where(visit.c.state == "booked")).scalars()]
        filled = Filled(clinic, iter(keys), written)
        filled.file(n - OPEN - 1)
        yield filled


def _visit(day: datetime, number: int) -> Row:
    """A row of the host; both therapists' days are full, and the client is another one each time."""
    return {
        "begins_at": day + timedelta(hours=9, minutes=15 * (number % (A_DAY // 2))),
        "minutes": 15,
        "state": "booked",
        "version": 1,
        "price": 60,
        "deposit": 40,
        "created_at": datetime(2026, 1, 5, 9, 0),
        "patient_id": 1 + number % PATIENTS,
        "therapist_id": 1 + number % 2,
    }


def _insert_many(session: Session, table: Table, rows: Iterator[Row]) -> None:
    for chunk in _chunks(rows):
        session.execute(insert(table), chunk)


def _chunks(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
