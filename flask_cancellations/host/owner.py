"""Whose own an appointment is: the client who signs in, where clients do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import ColumnProperty, Mapper

from flask_cancellations.errors import Fault
from flask_cancellations.host import checks
from flask_cancellations.host.keys import key_of, key_of_value
from flask_cancellations.host.lookup import Attempts, Faulty, Models
from flask_cancellations.host.paths import Path
from flask_cancellations.host.people import USER, Users, login_table
from flask_cancellations.settings.host import OwnerSpec

KEY = "CANCELLATIONS_HOST.appointment.owner"


@dataclass(frozen=True, slots=True)
class Owner:
    """The path from an appointment to the owner's row, or to its key in the login table whose model is ``table``."""

    path: Path
    table: type[Any]

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def owns(self, row: Any, person: Any) -> bool:
        """Whether the appointment of ``row`` is that of the login row ``person``.

        Keys of two login tables may be equal, so the tables are compared too.
        """
        found = self.path.value(row)
        if found is None:
            return False
        state = inspect(found, raiseerr=False)
        table, key = (self.table, key_of_value(found)) if state is None else (login_table(state.mapper), key_of(found))
        return table is login_table(inspect(type(person))) and key == key_of(person)


def resolve_owner(
    attempts: Attempts, models: Models, mapper: Mapper[Any], spec: OwnerSpec | None, users: Users
) -> Owner | None:
    """The owner, or None where none is mapped or after a fault."""
    if spec is None:
        return None
    named = attempts.attempt(models.find, spec.model, f"{KEY}.model") if spec.model is not None else None
    if spec.model is not None and named is None:
        return None
    return attempts.attempt(_owner, models, mapper, spec.key, named, users)


def _owner(models: Models, mapper: Mapper[Any], text: str, named: Mapper[Any] | None, users: Users) -> Owner:
    path = checks.either(mapper, KEY, text)
    target = checks.target(mapper, KEY, text)
    tables = _referenced(models, mapper, text) if target is None else {login_table(target)}
    if not tables:  # a bare value: what it is the key of must be said
        tables = {login_table(table) for table in users.tables} if named is None else {login_table(named)}
        if len(tables) != 1:
            expected = f"a relation or a foreign key; else {{key = {text!r}, model = ...}}, or {USER}.model"
            raise Faulty(Fault(KEY, f"{text!r}, a key of no known table", expected))
    (table,) = tables
    if named is not None and login_table(named) is not table:
        raise Faulty(Fault(f"{KEY}.model", named.class_.__name__, f"{table.__name__}, where {text!r} leads"))
    if users.no_others and all(login_table(known) is not table for known in users.tables):
        known = ", ".join(one.class_.__name__ for one in users.tables)
        raise Faulty(Fault(KEY, f"{text!r}, which leads to {table.__name__}", f"one who can sign in: {known}"))
    return Owner(path, table)


def _referenced(models: Models, mapper: Mapper[Any], text: str) -> set[type[Any]]:
    """The model whose primary key the column at the end of a path is or points at; empty for any other."""
    path = checks.column(mapper, KEY, text)
    if path is None:
        return set()
    owner, name = checks.end_of(mapper, path)
    attribute = owner.attrs.get(name)
    if not isinstance(attribute, ColumnProperty):
        return set()
    if len(owner.primary_key) == 1 and owner.primary_key[0] in attribute.columns:
        return {login_table(owner)}
    keys = [key.column for key in attribute.columns[0].foreign_keys]
    return {
        login_table(known)
        for known in models.mappers
        for key in keys
        if known.local_table is key.table and list(key.table.primary_key) == [key]
    }
