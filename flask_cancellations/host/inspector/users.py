"""Proposes how the signed-in person is read: model, name, own staff record, role, identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector.evidence import Database
from flask_cancellations.host.inspector.logins import by_flask_login, hint_identity
from flask_cancellations.host.inspector.model import attributes, relations
from flask_cancellations.host.inspector.names import find_login_name, find_name, own_name
from flask_cancellations.host.inspector.proposal import Found, Proposal
from flask_cancellations.host.inspector.related import Related
from flask_cancellations.host.inspector.roles import propose_role

USER = "CANCELLATIONS_HOST.user"


def propose_user(
    users: Sequence[Mapper[Any]],
    staff: Related | None,
    database: Database,
    names: Mapping[Any, str],
    proposal: Proposal,
    *,
    flask_login: bool,
) -> None:
    """The lines of the signed-in person, and of the roles. ``names`` is what each model is called."""
    if not users:
        proposal.lack(f"a model of those who sign in; [{USER}] can name it, or a function that returns one (identity)")
        return
    if len(users) == 1:
        (user,) = users
        proposal.put(USER, "model", Found(names[user.class_], "sure", f"signs in; table {user.local_table}"))
    else:
        several = sorted(user.class_.__name__ for user in users)
        proposal.ask(f"Several models can sign in: {', '.join(several)}. Do they all, and are there no others?")
        tables = ", ".join(str(user.local_table) for user in users)
        proposal.put(
            USER, "model", Found([names[user.class_] for user in users], "likely", f"sign in; tables {tables}")
        )
    proposal.put(USER, "name", _name(users))
    own = _own_staff(users, staff)
    proposal.put(USER, "staff", own)
    propose_role(users, USER, database, names, own=own is not None, proposal=proposal)
    if not flask_login and not any(by_flask_login(user) for user in users):
        hint_identity(users, USER, names, proposal)


def _name(users: Sequence[Mapper[Any]]) -> Found | None:
    """The names of all who sign in; each person's are those that the own row has."""
    found = []
    for user in users:
        of_kinds = [] if own_name(user) else [one for kind in user.self_and_descendants if (one := own_name(kind))]
        found += of_kinds or [one for one in (find_name(user) or find_login_name(user),) if one is not None]
    paths = list(dict.fromkeys(path for one in found for path in _paths(one)))
    if not paths:
        return None
    why = ", ".join(dict.fromkeys(one.why for one in found))
    return Found(paths if len(paths) > 1 else paths[0], found[0].confidence, why)


def _paths(found: Found) -> list[str]:
    return found.value if isinstance(found.value, list) else [found.value]


def _own_staff(users: Sequence[Mapper[Any]], staff: Related | None) -> Found | None:
    """The signed-in person's own staff record: the person's own row, a relation, or a key of one."""
    if staff is None:
        return None
    target: Mapper[Any] = staff.target
    for user in users:
        if target.isa(user) or user.isa(target):
            key = user.get_property_by_column(user.primary_key[0]).key
            return Found(key, "sure", "staff are users themselves") if len(user.primary_key) == 1 else None
    for relation in (one for user in users for one in relations(user)):
        if relation.target.isa(target) or target.isa(relation.target):
            return Found(relation.name, "sure", f"relation {relation.name} to {target.class_.__name__}")
    tables = set(target.tables)
    for one in (one for user in users for one in attributes(user)):
        if any(key.column.table in tables for key in one.column.foreign_keys):
            return Found(one.name, "sure", one.where)
    return None
