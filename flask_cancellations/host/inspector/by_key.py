"""Finds columns that name a client, a member of staff ... by key, where no relation can be followed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.model import Attribute, attributes
from flask_cancellations.host.inspector.related import WORDS, Related

_KEY_ENDS = ("id", "uuid", "key")


def find_by_key(mapper: Mapper[object], mappers: Sequence[Mapper[object]]) -> dict[str, Related]:
    """Those that a bare key leads to, by what the column is called, or else by whose primary key is called the same."""
    found: dict[str, Related] = {}
    keys = _raw_keys(mapper)
    for role, known in WORDS.items():
        for one in keys:
            target = _pointed_at(one, mappers) if words.has(one.name, known) else None
            if target is not None and target is not mapper:
                why = f"{one.where}, a key of {target.class_.__name__} without a relation"
                found.setdefault(role, Related(one.name, target, "likely", why, by_key=True))
    taken = {related.path for related in found.values()}
    for one in keys:
        same = _of_that_name(one, mapper, mappers) if one.name not in taken else None
        role_of = None if same is None else _role_of(same)
        if same is not None and role_of is not None:
            why = f"{one.where}, called like the primary key of {same.class_.__name__}"
            found.setdefault(role_of, Related(one.name, same, "guess", why, by_key=True))
    return found


def _raw_keys(mapper: Mapper[object]) -> list[Attribute]:
    followed = {local.name for relation in mapper.relationships for local, _ in relation.local_remote_pairs or ()}
    return [
        one
        for one in attributes(mapper)
        if one.name.lower().endswith(_KEY_ENDS) and one.column.name not in followed and not one.column.primary_key
    ]


def _pointed_at(key: Attribute, mappers: Sequence[Mapper[object]]) -> Mapper[object] | None:
    """The model whose single key the column holds: by its foreign key, or the model of that name."""
    parts = words.tokens(key.name)
    if parts[-1] not in _KEY_ENDS:
        return None
    tables = {foreign.column.table for foreign in key.column.foreign_keys}
    named = set(parts[:-1])
    fitting = [
        one
        for one in mappers
        if len(one.primary_key) == 1
        and (one.local_table in tables if tables else named & {*words.tokens(one.class_.__name__)})
    ]
    return min(fitting, key=lambda one: len(one.class_.__name__), default=None)


def _of_that_name(key: Attribute, mapper: Mapper[object], mappers: Sequence[Mapper[object]]) -> Mapper[object] | None:
    """The only other model whose primary key has the column's name and type, as ``pid`` may have."""
    if key.column.foreign_keys or words.tokens(key.name) in (["id"], ["uuid"], ["key"]):
        return None
    fitting = [
        one
        for one in mappers
        if not mapper.isa(one) and len(one.primary_key) == 1 and one.primary_key[0].name == key.column.name
        if one.inherits is None and isinstance(key.column.type, type(one.primary_key[0].type))
    ]
    return fitting[0] if len(fitting) == 1 else None


def _role_of(target: Mapper[object]) -> str | None:
    names = (target.class_.__name__, str(getattr(target.local_table, "name", "")))
    return next((role for role, known in WORDS.items() if any(words.has(name, known) for name in names)), None)
