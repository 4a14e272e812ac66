"""Whose rows are read: in a host with several tenants each appointment belongs to one scope, and only one is seen.

The text of a scope is the key of what the mapped path leads to: of a tenant's row, or of a number, UUID or text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Enum, Integer, String, Uuid
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.interfaces import MANYTOONE

from flask_cancellations.errors import Fault
from flask_cancellations.host import checks
from flask_cancellations.host.keys import key_of, key_of_value, value_for
from flask_cancellations.host.lookup import Attempts, Faulty
from flask_cancellations.host.paths import Path, Selection, relation

KEY = "CANCELLATIONS_HOST.appointment.scope"
KINDS: checks.Kinds = (String, Integer, Uuid)


@dataclass(frozen=True, slots=True)
class Scoping:
    """The scope of each appointment. Without a ``path`` there is one, the ``current`` one."""

    current: Callable[[], str]
    path: Path | None = None
    related: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        return () if self.path is None else (self.path,)

    def of(self, row: Any) -> str | None:
        """The scope that a row belongs to; None for a row that belongs to none, and so is nobody's to see."""
        return self.current() if self.path is None else key_or_none(self.path.value(row))

    def limit(self, selection: Selection) -> bool:
        """Keep the rows of the current scope. False if no row can be of it."""
        if self.path is None:
            return True
        if self.related:
            return selection.where_key(self.path, self.current())
        column = selection.attribute(self.path)
        value = value_for(column, self.current(), selection.dialect)
        if value is None:
            return False
        selection.where(column == value)
        return True

    def mine(self, rows: Iterable[Any]) -> list[Any]:
        """Those of the current scope. Databases compare less strictly: a collation may take "A1" for "a1"."""
        if self.path is None:
            return list(rows)
        current = self.current()
        return [row for row in rows if self.of(row) == current]

    def columns(self, selection: Selection) -> list[Any]:
        """What tells scopes apart, in SQL, of a mapping that has several."""
        assert self.path is not None
        return selection.key_columns(self.path) if self.related else [selection.attribute(self.path)]

    def keys(self, found: Iterable[Sequence[Any]]) -> set[str]:
        """The scopes in rows of these columns."""
        values = (row[0] if len(row) == 1 else tuple(row) for row in found if None not in row)
        return {key for value in values if (key := key_or_none(value)) is not None}


def key_or_none(found: Any) -> str | None:
    """The key of a related row or of a value; None where there is none, or an empty text."""
    if found is None or found == "":
        return None
    return key_of(found) if hasattr(type(found), "__mapper__") else key_of_value(found)


def resolve_scope(
    attempts: Attempts, mapper: Mapper[Any], text: str | None, current: Callable[[], str]
) -> Scoping | None:
    """The scope of the mapping, or None after noting what is wrong with it."""
    if text is None:
        return Scoping(current)
    return attempts.attempt(_scoping, mapper, text, current)


def _scoping(mapper: Mapper[Any], text: str, current: Callable[[], str]) -> Scoping:
    path = checks.either(mapper, KEY, text)
    owner, name = checks.end_of(mapper, path)
    if relation(owner, name) is None:
        return Scoping(current, key_column(mapper, KEY, text))
    local = _foreign_key(owner, name)
    if local is None:
        return Scoping(current, path, related=True)
    return Scoping(current, Path(path.model, (*path.steps[:-1], local)))


def key_column(mapper: Mapper[Any], key: str, text: str) -> Path:
    """A path to a number, UUID or text that the database knows, and that a key can be made of."""
    path = checks.scalar(mapper, key, text, KINDS, in_sql=True)
    kind = checks.column_type(*checks.end_of(mapper, path))
    if isinstance(kind, Enum):
        expected = " or ".join(allowed.__name__ for allowed in KINDS)
        raise Faulty(Fault(key, f"{text!r} of type Enum", f"a column of type {expected}"))
    return path


def _foreign_key(owner: Mapper[Any], name: str) -> str | None:
    """The attribute that holds the key of what a relation leads to, if one does: then nothing needs to be joined."""
    found = relation(owner, name)
    if found is None or found.direction is not MANYTOONE or found.secondary is not None:
        return None
    pairs = found.local_remote_pairs or []
    if len(pairs) != 1 or list(found.mapper.primary_key) != [pairs[0][1]]:
        return None
    attribute: str = owner.get_property_by_column(pairs[0][0]).key if owner.columns.contains_column(pairs[0][0]) else ""
    return attribute or None
