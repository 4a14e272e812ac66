"""The audit log cannot be changed by a slip or a script: what an attacker's SQL gets from each database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import Event, Message, PrivateValue
from flask_cancellations.services.actor import job_actor
from flask_cancellations.services.messages import stop_message

from .servers import DatabaseServer
from .small_host import NOW, Clinic, make_clinic

REFUSED = "cancellations_event is never changed, only added to"
COLUMNS = "id, scope, at_us, action, appointment_key, actor_kind, actor_key, source, request_id, body"
FORGED = f"INTO cancellations_event ({COLUMNS}) VALUES (1, 'default', 1, 'nothing', '1', 'job', 'x', 'job', '', '{{}}')"
ATTACKS = {
    "any": [
        "UPDATE cancellations_event SET actor_key = 'somebody else'",
        "UPDATE cancellations_event SET body = body WHERE id = 1",
        "DELETE FROM cancellations_event",
        "DELETE FROM cancellations_event WHERE id = 1",
    ],
    "sqlite": [
        f"REPLACE {FORGED}",
        f"INSERT OR REPLACE {FORGED}",
        f"INSERT {FORGED} ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        "UPDATE OR REPLACE cancellations_event SET id = 2 WHERE id = 1",
        FORGED.replace("INTO", "INSERT OR REPLACE INTO").replace("(id,", "(rowid,"),
    ],
    "postgresql": [
        f"INSERT {FORGED} ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        "TRUNCATE cancellations_event",
    ],
    "mariadb": [
        f"REPLACE {FORGED}",
        f"INSERT {FORGED} ON DUPLICATE KEY UPDATE body = '{{}}'",
        "UPDATE IGNORE cancellations_event SET id = 2 WHERE id = 1",
        "DELETE IGNORE FROM cancellations_event",
    ],
}


@contextmanager
def opened(url: str) -> Iterator[Clinic]:
    made = make_clinic(url)
    with made.app.app_context():
        assert command(made)[0] == 0
        made.cancel(made.visit())
        made.cancel(made.visit(NOW + timedelta(hours=6)))
        made.db.session.remove()
        yield made
        made.db.session.remove()
        made.db.engine.dispose()


@pytest.fixture
def clinic(database_url: str) -> Iterator[Clinic]:
    """A clinic whose tables are up to date, with two cancelled appointments."""
    with opened(database_url) as made:
        yield made


def command(clinic: Clinic, *options: str) -> tuple[int, list[str]]:
    """Run `flask cancellations upgrade`; its exit code and lines."""
    done = clinic.app.test_cli_runner().invoke(args=["cancellations", "upgrade", *options])
    return done.exit_code, done.output.splitlines()


def refusal(clinic: Clinic, statement: str) -> str:
    """Run a statement as somebody with the app's own rights; what the database says to it."""
    with pytest.raises(DBAPIError) as caught, clinic.db.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    return str(caught.value.orig)


def test_an_attacker_can_neither_change_nor_delete_nor_replace_an_event(clinic: Clinic, database_name: str) -> None:
    before = clinic.rows(Event)
    clinic.db.session.remove()
    assert len(before) >= 2
    for statement in ATTACKS["any"] + ATTACKS[database_name]:
        assert REFUSED in refusal(clinic, statement), statement
    assert clinic.rows(Event) == before


def test_the_log_goes_on_growing(clinic: Clinic) -> None:
    """Everything that the package does with its log passes the triggers: it only ever adds."""
    visit = clinic.visit(NOW + timedelta(days=2), deposit="20.00")
    before = len(clinic.rows(Event))
    clinic.cancel(visit, fee="waive", waive_reason="a long-time client", rest="credit")
    message = clinic.rows(Message)[-1]
    with clinic.cancellations.transaction():
        stop_message(clinic.state, message.id, job_actor("test"))
    clinic.clock.forward(hours=2)
    done = run_once(clinic.state)
    assert (done.errors, done.movements) == (0, 3)
    actions = [event.action for event in clinic.rows(Event)][before:]
    assert {"appointment.cancelled", "message.stopped", "credit.done"} <= set(actions)


def test_a_personal_value_can_be_erased(clinic: Clinic) -> None:
    with clinic.cancellations.transaction():
        assert clinic.state.store.delete(PrivateValue) > 0
    assert clinic.rows(PrivateValue) == []
    assert len(clinic.rows(Event)) >= 2


HARMLESS = {
    "sqlite": "CREATE TRIGGER cancellations_event_no_update BEFORE UPDATE ON cancellations_event BEGIN SELECT 1; END",
    "postgresql": "CREATE OR REPLACE FUNCTION cancellations_event_refuse() RETURNS trigger LANGUAGE plpgsql "
    "AS 'BEGIN RETURN NEW; END'",
    "mariadb": "CREATE TRIGGER cancellations_event_no_update BEFORE UPDATE ON cancellations_event FOR EACH ROW "
    "SET NEW.source = NEW.source",
}


def test_a_dropped_trigger_is_missed_and_put_back(clinic: Clinic, database_name: str) -> None:
    table = " ON cancellations_event" if database_name == "postgresql" else ""
    with clinic.db.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER cancellations_event_no_update{table}")
    line = "trigger cancellations_event_no_update"
    assert command(clinic, "--check") == (
        1,
        [
            f"missing: {line}",
            "Error: The tables are behind this version. Run `flask cancellations upgrade`.",
        ],
    )
    with clinic.db.engine.begin() as connection:
        connection.exec_driver_sql(ATTACKS["any"][1])  # as long as it is missing, nobody refuses
    assert command(clinic) == (0, [f"added: {line}"])
    assert REFUSED in refusal(clinic, ATTACKS["any"][0])
    assert command(clinic) == (0, ["Nothing to do: the tables are those of this version."])


def test_a_trigger_that_does_nothing_does_not_pass_for_ours(clinic: Clinic, database_name: str) -> None:
    with clinic.db.engine.begin() as connection:
        if database_name != "postgresql":
            connection.exec_driver_sql("DROP TRIGGER cancellations_event_no_update")
        connection.exec_driver_sql(HARMLESS[database_name])
    code, lines = command(clinic, "--check")
    assert code == 1
    assert "missing: trigger cancellations_event_no_update" in lines
    assert command(clinic)[0] == 0
    assert REFUSED in refusal(clinic, ATTACKS["any"][0])
    assert command(clinic, "--check")[0] == 0


def test_a_disabled_trigger_is_switched_on_again(postgresql_url: str) -> None:
    """Only PostgreSQL can disable one."""
    with opened(postgresql_url) as clinic:
        with clinic.db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE cancellations_event DISABLE TRIGGER USER"))
        assert command(clinic, "--check")[0] == 1
        names = ("no_update", "no_delete", "no_truncate")
        assert command(clinic) == (0, [f"added: trigger cancellations_event_{name}" for name in names])
        assert REFUSED in refusal(clinic, ATTACKS["postgresql"][1])


def test_a_migration_of_the_host_that_copies_the_table_costs_only_one_more_upgrade(
    clinic: Clinic, database_name: str
) -> None:
    before = clinic.rows(Event)
    clinic.db.session.remove()
    with clinic.db.engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("cancellations_event", recreate="always"):
            pass
    code, lines = command(clinic)
    assert code == 0
    assert ("added: trigger cancellations_event_no_replace" in lines) == (database_name == "sqlite")
    assert clinic.rows(Event) == before
    assert REFUSED in refusal(clinic, ATTACKS["any"][0])


def test_a_host_can_still_drop_everything(clinic: Clinic) -> None:
    clinic.db.drop_all()
    code, lines = command(clinic, "--check")
    assert code == 1
    assert "missing: table cancellations_event" in lines
    clinic.db.create_all()
    assert command(clinic)[0] == 0


def test_without_the_right_to_make_triggers_the_tables_are_made_and_the_command_says_what_is_lacking(
    mariadb_server: DatabaseServer,
) -> None:
    with mariadb_server.database() as url:
        admin = create_engine(url)
        database = admin.url.database
        with admin.begin() as connection:
            connection.exec_driver_sql("CREATE USER IF NOT EXISTS plain@localhost IDENTIFIED BY 'plain'")
            rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES"
            connection.exec_driver_sql(f"GRANT {rights} ON {database}.* TO plain@localhost")
        admin.dispose()
        plain = admin.url.set(username="plain", password="plain").render_as_string(hide_password=False)
        made = make_clinic(plain, create=False)
        with made.app.app_context():
            code, lines = command(made)
            assert code == 1
            assert "added: table cancellations_event" in lines
            assert any("TRIGGER command denied" in line for line in lines)
            assert [line for line in command(made, "--check")[1] if line.startswith("missing: table")] == []
            made.db.engine.dispose()
