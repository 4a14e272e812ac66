"""The triggers that refuse to change or delete audit events.

They stop a slip or a careless script, not somebody who owns the database; detection is the promise of the log itself.
A trigger counts as there only if it does what ours does and is switched on.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text

from flask_cancellations.models import Event

TABLE = str(Event.__tablename__)
FUNCTION = f"{TABLE}_refuse"
MESSAGE = "cancellations_event is never changed, only added to"


@dataclass(frozen=True)
class Trigger:
    """One trigger: its name, what it does as the database tells it, and the statement that makes it."""

    name: str
    body: str
    statement: str


def missing_triggers(connection: Connection) -> list[Trigger]:
    """Our triggers that the database lacks, holds switched off, or holds with another body."""
    wanted = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}.get(connection.dialect.name, _MYSQL)
    if not inspect(connection).has_table(TABLE):
        return list(wanted)
    query = {"sqlite": _SQLITE_QUERY, "postgresql": _POSTGRESQL_QUERY}.get(connection.dialect.name, _MYSQL_QUERY)
    there = {row[0]: " ".join(row[1].split()) for row in connection.execute(text(query), {"table": TABLE})}
    return [trigger for trigger in wanted if there.get(trigger.name) != trigger.body]


def install(connection: Connection, trigger: Trigger) -> None:
    """Make one trigger; one of its name that does something else is replaced."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_POSTGRESQL_FUNCTION)
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger.name} ON {TABLE}")
    else:
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger.name}")
    connection.exec_driver_sql(trigger.statement)


def _sqlite(name: str, when: str) -> Trigger:
    statement = f"CREATE TRIGGER {TABLE}_{name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    return Trigger(f"{TABLE}_{name}", statement, statement)


# INSERT OR REPLACE deletes without firing DELETE triggers. While the database itself chooses the id, NEW.id is -1.
_SQLITE = (
    _sqlite("no_update", f"UPDATE ON {TABLE}"),
    _sqlite("no_delete", f"DELETE ON {TABLE}"),
    _sqlite("no_replace", f"INSERT ON {TABLE} WHEN NEW.id > 0 AND NEW.id IN (SELECT id FROM {TABLE})"),  # noqa: S608 - names of ours
)
_SQLITE_QUERY = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"


_POSTGRESQL_BODY = f"BEGIN RAISE EXCEPTION USING MESSAGE = '{MESSAGE}', ERRCODE = 'restrict_violation'; END"
_POSTGRESQL_FUNCTION = (
    f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $body$ {_POSTGRESQL_BODY} $body$"
)


def _postgresql(name: str, event: str, level: str, kind: int) -> Trigger:
    statement = (
        f"CREATE TRIGGER {TABLE}_{name} BEFORE {event} ON {TABLE} FOR EACH {level} EXECUTE FUNCTION {FUNCTION}()"
    )
    return Trigger(f"{TABLE}_{name}", f"{kind} {_POSTGRESQL_BODY}", statement)


# The number is pg_trigger.tgtype: 1 row, 2 before, 8 delete, 16 update, 32 truncate.
_POSTGRESQL = (
    _postgresql("no_update", "UPDATE", "ROW", 1 + 2 + 16),
    _postgresql("no_delete", "DELETE", "ROW", 1 + 2 + 8),
    _postgresql("no_truncate", "TRUNCATE", "STATEMENT", 2 + 32),
)
_POSTGRESQL_QUERY = """
    SELECT tgname, tgtype || ' ' || prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
    WHERE tgrelid = to_regclass(:table) AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgqual IS NULL
    AND tgattr = ''
"""


def _mysql(name: str, event: str) -> Trigger:
    body = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{MESSAGE}'"
    statement = f"CREATE TRIGGER {TABLE}_{name} BEFORE {event} ON {TABLE} FOR EACH ROW {body}"
    return Trigger(f"{TABLE}_{name}", f"BEFORE {event} {body}", statement)


# REPLACE and ON DUPLICATE KEY UPDATE fire these two. TRUNCATE fires none there; it needs the right to drop the table.
_MYSQL = (_mysql("no_update", "UPDATE"), _mysql("no_delete", "DELETE"))
_MYSQL_QUERY = """
    SELECT trigger_name, CONCAT(action_timing, ' ', event_manipulation, ' ', action_statement)
    FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND event_object_table = :table
"""
