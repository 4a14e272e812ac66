"""Looks at the host's database through the resolved mapping: what each field reads, and what its rows hold.

For ``flask cancellations check``. Nothing is written, and every statement is bounded, so that it costs little on a
table of any size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, String, cast, func, inspect, select
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.orm import ColumnProperty, Mapper, Session, SynonymProperty

from flask_cancellations.host.checks import relation_target
from flask_cancellations.host.host import Host
from flask_cancellations.host.paths import Path, mapper_of, owners, relation
from flask_cancellations.host.status import StatusMap
from flask_cancellations.host.write_back import WriteBack

_OF_A_PERSON = ("name", "email", "phone", "locale")


@dataclass(frozen=True, slots=True)
class Reading:
    """One path of a field and where it ends: ``visits.begins_at DATETIME``, a model, or a Python property."""

    path: str
    leads_to: str


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many rows have this status; ``mapped`` says whether the configuration puts it in a group."""

    text: str
    count: int
    mapped: bool


class Survey:
    """A host's rows as the mapping sees them, on one session; of several scopes those of the current one."""

    def __init__(self, host: Host, session: Session) -> None:
        self._host = host
        self._session = session
        self._mapper = mapper_of(host.model)

    @property
    def table(self) -> str:
        """The name of the appointments' table."""
        return str(self._mapper.local_table)

    def fields(self) -> dict[str, list[Reading]]:
        """What each mapped field reads; ``client.email`` and the like stand apart from ``client``."""
        found: dict[str, list[Reading]] = {}
        for name, part in self._host.parts.items():
            if isinstance(part, WriteBack):
                found |= {f"{name}.{column}": [_reading(path)] for column, path in part.paths.items()}
                continue
            to = getattr(part, "to", None)
            if not isinstance(to, Path):
                if part is not None:
                    found[name] = [_reading(path) for path in part.paths]
                continue
            found[name] = [_reading(to)]
            for inner in _OF_A_PERSON:
                paths = getattr(getattr(part, inner, None), "paths", ())
                if paths:
                    found[f"{name}.{inner}"] = [_reading(path) for path in paths]
        own = self._host.own_cancel
        if own is not None:
            what = "a function of the host" + (" that may commit" if own.commits else "")
            found["cancel"] = [Reading(f"{own.name}({', '.join(own.arguments)})", what)]
        return found

    def unindexed(self) -> dict[str, str]:
        """Of the fields that lists are chosen by, those whose column leads no index: field to ``table.column``.

        The status may stand anywhere in an index, as behind the start.
        """
        connection = self._session.connection(bind_arguments={"mapper": self._mapper})
        found = {}
        for field, anywhere in (("start", False), ("status", True), ("public_id", False)):
            part = self._host.parts[field]
            column = _column(part.paths[0]) if part is not None and part.paths else None
            if column is not None and not _is_indexed(connection, column, anywhere=anywhere):
                found[field] = f"{column.table}.{column.name}"
        return found

    def statuses(self, first: datetime, before: datetime, limit: int) -> list[StatusCount]:
        """The statuses of at most ``limit`` rows of the current scope that start in this time (naive wall clock).

        The most frequent comes first.

        An Enum is read as the database stores it: a value that it lacks could not be read through it. Nothing for a
        host without a status.
        """
        status = self._host.status
        if not isinstance(status, StatusMap):
            return []
        selection = self._host.selection(self._session)
        if selection is None:
            return []
        selection.where(self._host.parts["start"].between(selection, first, before))
        attribute = selection.attribute(status.path)
        stored = (cast(attribute, String) if status.values.members else attribute).label("status")
        some = selection.statement.with_only_columns(stored, maintain_column_froms=True).limit(limit).subquery()
        counted = select(some.c.status, func.count()).group_by(some.c.status)
        rows = self._session.execute(counted, bind_arguments={"mapper": self._mapper})
        read = status.values.find if status.values.members else status.values.stored
        counts = [
            StatusCount("" if value is None else str(value), count, _is_in(status, value, read))
            for value, count in rows
        ]
        return sorted(counts, key=lambda one: (-one.count, one.text))


def _is_in(status: StatusMap, stored: Any, read: Callable[[Any], Any]) -> bool:
    """Whether a value, as the database stores it, is in a group. What the Enum lacks reads as None, and is not NULL."""
    value = read(stored)
    return value in status.groups and (value is not None or stored is None)


def _reading(path: Path) -> Reading:
    end = _end(path)
    if end is None:
        return Reading(str(path), "a property of Python")
    owner, name = end
    related = relation(owner, name)
    if related is not None:
        return Reading(str(path), related.mapper.class_.__name__)
    column = _column(path)
    if column is None:
        return Reading(str(path), f"a property of {owner.class_.__name__}")
    return Reading(str(path), f"{column.table}.{column.name} {column.type!r}".removesuffix("()"))


def _end(path: Path) -> tuple[Mapper[Any], str] | None:
    """The model that has the path's last attribute, and its name; None where a step is a property of Python."""
    mapper = mapper_of(path.model)
    for step in path.steps[:-1]:
        found = owners(mapper, step)
        if not found or relation(found[0], step) is None:
            return None
        mapper = relation_target(found[0], step)
    return next(iter(owners(mapper, path.steps[-1])), mapper), path.steps[-1]


def _column(path: Path) -> Column[Any] | None:
    """The column that the path ends in; None for a property or a relation."""
    end = _end(path)
    if end is None:
        return None
    owner, name = end
    attribute = owner.attrs.get(name)
    while isinstance(attribute, SynonymProperty):
        attribute = owner.attrs.get(attribute.name)
    column = attribute.columns[0] if isinstance(attribute, ColumnProperty) else None
    return column if isinstance(column, Column) else None


def _is_indexed(connection: Connection, column: Column[Any], *, anywhere: bool) -> bool:
    table, schema = column.table.name, column.table.schema
    database = inspect(connection)
    try:
        lists: list[Any] = [index["column_names"] for index in database.get_indexes(table, schema)]
        lists += [unique["column_names"] for unique in database.get_unique_constraints(table, schema)]
        lists.append(database.get_pk_constraint(table, schema)["constrained_columns"])
    except NoSuchTableError:
        return True  # that the table is missing is said elsewhere, by the statement that needs it
    return any(column.name in (names if anywhere else names[:1]) for names in lists if names)
