"""Shape 4: texts of the app's own making as keys, no foreign key anywhere; two login tables, known by a session key."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask
from flask import session as browser
from sqlalchemy import Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .frame import START, Shape


class Base4(DeclarativeBase):
    pass


class Sick(Base4):
    __tablename__ = "patient"
    pid: Mapped[str] = mapped_column(String(45), primary_key=True)
    pname: Mapped[str] = mapped_column(String(45))
    pemail: Mapped[str | None] = mapped_column(String(45))


class Medic(Base4):
    __tablename__ = "doctor"
    did: Mapped[str] = mapped_column(String(45), primary_key=True)
    dname: Mapped[str] = mapped_column(String(45))


class Consultation(Base4):
    __tablename__ = "consultation"
    cid: Mapped[str] = mapped_column(String(45), primary_key=True)
    begins: Mapped[datetime]
    pid: Mapped[str] = mapped_column(String(45))
    did: Mapped[str] = mapped_column(String(45))
    amount: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(45), default="booked")


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes.four:Consultation"
start = "begins"
end = {minutes = 45}
client = "pid"
staff = "did"
price = "amount"
status = {attribute = "status", open = ["booked"], cancelled = ["canceled"]}
[CANCELLATIONS_HOST.client]
model = "tests.shapes.four:Sick"
name = "pname"
email = "pemail"
[CANCELLATIONS_HOST.staff]
model = "tests.shapes.four:Medic"
name = "dname"
"""

USERS = """
[CANCELLATIONS_HOST.user]
name = ["dname", "pname"]
[[CANCELLATIONS_HOST.user.identity]]
session = "doctor_id"
model = "tests.shapes.four:Medic"
role = "doctor"
[[CANCELLATIONS_HOST.user.identity]]
session = "patient_id"
model = "tests.shapes.four:Sick"
role = "patient"
[CANCELLATIONS_ROLES]
doctor = ["*"]
"""


def fill(session: Any) -> Any:
    number = session.query(Consultation).count() + 1
    row = Consultation(cid=f"C/{number:04}", begins=START, pid=f"P{number}", did=f"D{number}", amount=60)
    session.add_all([row, Sick(pid=f"P{number}", pname="Ada Byron"), Medic(did=f"D{number}", dname="Dr Kolev")])
    return row


def desk(session: Any) -> Any:
    number = session.query(Medic).count() + 1
    person = Medic(did=f"D/desk {number}", dname="Elena Desk")
    session.add(person)
    return person


def sign_in(app: Flask, session: Any, login: Any) -> None:
    """No Flask-Login: a key of the browser's session, another one for each table of logins."""

    @app.post("/sign-in/<path:key>")
    def sign_in_doctor(key: str) -> tuple[str, int]:
        browser.clear()
        browser["doctor_id"] = key
        return "", 204

    @app.post("/sign-in-patient/<path:key>")
    def sign_in_patient(key: str) -> tuple[str, int]:
        browser.clear()
        browser["patient_id"] = key
        return "", 204


FOUR = Shape(
    "4",
    Base4,
    Consultation,
    TOML,
    fill,
    Medic,
    "canceled",
    staff="Dr Kolev",
    users=USERS,
    desk=desk,
    sign_in=sign_in,
)
