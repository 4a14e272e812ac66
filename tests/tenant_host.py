"""A host with several clinics in one database: every row has its clinic, staff sign in to one of them.

Therapists work for several clinics, so that two of them share a staff key. `strict` adds what careful hosts do: a
session that refuses to read or write rows of a clinic while none is set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from flask import Flask, session
from flask_login import LoginManager, UserMixin, current_user, login_user
from sqlalchemy import ForeignKey, Numeric, String, create_engine, event
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    mapped_column,
    relationship,
    scoped_session,
    sessionmaker,
    with_loader_criteria,
)

from flask_cancellations import Cancellations
from flask_cancellations.host import HostAdapter
from flask_cancellations.state import State
from flask_cancellations.web import cancellations_link

from .small_host import Wall

START = datetime(2026, 12, 2, 15, 5)  # five hours from now
CLINICS = ("east", "west")


class Base(DeclarativeBase):
    pass


class Clinic(Base):
    __tablename__ = "tenant"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20))


class Doctor(Base):
    __tablename__ = "doctor"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))


class OfClinic:
    """Rows that belong to a clinic."""

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), index=True)


class Visit(OfClinic, Base):
    __tablename__ = "visit"
    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str | None] = mapped_column(String(36), unique=True, default=lambda: str(uuid4()))
    number: Mapped[int | None] = mapped_column(unique=True)
    guid: Mapped[UUID | None] = mapped_column(unique=True)
    clinic: Mapped[Clinic] = relationship(Clinic)
    begins: Mapped[datetime] = mapped_column(index=True)
    created: Mapped[datetime] = mapped_column(default=datetime(2026, 12, 1, 8))
    state: Mapped[str] = mapped_column(String(20), default="BOOKED")
    price: Mapped[Any] = mapped_column(Numeric(10, 2), default=60)
    guest: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(80))
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey(Doctor.id))
    doctor: Mapped[Doctor | None] = relationship(Doctor)

    @property
    def label(self) -> str:
        return f"{self.guest}, {self.begins}"


class Login(UserMixin, Base):  # type: ignore[misc]  # Flask-Login has no types
    __tablename__ = "login"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(20), default="desk")
    tenant_id: Mapped[int | None] = mapped_column(ForeignKey(Clinic.id))


_clinic: ContextVar[int | None] = ContextVar("the clinic of a strict host", default=None)


class NoClinic(RuntimeError):
    """What a strict host raises."""


class Entering(HostAdapter):
    """What a strict host tells us of its own context."""

    @contextmanager
    def entering(self, scope: str) -> Iterator[None]:
        token = _clinic.set(int(scope))
        try:
            yield
        finally:
            _clinic.reset(token)


@dataclass
class Tenants:
    """The running host. Methods return keys, since a row belongs to one context."""

    app: Flask
    engine: Any
    session: Any
    cancellations: Cancellations
    clock: Wall

    @property
    def state(self) -> State:
        state: State = self.app.extensions["cancellations"]
        return state

    def visit(self, clinic: str, guest: str = "Ada Byron", start: datetime = START, **values: Any) -> str:
        """A visit of Dr Kolev's in this clinic; its key."""
        with self.of(clinic), self.app.app_context():
            values = {"email": f"{guest.split()[0].lower()}@example.com", "doctor_id": 1} | values
            visit = Visit(tenant_id=number(clinic), guest=guest, begins=start, **values)
            self.session.add(visit)
            self.session.commit()
            return str(visit.id)

    def change(self, key: str, clinic: str, **values: Any) -> None:
        """What the host's own pages would do."""
        with self.of(clinic), self.app.app_context():
            visit = self.session.get_one(Visit, int(key))
            for name, value in values.items():
                setattr(visit, name, value)
            self.session.commit()

    def delete(self, key: str, clinic: str) -> None:
        with self.of(clinic), self.app.app_context():
            self.session.delete(self.session.get_one(Visit, int(key)))
            self.session.commit()

    def read(self, key: str, name: str) -> Any:
        """A column of a visit, as it is in the database now."""
        with self.engine.connect() as connection:
            table = Visit.__table__
            return connection.execute(table.select().where(table.c.id == int(key))).mappings().one()[name]

    def desk(self, clinic: str | None) -> Any:
        """A browser of the front desk of a clinic, signed in."""
        with self.app.app_context():
            login = Login(name=f"Desk {clinic}", tenant_id=None if clinic is None else number(clinic))
            self.session.add(login)
            self.session.commit()
            login_id = login.id
        browser = self.stranger()
        assert browser.post(f"/sign-in/{login_id}").status_code == 204
        return browser

    def stranger(self) -> Any:
        """A browser that is not signed in."""
        browser = self.app.test_client()
        browser.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        return browser

    def link(self, key: str, clinic: str) -> str:
        """The path of a client's link, made by the host's own booking."""
        with self.of(clinic), self.app.app_context():
            made = cancellations_link(self.session.get_one(Visit, int(key)))
            self.session.commit()
        return made.removeprefix("https://clinic.example")

    def rows(self, model: type[Any]) -> list[Any]:
        """All rows of one of our tables, of all clinics."""
        with self.engine.connect() as connection:
            table = model.__table__
            return list(connection.execute(table.select().order_by(*table.primary_key)).all())

    @contextmanager
    def of(self, clinic: str) -> Iterator[None]:
        """As the host's own code is when it serves a clinic."""
        token = _clinic.set(number(clinic))
        try:
            yield
        finally:
            _clinic.reset(token)

    def close(self) -> None:
        self.session.remove()
        self.engine.dispose()


def current_clinic() -> int | None:
    """The clinic that a strict host works for in this moment."""
    return _clinic.get()


def number(clinic: str) -> int:
    """The primary key of a clinic: not the same numbers as the visits have."""
    return 70 + CLINICS.index(clinic)


def run(url: str, *, scope: str | bool = "tenant_id", strict: bool = False, **config: Any) -> Tenants:
    """The app on an empty database."""
    app, clock = Flask(__name__), Wall()
    appointment = {
        "model": Visit,
        "start": "begins",
        "end": {"minutes": 45},
        "client": {"name": "guest", "email": "email"},
        "staff": "doctor",
        "price": "price",
        "booked_at": {"attribute": "created", "zone": "utc"},
        "status": {"attribute": "state", "open": ["BOOKED"], "cancelled": ["CANCELLED"]},
        "scope": scope,
    }
    app.config.update(
        SECRET_KEY="test",
        TESTING=True,
        CANCELLATIONS_CLOCK=clock,
        CANCELLATIONS_TIMEZONE="Europe/Sofia",
        CANCELLATIONS_CURRENCY="EUR",
        CANCELLATIONS_CLINIC_EMAIL="desk@clinic.example",
        CANCELLATIONS_PUBLIC_URL="https://clinic.example",
        CANCELLATIONS_ROLES={"desk": ["*"]},
        CANCELLATIONS_POLICIES=[
            {"name": "standard", "valid_from": "2026-01-01", "bands": [{"less_than": "24h", "fee": "50%"}]}
        ],
        CANCELLATIONS_HOST={
            "appointment": appointment | config.pop("appointment", {}),
            "user": {"name": "name", "role": "role"} | config.pop("user", {"scope": "tenant_id"}),
        },
    )
    app.config.update(config)
    engine = create_engine(url)
    rows = scoped_session(sessionmaker(engine))
    app.teardown_appcontext(lambda _: rows.remove())
    _sign_in(app, rows)
    if strict:
        _guard(rows.session_factory)
        app.config.setdefault("CANCELLATIONS_ADAPTER", Entering)
        app.before_request(lambda: _set(getattr(current_user, "tenant_id", None)))
        app.teardown_request(lambda _: _set(None))
    cancellations = Cancellations()
    cancellations.init_app(app, session=rows, metadata=Base.metadata)
    Base.metadata.create_all(engine)
    with app.app_context():
        cancellations.validate()
        rows.add_all([Clinic(id=number(clinic), code=clinic) for clinic in CLINICS])
        rows.add_all([Doctor(id=1, name="Dr Kolev"), Doctor(id=2, name="Dr Idle")])
        rows.commit()
    return Tenants(app, engine, rows, cancellations, clock)


def _set(clinic: int | None) -> None:
    _clinic.set(clinic)


def _sign_in(app: Flask, rows: Any) -> None:
    manager = LoginManager(app)
    manager.user_loader(lambda number: rows.get(Login, int(number)))

    @app.post("/sign-in/<int:number>")
    def sign_in(number: int) -> tuple[str, int]:
        login_user(rows.get(Login, number))
        session.permanent = True
        return "", 204


def _guard(factory: Callable[[], Session]) -> None:
    @event.listens_for(factory, "do_orm_execute")
    def narrow(execution: ORMExecuteState) -> None:
        if any(mapper.class_ is Login for mapper in execution.all_mappers):
            return
        # As the strictest do: whatever the statement is about, somebody has to say for which clinic.
        clinic = _clinic.get()
        if clinic is None:
            raise NoClinic(str(execution.statement))
        criteria = with_loader_criteria(OfClinic, lambda model: model.tenant_id == clinic, include_aliases=True)
        execution.statement = execution.statement.options(criteria)

    @event.listens_for(factory, "before_flush")
    def refuse(session: Session, *_: Any) -> None:
        for row in session.new:
            if hasattr(type(row), "tenant_id") and not isinstance(row, Login) and row.tenant_id != _clinic.get():
                raise NoClinic(repr(row))
