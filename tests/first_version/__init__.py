"""A database as version 0.1.0 made it: its statements for each database, and what a clinic had recorded. Frozen.

Written once from 0.1.0 itself; later versions must bring exactly this up to date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

FOLDER = Path(__file__).parent


def rows() -> dict[str, list[dict[str, Any]]]:
    """What the clinic had recorded, by table; tables that others point at come first."""
    loaded: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "rows.json").read_text(encoding="utf-8"))
    return loaded


def columns() -> dict[str, set[str]]:
    """The columns of each table."""
    return {
        _table(statement): {line.split()[0] for line in _lines(statement) if line.split()[0].islower()}
        for statement in _statements("sqlite")
        if statement.startswith("CREATE TABLE")
    }


def build(engine: Engine, *, without: Collection[str] = ()) -> None:
    """Make the database and its rows.

    ``without`` makes it an older one: names of tables, of indexes and constraints, and columns as ``table.column``.
    """
    kind = {"mysql": "mariadb"}.get(engine.dialect.name, engine.dialect.name)
    with engine.begin() as connection:
        for statement in _statements(kind):
            if older := _older(statement, without):
                connection.exec_driver_sql(older)
        for table, table_rows in rows().items():
            if table in without or not table_rows:
                continue
            kept = [name for name in table_rows[0] if f"{table}.{name}" not in without]
            values = ", ".join(f":{name}" for name in kept)
            connection.execute(text(f"INSERT INTO {table} ({', '.join(kept)}) VALUES ({values})"), table_rows)
            if kind == "postgresql" and "id" in kept:
                highest = f"(SELECT max(id) FROM {table})"
                connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {highest})"))


def _statements(kind: str) -> list[str]:
    source = (FOLDER / f"{kind}.sql").read_text(encoding="utf-8")
    return [statement.strip() for statement in source.split(";\n") if statement.strip()]


def _table(statement: str) -> str:
    found = re.match(r"CREATE TABLE (\w+)|CREATE INDEX \w+ ON (\w+)", statement)
    assert found
    return found[1] or found[2]


def _lines(statement: str) -> list[str]:
    return [line.strip().removesuffix(",") for line in statement.splitlines()[1:-1]]


def _older(statement: str, without: Collection[str]) -> str:
    table = _table(statement)
    if table in without:
        return ""
    if statement.startswith("CREATE INDEX"):
        return "" if statement.split()[2] in without else statement
    kept = [
        line
        for line in _lines(statement)
        if f"{table}.{line.split()[0]}" not in without
        and not (line.startswith("CONSTRAINT") and line.split()[1] in without)
    ]
    return f"CREATE TABLE {table} (\n" + ",\n".join(kept) + "\n)"
