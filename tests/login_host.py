"""A host whose people sign in by several tables, in whatever way a test says; on plain SQLAlchemy."""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask import Flask, current_app, jsonify, request
from flask import session as cookie
from flask.testing import FlaskClient
from sqlalchemy import Column, ForeignKey, String, Table, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, scoped_session, sessionmaker
from werkzeug.local import LocalProxy
from werkzeug.test import TestResponse

from flask_cancellations import Cancellations
from flask_cancellations.models.base import table_of
from flask_cancellations.web import cancellations_actions

from .small_host import Wall

START = datetime(2026, 12, 2, 15, 5)  # five hours from now


class Base(DeclarativeBase):
    pass


class Rank(enum.Enum):
    CHIEF = "manager"
    JUNIOR = "trainee"


class Team(Base):
    __tablename__ = "team"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))


class Permission(Base):
    __tablename__ = "permission"
    code: Mapped[str] = mapped_column(String(20), primary_key=True)


class Duty(Base):
    __tablename__ = "duty"
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    permissions: Mapped[list[Permission]] = relationship(
        secondary=Table(
            "duty_permission",
            Base.metadata,
            Column("d", ForeignKey("duty.name")),
            Column("p", ForeignKey("permission.code")),
        )
    )


class Doctor(Base):
    __tablename__ = "doctor"
    id: Mapped[int] = mapped_column(primary_key=True)
    dname: Mapped[str] = mapped_column(String(20))
    post: Mapped[str | None] = mapped_column(String(20))
    rank: Mapped[Rank | None]
    is_admin: Mapped[bool] = mapped_column(default=False)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    team: Mapped[Team | None] = relationship()
    duties: Mapped[list[Duty]] = relationship(
        secondary=Table(
            "doctor_duty", Base.metadata, Column("w", ForeignKey("doctor.id")), Column("d", ForeignKey("duty.name"))
        )
    )

    @property
    def is_desk(self) -> bool:
        return self.post == "desk"

    @property
    def is_odd(self) -> str:
        return "false"  # a text, which is true to Python


class Admin(Base):
    __tablename__ = "admin"
    id: Mapped[int] = mapped_column(primary_key=True)
    aname: Mapped[str] = mapped_column(String(20))


class Patient(Base):
    __tablename__ = "patient"
    id: Mapped[int] = mapped_column(primary_key=True)
    pname: Mapped[str] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(8), default="en")


class Worker(Base):
    __tablename__ = "worker"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    wname: Mapped[str] = mapped_column(String(20))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "worker"}  # noqa: RUF012


class Nurse(Worker):
    __tablename__ = "nurse"
    id: Mapped[int] = mapped_column(ForeignKey("worker.id"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "nurse"}  # noqa: RUF012


class Chief(Worker):
    __tablename__ = "chief"
    id: Mapped[int] = mapped_column(ForeignKey("worker.id"), primary_key=True)
    grade: Mapped[str] = mapped_column(String(20), default="top")
    __mapper_args__ = {"polymorphic_identity": "chief"}  # noqa: RUF012


class Visit(Base):
    __tablename__ = "visit"
    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20), default="booked")
    price: Mapped[int] = mapped_column(default=60)
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("doctor.id"))
    who: Mapped[int | None]  # a key without a foreign key
    code: Mapped[str | None] = mapped_column(String(20), unique=True)
    gone_by: Mapped[int | None] = mapped_column(ForeignKey("doctor.id"))
    patient: Mapped[Patient | None] = relationship()
    doctor: Mapped[Doctor | None] = relationship(foreign_keys=[doctor_id])


TOML = """
CANCELLATIONS_TIMEZONE = "Europe/Sofia"
CANCELLATIONS_CURRENCY = "EUR"
CANCELLATIONS_POLICY_WITHOUT_PROOF = "current"
CANCELLATIONS_CLINIC_PHONE = "+359 2 123 4567"
[CANCELLATIONS_HOST.appointment]
model = "Visit"
start = "begins"
end = {minutes = 45}
client = "patient"
staff = "doctor"
price = "price"
status = {attribute = "state", open = ["booked"], cancelled = ["cancelled"]}
%(appointment)s
[CANCELLATIONS_HOST.client]
name = "pname"
locale = "locale"
[CANCELLATIONS_HOST.staff]
name = "dname"
[CANCELLATIONS_HOST.user]
%(user)s
[CANCELLATIONS_ROLES]
manager = ["*"]
therapist = ["cancel:own"]
[[CANCELLATIONS_POLICIES]]
name = "standard"
valid_from = 2026-01-01
bands = [{less_than = "24h", fee = "50%%"}]
"""

# Several login tables, of which two may be in one session; the second entry counts only for who says "admin".
SESSIONS = """
identity = [
  {session = "doctor_id", model = "Doctor", role = "therapist"},
  {session = "id", model = "Admin", role = "manager", when = {kind = "admin"}},
  {session = "patient_id", model = "Patient", role = "patient"},
]
name = ["dname", "aname", "pname"]
staff = "id"
"""


class LoginHost:
    """The app of a mapping, on an empty SQLite database, without Flask-Login."""

    def __init__(self, user: str, appointment: str = "", url: str = "sqlite://", **config: Any) -> None:
        self.app = Flask(__name__)
        self.clock = Wall()
        self.app.config.update(tomllib.loads(TOML % {"user": user, "appointment": appointment}))
        self.app.config.update(SECRET_KEY="test", TESTING=True, CANCELLATIONS_CLOCK=self.clock, **config)
        self.engine = create_engine(url)
        self.session = scoped_session(sessionmaker(self.engine))
        self.app.teardown_appcontext(lambda _: self.session.remove())
        self.app.extensions["host"] = self
        self.app.add_url_rule("/session", view_func=_write_session, methods=["POST"])
        self.app.add_url_rule("/diary", view_func=_diary)
        self.cancellations = Cancellations()
        self.cancellations.init_app(self.app, session=self.session, metadata=Base.metadata)
        Base.metadata.create_all(self.engine)
        try:
            with self.app.app_context():
                self.cancellations.validate()
        except BaseException:
            self.close()
            raise

    def add(self, *rows: Any) -> None:
        """Write rows and commit."""
        self.session.add_all(rows)
        self.session.commit()
        self.session.remove()

    def visit(self, **values: Any) -> str:
        """The key of a new visit."""
        row = Visit(**{"begins": START, **values})
        self.session.add(row)
        self.session.commit()
        key = str(row.id)
        self.session.remove()
        return key

    def browser(self, **entries: Any) -> FlaskClient:
        """A browser whose session has these entries, whatever their types."""
        client = self.app.test_client()
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        if entries:
            with client.session_transaction() as mine:
                mine.update(entries)
        return client

    def state_of(self, key: str) -> str:
        found = self.session.get_one(Visit, int(key)).state
        self.session.remove()
        return found

    def rows(self, model: type[Any]) -> list[Any]:
        """All rows of one of our tables."""
        table = table_of(model)
        found = list(self.session.execute(select(table).order_by(*table.primary_key)))
        self.session.remove()
        return found

    def close(self) -> None:
        self.session.remove()
        Base.metadata.drop_all(self.engine)
        self.engine.dispose()


@contextmanager
def login_host(user: str, appointment: str = "", url: str = "sqlite://", **config: Any) -> Iterator[LoginHost]:
    """The app, closed at the end."""
    host = LoginHost(user, appointment, url, **config)
    try:
        yield host
    finally:
        host.close()


def cancel(client: FlaskClient, key: str, sent: str = "one", **body: Any) -> TestResponse:
    """Cancel as a member of staff, by the API."""
    asked = {"reason": "illness", "told_channel": "phone", "fee": "charge", **body}
    return client.post(f"/cancellations/api/appointments/{key}/cancel", json=asked, headers={"Idempotency-Key": sent})


def by_token() -> Any:
    """What a host with tokens calls to know who asks: a doctor's name in a header, signed by nothing here."""
    name = request.headers.get("Authorization", "").removeprefix("Bearer ")
    host: LoginHost = current_app.extensions["host"]
    return host.session.scalars(select(Doctor).where(Doctor.dname == name)).first() if name else None


current_doctor = LocalProxy(by_token)


def by_proxy() -> Any:
    """The same, by a proxy as extensions have them."""
    return current_doctor


def role_of(person: Any) -> Any:
    """A role that only code can tell."""
    return ["nobody", "manager" if person.dname.startswith("Boss") else None]


NOT_A_FUNCTION = 7


def _write_session() -> tuple[str, int]:
    cookie.clear()
    cookie.update(request.get_json())
    return "", 204


def _diary() -> Any:
    """The host's own page: for each visit what the signed-in person may do."""
    host: LoginHost = current_app.extensions["host"]
    found = host.session.scalars(select(Visit).order_by(Visit.id))
    return jsonify({str(row.id): [[one.name, one.url] for one in cancellations_actions(row)] for row in found})
