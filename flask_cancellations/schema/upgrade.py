"""Brings our tables in one database to the version of this package; also says beforehand what that would do."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from flask_cancellations.errors import UpgradeFailed
from flask_cancellations.schema.compare import add, compare
from flask_cancellations.schema.lock import alone
from flask_cancellations.schema.place import within
from flask_cancellations.schema.triggers import Trigger, install, missing_triggers


@dataclass(frozen=True)
class Drift:
    """How a database differs from this version.

    ``tables`` and ``triggers`` are what an upgrade adds (or has added), one line each; without the triggers everything
    works, unguarded. ``left_alone`` is made otherwise than we would, which only the host's developer can judge.
    """

    tables: tuple[str, ...]
    triggers: tuple[str, ...]
    left_alone: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Everything that an upgrade adds."""
        return self.tables + self.triggers


def drift(connection: Connection, schema: str | None = None) -> Drift:
    """What ``upgrade`` would add. Changes nothing and waits for nobody."""
    with within(connection, schema):
        found, triggers = compare(connection), missing_triggers(connection)
    tables = tuple(text for step in found.steps for text in step.texts)
    return Drift(tables, tuple(_text(trigger) for trigger in triggers), found.left_alone)


def upgrade(engine: Engine, schema: str | None = None) -> Drift:
    """Add what is missing, and return it. Repeating it is safe, and so is running it twice at once.

    ``schema`` is the one that our tables lie in, on PostgreSQL; None is the connection's own.

    Tables, columns, indexes and constraints are added, never changed or removed; tables of the host are not looked at.
    Raises UpgradeFailed if the database refuses. Then nothing was changed, except on MariaDB and MySQL, where each
    change stands for itself; running it again does the rest.
    """
    tables: list[str] = []
    triggers: list[str] = []
    try:
        with alone(engine) as connection, within(connection, schema):
            found = compare(connection)
            for step in found.steps:
                add(connection, step)
                tables.extend(step.texts)
            # Last: copying a table on SQLite, as a step or in a migration of the host, drops its triggers.
            for trigger in missing_triggers(connection):
                install(connection, trigger)
                triggers.append(_text(trigger))
    except DBAPIError as error:
        kept = tables + triggers if engine.dialect.name in ("mysql", "mariadb") else []
        raise UpgradeFailed(f"The database refused: {error.orig}{_statement(error)}", kept) from error
    return Drift(tuple(tables), tuple(triggers), found.left_alone)


def _text(trigger: Trigger) -> str:
    return f"trigger {trigger.name}"


def _statement(error: DBAPIError) -> str:
    return f"\nin: {' '.join(error.statement.split())}" if error.statement else ""
