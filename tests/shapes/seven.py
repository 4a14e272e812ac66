"""Shape 7: a Date, a Time and minutes that may be missing; links show a uuid; the host's own service cancels."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import uuid4

from flask_login import UserMixin
from sqlalchemy import ForeignKey, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, object_session, relationship

from .frame import START, Shape


class Base7(DeclarativeBase):
    pass


class User7(UserMixin, Base7):  # type: ignore[misc]
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    is_admin: Mapped[bool]
    is_doctor: Mapped[bool]


class Patient7(Base7):
    __tablename__ = "patient"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))


class Visit7(Base7):
    __tablename__ = "visit"
    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True, default=lambda: str(uuid4()))
    visit_date: Mapped[date]
    visit_time: Mapped[time | None]
    duration: Mapped[int | None]
    status: Mapped[str | None] = mapped_column(String(20))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"))
    patient: Mapped[Patient7] = relationship()
    bills: Mapped[list[Bill7]] = relationship(back_populates="visit")


class Bill7(Base7):
    """What the host's own service cancels with the visit."""

    __tablename__ = "bill"
    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    visit: Mapped[Visit7] = relationship(back_populates="bills")
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    status: Mapped[str] = mapped_column(String(20), default="open")


def cancel_visit(visit: Visit7, reason: str) -> bool:
    """The host's service: the visit and its bills, committed at once."""
    session = object_session(visit)
    assert session is not None
    visit.status = "cancelled"
    for bill in visit.bills:
        bill.status = f"void: {reason}"
    session.commit()
    return True


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes.seven:Visit7"
start = {date = "visit_date", time = "visit_time"}
end = [{minutes = "duration"}, {minutes = 45}]
public_id = "uuid"
client = "patient"
price = [{sum = "bills.amount"}, {fixed = "60.00"}]
status = {attribute = "status", open = ["planned"], cancelled = ["cancelled"], null = "open"}
cancel = {function = "tests.shapes.seven:cancel_visit", arguments = ["row", "reason"], commits = true}
"""
USERS = """
[CANCELLATIONS_HOST.user]
name = "name"
role = {flags = {is_admin = "manager", is_doctor = "doctor"}}
[CANCELLATIONS_ROLES]
manager = ["*"]
"""


def fill(session: Any) -> Any:
    """A status was never set; what it costs stands on two bills."""
    row = Visit7(
        visit_date=START.date(),
        visit_time=START.time(),
        duration=45,
        patient=Patient7(name="Ada Byron"),
        bills=[Bill7(amount=Decimal(50)), Bill7(amount=Decimal(10))],
    )
    session.add(row)
    return row


def fill_a_day(session: Any) -> Any:
    """Neither time nor minutes nor bill; a day later, as the start of today has gone by."""
    day = START.date().replace(day=3)
    row = Visit7(visit_date=day, status="planned", patient=Patient7(name="Ada Byron"))
    session.add(row)
    return row


def desk(session: Any) -> Any:
    person = User7(name="Elena Desk", is_admin=True, is_doctor=False)
    session.add(person)
    return person


def state(row: Any) -> Any:
    return (row.status, sorted({bill.status for bill in row.bills}))


SEVEN = Shape(
    "7",
    Base7,
    Visit7,
    TOML,
    fill,
    User7,
    ("cancelled", ["void: Family matter"]),
    state,
    users=USERS,
    desk=desk,
    public="uuid",
)
SEVEN_DAY = replace(
    SEVEN,
    name="7-day",
    fill=fill_a_day,
    cancelled=("cancelled", []),
    start=datetime(2026, 12, 3),
    when="00:00 –00:45",
)
SEVEN_DATE = replace(
    SEVEN_DAY, name="7-date", toml=TOML.replace('{date = "visit_date", time = "visit_time"}', '"visit_date"')
)
