"""How a column comes into a table that has rows already."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnDefault,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)


def addable(table: Table, name: str, dialect: str) -> Column[Any]:
    """A copy of our column ``name`` that can be added to a table with rows.

    A NOT NULL column brings a server default for the rows that are there, and keeps it: a process of the old version,
    still running, can go on inserting. Where no value fits them all (keys of other rows, parts of a unique constraint,
    dates) the column becomes nullable.
    """
    ours = table.c[name]
    if ours.nullable or ours.server_default is not None:
        return ours._copy()  # as Alembic does; a column belongs to one table
    default = None if _distinguishes_rows(table, name) else _default(ours, dialect)
    keys = [key._copy() for key in ours.foreign_keys if key.constraint is None]
    return Column(name, ours.type, *keys, nullable=default is None, server_default=default)


def _distinguishes_rows(table: Table, name: str) -> bool:
    kinds = (UniqueConstraint, ForeignKeyConstraint)
    return any(isinstance(found, kinds) and name in found.columns for found in table.constraints) or any(
        index.unique and name in index.columns for index in table.indexes
    )


def _default(column: Column[Any], dialect: str) -> Any:
    """The server default, in the one spelling that all three databases take; None if there is none."""
    default = column.default
    known = default.arg if isinstance(default, ColumnDefault) and default.is_scalar else None
    if isinstance(column.type, (Integer, Boolean)):
        return str(int(known or 0))
    if isinstance(column.type, Text) and dialect in ("mysql", "mariadb"):
        # MySQL takes the default of a TEXT as an expression only; MariaDB takes it both ways.
        return text("('" + str(known or "").replace("'", "''") + "')")
    if isinstance(column.type, String):
        return str(known or "")
    return None
