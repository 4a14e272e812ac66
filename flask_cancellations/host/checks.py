"""Checks the paths of a mapping against the host's models, step by step, and gathers what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from inspect import getattr_static
from typing import Any

from sqlalchemy import Date, DateTime, Enum, Float, Integer, Interval, Numeric, String, Time
from sqlalchemy.ext.hybrid import HybridExtensionType, hybrid_property
from sqlalchemy.orm import ColumnProperty, Mapper, RelationshipProperty, SynonymProperty
from sqlalchemy.types import TypeDecorator, TypeEngine

from flask_cancellations.errors import Fault
from flask_cancellations.host.lookup import Faulty
from flask_cancellations.host.paths import Path, owners, relation
from flask_cancellations.settings.place import nearest

Kinds = tuple[type[TypeEngine[Any]], ...]

DATE_TIME: Kinds = (DateTime,)
DATE: Kinds = (Date,)
TIME: Kinds = (Time,)
TEXT: Kinds = (String,)
END: Kinds = (DateTime, Time)
LENGTH: Kinds = (Integer, Numeric, Float, Interval)
AMOUNT: Kinds = (Integer, Numeric, Float)
CODE: Kinds = (String, Enum)


def scalar(
    mapper: Mapper[Any], key: str, text: str, kinds: Kinds = (), *, in_sql: bool = False, below: bool = False
) -> Path:
    """A path that ends in a value. ``kinds`` are the column types allowed, where the type is known.

    With ``below`` the attribute may belong to a subclass only, as the client's may where all people share a base.
    With ``in_sql`` the database must know the attribute too, which a plain Python property does not offer.
    """
    owner, path = _walk(mapper, key, text, below=below, beyond=not in_sql)
    name = path.steps[-1]
    if relation(owner, name) is not None:
        target = relation_target(owner, name)
        better = nearest("name", _names(target))
        raise Faulty(
            Fault(
                key,
                f"{text!r}, a relation to {target.class_.__name__}",
                "an attribute with a value",
                f"{text}.{better}" if better else "",
            )
        )
    if in_sql and not _in_sql(owner, name):
        expected = "a column, or a hybrid property that the database can compare"
        raise Faulty(Fault(key, f"{text!r}, a property of Python", expected))
    kind = column_type(owner, name)
    if kinds and kind is not None and not isinstance(kind, kinds):
        expected = " or ".join(allowed.__name__ for allowed in kinds)
        raise Faulty(Fault(key, f"{text!r} of type {type(kind).__name__}", f"a column of type {expected}"))
    return path


def related(mapper: Mapper[Any], key: str, text: str) -> tuple[Path, Mapper[Any]]:
    """A path that ends in a relation to one row, and the model of that row. The database can follow it."""
    owner, path = _walk(mapper, key, text, beyond=False)
    return path, _one(owner, key, path.steps[-1])


def either(mapper: Mapper[Any], key: str, text: str) -> Path:
    """A path that ends in a relation to one row, or in the value of its primary key."""
    owner, path = _walk(mapper, key, text)
    if relation(owner, path.steps[-1]) is not None:
        _one(owner, key, path.steps[-1])
    return path


def target(mapper: Mapper[Any], key: str, text: str) -> Mapper[Any] | None:
    """The model that the relation at the end of a path leads to, or None for a path that ends in a value."""
    owner, path = _walk(mapper, key, text)
    found = relation(owner, path.steps[-1])
    return None if found is None else found.mapper


def column(mapper: Mapper[Any], key: str, text: str) -> Path | None:
    """A path that ends in a column, or None if it ends in something else. The steps before it are checked."""
    owner, path = _walk(mapper, key, text)
    return path if column_type(owner, path.steps[-1]) is not None else None


def total(mapper: Mapper[Any], key: str, text: str, kinds: Kinds) -> tuple[Path, Path]:
    """A path over one relation to many rows, cut behind it; its last attribute is a value of theirs."""
    many: list[str] = []
    at, steps = mapper, text.split(".")
    for step in steps[:-1]:
        at = _owner(at, key, step, below=bool(many))
        many.append(step)
        found = relation(at, step)
        if found is not None and found.uselist:
            each = scalar(found.mapper, key, ".".join(steps[len(many) :]), kinds)
            return Path(mapper.class_, many), each
        at = _one(at, key, step)
    raise Faulty(Fault(key, f"{text!r}, on the way of which nothing leads to many rows", "the values to add up"))


def any_of(mapper: Mapper[Any], key: str, text: str) -> Path:
    """A path that ends in a value, over relations to one row or to many."""
    at, steps = mapper, text.split(".")
    for step in steps[:-1]:
        at = _owner(at, key, step, below=True)
        found = relation(at, step)
        if found is None:
            raise _no_relation(at, key, step, f"a relation of {at.class_.__name__}")
        at = found.mapper
    scalar(at, key, steps[-1], below=True)
    return Path(mapper.class_, steps)


def many(mapper: Mapper[Any], key: str, text: str) -> tuple[Path, Path, RelationshipProperty[Any]] | None:
    """A path that leads over a relation to many rows, cut behind that relation; None if it leads over none."""
    at, steps = mapper, text.split(".")
    for number, step in enumerate(steps, 1):
        at = _owner(at, key, step, below=number > 1)
        found = relation(at, step)
        if found is None:
            return None
        at = found.mapper
        if found.uselist:
            rest = steps[number:]
            each = related(at, key, ".".join(rest))[0] if rest else Path(at.class_, ())
            return Path(mapper.class_, steps[:number]), each, found
    return None


def end_of(mapper: Mapper[Any], path: Path) -> tuple[Mapper[Any], str]:
    """The model that holds the path's last attribute, and its name. The path has been checked."""
    for step in path.steps[:-1]:
        mapper = relation_target(owners(mapper, step)[0], step)
    return owners(mapper, path.steps[-1])[0], path.steps[-1]


def _walk(
    mapper: Mapper[Any], key: str, text: str, *, below: bool = False, beyond: bool = True
) -> tuple[Mapper[Any], Path]:
    """The path, and the model that has its last attribute.

    Subclasses count for the first step with ``below``, for those behind a relation with ``beyond``.
    """
    model, steps = mapper.class_, tuple(text.split("."))
    for number, step in enumerate(steps):
        mapper = _owner(mapper, key, step, below=beyond if number else below)
        if number < len(steps) - 1:
            mapper = _one(mapper, key, step)
    return mapper, Path(model, steps)


def _owner(mapper: Mapper[Any], key: str, name: str, *, below: bool) -> Mapper[Any]:
    """The model with the attribute: this one or, behind a relation, the first of its subclasses that has it."""
    if isinstance(getattr_static(mapper.class_, name, None), property | cached_property):
        return mapper
    found = owners(mapper, name)
    if not found or not (below or found[0] is mapper):
        raise Faulty(Fault(key, repr(name), f"an attribute of {mapper.class_.__name__}", nearest(name, _names(mapper))))
    return found[0]


def _one(mapper: Mapper[Any], key: str, name: str) -> Mapper[Any]:
    found = relation(mapper, name)
    model = mapper.class_.__name__
    if found is None:
        raise _no_relation(mapper, key, name, f"a relation of {model} to one row")
    if found.uselist:
        raise Faulty(Fault(key, f"{name!r}, which leads to many rows", f"a relation of {model} to one row"))
    return found.mapper


def _no_relation(mapper: Mapper[Any], key: str, name: str, expected: str) -> Faulty:
    names = [known.key for known in mapper.relationships]
    return Faulty(Fault(key, f"{name!r}, which is no relation", expected, nearest(name, names)))


def relation_target(mapper: Mapper[Any], name: str) -> Mapper[Any]:
    """The model that a relation leads to. Raises LookupError if there is no such relation."""
    found = relation(mapper, name)
    if found is None:
        raise LookupError(f"{name} is no relation of {mapper}")
    return found.mapper


def _names(mapper: Mapper[Any]) -> Iterable[str]:
    properties = [
        name
        for name in dir(mapper.class_)
        if isinstance(getattr_static(mapper.class_, name), property | cached_property) and not name.startswith("_")
    ]
    return [*mapper.all_orm_descriptors.keys(), *properties]


def _in_sql(mapper: Mapper[Any], name: str) -> bool:
    if mapper.attrs.get(name) is not None:
        return True
    found = mapper.all_orm_descriptors.get(name)
    return found is not None and found.extension_type is HybridExtensionType.HYBRID_PROPERTY


def column_type(mapper: Mapper[Any], name: str) -> TypeEngine[Any] | None:
    """The type of a mapped column; None for a host's own type, or what is no column."""
    found = mapper.attrs.get(name)
    while isinstance(found, SynonymProperty):
        found = mapper.attrs.get(found.name)
    if not isinstance(found, ColumnProperty):
        return None
    kind: TypeEngine[Any] = found.columns[0].type
    return None if isinstance(kind, TypeDecorator) else kind


def is_settable(mapper: Mapper[Any], name: str) -> bool:
    """Whether the attribute can be written: every column can, a hybrid property if it has a setter."""
    found = mapper.all_orm_descriptors.get(name)
    return not isinstance(found, hybrid_property) or found.fset is not None


def points_at_rows(mapper: Mapper[Any], name: str) -> bool:
    """Whether a mapped column is a foreign key."""
    found = mapper.attrs.get(name)
    return isinstance(found, ColumnProperty) and any(column.foreign_keys for column in found.columns)


def may_point_at(mapper: Mapper[Any], name: str, model: Mapper[Any]) -> bool:
    """Whether a mapped column may hold a key of this model: it is no foreign key, or one to a table of it."""
    found = mapper.attrs.get(name)
    keys = [key for column in found.columns for key in column.foreign_keys] if isinstance(found, ColumnProperty) else []
    return not keys or any(key.column.table in model.tables for key in keys)
