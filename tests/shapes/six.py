"""Shape 6: an Enum; the client's address on the client's login; a type with minutes, a fee and the fee's currency."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_login import UserMixin
from sqlalchemy import Enum, ForeignKey, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from .frame import START, Shape


class Base6(DeclarativeBase):
    pass


class Status6(enum.Enum):
    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    NO_SHOW = "no-show"


class Role6(enum.Enum):
    ADMIN = "admin"
    CLIENT = "client"


class User6(UserMixin, Base6):  # type: ignore[misc]
    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(120))
    full_name: Mapped[str] = mapped_column(String(80))
    role: Mapped[Role6] = mapped_column(Enum(Role6))


class Client6(Base6):
    __tablename__ = "client"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    user: Mapped[User6 | None] = relationship()


class Type6(Base6):
    __tablename__ = "appointment_type"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    duration: Mapped[int]
    fee_amount: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    fee_currency: Mapped[str | None] = mapped_column(String(3))


class Appointment6(Base6):
    __tablename__ = "appointment"
    id: Mapped[int] = mapped_column(primary_key=True)
    scheduled_at: Mapped[datetime]
    status: Mapped[Status6] = mapped_column(Enum(Status6), default=Status6.SCHEDULED)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    type_id: Mapped[int] = mapped_column(ForeignKey("appointment_type.id"))
    client: Mapped[Client6] = relationship()
    type: Mapped[Type6] = relationship()


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes.six:Appointment6"
start = "scheduled_at"
end = {minutes = "type.duration"}
client = "client"
service = "type"
price = {attribute = "type.fee_amount", currency = "type.fee_currency"}
status = {attribute = "status", open = ["scheduled", "confirmed"], cancelled = ["CANCELLED"], no_show = ["no-show"]}
[CANCELLATIONS_HOST.client]
name = "user.full_name"
email = "user.email"
"""
USERS = """
[CANCELLATIONS_HOST.user]
name = "full_name"
role = "role"
[CANCELLATIONS_ROLES]
admin = ["*"]
"""


def fill(session: Any) -> Any:
    person = User6(email="ada@example.com", full_name="Ada Byron", role=Role6.CLIENT)
    kind = Type6(name="Massage", duration=45, fee_amount=Decimal(60), fee_currency="EUR")
    row = Appointment6(scheduled_at=START, client=Client6(user=person), type=kind)
    session.add(row)
    return row


def desk(session: Any) -> Any:
    person = User6(email="elena@example.com", full_name="Elena Desk", role=Role6.ADMIN)
    session.add(person)
    return person


SIX = Shape("6", Base6, Appointment6, TOML, fill, User6, Status6.CANCELLED, service="Massage", users=USERS, desk=desk)
