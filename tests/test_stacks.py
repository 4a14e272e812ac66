"""Hosts on every stack cancel through our pages: each kind of base, of session, of neighbours in one app."""

from __future__ import annotations

import logging.config
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import flask_migrate
import flask_sqlalchemy_lite
import pytest
import sqlalchemy
from flask import Blueprint, Flask
from flask_babel import Babel
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Integer, MetaData, String, create_engine, inspect, text
from sqlalchemy.orm import (
    DeclarativeBase,
    DeclarativeBaseNoMeta,
    MappedAsDataclass,
    Session,
    mapped_column,
    scoped_session,
    sessionmaker,
)
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response

from flask_cancellations import ConfigError
from flask_cancellations.models import Cancellation, tables

from .browsing import SentForm
from .stack_hosts import Stack, declare, declare_dataclasses, new_app, with_flask_sqlalchemy

SQLALCHEMY = tuple(int(part) for part in sqlalchemy.__version__.split(".")[:2])
OURS = {table.name for table in tables()}


@pytest.fixture
def closed() -> Iterator[Callable[[Stack], Stack]]:
    """Notes a host that is closed after the test."""
    stacks: list[Stack] = []

    def note(stack: Stack) -> Stack:
        stacks.append(stack)
        return stack

    yield note
    for stack in stacks:
        stack.close()


@pytest.fixture
def url(database_name: str, request: pytest.FixtureRequest) -> str:
    """An empty database. What declares the models is the same on each, and MariaDB makes tables slowly."""
    if database_name == "mariadb":
        pytest.skip("SQLite and PostgreSQL tell enough about a stack")
    return str(request.getfixturevalue("database_url"))


def base_of(*parents: Any) -> Any:
    return type("Base", parents, {})


@pytest.mark.parametrize("parent", [None, DeclarativeBase, DeclarativeBaseNoMeta])
def test_flask_sqlalchemy_with_each_kind_of_base(url, closed, parent) -> None:
    closed(with_flask_sqlalchemy(url, base_of(parent) if parent else None)).cancel_by_form()


@pytest.mark.skipif(SQLALCHEMY >= (2, 1), reason="Flask-SQLAlchemy 3.1 has no dataclasses on SQLAlchemy 2.1")
@pytest.mark.parametrize("parent", [DeclarativeBase, DeclarativeBaseNoMeta])
def test_flask_sqlalchemy_with_dataclasses(url, closed, parent) -> None:
    base = base_of(MappedAsDataclass, parent)
    closed(with_flask_sqlalchemy(url, base, declaring=declare_dataclasses)).cancel_by_form()


def test_flask_sqlalchemy_lite(url) -> None:
    # Its teardown is async, which Flask refuses in a thread with a running loop, as that of another test's browser.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_lite, url).result()


def _lite(url: str) -> None:
    base: Any = base_of(DeclarativeBase)
    app = new_app(SQLALCHEMY_ENGINES={"default": url})
    db = flask_sqlalchemy_lite.SQLAlchemy(app)
    with closing(Stack(app, declare(base), lambda: db.session, lambda: list(db.engines.values()))) as stack:
        with pytest.raises(ConfigError, match="metadata"):
            stack.cancellations.init_app(app, db=db)
        stack.cancellations.init_app(app, db=db, metadata=base.metadata)
        with app.app_context():
            base.metadata.create_all(db.engine)
            stack.cancellations.validate()
        stack.cancel_by_form()


def test_plain_sqlalchemy_with_dataclasses(url, closed) -> None:
    base: Any = base_of(MappedAsDataclass, DeclarativeBase)
    closed(plain(url, base, declare_dataclasses(base))).cancel_by_form()


def test_plain_sqlalchemy_with_two_bases_and_a_session_that_is_a_method(url, closed) -> None:
    domain: Any = base_of(DeclarativeBase)
    roles: Any = base_of(DeclarativeBase)
    stack = closed(plain(url, domain, declare(domain, roles), roles))
    stack.cancel_by_form()
    assert set(domain.metadata.tables) >= OURS
    assert set(roles.metadata.tables) == {"login"}


def plain(url: str, base: Any, models: Any, *bases: Any) -> Stack:
    """A host with an object of its own for the database."""
    app = new_app()

    class Database:
        def __init__(self) -> None:
            self.engine = create_engine(url)
            self._sessions = scoped_session(sessionmaker(self.engine))

        def session(self) -> Session:
            return self._sessions()

        def close(self, _: BaseException | None = None) -> None:
            self._sessions.remove()

    db = Database()
    app.teardown_appcontext(db.close)
    stack = Stack(app, models, db.session, lambda: [db.engine])
    stack.cancellations.init_app(app, session=db.session, metadata=base.metadata)
    for one in (base, *bases):
        one.metadata.create_all(db.engine)
    with app.app_context():
        stack.cancellations.validate()
    return stack


def test_a_bind_of_flask_sqlalchemy(url, closed, tmp_path) -> None:
    """The diary and our tables lie in one database, the rest of the host in another one."""

    def declaring(model: Any) -> Any:
        class OfDiary(model):  # type: ignore[misc]
            __abstract__ = True
            __bind_key__ = "diary"

        return declare(OfDiary, model)

    elsewhere = f"sqlite:///{tmp_path / 'rest.sqlite3'}"
    stack = closed(
        with_flask_sqlalchemy(
            elsewhere, declaring=declaring, SQLALCHEMY_BINDS={"diary": url}, CANCELLATIONS_BIND="diary"
        )
    )
    stack.cancel_by_form()
    with stack.app.app_context():
        found = {engine.url.database: set(inspect(engine).get_table_names()) for engine in stack.engines()}
    assert found.pop(str(tmp_path / "rest.sqlite3")) == {"login"}
    assert list(found.values()) == [OURS | {"visit", "client"}]


def test_metadata_with_a_schema_take_our_tables_into_it(postgresql_url, closed) -> None:
    def before(app: Flask, db: SQLAlchemy) -> None:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA clinic"))

    stack = closed(with_flask_sqlalchemy(postgresql_url, metadata=MetaData(schema="clinic"), before=before))
    run = stack.app.test_cli_runner().invoke
    assert run(args=["cancellations", "upgrade", "--check"]).output.count("missing: trigger") > 0
    assert run(args=["cancellations", "upgrade"]).exit_code == 0
    assert "Nothing to do" in run(args=["cancellations", "upgrade", "--check"]).output
    stack.cancel_by_form()
    with stack.app.app_context():
        (engine,) = stack.engines()
        database = inspect(engine)
        assert set(database.get_table_names("clinic")) == OURS | {"visit", "client", "login"}
        assert database.get_table_names("public") == []
        with engine.connect() as connection, pytest.raises(sqlalchemy.exc.DBAPIError, match="never changed"):
            connection.execute(text("DELETE FROM clinic.cancellations_event"))
    assert run(args=["cancellations", "check"]).exit_code in (0, 1)


def test_upgrade_makes_the_tables_in_the_schema_of_the_metadata(postgresql_url, closed) -> None:
    def before(app: Flask, db: SQLAlchemy) -> None:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA clinic"))
            db.metadata.create_all(connection)  # the host's own, before it knew us

    stack = closed(
        with_flask_sqlalchemy(postgresql_url, metadata=MetaData(schema="clinic"), before=before, create=False)
    )
    assert stack.app.test_cli_runner().invoke(args=["cancellations", "upgrade"]).exit_code == 0
    stack.cancel_by_form()


def test_a_host_without_a_status_in_a_schema_hides_what_is_cancelled(postgresql_url, closed) -> None:
    def before(app: Flask, db: SQLAlchemy) -> None:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA clinic"))
        app.config["CANCELLATIONS_HOST"]["appointment"]["status"] = {"none": "hide"}

    stack = closed(with_flask_sqlalchemy(postgresql_url, metadata=MetaData(schema="clinic"), before=before))
    desk, number, other = stack.desk(), stack.visit(), stack.visit()
    form = SentForm(desk.get(f"{stack.root}/cancel/{number}").text)
    sent = {**form.fields, "reason": "family", "fee": "charge"}
    assert desk.post(f"{stack.root}/cancel/{number}", data=sent).status_code == 303
    with stack.app.app_context():
        visit, ours = stack.models.visit, stack.cancellations
        assert ours.is_cancelled([number, other]) == {number: True, other: False}
        query = sqlalchemy.select(visit.id).where(ours.not_cancelled(visit))
        assert stack.session().scalars(query).all() == [other]
    assert desk.get(f"{stack.root}/?date=2026-12-02").text.count("Ada Byron") >= 2


def test_a_host_that_has_our_likely_names_already(url, closed) -> None:
    """Tables, classes, a blueprint and templates of the host's that are called as ours could be."""

    def declaring(model: Any) -> Any:
        for table in ("appointment_cancellations", "audit_log", "waitlist_entry", "cancellations"):
            _class(model, f"Of_{table}", table)
        for name in ("Cancellation", "Message", "Claim", "Event", "AppointmentCancellation"):
            _class(model, name, f"own_{name.lower()}")
        return declare(model)

    def before(app: Flask, db: SQLAlchemy) -> None:
        blueprint = Blueprint("cancellations", __name__, url_prefix="/own/cancellations")
        blueprint.add_url_rule("/", "day", lambda: "the host's own page")
        app.register_blueprint(blueprint)

    stack = closed(
        with_flask_sqlalchemy(
            url, declaring=declaring, before=before, CANCELLATIONS_BLUEPRINT_NAME="visit_cancellations"
        )
    )
    shown = stack.cancel_by_form()
    assert 'href="/cancellations/static/fcx.css"' in shown.text
    assert stack.desk().get("/own/cancellations/").text == "the host's own page"
    with stack.app.app_context():
        (engine,) = stack.engines()
        with engine.connect() as connection:
            count = connection.scalar(sqlalchemy.select(sqlalchemy.func.count()).select_from(Cancellation.__table__))
            assert count == 1
            for table in ("appointment_cancellations", "audit_log", "waitlist_entry", "cancellations"):
                assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def _class(model: Any, name: str, table: str) -> None:
    columns = {"id": mapped_column(Integer, primary_key=True), "note": mapped_column(String(20))}
    type(name, (model,), {"__tablename__": table, **columns})


def test_two_blueprints_of_one_name_are_told_apart_by_a_setting(sqlite_url) -> None:
    def before(app: Flask, db: SQLAlchemy) -> None:
        app.register_blueprint(Blueprint("cancellations", __name__))

    with pytest.raises(ConfigError, match="CANCELLATIONS_BLUEPRINT_NAME: found 'cancellations', a blueprint"):
        with_flask_sqlalchemy(sqlite_url, before=before)


def test_our_pages_lie_under_the_hosts_prefix(sqlite_url, closed) -> None:
    stack = closed(with_flask_sqlalchemy(sqlite_url, CANCELLATIONS_URL_PREFIX="/clinic/cancellations"))
    assert "/clinic/cancellations/static/fcx.css" in stack.cancel_by_form().text


def test_an_app_that_is_mounted_below_another_one(sqlite_url, closed) -> None:
    stack = closed(with_flask_sqlalchemy(sqlite_url))
    app: Any = stack.app
    app.wsgi_app = DispatcherMiddleware(Response("the front", status=404), {"/clinic": app.wsgi_app})
    desk, number = app.test_client(), stack.visit()
    desk.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    person = stack.add(stack.models.login(name="Elena Desk", role="desk"))
    assert desk.post(f"/clinic/sign-in/{person}").status_code == 204
    form = SentForm(desk.get(f"/clinic/cancellations/cancel/{number}").text)
    sent = {**form.fields, "reason": "family", "fee": "charge"}
    done = desk.post(f"/clinic/cancellations/cancel/{number}", data=sent)
    assert done.headers["Location"].startswith("/clinic/cancellations/cancellation/")
    assert stack.state_of(number) == "cancelled"


@pytest.mark.filterwarnings("ignore:.get_engine. is deprecated:DeprecationWarning")  # Flask-Migrate's template calls it
@pytest.mark.parametrize(
    ("csrf", "babel", "migrate"),
    [(False, False, False), (True, False, False), (False, True, False), (False, False, True), (True, True, True)],
)
def test_with_and_without_the_usual_extensions(
    sqlite_url: str,
    closed: Callable[[Stack], Stack],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    csrf: bool,
    babel: bool,
    migrate: bool,
) -> None:
    # Flask-Migrate's env.py would switch off the loggers that are there, and with them those of later tests.
    monkeypatch.setattr(logging.config, "fileConfig", lambda *_, **__: None)

    def before(app: Flask, db: SQLAlchemy) -> None:
        if csrf:
            CSRFProtect(app).exempt(app.view_functions["sign_in"])
        if babel:
            Babel(app, locale_selector=lambda: "bg")
        if migrate:
            Migrate(app, db, directory=str(tmp_path / "migrations"))

    stack = closed(with_flask_sqlalchemy(sqlite_url, before=before, create=not migrate))
    if migrate:
        with stack.app.app_context():
            flask_migrate.init()
            flask_migrate.migrate(message="first")
            flask_migrate.upgrade()
    shown = stack.cancel_by_form()
    assert ('lang="bg"' in shown.text) == babel
    assert (">Час<" in shown.text or "Отмен" in shown.text) == babel
