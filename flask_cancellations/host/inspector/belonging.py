"""Finds whose own an appointment is, which tenant it belongs to, and what it may be called in addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Index, Table, UniqueConstraint
from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.model import Attribute, attributes, best, relations
from flask_cancellations.host.inspector.proposal import Found, Proposal
from flask_cancellations.host.inspector.related import Related

_PUBLIC = (
    r"public_(id|uuid|guid|key)|uuid|guid",
    r"(appointment|appt|booking|visit|reservation|session)_(uuid|guid)|slug",
)
# Whoever knows one of these may do something; an address is no place for it.
_SECRET = frozenset(["token", "secret", "hash", "password", "confirm", "confirmation", "manage", "login", "access"])


def find_public_id(mapper: Mapper[Any]) -> Found | None:
    """The column that the host has for its own addresses: unique, and no secret."""
    fitting = [
        one
        for one in attributes(mapper)
        if not one.is_key and _is_unique(one) and not set(words.tokens(one.name)) & _SECRET and "cancel" not in one.name
    ]
    found = best(fitting, ("text", "integer", "other"), _PUBLIC)
    return None if found is None else Found(found.name, "likely", f"{found.where}, unique; stands in addresses")


def _is_unique(one: Attribute) -> bool:
    table, column = one.column.table, one.column
    if column.unique or not isinstance(table, Table):
        return bool(column.unique)
    known: Iterable[UniqueConstraint | Index] = [
        *(found for found in table.constraints if isinstance(found, UniqueConstraint)),
        *(found for found in table.indexes if found.unique),
    ]
    return any(list(found.columns) == [column] for found in known)


def find_owner(client: Related | None, users: Sequence[Mapper[Any]], names: Mapping[Any, str]) -> Found | None:
    """The login that the client signs in by: the client's own row, or one that it leads to."""
    if client is None or client.many:
        return None
    target: Mapper[Any] = client.target
    mine = next((user for user in users if target.isa(user) or user.isa(target)), None)
    if mine is not None:
        # A key without a foreign key does not say of which table it is.
        value: Any = {"key": client.path, "model": names[mine.class_]} if client.by_key else client.path
        return Found(value, client.confidence, f"clients sign in as {mine.class_.__name__}")
    if client.by_key:
        return None
    for relation in relations(target):
        if _is_own(relation.name) and any(relation.target.isa(user) for user in users):
            login = relation.target.class_.__name__
            return Found(f"{client.path}.{relation.name}", "likely", f"{target.class_.__name__} has the login {login}")
    for one in attributes(target):
        tables = {key.column.table for key in one.column.foreign_keys}
        if _is_own(one.name) and any(tables & set(user.tables) for user in users):
            return Found(f"{client.path}.{one.name}", "likely", f"{one.where}, a key of the login")
    return None


def _is_own(name: str) -> bool:
    """A client may be led to a login that is somebody else's: that of the doctor, or of who wrote the row."""
    return words.has(name, words.LOGIN) and not words.has(name, words.STAFF | words.DEED)


def propose_scope(
    mapper: Mapper[Any], users: Sequence[Mapper[Any]], appointment: str, user: str, proposal: Proposal
) -> None:
    """The tenant, if every row of appointments and of a login table has one; else a question."""
    for one in attributes(mapper):
        surely = words.has(one.name, words.TENANT)
        if one.column.primary_key or not (surely or words.has(one.name, words.CLINIC)):
            continue
        theirs = next((found for login in users for found in attributes(login) if _is_same(one, found)), None)
        always = theirs is not None and not one.column.nullable and not theirs.column.nullable
        if theirs is not None and always and (surely or one.column.foreign_keys):
            why = f"{one.where}, as {theirs.where}; neither is ever empty"
            proposal.put(appointment, "scope", Found(one.name, "likely", why))
            proposal.put(user, "scope", Found(theirs.name, "likely", "compared with the appointment's"))
            proposal.ask(
                f"{one.where} was taken for a tenant: staff see the appointments of their own one alone. If these are "
                "places of one clinic, remove scope in both tables."
            )
            return
        if surely:
            proposal.ask(
                f"{one.where} looks like a tenant. Do several clinics share this database? Then map scope = "
                f"{one.name!r}, here and for the user."
            )
            return


def _is_same(one: Attribute, other: Attribute) -> bool:
    if other.column.primary_key:
        return False
    mine, theirs = ({key.target_fullname for key in each.column.foreign_keys} for each in (one, other))
    return mine == theirs if mine or theirs else one.name == other.name
