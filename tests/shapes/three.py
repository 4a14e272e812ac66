"""Shape 3: a lookup table of localised descriptions, a client two steps away, many services with prices and minutes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, ForeignKey, Numeric, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from .frame import START, Login, Shape


class Base3(DeclarativeBase):
    pass


class Login3(Login, Base3):
    pass


class Description(Base3):
    __tablename__ = "status"
    id: Mapped[int] = mapped_column(primary_key=True)
    description: Mapped[str] = mapped_column(String(40))


class Keeper(Base3):
    __tablename__ = "keeper"
    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str] = mapped_column(String(80))


class Pet(Base3):
    __tablename__ = "pet"
    id: Mapped[int] = mapped_column(primary_key=True)
    keeper_id: Mapped[int] = mapped_column(ForeignKey("keeper.id"))
    proprietary: Mapped[Keeper] = relationship()


class Work(Base3):
    __tablename__ = "work"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    minutes: Mapped[int]


works = Table(
    "visit_work", Base3.metadata, Column("vid", ForeignKey("visit.vid")), Column("work_id", ForeignKey("work.id"))
)


class Visit3(Base3):
    __tablename__ = "visit"
    vid: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    status_id: Mapped[int] = mapped_column(ForeignKey("status.id"))
    pet_id: Mapped[int] = mapped_column(ForeignKey("pet.id"))
    status: Mapped[Description] = relationship()
    pet: Mapped[Pet] = relationship()
    services: Mapped[list[Work]] = relationship(secondary=works)


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes.three:Visit3"
start = "at"
end = [{minutes = {sum = "services.minutes"}}, {minutes = 20}]
client = "pet.proprietary"
service = "services"
price = {sum = "services.price"}
status = {attribute = "status.description", open = ["Agendado"], cancelled = ["Cancelado"]}
[CANCELLATIONS_HOST.client]
name = "full_name"
[CANCELLATIONS_HOST.service]
name = "title"
"""


def fill(session: Any) -> Any:
    known = {one.description: one for one in session.query(Description)}
    for word in ("Agendado", "Cancelado"):
        known.setdefault(word, Description(description=word))
    session.add_all(known.values())
    row = Visit3(
        at=START,
        status=known["Agendado"],
        pet=Pet(proprietary=Keeper(full_name="Ada Byron")),
        services=[Work(title="Wash", price=Decimal(20), minutes=15), Work(title="Cut", price=Decimal(40), minutes=30)],
    )
    session.add(row)
    return row


THREE = Shape(
    "3", Base3, Visit3, TOML, fill, Login3, "Cancelado", lambda row: row.status.description, service="Wash, Cut"
)
