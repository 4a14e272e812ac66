"""A compact host clinic for tests: the models and TOML of the README, a login by one line, a clock that tests move.

Models are made anew for each app, so apps in one process do not share anything.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient
from flask_login import LoginManager, UserMixin, login_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from flask_cancellations import Actor, CancelCommand, Cancellations
from flask_cancellations.services.actor import job_actor
from flask_cancellations.state import State

ZONE = ZoneInfo("Europe/Sofia")
NOW = datetime(2026, 12, 2, 10, 5)  # a Wednesday, wall clock of the clinic
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}
MADE: list[Clinic] = []  # closed by a fixture: since Python 3.13 a connection that is left open is a warning


def readme_toml() -> str:
    """The configuration that the README prints."""
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    return text.split("```toml\n")[1].split("```")[0]


@dataclass
class Wall:
    """The clinic's clock: `wall` is its naive wall clock, and tests set it."""

    wall: datetime = NOW

    def __call__(self) -> datetime:
        return self.wall.replace(tzinfo=ZONE).astimezone(UTC)

    def forward(self, **span: float) -> None:
        """Move on by hours=, minutes=, seconds= that really pass."""
        moved = self() + timedelta(**span)
        self.wall = moved.astimezone(ZONE).replace(tzinfo=None)


@dataclass
class Clinic:
    """One host app with its models, clock and helpers."""

    app: Flask
    db: SQLAlchemy
    cancellations: Cancellations
    clock: Wall
    models: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["models"][name]
        except KeyError:
            raise AttributeError(name) from None

    def close(self) -> None:
        """Close its connections."""
        with self.app.app_context():
            self.db.session.remove()
            for engine in self.db.engines.values():
                engine.dispose()

    @property
    def state(self) -> State:
        """Our state on this app."""
        state: State = self.app.extensions["cancellations"]
        return state

    def visit(
        self,
        start: datetime = NOW + timedelta(hours=5),
        *,
        price: str | None = "60.00",
        deposit: str | None = "20.00",
        booked: datetime | None = NOW - timedelta(days=1),
        therapist: Any = None,
        patient: Any = None,
        minutes: int = 60,
        state: str = "booked",
    ) -> Any:
        """A committed visit; `start` and `booked` are wall clock (the latter is stored as naive UTC)."""
        stamp = None if booked is None else booked.replace(tzinfo=ZONE).astimezone(UTC).replace(tzinfo=None)
        visit = self.Visit(
            begins_at=start,
            treatment=self.Treatment(name="Massage", minutes=minutes, price=None if price is None else Decimal(price)),
            therapist=therapist or self.therapist(),
            patient=patient or self.patient(),
            state=state,
            deposit_paid=None if deposit is None else Decimal(deposit),
            created_at=stamp,
        )
        self.db.session.add(visit)
        self.db.session.commit()
        return visit

    def patient(self, **values: Any) -> Any:
        """A new client: Bulgarian, with phone and e-mail."""
        known = {
            "first_name": "Мария",
            "last_name": "Петрова",
            "email": "maria@example.com",
            "mobile": "0888 123 412",
            "language": "bg",
        }
        return self.Patient(**{**known, **values})

    def therapist(self, name: str = "Dr Ivan Kolev") -> Any:
        """The therapist of this name."""
        found = self.db.session.scalars(self.db.select(self.Therapist).filter_by(full_name=name)).first()
        return found or self.Therapist(full_name=name)

    def account(self, role: str, name: str = "", therapist: Any = None) -> Any:
        """A committed login of this role."""
        account = self.Account(full_name=name or role.title(), role=role, therapist=therapist)
        self.db.session.add(account)
        self.db.session.commit()
        return account

    def client(self, account: Any | None = None) -> FlaskClient:
        """A browser of this site, signed in if an account is given; its POSTs come from our own pages."""
        client = self.app.test_client()
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        if account is not None:
            assert client.post(f"/sign-in/{account.id}").status_code == 204
        return client

    def command(self, visit: Any, **values: Any) -> CancelCommand:
        """A cancellation of a visit because the client is ill, the fee charged."""
        known = {"appointment_key": str(visit.id), "reason": "illness", "fee": "charge", "told_channel": "phone"}
        return CancelCommand(**{**known, **values})

    def cancel(self, visit: Any, actor: Actor | None = None, **values: Any) -> Any:
        """Cancel through the service and commit."""
        with self.cancellations.transaction():
            return self.cancellations.cancel(self.command(visit, **values), actor or job_actor("test"))

    def rows(self, model: type[Any]) -> list[Any]:
        """All rows of one of our tables, in the order of their making."""
        table = model.__table__
        return list(self.state.store.execute(table.select().order_by(*table.primary_key)).all())


def make_clinic(url: str = "sqlite://", *, create: bool = True, **config: Any) -> Clinic:
    """A host app by the README's TOML on this database; `config` overrides keys. Use it inside `app.app_context()`."""
    app = Flask(__name__)
    clock = Wall()
    app.config.update(tomllib.loads(readme_toml()))
    # The README's layout and first policy date are a real clinic's; these tests bring neither.
    app.config.update(
        SECRET_KEY="test",
        TESTING=True,
        SQLALCHEMY_DATABASE_URI=url,
        CANCELLATIONS_LAYOUT=False,
        CANCELLATIONS_CLOCK=clock,
    )
    app.config["CANCELLATIONS_POLICIES"][0]["valid_from"] = "2026-01-01"
    app.config.update(config)
    db = SQLAlchemy(app)
    models = _models(db)
    _sign_in(app, db, models["Account"])
    cancellations = Cancellations()
    cancellations.init_app(app, db=db)
    if url.startswith("sqlite"):
        with app.app_context():
            event.listen(db.engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    clinic = Clinic(app, db, cancellations, clock, models)
    MADE.append(clinic)
    if create:
        with app.app_context():
            db.create_all()
    return clinic


def _models(db: SQLAlchemy) -> dict[str, Any]:
    model: Any = db.Model

    class Patient(model):  # type: ignore[misc]  # typed by SQLAlchemy, made at run time
        __tablename__ = "patient_cards"
        id = db.Column(db.Integer, primary_key=True)
        first_name = db.Column(db.String(80))
        last_name = db.Column(db.String(80))
        email = db.Column(db.String(120))
        mobile = db.Column(db.String(40))
        language = db.Column(db.String(10))

    class Therapist(model):  # type: ignore[misc]  # the same
        __tablename__ = "therapist_list"
        id = db.Column(db.Integer, primary_key=True)
        full_name = db.Column(db.String(80))

    class Treatment(model):  # type: ignore[misc]  # the same
        __tablename__ = "treatment_list"
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(80))
        minutes = db.Column(db.Integer)
        price = db.Column(db.Numeric(10, 2))

    class Visit(model):  # type: ignore[misc]  # the same
        __tablename__ = "visits_book"
        id = db.Column(db.Integer, primary_key=True)
        begins_at = db.Column(db.DateTime, index=True)
        state = db.Column(db.String(20))
        deposit_paid = db.Column(db.Numeric(10, 2))
        created_at = db.Column(db.DateTime)
        patient_id = db.Column(db.ForeignKey(Patient.id))
        therapist_id = db.Column(db.ForeignKey(Therapist.id))
        treatment_id = db.Column(db.ForeignKey(Treatment.id))
        patient = db.relationship(Patient)
        therapist = db.relationship(Therapist)
        treatment = db.relationship(Treatment)

    class Account(UserMixin, model):  # type: ignore[misc]  # the same
        __tablename__ = "account"
        id = db.Column(db.Integer, primary_key=True)
        full_name = db.Column(db.String(80))
        role = db.Column(db.String(20))
        therapist_id = db.Column(db.ForeignKey(Therapist.id))
        therapist = db.relationship(Therapist)

        def get_id(self) -> str:
            return f"token-{self.id}"  # not the key: logins are often by a token that can be replaced

    return {model.__name__: model for model in (Patient, Therapist, Treatment, Visit, Account)}


def _sign_in(app: Flask, db: SQLAlchemy, account: Any) -> None:
    manager = LoginManager(app)

    @manager.user_loader
    def load(token: str) -> Any:
        return db.session.get(account, int(token.removeprefix("token-")))

    @app.post("/sign-in/<int:number>")
    def sign_in(number: int) -> tuple[str, int]:
        login_user(db.session.get(account, number))
        return "", 204
