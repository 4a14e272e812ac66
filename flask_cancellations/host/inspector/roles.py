"""Finds what the role of those who sign in is kept in, and proposes rights for roles that can be recognised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum as PythonEnum
from typing import Any

from sqlalchemy import Column, Enum
from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.evidence import Database
from flask_cancellations.host.inspector.model import (
    Attribute,
    Relation,
    attributes,
    best,
    collections,
    default_text,
    properties,
    relations,
)
from flask_cancellations.host.inspector.proposal import Confidence, Found, Proposal
from flask_cancellations.host.inspector.source import literals

ROLES = "CANCELLATIONS_ROLES"
_RIGHTS = {"manager": ["*"], "desk": ["cancel"], "own": ["cancel:own"]}
_GROUPS = frozenset(["role", "group"])
_PERMISSIONS = frozenset(["permission", "privilege", "right"])
_PERSONS = words.MANAGERS | words.DESK | words.STAFF | {"super"}
_LOOKED_UP = (r"name|code|slug|title|role_name|description",)


def propose_role(
    users: Sequence[Mapper[Any]],
    table: str,
    database: Database,
    names: Mapping[Any, str],
    *,
    own: bool,
    proposal: Proposal,
) -> None:
    """The line of the role in ``table``, and the rights. ``own`` says that staff have their own record."""
    ways = (_text, _behind, _discriminator, _flags, _text_perhaps)
    found = next((role for way in ways for user in users if (role := way(user, database)) is not None), None)
    if found is None and len(users) > 1:
        found = _by_table(users, names)
    if found is None:
        proposal.lack(
            f"a role of {users[0].class_.__name__}; a function (role = 'package.module:name') or "
            "HostAdapter.permission can decide who may cancel"
        )
        return
    line, values = found
    proposal.put(table, "role", line)
    _propose_rights(line, values, own=own, proposal=proposal)


Role = tuple[Found, dict[str, str]]  # the line; each role with the text that its meaning is read from


def _text(user: Mapper[Any], database: Database, patterns: tuple[str, ...] = words.ROLE) -> Role | None:
    own = [one for one in attributes(user) if not one.is_key]
    found = best(own, ("text", "enum"), patterns)
    return None if found is None else (Found(found.name, "sure", found.where), _values(user, found, database))


def _text_perhaps(user: Mapper[Any], database: Database) -> Role | None:
    found = _text(user, database, words.ROLE_PERHAPS)
    return None if found is None else (Found(found[0].value, "likely", found[0].why), found[1])


def _behind(user: Mapper[Any], database: Database) -> Role | None:
    """The name of a role's row, or of several; the codes of permissions, where one of them says that one may cancel."""
    for first in _groups(user, _GROUPS | _PERMISSIONS):
        further = _groups(first.target, _GROUPS | _PERMISSIONS)
        steps = [(first.name, first.target), *((f"{first.name}.{one.name}", one.target) for one in further)]
        for path, target in sorted(steps, key=lambda step: not _of_permissions(step[0])):
            text = best(attributes(target), ("text", "enum"), _LOOKED_UP)
            if text is None:
                continue
            values = _values(target, text, database)
            if _of_permissions(path):
                values = {value: meaning for value, meaning in values.items() if _may_cancel(meaning)}
            if values or not _of_permissions(path):
                return Found(f"{path}.{text.name}", "sure", f"{text.where}, over {path}"), values
    return None


def _of_permissions(path: str) -> bool:
    return words.has(path.rpartition(".")[2], _PERMISSIONS)


def _groups(mapper: Mapper[Any], known: frozenset[str]) -> list[Relation]:
    every = [*relations(mapper), *collections(mapper)]
    return [one for one in every if words.has(one.name, known) and not words.has(one.name, words.DEED)]


def _may_cancel(code: str) -> bool:
    """``appointment:cancel``, but not ``subscription:cancel``."""
    parts = set(words.tokens(code))
    return "cancel" in parts and all(part == "cancel" or words.has(part, words.APPOINTMENT) for part in parts)


def _discriminator(user: Mapper[Any], database: Database) -> Role | None:  # noqa: ARG001 - one shape for all
    """What says of which class a row is, as in a table that all people share."""
    column = user.polymorphic_on
    if not isinstance(column, Column) or not user.has_property(column.key):
        return None
    name = user.get_property_by_column(column).key
    kinds = {str(identity): str(identity) for identity in user.polymorphic_map}
    return Found(name, "sure", f"{column.table}.{column.name}, the kind of person"), kinds


def _flags(user: Mapper[Any], database: Database) -> Role | None:  # noqa: ARG001 - one shape for all
    """Columns, or properties of Python, that are true for those who have the role."""
    columns = {one.name: one.where for one in attributes(user, below=True) if one.kind == "truth"}
    named = {name: f"a property of {user.class_.__name__}" for name in properties(user) if name.startswith("is_")}
    flags = {name: role for name in {**columns, **named} if (role := _flag(name)) is not None}
    if not flags:
        return None
    why = ", ".join({**named, **columns}[name] for name in flags)
    confidence: Confidence = "likely" if columns.keys() & flags.keys() else "guess"
    return Found({"flags": flags}, confidence, why), {role: role for role in flags.values()}


def _flag(name: str) -> str | None:
    """``is_admin`` is ``admin``; ``admin_notified`` is no role."""
    parts = words.tokens(name)
    parts = parts[1:] if parts[:1] == ["is"] else parts
    return " ".join(parts) if parts and all(part in _PERSONS for part in parts) else None


def _by_table(users: Sequence[Mapper[Any]], names: Mapping[Any, str]) -> Role:
    models = {names[user.class_]: user.class_.__name__.lower() for user in users}
    # What a table is called may say more than its model.
    telling = {
        user.class_.__name__.lower(): f"{user.class_.__name__} {getattr(user.local_table, 'name', '')}"
        for user in users
    }
    return Found({"models": models}, "likely", "the login tables, each a role"), telling


def _values(owner: Mapper[Any], attribute: Attribute, database: Database) -> dict[str, str]:
    kind: Any = attribute.column.type
    if isinstance(kind, Enum):
        members: type[PythonEnum] | None = kind.enum_class
        if members is None:
            return {text: text for text in kind.enums}
        return {name: f"{name} {member.value}" for name, member in members.__members__.items()}
    default = default_text(attribute)
    texts = [*database.values(owner, attribute.name), *literals(owner.class_, attribute.name)]
    return {text: text for text in dict.fromkeys([*texts, *([default] if default else [])])}


def _propose_rights(line: Found, values: Mapping[str, str], *, own: bool, proposal: Proposal) -> None:
    found = {value: group for value, meaning in values.items() if (group := _group(meaning, own=own)) is not None}
    for value, group in found.items():
        proposal.put(ROLES, value, Found(_RIGHTS[group], "guess", f"a role of {line.why}; see the list of rights"))
    if not found:
        known = f" (found: {', '.join(values)})" if values else ""
        proposal.ask(f"Which values of {line.why} may cancel{known}? Name them in [{ROLES}].")


def _group(meaning: str, *, own: bool) -> str | None:
    if words.has(meaning, words.MANAGERS):
        return "manager"
    if words.has(meaning, words.DESK) or _may_cancel(meaning):
        return "desk"
    return "own" if own and words.has(meaning, words.STAFF) else None
