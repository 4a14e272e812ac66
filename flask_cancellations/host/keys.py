"""Keys: the text form of a host's primary key.

An integer is written in decimal, a UUID in lower case with hyphens, a text as it is, a composite key as a
JSON array of these. A key is at most 190 characters long, the longest text that MariaDB indexes in any of its
row formats.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Dialect, Integer, SmallInteger, Uuid, inspect
from sqlalchemy.orm import Mapper
from sqlalchemy.types import TypeDecorator, TypeEngine

MAX_KEY = 190


def key_of_value(value: Any) -> str:
    """The key of a primary key's value. Raises TypeError for a type without a text form, ValueError if too long."""
    key = (
        json.dumps([_part(part) for part in value], ensure_ascii=False, separators=(",", ":"))
        if isinstance(value, tuple | list)
        else str(_part(value))
    )
    if len(key) > MAX_KEY:
        raise ValueError(f"a primary key of {len(key)} characters is longer than the {MAX_KEY} a key may have")
    return key


def _part(value: Any) -> int | str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, int | str) and not isinstance(value, bool):
        return value
    raise TypeError(f"a primary key of type {type(value).__name__} has no key; integers, texts and UUIDs have")


def key_of(row: Any) -> str:
    """The key of a mapped row. Raises ValueError for a row that the database has not numbered yet.

    Reads no column that the session already knows, so an expired row costs no statement.
    """
    state = inspect(row)
    identity = state.identity or tuple(state.mapper.primary_key_from_instance(row))
    if any(part is None for part in identity):
        raise ValueError(f"this {state.mapper.class_.__name__} has no primary key yet; flush the session first")
    return key_of_value(identity[0] if len(identity) == 1 else identity)


def identity(model: type[Any] | Mapper[Any], key: str, dialect: Dialect | None = None) -> tuple[Any, ...] | None:
    """The primary key that ``key`` stands for, as ``session.get`` takes it, or None if no row can have this key.

    With ``dialect``, also refuses numbers that its columns cannot hold: PostgreSQL would end the transaction
    on one.
    """
    mapper: Mapper[Any] = inspect(model)
    columns = mapper.primary_key
    parts: Any = [key]
    if not key or len(key) > MAX_KEY:
        return None
    if len(columns) > 1:
        try:
            parts = json.loads(key)
        except (ValueError, RecursionError):
            return None
        if not isinstance(parts, list) or len(parts) != len(columns):
            return None
        if not all(isinstance(part, int | str) for part in parts):
            return None
    values = tuple(_parse(column, str(part), dialect) for column, part in zip(columns, parts, strict=True))
    return None if any(value is None for value in values) else values


def is_key(text: str) -> bool:
    """Whether a text may be a key at all, so that a database can be asked for it."""
    return 0 < len(text) <= MAX_KEY and _storable(text)


def value_for(column: ColumnElement[Any], key: str, dialect: Dialect | None = None) -> int | str | UUID | None:
    """The value of a column, the only one of its key, that ``key`` stands for; None if it can hold no such value."""
    return _parse(column, key, dialect) if 0 < len(key) <= MAX_KEY else None


def _parse(column: ColumnElement[Any], text: str, dialect: Dialect | None) -> int | str | UUID | None:
    kind: TypeEngine[Any] = column.type
    if isinstance(kind, Uuid):
        parsed = _uuid(text)
        return parsed if kind.as_uuid or parsed is None else text
    if isinstance(kind, Integer):
        return _integer(text, kind, dialect)
    python_type = _python_type(kind)
    if python_type is UUID:
        return _uuid(text)
    if python_type is int:
        return _integer(text, kind, dialect)
    if isinstance(kind, TypeDecorator) and dialect is not None:
        return _for_decorator(kind, text, dialect)
    return text if _storable(text) else None


def _python_type(kind: TypeEngine[Any]) -> type[Any] | None:
    try:
        return kind.python_type
    except NotImplementedError:
        return None


def _uuid(text: str) -> UUID | None:
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text else None


def _integer(text: str, kind: TypeEngine[Any], dialect: Dialect | None) -> int | None:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19:
        return None
    value = int(text)
    if str(value) != text:
        return None
    bits = 63
    if dialect is not None and dialect.name != "sqlite" and not isinstance(kind, BigInteger):
        bits = 15 if isinstance(kind, SmallInteger) else 31
    return value if -(2**bits) <= value < 2**bits else None


def _storable(text: str) -> bool:
    """Whether every database can take the text: PostgreSQL refuses NUL, and UTF-8 has no lone surrogates."""
    return all(character != "\x00" and not 0xD800 <= ord(character) <= 0xDFFF for character in text)


def _for_decorator(kind: TypeDecorator[Any], text: str, dialect: Dialect) -> int | str | UUID | None:
    """The value that a host's own column type accepts.

    Such a type does not tell what it wants (the well-known GUID recipe over CHAR wants a UUID and dies on a
    text), so it is asked, before a statement that could fail.
    """
    stored_as = kind.load_dialect_impl(dialect)
    if isinstance(stored_as, Integer):
        return _integer(text, stored_as, dialect)
    if isinstance(stored_as, Uuid):
        return _uuid(text)
    for candidate in (_uuid(text), text if _storable(text) else None):
        if candidate is None:
            continue
        try:
            bound = kind.process_bind_param(candidate, dialect)
        except (TypeError, ValueError, AttributeError, NotImplementedError):
            continue
        if isinstance(bound, str | bytes | int):
            return candidate
    return None
