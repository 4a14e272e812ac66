"""Puts the salon's data into an empty database: this clinic's own models, and a ledger of the cancellations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from decimal import Decimal
from itertools import cycle
from typing import TypeVar

import click
from sqlalchemy import Column, Integer, MetaData, String, Table, Text, insert, inspect, select

from ..extensions import db
from ..models import Account, Patient, Therapist, Treatment, Visit
from .reading import SalonData, SalonError, VisitKey

#: When a cancelled visit would have begun: the files lack it.
VISIT_TIME = time(12)
MINUTES = 60

T = TypeVar("T")
_COLOURS = ("#2f6f73", "#b5552b", "#5b4b8a", "#3f7d3a", "#a13d63", "#7a6a1f", "#3a5f9e")

# Not among the clinic's models: its own database has no such tables.
_metadata = MetaData()
SOURCE = Table("salon_source", _metadata, Column("fingerprint", String(64), primary_key=True))
#: What became of each row of the cancellations; ``outcome`` is waiting, imported or refused.
LEDGER = Table(
    "salon_ledger",
    _metadata,
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("visit_id", Integer, nullable=False),
    Column("outcome", String(8), nullable=False),
    Column("code", String(40), nullable=False),
    Column("reason", Text, nullable=False),
)


def load(data: SalonData) -> None:
    """Fill the current app's database in one transaction, unless it holds this data already.

    Raises SalonError if the database is another one, or of other data.
    """
    names = inspect(db.engine).get_table_names()
    if names and SOURCE.name not in names:
        raise SalonError(f"{db.engine.url.database} is not a salon's database. Name another file with --database.")
    _metadata.create_all(db.engine)
    db.create_all()
    known = db.session.scalar(select(SOURCE.c.fingerprint))
    if known is not None and known != data.fingerprint:
        raise SalonError(f"{db.engine.url.database} holds other data. Name another file with --database, or remove it.")
    if known is None:
        _fill(data)
        db.session.commit()


def _fill(data: SalonData) -> None:
    keys = [booking.key for booking in data.bookings] + [row.key for row in data.cancellations]
    patients = {code: Patient(first_name=code or "(no code)", last_name="") for code in _distinct(k.code for k in keys)}
    therapists = {
        staff: Therapist(full_name=staff, colour=colour)
        for staff, colour in zip(_distinct(k.staff for k in keys), cycle(_COLOURS), strict=False)
    }
    treatments = {
        service.code: Treatment(name=service.name, minutes=MINUTES, price=service.price) for service in data.services
    }
    db.session.add_all([*patients.values(), *therapists.values(), *treatments.values()])
    db.session.add_all(
        # No password opens an account whose hash is none.
        Account(
            email=f"{login.lower()}@salon.invalid",
            password_hash="!",
            full_name=login,
            role="manager",
            therapist=therapists.get(login),
        )
        for login in _distinct(row.cancelled_by for row in data.cancellations)
    )

    def visit(key: VisitKey, begins_at: datetime, state: str) -> Visit:
        return Visit(
            begins_at=begins_at,
            treatment=treatments[key.service],
            patient=patients[key.code],
            therapist=therapists[key.staff],
            state=state,
            deposit_paid=Decimal(0),
            # Nobody knows when it was booked. The column wants a value; the replay does not map it.
            created_at=begins_at,
        )

    with click.progressbar(data.bookings, label="Bookings") as bookings:
        for booking in bookings:
            db.session.add(visit(booking.key, booking.begins_at, _state(data, booking.key)))
    cancelled = {
        key: visit(key, datetime.combine(key.day, VISIT_TIME), "booked")
        for key in _distinct(row.key for row in data.cancellations)
    }
    db.session.add_all(cancelled.values())
    db.session.flush()
    blank = {"outcome": "waiting", "code": "", "reason": ""}
    db.session.execute(
        insert(LEDGER),
        [{"line": row.line, "visit_id": cancelled[row.key].id, **blank} for row in data.cancellations],
    )
    db.session.execute(insert(SOURCE), {"fingerprint": data.fingerprint})


def _state(data: SalonData, key: VisitKey) -> str:
    if key in data.no_shows:
        return "missed"
    return "done" if key.day <= data.last_day else "booked"


def _distinct(values: Iterable[T]) -> list[T]:
    """Each value once, in the order of its first appearance."""
    return list(dict.fromkeys(values))
