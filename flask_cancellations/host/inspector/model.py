"""A host model as the inspector sees it: attributes by kind, and relations to one row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from inspect import getattr_static
from typing import Any, Literal

from sqlalchemy import Boolean, Column, Date, DateTime, Enum, Float, Integer, Interval, Numeric, String, Time
from sqlalchemy.orm import Mapper
from sqlalchemy.types import TypeDecorator, TypeEngine

from flask_cancellations.host.inspector import words
from flask_cancellations.host.paths import relation

Kind = Literal["datetime", "date", "time", "text", "enum", "integer", "number", "interval", "truth", "other"]
# In this order: Enum is a String, and DateTime is no Date for SQLAlchemy.
_KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (Enum, "enum"),
    (Boolean, "truth"),
    (DateTime, "datetime"),
    (Date, "date"),
    (Time, "time"),
    (Interval, "interval"),
    (Integer, "integer"),
    (Numeric, "number"),
    (Float, "number"),  # no Numeric since SQLAlchemy 2.1
    (String, "text"),
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A mapped column under its attribute's name."""

    name: str
    kind: Kind
    column: Column[Any]

    @property
    def where(self) -> str:
        """``table.column TYPE``, the evidence for people."""
        return f"{self.column.table}.{self.column.name} {type(self.column.type).__name__}"

    @property
    def is_key(self) -> bool:
        """Whether the column is a key of its own row or points at another."""
        return bool(self.column.primary_key or self.column.foreign_keys)


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation to one row."""

    name: str
    target: Mapper[Any]
    is_foreign_key: bool


def attributes(mapper: Mapper[Any], *, below: bool = False) -> list[Attribute]:
    """The columns of a model, and with ``below`` of its subclasses too."""
    found: dict[str, Attribute] = {}
    for one in mapper.self_and_descendants if below else (mapper,):
        for attribute in one.column_attrs:
            column = attribute.columns[0]
            if isinstance(column, Column):  # not an expression
                found.setdefault(attribute.key, Attribute(attribute.key, _kind(column.type), column))
    return list(found.values())


def relations(mapper: Mapper[Any], *, below: bool = False) -> list[Relation]:
    """The relations to one row, those by a foreign key of the model's own first."""
    found: dict[str, Relation] = {}
    for one in mapper.self_and_descendants if below else (mapper,):
        for name in one.relationships.keys():  # noqa: SIM118  # SQLAlchemy's collection yields properties
            known = relation(one, name)
            if known is not None and not known.uselist:
                own = known.direction.name == "MANYTOONE" and known.secondary is None
                found.setdefault(name, Relation(name, known.mapper, own))
    return sorted(found.values(), key=lambda one: not one.is_foreign_key)


def collections(mapper: Mapper[Any]) -> list[Relation]:
    """The relations to many rows."""
    return [Relation(one.key, one.mapper, False) for one in mapper.relationships if one.uselist]


def properties(mapper: Mapper[Any]) -> list[str]:
    """The names of the public properties written in Python."""
    model = mapper.class_
    return [
        name
        for name in dir(model)
        if not name.startswith("_") and isinstance(getattr_static(model, name), property | cached_property)
    ]


def best(found: list[Attribute], kinds: tuple[Kind, ...], patterns: tuple[str, ...]) -> Attribute | None:
    """The attribute of these kinds whose name fits best."""
    fitting = [(number, one) for one in found if one.kind in kinds and (number := _rank(one, patterns)) is not None]
    return min(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _rank(one: Attribute, patterns: tuple[str, ...]) -> int | None:
    """How well the name fits, or else what is left of it without the table's prefix: ``pname`` beside a key ``pid``."""
    found = words.rank(one.name, patterns)
    for key in one.column.table.primary_key if found is None else ():
        prefix = key.name.removesuffix("id")
        if prefix not in ("", key.name) and prefix.isalpha() and one.column.name.startswith(prefix):
            found = words.rank(one.column.name.removeprefix(prefix), patterns)
    return found


def default_text(attribute: Attribute) -> str | None:
    """The value that a column gets by itself, where it is a plain one."""
    default: Any = attribute.column.default
    value = getattr(default, "arg", None) if default is not None and default.is_scalar else None
    if value is None and attribute.column.server_default is not None:
        value = getattr(attribute.column.server_default, "arg", None)
        value = value.strip("'") if isinstance(value, str) else None
    if value is None:
        return None
    return str(getattr(value, "name", value))


def _kind(kind: TypeEngine[Any]) -> Kind:
    inner: Any = kind
    while isinstance(inner, TypeDecorator):
        inner = inner.impl_instance if hasattr(inner, "impl_instance") else inner.impl
    return next((name for known, name in _KINDS if isinstance(inner, known)), "other")
