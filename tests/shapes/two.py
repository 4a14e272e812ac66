"""Shape 2: a Date and two Times, no status at all; people by joined-table inheritance; a service with a price."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any

from flask_login import UserMixin
from sqlalchemy import ForeignKey, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from .frame import START, Shape


class Base2(DeclarativeBase):
    pass


class Service2(Base2):
    __tablename__ = "service"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    duration: Mapped[int]


class User2(UserMixin, Base2):  # type: ignore[misc]
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    username: Mapped[str] = mapped_column(String(40))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "user"}  # noqa: RUF012


class Customer2(User2):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    __mapper_args__ = {"polymorphic_identity": "customer"}  # noqa: RUF012


class Employee2(User2):
    __tablename__ = "employee"
    id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    full_name: Mapped[str] = mapped_column(String(40))
    __mapper_args__ = {"polymorphic_identity": "employee"}  # noqa: RUF012


class Rdv(Base2):
    __tablename__ = "rendez_vous"
    id: Mapped[int] = mapped_column(primary_key=True)
    date: Mapped[date]
    start_time: Mapped[time]
    end_time: Mapped[time | None]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    customer: Mapped[Customer2] = relationship()
    service: Mapped[Service2] = relationship()


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes.two:Rdv"
start = {date = "date", time = "start_time"}
end = ["end_time", {minutes = "service.duration"}, {minutes = 30}]
client = "customer"
service = "service"
price = "service.price"
status = {none = "delete"}
"""
USERS = """
[CANCELLATIONS_HOST.user]
model = "tests.shapes.two:Employee2"
name = "full_name"
role = "kind"
[CANCELLATIONS_ROLES]
employee = ["*"]
"""


def fill(session: Any) -> Any:
    row = Rdv(
        date=START.date(),
        start_time=START.time(),
        customer=Customer2(username="ada", name="Ada Byron"),
        service=Service2(name="Massage", price=Decimal(60), duration=45),
    )
    session.add(row)
    return row


def desk(session: Any) -> Any:
    person = Employee2(username="elena", full_name="Elena Desk")
    session.add(person)
    return person


DELETE = Shape(
    "2-delete",
    Base2,
    Rdv,
    TOML,
    fill,
    User2,  # what signs in is the base of all people
    None,
    lambda row: row,
    service="Massage",
    users=USERS,
    desk=desk,
)
HIDE = replace(
    DELETE, name="2-hide", toml=TOML.replace("delete", "hide"), state=lambda row: row is None, cancelled=False
)
