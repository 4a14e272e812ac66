"""One small host on every stack: the same three models and mapping, whatever declares them and keeps their rows."""

# mypy: disable-error-code="misc"

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Flask
from flask_login import LoginManager, UserMixin, login_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, ForeignKey, Integer, MetaData, String
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship
from werkzeug.test import TestResponse

from flask_cancellations import Cancellations

from .browsing import SentForm, Visitor
from .small_host import Wall

START = datetime(2026, 12, 2, 15, 5)  # five hours from now


def mapping(**appointment: Any) -> dict[str, Any]:
    return {
        "appointment": {
            **appointment,
            "start": "begins_at",
            "end": {"minutes": 45},
            "client": "client",
            "price": {"fixed": "60.00"},
            "status": {"attribute": "state", "open": ["booked"], "cancelled": ["cancelled"]},
        },
        "user": {"name": "name", "role": "role"},
    }


@dataclass(frozen=True)
class Models:
    """The host's classes; ``login`` may be on another base."""

    visit: Any
    client: Any
    login: Any


def declare(base: Any, roles: Any = None) -> Models:
    """The models as most hosts declare them."""

    class Client(base):
        __tablename__ = "client"
        id = mapped_column(Integer, primary_key=True)
        name = mapped_column(String(80))

    class Visit(base):
        __tablename__ = "visit"
        id = mapped_column(Integer, primary_key=True)
        begins_at = mapped_column(DateTime)
        state = mapped_column(String(20))
        client_id = mapped_column(ForeignKey(Client.id))
        client = relationship(Client)

    class Login(UserMixin, roles or base):
        __tablename__ = "login"
        id = mapped_column(Integer, primary_key=True)
        name = mapped_column(String(80))
        role = mapped_column(String(20))

    return Models(Visit, Client, Login)


def declare_dataclasses(base: Any) -> Models:
    """The same as dataclasses."""

    class Client(base):
        __tablename__ = "client"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        name: Mapped[str] = mapped_column(String(80))

    class Visit(base):
        __tablename__ = "visit"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        begins_at: Mapped[datetime]
        state: Mapped[str] = mapped_column(String(20))
        client_id: Mapped[int] = mapped_column(ForeignKey(Client.id), init=False)
        client: Mapped[Any] = relationship(Client)

    class Login(base, UserMixin):
        __tablename__ = "login"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        name: Mapped[str] = mapped_column(String(80))
        role: Mapped[str] = mapped_column(String(20))

    return Models(Visit, Client, Login)


def new_app(**config: Any) -> Flask:
    app = Flask(__name__)
    app.test_client_class = Visitor
    app.config.update(
        SECRET_KEY="test",
        TESTING=True,
        CANCELLATIONS_CLOCK=Wall(),
        CANCELLATIONS_TIMEZONE="Europe/Sofia",
        CANCELLATIONS_CURRENCY="EUR",
        CANCELLATIONS_HOST=mapping(),
        CANCELLATIONS_ROLES={"desk": ["*"]},
        CANCELLATIONS_POLICIES=[
            {"name": "standard", "valid_from": "2026-01-01", "bands": [{"less_than": "24h", "fee": "50%"}]}
        ],
        CANCELLATIONS_POLICY_WITHOUT_PROOF="current",
    )
    app.config.update(config)
    return app


@dataclass
class Stack:
    """A host that runs. ``session`` gives the session in use; ``root`` is where our pages lie."""

    app: Flask
    models: Models
    session: Callable[[], Session]
    engines: Callable[[], list[Engine]]
    cancellations: Cancellations = field(default_factory=Cancellations)
    root: str = "/cancellations"
    sign_in: Any = None

    def __post_init__(self) -> None:
        # A host without a registry of ours to look in names its model, or gives it.
        self.app.config["CANCELLATIONS_HOST"]["appointment"].setdefault("model", self.models.visit)
        manager, session, login = LoginManager(self.app), self.session, self.models.login
        manager.user_loader(lambda number: session().get(login, int(number)))

        def sign_in(number: int) -> tuple[str, int]:
            login_user(session().get(login, number))
            return "", 204

        self.sign_in = sign_in
        self.app.add_url_rule("/sign-in/<int:number>", "sign_in", sign_in, methods=["POST"])

    def add(self, row: Any) -> int:
        with self.app.app_context():
            session = self.session()
            session.add(row)
            session.commit()
            return int(row.id)

    def visit(self) -> int:
        return self.add(self.models.visit(begins_at=START, state="booked", client=self.models.client(name="Ada Byron")))

    def state_of(self, number: int) -> str:
        with self.app.app_context():
            return str(self.session().get_one(self.models.visit, number).state)

    def desk(self) -> Visitor:
        """The front desk's browser, signed in."""
        browser = self.app.test_client()
        assert isinstance(browser, Visitor)
        browser.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        number = self.add(self.models.login(name="Elena Desk", role="desk"))
        assert browser.post(f"/sign-in/{number}").status_code == 204
        return browser

    def cancel_by_form(self) -> TestResponse:
        """Cancel a visit through its page; the page of the cancellation."""
        desk, number = self.desk(), self.visit()
        page = desk.get(f"{self.root}/cancel/{number}")
        assert page.status_code == 200, page.text
        form = SentForm(page.text)
        assert "30.00" in form.texts.replace(",", ".")  # as the language has it
        done = desk.post(f"{self.root}/cancel/{number}", data={**form.fields, "reason": "family", "fee": "charge"})
        assert done.status_code == 303, done.text
        assert self.state_of(number) == "cancelled"
        assert desk.get(f"{self.root}/cancel/{number}").status_code == 409
        shown = desk.get(done.headers["Location"])
        assert shown.status_code == 200
        assert "Ada Byron" in SentForm(shown.text).texts
        assert "Ada Byron" in desk.get(f"{self.root}/?date=2026-12-02").text
        return shown

    def close(self) -> None:
        with self.app.app_context():
            self.session().close()
            for engine in self.engines():
                engine.dispose()


def with_flask_sqlalchemy(
    url: str,
    model_class: Any = None,
    *,
    declaring: Callable[[Any], Models] = declare,
    metadata: MetaData | None = None,
    create: bool = True,
    before: Callable[[Flask, SQLAlchemy], None] = lambda _app, _db: None,
    **config: Any,
) -> Stack:
    """A host on Flask-SQLAlchemy; ``before`` is what it does before it sets us up."""
    app = new_app(SQLALCHEMY_DATABASE_URI=url, CANCELLATIONS_HOST=mapping(model="Visit"), **config)
    options = {"model_class": model_class} if model_class is not None else {}
    db = SQLAlchemy(app, metadata=metadata, **options)
    stack = Stack(app, declaring(db.Model), db.session, lambda: list(db.engines.values()))
    stack.root = app.config.get("CANCELLATIONS_URL_PREFIX", stack.root)
    before(app, db)
    stack.cancellations.init_app(app, db=db)
    if create:
        with app.app_context():
            db.create_all()
            stack.cancellations.validate()
    return stack
