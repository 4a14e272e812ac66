"""A small clinic for tests of transactions, races and freed times, and for the benchmarks.

Each clinic has models, tables and a stopped clock of its own, and knows of us by ``init_app`` and a configuration only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import delete, event, func, select
from sqlalchemy.orm import validates

from flask_cancellations import Actor, CancelCommand, Cancellations, Cancelled
from flask_cancellations.models import tables
from flask_cancellations.models.base import Base, table_of
from flask_cancellations.rules.rights import RIGHTS
from flask_cancellations.services import cancel
from flask_cancellations.services.transaction import transaction
from flask_cancellations.state import State, current_state

NOW = datetime(2026, 12, 2, 8, 5, tzinfo=UTC)  # 10:05 at the clinic
TODAY = datetime(2026, 12, 2)
PATIENCE = 60  # seconds until a test that hangs fails instead


@dataclass
class StoppedClock:
    """A clock that moves only when it is told to."""

    moment: datetime = NOW

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, span: timedelta) -> None:
        self.moment += span


def today(hour: int, minute: int = 0) -> datetime:
    """A time of the clinic's day on which the clock stands."""
    return TODAY.replace(hour=hour, minute=minute)


def _models(db: SQLAlchemy, bind: str | None, strict: bool) -> tuple[Any, Any, Any]:
    class Therapist(db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "therapists"
        __bind_key__ = bind
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(80))

    class Patient(db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "patients"
        __bind_key__ = bind
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(80))
        email = db.Column(db.String(120))
        mobile = db.Column(db.String(40))

    class Visit(db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "visits"
        __bind_key__ = bind
        id = db.Column(db.Integer, primary_key=True)
        begins_at = db.Column(db.DateTime, index=True, nullable=False)
        minutes = db.Column(db.Integer, nullable=False)
        state = db.Column(db.String(20), nullable=False)
        version = db.Column(db.Integer, nullable=False, default=1)
        price = db.Column(db.Numeric(10, 2))
        deposit = db.Column(db.Numeric(10, 2))
        created_at = db.Column(db.DateTime)
        patient_id = db.Column(db.Integer, db.ForeignKey(Patient.id))
        therapist_id = db.Column(db.Integer, db.ForeignKey(Therapist.id), index=True)
        patient = db.relationship(Patient)
        therapist = db.relationship(Therapist)
        if strict:
            __mapper_args__ = {"version_id_col": version}

            @validates("state")
            def known_state(self, name: str, value: str) -> str:
                if self.begins_at == FORBIDDEN_START and value == "cancelled":
                    raise ValueError("the diary of that day is sealed")
                return value

    return Therapist, Patient, Visit


FORBIDDEN_START = today(23, 15)  # a strict clinic lets nobody cancel this


@dataclass
class Clinic:
    """One clinic on one database. Its methods open a session of their own, unless they say otherwise."""

    app: Flask
    db: SQLAlchemy
    cancellations: Cancellations
    clock: StoppedClock
    therapist: Any
    patient: Any
    visit: Any
    visits: Iterator[datetime] = field(init=False)

    def __post_init__(self) -> None:
        # One time after the other, so that the appointments of a long test do not overlap.
        self.visits = (today(12) + timedelta(minutes=30 * step) for step in range(10**6))

    @property
    def state(self) -> State:
        """Our state of this app."""
        with self.app.app_context():
            return current_state()

    @property
    def db_name(self) -> str:
        """``sqlite``, ``postgresql``, ``mysql`` or ``mariadb``."""
        with self.app.app_context():
            return self.state.store.dialect

    @contextmanager
    def session(self) -> Iterator[Any]:
        """A session as a request has it, in an app context of its own; closed without a commit."""
        with self.app.app_context():
            yield self.db.session

    def book(self, start: datetime | None = None, *, minutes: int = 30, staff: int | None = 1) -> str:
        """Write an appointment (price 60.00, deposit 40.00) as the host's own pages would; its key."""
        with self.session() as session:
            visit = self.new_visit(start or next(self.visits), minutes=minutes, staff=staff)
            session.add(visit)
            session.commit()
            return str(visit.id)

    def new_visit(self, start: datetime, *, minutes: int = 30, staff: int | None = 1) -> Any:
        """An appointment that no session has yet."""
        return self.visit(
            begins_at=start,
            minutes=minutes,
            state="booked",
            price=60,
            deposit=40,
            created_at=datetime(2026, 11, 20, 9, 0),
            patient_id=1,
            therapist_id=staff,
        )

    def cancel(self, key: str, *, name: str = "Reception", **more: Any) -> Cancelled:
        """Cancel and commit, as our own pages do."""
        with self.session():
            state = current_state()
            with transaction(state):
                return cancel.cancel(state, command(key, **more), desk(name))

    def status(self, key: str) -> str:
        """The host's status of an appointment."""
        with self.session() as session:
            return str(session.get(self.visit, int(key)).state)

    def count(self, model: type[Base], **where: Any) -> int:
        """How many of our rows have these values."""
        table = table_of(model)
        conditions = [table.c[name] == value for name, value in where.items()]
        with self.session():
            query = select(func.count()).select_from(table).where(*conditions)
            return int(current_state().store.execute(query).scalar_one())

    def forget(self, *models: type[Base]) -> None:
        """Empty these tables of ours, or all: as they were before the first request."""
        chosen = [table_of(model) for model in models] or list(reversed(tables()))
        with self.session() as session:
            for table in chosen:
                current_state().store.execute(delete(table))
            session.commit()

    def our_rows(self) -> dict[str, int]:
        """How many rows each of our tables has, of those that have any."""
        with self.session():
            store = current_state().store
            counts = {
                table.name: store.execute(select(func.count()).select_from(table)).scalar_one() for table in tables()
            }
        return {name: count for name, count in counts.items() if count}


def desk(name: str = "Reception") -> Actor:
    """Somebody at the desk with every right; the name tells one from another."""
    return Actor("staff", name.lower(), name, "web", frozenset(RIGHTS))


def command(key: str, **more: Any) -> CancelCommand:
    """A client's ordinary cancellation, the fee charged and the rest of the deposit refunded."""
    return CancelCommand(appointment_key=key, **{"reason": "illness", "fee": "charge", "rest": "refund", **more})


CONFIGURATION: dict[str, Any] = {
    "CANCELLATIONS_TIMEZONE": "Europe/Sofia",
    "CANCELLATIONS_CURRENCY": "EUR",
    "CANCELLATIONS_PHONE_REGION": "BG",
    "CANCELLATIONS_POLICIES": [
        {"name": "standard", "valid_from": "2026-01-01", "bands": [{"less_than": "10000h", "fee": "50%"}]}
    ],
}


@contextmanager
def open_clinic(
    url: str,
    *,
    bind: str | None = None,
    strict: bool = False,
    staff: bool = True,
    options: Any = None,
    patience_ms: int = PATIENCE * 1000,
    **more: Any,
) -> Iterator[Clinic]:
    """A clinic on an empty database, with two therapists and a patient.

    ``bind`` keeps all its tables, and ours, on a bind of that name. A ``strict`` one has a version counter and a
    validator. Without ``staff`` its appointments have a therapist that the mapping does not know. ``options`` are the
    engine's, ``patience_ms`` is how long SQLite waits for another writer, ``more`` are settings.
    """
    clock = StoppedClock()
    app = Flask(__name__)
    db = SQLAlchemy(engine_options=options or {})
    appointment = {
        "model": "Visit",
        "start": "begins_at",
        "end": {"minutes": "minutes"},
        "client": "patient",
        "price": "price",
        "deposit": "deposit",
        "booked_at": {"attribute": "created_at", "zone": "utc"},
        "status": {"attribute": "state", "open": ["booked"], "cancelled": ["cancelled"]},
        **({"staff": "therapist"} if staff else {}),
    }
    app.config.update(
        CONFIGURATION,
        SQLALCHEMY_DATABASE_URI="sqlite://" if bind else url,
        SQLALCHEMY_BINDS={bind: url} if bind else {},
        CANCELLATIONS_HOST={"appointment": appointment, "client": {"email": "email", "phone": "mobile"}},
        CANCELLATIONS_CLOCK=clock,
        CANCELLATIONS_BIND=bind or False,
    )
    app.config.update(more)
    db.init_app(app)
    cancellations = Cancellations()
    cancellations.init_app(app, db=db)
    therapist, patient, visit = _models(db, bind, strict)
    with app.app_context():
        engines = list(db.engines.values())
        for engine in engines:
            if engine.dialect.name == "sqlite":
                event.listen(engine, "connect", partial(_as_apps_set_sqlite, patience_ms))
        cancellations.validate()
        db.create_all()
        db.session.add_all([therapist(id=1, name="Dr Petrova"), therapist(id=2, name="Dr Stoev")])
        db.session.add(patient(id=1, name="Ana Ivanova", email="ana@example.test", mobile="0888 123 456"))
        db.session.commit()
    try:
        yield Clinic(app, db, cancellations, clock, therapist, patient, visit)
    finally:
        for engine in engines:
            engine.dispose()


def _as_apps_set_sqlite(patience_ms: int, connection: Any, _record: Any) -> None:
    for pragma in (f"busy_timeout = {patience_ms}", "journal_mode = WAL", "synchronous = OFF", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def at_once(works: Sequence[Callable[[threading.Barrier], Any]]) -> list[Any]:
    """Do all works in threads of their own; what each gave or raised, in their order.

    Each is handed one barrier of them all: where it waits at it is where the race begins.
    """
    gate = threading.Barrier(len(works), timeout=PATIENCE)

    def attempt(work: Callable[[threading.Barrier], Any]) -> Any:
        try:
            return work(gate)
        except Exception as error:  # noqa: BLE001 - an outcome like any other; the test looks at it
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(attempt, works))
