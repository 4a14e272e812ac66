"""Shape 9: the start on another row, which at most one appointment has; or the hour on a timetable, beside a day."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from .frame import START, Login, Shape


class Base9(DeclarativeBase):
    pass


class Login9(Login, Base9):
    pass


class Slot9(Base9):
    __tablename__ = "slot"
    id: Mapped[int] = mapped_column(primary_key=True)
    start: Mapped[datetime]
    doctor: Mapped[str] = mapped_column(String(80))


class Entry9(Base9):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    slot_id: Mapped[int | None] = mapped_column(ForeignKey("slot.id"), unique=True)
    slot: Mapped[Slot9 | None] = relationship()
    patient_name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(80))
    fee: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    status: Mapped[str] = mapped_column(String(20), default="active")


class Schedule9(Base9):
    __tablename__ = "schedule"
    id: Mapped[int] = mapped_column(primary_key=True)
    start_time: Mapped[time]
    end_time: Mapped[time]


class Lesson9(Base9):
    __tablename__ = "lesson"
    id: Mapped[int] = mapped_column(primary_key=True)
    date: Mapped[date]
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id"))
    schedule: Mapped[Schedule9] = relationship()
    patient_name: Mapped[str] = mapped_column(String(80))
    fee: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    status: Mapped[str] = mapped_column(String(20), default="active")


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes.nine:Entry9"
start = "slot.start"
end = {minutes = 45}
client = {name = "patient_name", email = "email"}
staff = "slot.doctor"
price = "fee"
status = {attribute = "status", open = ["active"], cancelled = ["cancelled"]}
"""

SCHEDULE = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes.nine:Lesson9"
start = {date = "date", time = "schedule.start_time"}
end = "schedule.end_time"
client = {name = "patient_name"}
price = "fee"
status = {attribute = "status", open = ["active"], cancelled = ["cancelled"]}
"""


def fill(session: Any) -> Any:
    row = Entry9(
        slot=Slot9(start=START, doctor="Dr Kolev"), patient_name="Ada Byron", email="ada@example.com", fee=Decimal(60)
    )
    session.add(row)
    return row


def fill_schedule(session: Any) -> Any:
    hours = Schedule9(start_time=START.time(), end_time=time(15, 50))
    row = Lesson9(date=START.date(), schedule=hours, patient_name="Ada Byron", fee=Decimal(60))
    session.add(row)
    return row


NINE = Shape("9", Base9, Entry9, TOML, fill, Login9, "cancelled", staff="Dr Kolev")
NINE_SCHEDULE = Shape("9-schedule", Base9, Lesson9, SCHEDULE, fill_schedule, Login9, "cancelled")
