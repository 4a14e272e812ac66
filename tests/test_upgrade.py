"""`flask cancellations upgrade`: a database of an older version gets what it lacks, and keeps what it has."""

from __future__ import annotations

import json
import logging.config
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, MetaData, Table, create_engine, event, inspect, select, text
from sqlalchemy.orm import scoped_session, sessionmaker

from flask_cancellations import Cancellations
from flask_cancellations.models import Cancellation, Event, tables
from flask_cancellations.schema import drift, include_object, lock, upgrade

from . import first_version
from .small_host import Clinic, make_clinic

PROJECT = Path(__file__).resolve().parent.parent
NOTHING = "Nothing to do: the tables are those of this version."
# What an older version than the first might have lacked: each kind of thing, in tables with rows, and referenced ones.
OLDER = (
    "cancellations_series",
    "cancellations_cancellation.silent_reason",
    "cancellations_cancellation.lead_minutes",
    "cancellations_cancellation.late",
    "cancellations_claim.generation",
    "cancellations_settlement.dropped",
    "cancellations_settlement.policy_version_id",
    "fk_cancellations_settlement_policy",
    "cancellations_waiver.actor_key",
    "ix_cancellations_event_at",
    "ix_cancellations_slot_staff",
    "uq_cancellations_claim_appointment",
    "uq_cancellations_policy_version_from",
)
ADDED = [
    "column cancellations_cancellation.lead_minutes (nullable)",
    "column cancellations_cancellation.late",
    "column cancellations_cancellation.silent_reason",
    "column cancellations_claim.generation",
    "column cancellations_settlement.dropped",
    "column cancellations_settlement.policy_version_id (nullable)",
    "column cancellations_waiver.actor_key",
    "foreign key fk_cancellations_settlement_policy on cancellations_settlement",
    "index ix_cancellations_event_at on cancellations_event",
    "index ix_cancellations_slot_staff on cancellations_slot",
    "table cancellations_series",
    "unique constraint uq_cancellations_claim_appointment on cancellations_claim",
    "unique constraint uq_cancellations_policy_version_from on cancellations_policy_version",
]


@contextmanager
def opened(url: str, **config: Any) -> Iterator[Clinic]:
    """A host app on a database as it is."""
    clinic = make_clinic(url, create=False, **config)
    with clinic.app.app_context():
        yield clinic
        clinic.db.session.remove()
        for engine in clinic.db.engines.values():
            engine.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The empty database, past the app."""
    made = create_engine(database_url)
    yield made
    made.dispose()


def command(app: Flask, *options: str) -> tuple[int, list[str]]:
    """Run the command; its exit code and its lines."""
    done = app.test_cli_runner().invoke(args=["cancellations", "upgrade", *options])
    return done.exit_code, done.output.splitlines()


def said(lines: list[str], word: str) -> list[str]:
    """What the lines that begin with this word are about, without the triggers."""
    found = [line.removeprefix(f"{word}: ") for line in lines if line.startswith(f"{word}: ")]
    return sorted(what for what in found if not what.startswith("trigger "))


def stored(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of our tables that are there, as rows.json writes it."""
    metadata = MetaData()
    found = {}
    with engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        for ours in tables():
            if ours.name in there:
                table = Table(ours.name, metadata, autoload_with=connection)
                rows = connection.execute(select(table).order_by(*table.primary_key)).mappings()
                found[ours.name] = [{name: _plain(value) for name, value in row.items()} for row in rows]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, bool):  # MariaDB and SQLite give 0 and 1
        return int(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def assert_kept(engine: Engine, without: tuple[str, ...] = ()) -> None:
    """What the clinic had recorded is all there, but for what the older version did not know."""
    now = stored(engine)
    for table, rows in first_version.rows().items():
        if table in without:
            continue
        kept = [
            {name: _plain(value) for name, value in row.items() if f"{table}.{name}" not in without} for row in rows
        ]
        assert [{name: row[name] for name in first} for row, first in zip(now[table], kept, strict=True)] == kept


# -- from the first version ------------------------------------------------------------------------------------------


def test_a_database_of_the_first_version_is_upgraded_with_its_data(database_url: str, engine: Engine) -> None:
    first_version.build(engine)
    with opened(database_url) as clinic:
        code, lines = command(clinic.app)
        assert code == 0
        assert [line for line in lines if line.startswith("left alone")] == []
        assert_kept(engine)
        assert command(clinic.app) == (0, [NOTHING])
        assert command(clinic.app, "--check") == (0, [NOTHING])
        clinic.db.create_all()  # the host's own tables
        clinic.cancel(clinic.visit())
        assert len(clinic.rows(Cancellation)) == len(first_version.rows()["cancellations_cancellation"]) + 1


def test_what_an_older_database_lacks_is_added_and_its_rows_get_values(database_url: str, engine: Engine) -> None:
    first_version.build(engine, without=OLDER)
    with opened(database_url) as clinic:
        code, lines = command(clinic.app, "--check")
        assert code == 1
        assert lines[-1] == "Error: The tables are behind this version. Run `flask cancellations upgrade`."
        assert set(ADDED) <= set(said(lines, "missing"))
        assert "cancellations_series" not in stored(engine)

        missing = said(lines, "missing")
        code, lines = command(clinic.app)
        assert code == 0
        assert said(lines, "added") == missing
        assert command(clinic.app) == (0, [NOTHING])

    assert_kept(engine, OLDER)
    now = stored(engine)
    assert now["cancellations_series"] == []
    for row in now["cancellations_cancellation"]:
        assert (row["silent_reason"], row["lead_minutes"], row["late"]) == ("", None, 0)
    assert [row["generation"] for row in now["cancellations_claim"]] == [1, 1, 1]  # the model's own default
    assert {row["dropped"] for row in now["cancellations_settlement"]} == {0}
    assert {row["policy_version_id"] for row in now["cancellations_settlement"]} == {None}
    claims = {"scope": "default", "appointment_key": "1", "state": "booked", "changed_us": 0, "generation": 1}
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"), engine.begin() as connection:
        connection.execute(Table("cancellations_claim", MetaData(), autoload_with=connection).insert(), claims)


def test_a_process_of_the_older_version_can_go_on_writing(engine: Engine) -> None:
    first_version.build(engine, without=OLDER)
    with engine.connect() as connection:
        older = Table("cancellations_claim", MetaData(), autoload_with=connection)
    upgrade(engine)
    with engine.begin() as connection:
        values = {"scope": "default", "appointment_key": "77", "state": "booked", "changed_us": 0}
        connection.execute(older.insert(), values)
    assert stored(engine)["cancellations_claim"][-1]["generation"] == 1


def test_an_empty_database_gets_everything(database_url: str) -> None:
    with opened(database_url) as clinic:
        code, lines = command(clinic.app)
        assert code == 0
        assert said(lines, "added") == sorted(f"table {table.name}" for table in tables())
        assert command(clinic.app) == (0, [NOTHING])
        clinic.db.create_all()
        clinic.cancel(clinic.visit())
        assert len(clinic.rows(Event)) == 1


def test_what_came_after_the_first_version_can_be_added_to_a_table_with_rows() -> None:
    """A rule for us: else `flask db migrate` writes a migration that fails on every clinic's data."""
    first = first_version.columns()
    assert {"id", "scope", "body"} <= first["cancellations_event"]
    wrong = [
        f"{table.name}.{column.name}"
        for table in tables()
        for column in table.columns
        if table.name in first
        and column.name not in first[table.name]
        and not column.nullable
        and column.server_default is None
    ]
    assert wrong == []


# -- Flask-Migrate ---------------------------------------------------------------------------------------------------


@pytest.fixture
def migrating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Path]]:
    """Runs `flask db migrate` on an app, and returns the migrations that it wrote."""
    monkeypatch.chdir(tmp_path)
    # Flask-Migrate's env.py would switch off the loggers that are there, and with them those of later tests.
    monkeypatch.setattr(logging.config, "fileConfig", lambda *_, **__: None)

    def migrate(app: Flask, db: Any, **options: Any) -> list[Path]:
        directory = tmp_path / f"migrations{len(list(tmp_path.glob('migrations*')))}"
        Migrate(app, db, directory=str(directory), **options)
        with app.app_context():
            flask_migrate.init()
            flask_migrate.migrate()
            db.session.remove()
            db.engine.dispose()
        return list((directory / "versions").glob("*.py"))

    return migrate


@pytest.mark.filterwarnings("ignore:.get_engine. is deprecated:DeprecationWarning")  # Flask-Migrate's template calls it
@pytest.mark.parametrize("without", [(), OLDER], ids=["first", "older"])
def test_flask_db_migrate_finds_nothing_after_an_upgrade(
    database_url: str, engine: Engine, without: tuple[str, ...], migrating: Callable[..., list[Path]]
) -> None:
    first_version.build(engine, without=without)
    with opened(database_url) as clinic:
        assert command(clinic.app)[0] == 0
        clinic.db.create_all()
        assert migrating(clinic.app, clinic.db) == []


@pytest.mark.filterwarnings("ignore:.get_engine. is deprecated:DeprecationWarning")
def test_flask_db_migrate_does_not_drop_our_tables_when_the_plugin_is_switched_off(
    sqlite_url: str, migrating: Callable[..., list[Path]]
) -> None:
    with opened(sqlite_url) as clinic:
        clinic.db.create_all()
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE cancellations_of_the_host (id INTEGER PRIMARY KEY)"))
    engine.dispose()

    def without_plugin(**options: Any) -> str:
        app = Flask("without_plugin")
        app.config["SQLALCHEMY_DATABASE_URI"] = sqlite_url
        db = SQLAlchemy(app)
        (written,) = migrating(app, db, **options)
        return written.read_text(encoding="utf-8").split("def downgrade")[0]

    assert "op.drop_table('cancellations_event')" in without_plugin()
    guarded = without_plugin(include_object=include_object)
    assert "op.drop_table('visits_book')" in guarded
    assert "op.drop_table('cancellations_of_the_host')" in guarded  # a name like ours, but not one of ours
    assert [table.name for table in tables() if f"'{table.name}'" in guarded] == []


# -- twice at once ---------------------------------------------------------------------------------------------------


def test_two_deployments_that_upgrade_at_once_make_one_result(database_url: str, engine: Engine) -> None:
    first_version.build(engine, without=OLDER)
    told = {"url": database_url, "config": {}, "wall": "2026-12-02T10:05:00"}
    process = [sys.executable, "-m", "flask", "--app", "tests.worker_app", "cancellations", "upgrade"]
    running = [
        subprocess.Popen(
            process,
            cwd=PROJECT,
            env={**os.environ, "FCX_WORKER": json.dumps(told), "PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(3)
    ]
    outputs = sorted((one.communicate(timeout=90)[0].splitlines() for one in running), key=len)
    assert [one.returncode for one in running] == [0, 0, 0], outputs
    assert outputs[:2] == [[NOTHING], [NOTHING]]
    assert set(ADDED) <= set(said(outputs[2], "added"))
    assert_kept(engine, OLDER)
    with engine.connect() as connection:
        assert drift(connection).missing == ()


@pytest.mark.race
def test_upgrades_that_start_in_the_same_moment_never_meet(database_url: str, engine: Engine, rounds: int) -> None:
    for _ in range(max(2, rounds // 10)):
        first_version.build(engine, without=OLDER)
        start = threading.Barrier(3)

        def compete(start: threading.Barrier = start) -> tuple[str, ...]:
            own = create_engine(database_url)
            try:
                start.wait()
                return upgrade(own).missing
            finally:
                own.dispose()

        with ThreadPoolExecutor(3) as pool:
            done = sorted((one.result() for one in [pool.submit(compete) for _ in range(3)]), key=len)
        assert done[:2] == [(), ()]
        assert set(ADDED) <= set(done[2])
        assert_kept(engine, OLDER)
        metadata = MetaData()
        metadata.reflect(engine)
        metadata.drop_all(engine)


def test_an_upgrade_gives_up_waiting_with_a_message(
    database_url: str, database_name: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "WAIT_SECONDS", 1)
    with opened(database_url) as clinic:
        with lock.alone(engine):
            code, lines = command(clinic.app)
        assert code == 1
        refused = {
            "sqlite": "Error: The database refused: database is locked",
            "postgresql": "Error: The database refused: canceling statement due to lock timeout",
            "mariadb": "Error: Another upgrade of this database was still running after 1 seconds.",
        }
        assert lines[0] == refused[database_name]
        assert command(clinic.app)[0] == 0


# -- additive only -----------------------------------------------------------------------------------------------------


def test_what_the_host_has_stays_as_it_is(database_url: str, engine: Engine) -> None:
    first_version.build(engine, without=OLDER)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE cancellations_of_the_host (id INTEGER PRIMARY KEY, wrong VARCHAR(3))"))
        connection.execute(text("CREATE INDEX ix_of_the_host ON cancellations_slot (start_us)"))
        connection.execute(text("ALTER TABLE cancellations_slot ADD COLUMN room VARCHAR(20)"))
        connection.execute(text("UPDATE cancellations_slot SET room = 'blue'"))
        connection.execute(text("CREATE TABLE visits_book (begins_at VARCHAR(5) PRIMARY KEY)"))
    before = _host_tables(engine)
    with opened(database_url) as clinic:  # its model of visits_book has quite other columns
        assert command(clinic.app)[0] == 0
    assert _host_tables(engine) == before
    assert "ix_of_the_host" in {index["name"] for index in inspect(engine).get_indexes("cancellations_slot")}
    assert {row["room"] for row in stored(engine)["cancellations_slot"]} == {"blue"}
    assert_kept(engine, OLDER)


def _host_tables(engine: Engine) -> dict[str, str]:
    database = inspect(engine)
    ours = {table.name for table in tables()}
    return {name: str(database.get_columns(name)) for name in database.get_table_names() if name not in ours}


def test_what_is_made_otherwise_is_left_alone_and_said(database_url: str, engine: Engine) -> None:
    first_version.build(engine, without=["ix_cancellations_slot_start", "cancellations_slot.state"])
    with engine.begin() as connection:
        connection.execute(text("CREATE INDEX ix_cancellations_slot_start ON cancellations_slot (start_us)"))
        connection.execute(text("ALTER TABLE cancellations_slot ADD COLUMN state VARCHAR(5)"))
    with opened(database_url) as clinic:
        code, lines = command(clinic.app)
        assert code == 0
        left_alone = [line for line in lines if line.startswith("left alone")]
        assert left_alone[0].startswith("left alone: column cancellations_slot.state is VARCHAR(")
        assert left_alone[1:] == [
            "left alone: index ix_cancellations_slot_start on cancellations_slot is made otherwise"
        ]
        assert command(clinic.app) == (0, [*left_alone, NOTHING])
        assert command(clinic.app, "--check") == (0, [*left_alone, NOTHING])
    (index,) = [
        found
        for found in inspect(engine).get_indexes("cancellations_slot")
        if found["name"] == "ix_cancellations_slot_start"
    ]
    assert index["column_names"] == ["start_us"]


def test_rows_that_break_a_unique_constraint_stop_the_upgrade_until_they_are_mended(
    database_url: str, database_name: str, engine: Engine
) -> None:
    first_version.build(engine, without=OLDER)
    with engine.begin() as connection:
        connection.execute(text("UPDATE cancellations_claim SET appointment_key = '1'"))
    with opened(database_url) as clinic:
        code, lines = command(clinic.app)
        assert code == 1
        assert any(line.startswith("Error: The database refused: ") for line in lines)
        # MariaDB commits each change by itself; elsewhere all or nothing.
        assert ("cancellations_series" in stored(engine)) == (database_name == "mariadb")
        assert ("table cancellations_series" in said(lines, "added")) == (database_name == "mariadb")
        with engine.begin() as connection:
            connection.execute(text("UPDATE cancellations_claim SET appointment_key = id"))
        assert command(clinic.app)[0] == 0
        assert command(clinic.app, "--check") == (0, [NOTHING])


# -- where our tables are --------------------------------------------------------------------------------------------


def test_tables_on_a_bind_are_upgraded_there_and_nowhere_else(tmp_path: Path) -> None:
    urls = {name: f"sqlite:///{tmp_path / name}.sqlite3" for name in ("main", "ours")}
    with opened(urls["main"], SQLALCHEMY_BINDS={"ours": urls["ours"]}, CANCELLATIONS_BIND="ours") as clinic:
        assert command(clinic.app)[0] == 0
        assert {table.name for table in tables()} <= set(inspect(clinic.db.engines["ours"]).get_table_names())
        assert inspect(clinic.db.engine).get_table_names() == []


def test_a_host_on_plain_sqlalchemy_upgrades_the_database_of_its_session(sqlite_url: str) -> None:
    engine = create_engine(sqlite_url)
    app = make_clinic(create=False).app
    plain = Flask("plain")
    plain.config.update({key: value for key, value in app.config.items() if key.startswith("CANCELLATIONS_")})
    Cancellations().init_app(plain, session=scoped_session(sessionmaker(engine)), metadata=MetaData())
    assert command(plain)[0] == 0
    assert {table.name for table in tables()} <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_a_sqlite_host_that_begins_its_transactions_itself_can_upgrade_too(sqlite_url: str) -> None:
    """SQLAlchemy's own advice for SQLite: the driver begins nothing, an event does."""
    engine = create_engine(sqlite_url)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA busy_timeout = 1234")

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    first_version.build(engine, without=OLDER)
    assert set(ADDED) <= set(upgrade(engine).missing)
    assert upgrade(engine).missing == ()
    assert_kept(engine, OLDER)
    with engine.connect() as connection:  # from the pool, with the host's settings
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 1234
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    engine.dispose()


def test_a_host_can_upgrade_the_database_in_memory_of_its_tests() -> None:
    with opened("sqlite://") as clinic:
        clinic.db.create_all()
        clinic.cancel(clinic.visit())
        assert [line.split()[1] for line in command(clinic.app)[1]] == ["trigger"] * 3
        assert command(clinic.app) == (0, [NOTHING])
        assert len(clinic.rows(Event)) == 1
