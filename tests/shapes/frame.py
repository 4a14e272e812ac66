"""What the small hosts have in common: a front desk that signs in, an empty database, an app."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask
from flask_login import LoginManager, UserMixin, login_user
from sqlalchemy import String, create_engine, inspect, select
from sqlalchemy.orm import Mapped, mapped_column, scoped_session, sessionmaker

from flask_cancellations import Cancellations

from ..small_host import Wall

START = datetime(2026, 12, 2, 15, 5)  # five hours from now

# The signed-in person of a host whose logins are the class below.
DESK = """
[CANCELLATIONS_HOST.user]
name = "name"
role = "role"
[CANCELLATIONS_ROLES]
desk = ["*"]
"""
POLICY = """
[[CANCELLATIONS_POLICIES]]
name = "standard"
valid_from = 2026-01-01
bands = [{less_than = "24h", fee = "50%"}]
"""


class Login(UserMixin):  # type: ignore[misc]
    """The columns of a login table, for hosts whose people are of no interest."""

    __tablename__ = "login"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(20))


def by_flask_login(app: Flask, session: Any, login: Any) -> None:
    """The host's own way to sign in: ``/sign-in/<key>``."""
    manager = LoginManager(app)
    kind = login.id.type.python_type
    manager.user_loader(lambda key: session.get(login, kind(key)))

    @app.post("/sign-in/<key>")
    def sign_in(key: str) -> tuple[str, int]:
        login_user(session.get(login, kind(key)))
        return "", 204


def status_of(row: Any) -> Any:
    return row.status


@dataclass(frozen=True)
class Shape:
    """One host: its models are those of ``base``, ``toml`` maps them.

    ``fill`` adds an appointment of Ada Byron at START worth 60.00; ``state`` reads the host's side of a row, which is
    ``cancelled`` at the end. ``desk`` makes the login of Elena Desk, the front desk, a row of ``login``; ``users`` maps
    it. ``public`` is the attribute that the host's links show, where that is not the key. Code of the host's that reads
    rows outside of a request runs ``within`` something, and ``session_class`` is what its session is made of.
    """

    name: str
    base: type[Any]
    model: type[Any]
    toml: str
    fill: Callable[[Any], Any]
    login: type[Any]
    cancelled: Any
    state: Callable[[Any], Any] = status_of
    staff: str = ""
    service: str = ""
    when: str = "15:05 –15:50"
    start: datetime = START
    users: str = DESK
    desk: Callable[[Any], Any] | None = None
    sign_in: Callable[[Flask, Any, Any], None] = by_flask_login
    public: str = ""
    within: Callable[[], AbstractContextManager[Any]] = nullcontext
    options: tuple[tuple[str, Any], ...] = ()

    def clerk(self, session: Any) -> Any:
        """The login of the front desk, added to the session."""
        if self.desk is not None:
            return self.desk(session)
        person = self.login(name="Elena Desk", role="desk")
        session.add(person)
        return person


@dataclass
class Running:
    """An app of one shape."""

    shape: Shape
    app: Flask
    session: Any
    engine: Any
    cancellations: Cancellations
    clock: Wall
    clerk: str = ""

    def add(self) -> str:
        """One more appointment; its key, as the host's links have it."""
        with self.shape.within():
            row = self.shape.fill(self.session)
            self.session.commit()
            key = str(getattr(row, self.shape.public) if self.shape.public else inspect(row).identity[0])
            self.session.remove()
        return key

    def row(self, key: str) -> Any:
        """The host's own row, as it is in the database now."""
        self.session.remove()
        with self.shape.within():
            return self._row(key)

    def state_of(self, key: str) -> Any:
        """The host's side of an appointment, as it is in the database now."""
        self.session.remove()
        with self.shape.within():
            return self.shape.state(self._row(key))

    def _row(self, key: str) -> Any:
        mapper = inspect(self.shape.model)
        attribute = getattr(self.shape.model, self.shape.public) if self.shape.public else mapper.primary_key[0]
        return self.session.scalars(
            select(self.shape.model).where(attribute == attribute.type.python_type(key))
        ).one_or_none()

    def desk(self, clerk: str = "") -> Any:
        """A browser of the front desk, signed in."""
        client = self.app.test_client()
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        assert client.post(f"/sign-in/{clerk or self.clerk}").status_code == 204
        return client

    def close(self) -> None:
        self.session.remove()
        self.engine.dispose()


def run(shape: Shape, url: str, **config: Any) -> Running:
    """The app on an empty database, or (with the configuration of a second one) on the first one's."""
    app, clock = Flask(__name__), Wall()
    app.config.update(tomllib.loads(shape.toml + shape.users + POLICY))
    app.config.update(
        SECRET_KEY="test",
        TESTING=True,
        CANCELLATIONS_CLOCK=clock,
        CANCELLATIONS_TIMEZONE="Europe/Sofia",
        CANCELLATIONS_CURRENCY="EUR",
        CANCELLATIONS_POLICY_WITHOUT_PROOF="current",  # most hosts do not say when a booking was made
    )
    app.config.update(config)
    engine = create_engine(url)
    session = scoped_session(sessionmaker(engine, **dict(shape.options)))
    app.teardown_appcontext(lambda _: session.remove())
    shape.sign_in(app, session, shape.login)
    cancellations = Cancellations()
    cancellations.init_app(app, session=session, metadata=shape.base.metadata)
    shape.base.metadata.create_all(engine)
    with app.app_context():
        cancellations.validate()
    running = Running(shape, app, session, engine, cancellations, clock)
    with shape.within():
        person = shape.clerk(session)
        session.commit()
        running.clerk = str(inspect(person).identity[0])
        session.remove()
    return running
