"""Shape 1: one DateTime, minutes, a text status; columns of its own for a cancellation; a client without login."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from .frame import START, Login, Shape


class Base1(DeclarativeBase):
    pass


class Login1(Login, Base1):
    pass


class Person1(Base1):
    __tablename__ = "client"
    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str] = mapped_column(String(80))
    last_name: Mapped[str] = mapped_column(String(80))


class Appointment1(Base1):
    __tablename__ = "Appointment"
    appointment_id: Mapped[int] = mapped_column(primary_key=True)
    appointment_date: Mapped[datetime]
    duration_minutes: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(20), default="Scheduled")
    cost: Mapped[float | None]
    cancellation_reason: Mapped[str | None] = mapped_column(String(11))
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[int | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    client: Mapped[Person1 | None] = relationship()


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes.one:Appointment1"
start = "appointment_date"
end = [{minutes = "duration_minutes"}, {minutes = 30}]
client = "client"
price = "cost"
status = {attribute = "status", open = ["Scheduled"], cancelled = ["Cancelled"], done = ["Completed"]}
[CANCELLATIONS_HOST.appointment.write_back]
reason = "cancellation_reason"
cancelled_at = {attribute = "cancelled_at", zone = "utc"}
cancelled_by = "cancelled_by"
active = "is_active"
[CANCELLATIONS_HOST.client]
name = ["first_name", "last_name"]
"""


def fill(session: Any) -> Any:
    row = Appointment1(
        appointment_date=START,
        duration_minutes=45,
        cost=60.0,
        client=Person1(first_name="Ada", last_name="Byron"),
    )
    session.add(row)
    return row


def state(row: Any) -> Any:
    return (row.status, row.cancellation_reason, row.cancelled_at, row.cancelled_by, row.is_active)


ONE = Shape(
    "1",
    Base1,
    Appointment1,
    TOML,
    fill,
    Login1,
    # The reason is cut to its column, the moment is UTC, the person a key.
    ("Cancelled", "Family matt", datetime(2026, 12, 2, 8, 5), 1, False),
    state,
)
