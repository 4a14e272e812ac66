"""Shape 10: everything is a text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Numeric, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .frame import Login, Shape


class Base10(DeclarativeBase):
    pass


class Login10(Login, Base10):
    pass


class Request10(Base10):
    __tablename__ = "request"
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(String(20))
    hour: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(80))
    doctor: Mapped[str] = mapped_column(String(80))
    department: Mapped[str] = mapped_column(Text)
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    status: Mapped[str] = mapped_column(String(20), default="pending")


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes.ten:Request10"
start = {date = "day", time = "hour", date_format = "%d/%m/%Y", time_format = "%I:%M %p"}
end = {minutes = 45}
client = {name = "name", phone = "phone", email = "email"}
staff = "doctor"
service = "department"
price = "price"
status = {attribute = "status", open = ["pending"], cancelled = ["annulé"]}
"""


def fill(session: Any) -> Any:
    row = Request10(
        day="02/12/2026",
        hour="03:05 PM",
        name="Ada Byron",
        phone="0888 123 412",
        email="ada@example.com",
        doctor="Dr Kolev",
        department="Massage",
        price=Decimal(60),
    )
    session.add(row)
    return row


TEN = Shape("10", Base10, Request10, TOML, fill, Login10, "annulé", staff="Dr Kolev", service="Massage")
