"""Finds who signs in, and what their role is called; proposes rights for roles that can be recognised."""

from __future__ import annotations

from enum import Enum as PythonEnum
from typing import Any

from flask_login import UserMixin
from sqlalchemy import Enum
from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.evidence import Database, literals
from flask_cancellations.host.inspector.model import Attribute, attributes, best, default_text, relations
from flask_cancellations.host.inspector.people import Related, find_login_name, find_name
from flask_cancellations.host.inspector.proposal import Found, Proposal

USER = "CANCELLATIONS_HOST.user"
ROLES = "CANCELLATIONS_ROLES"
_LOOKED_UP = (r"name|code|slug|title|role_name",)
_FLAGS = (r"is_(admin|manager|superuser|owner)|admin|superuser", r"is_(staff|reception|receptionist|employee)")
_RIGHTS = {"manager": ["*"], "desk": ["cancel"], "own": ["cancel:own"]}


def find_users(mappers: list[Mapper[Any]]) -> list[Mapper[Any]]:
    """The models of those who sign in: Flask-Login's, or what has a password; bases rather than their subclasses."""
    by_login = [one for one in mappers if issubclass(one.class_, UserMixin) or hasattr(one.class_, "is_authenticated")]
    found = by_login or [one for one in mappers if any(_is_password(attribute) for attribute in attributes(one))]
    return [one for one in found if not any(other is not one and one.isa(other) for other in found)]


def _is_password(attribute: Attribute) -> bool:
    return bool({"password", "passwd", "pwd"} & set(words.tokens(attribute.name)))


def propose_user(
    mappers: list[Mapper[Any]], staff: Related | None, database: Database, names: dict[Any, str], proposal: Proposal
) -> None:
    """The lines of the signed-in person, and of the roles. ``names`` is what each model is called."""
    found = find_users(mappers)
    if not found:
        proposal.lack("a model of those who sign in; HostAdapter.current_user can return them")
        return
    if len(found) > 1:
        several = ", ".join(sorted(one.class_.__name__ for one in found))
        found.sort(key=lambda one: _role(one) is None)
        proposal.ask(f"Several models can sign in: {several}. Do staff sign in as {found[0].class_.__name__}?")
    user = found[0]
    if len(found) == 1:
        proposal.put(USER, "model", Found(names[user.class_], "sure", f"signs in; table {user.local_table}"))
    proposal.put(USER, "name", find_name(user) or find_login_name(user))
    own = _own_staff(user, staff)
    proposal.put(USER, "staff", own)
    role = _role(user)
    if role is None:
        proposal.lack(f"a role of {user.class_.__name__}; HostAdapter.permission can decide who may cancel")
        return
    path, attribute = role
    proposal.put(USER, "role", Found(path, "sure" if attribute.kind != "truth" else "likely", attribute.where))
    _propose_rights(user, path, attribute, database, own is not None, proposal)


def _own_staff(user: Mapper[Any], staff: Related | None) -> Found | None:
    """The signed-in person's own staff record: a relation, a key of one, or the person's own row."""
    if staff is None:
        return None
    target: Mapper[Any] = staff.target
    if target.isa(user) or user.isa(target):
        key = user.get_property_by_column(user.primary_key[0]).key
        return Found(key, "sure", "staff are users themselves") if len(user.primary_key) == 1 else None
    for relation in relations(user):
        if relation.target.isa(target) or target.isa(relation.target):
            return Found(relation.name, "sure", f"relation {relation.name} to {target.class_.__name__}")
    tables = set(target.tables)
    for one in attributes(user):
        if any(key.column.table in tables for key in one.column.foreign_keys):
            return Found(one.name, "sure", one.where)
    return None


def _role(user: Mapper[Any]) -> tuple[str, Attribute] | None:
    own = [one for one in attributes(user) if not one.is_key]
    found = best(own, ("text", "enum"), words.ROLE)
    if found is not None:
        return found.name, found
    for relation in relations(user):
        if words.has(relation.name, frozenset({"role"})):
            found = best(attributes(relation.target), ("text", "enum"), _LOOKED_UP)
            if found is not None:
                return f"{relation.name}.{found.name}", found
    found = best(own, ("truth",), _FLAGS)
    return None if found is None else (found.name, found)


def _propose_rights(
    user: Mapper[Any], path: str, attribute: Attribute, database: Database, own: bool, proposal: Proposal
) -> None:
    if attribute.kind == "truth":
        proposal.put(ROLES, "True", Found(["*"], "guess", f"those whose {attribute.name} is true"))
        return
    owner = user if "." not in path else user.relationships[path.partition(".")[0]].mapper
    kind: Any = attribute.column.type
    default = default_text(attribute)
    if isinstance(kind, Enum):
        members: type[PythonEnum] | None = kind.enum_class
        values = {text: text for text in kind.enums} if members is None else _members(members)
    else:
        texts = [*database.values(owner, attribute.name), *literals(owner.class_, attribute.name)]
        values = {text: text for text in dict.fromkeys([*texts, *([default] if default else [])])}
    found = {value: group for value, meaning in values.items() if (group := _role_group(meaning, own)) is not None}
    for value, group in found.items():
        proposal.put(
            ROLES, value, Found(_RIGHTS[group], "guess", f"a role of {attribute.where}; see the list of rights")
        )
    if not found:
        known = f" (found: {', '.join(values)})" if values else ""
        proposal.ask(f"Which values of {attribute.where} may cancel{known}? Name them in [{ROLES}].")


def _members(members: type[PythonEnum]) -> dict[str, str]:
    return {name: f"{name} {member.value}" for name, member in members.__members__.items()}


def _role_group(meaning: str, own: bool) -> str | None:
    if words.has(meaning, words.MANAGERS):
        return "manager"
    if words.has(meaning, words.DESK):
        return "desk"
    return "own" if own and words.has(meaning, words.STAFF) else None
