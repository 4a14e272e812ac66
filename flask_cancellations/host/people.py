"""The signed-in person: key, name, roles and own staff record, by login table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Mapper, Session

from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.host import checks
from flask_cancellations.host.identity import (
    BySession,
    Identify,
    Login,
    by_flask_login,
    find_person,
    person,
)
from flask_cancellations.host.keys import MAX_KEY, key_of
from flask_cancellations.host.lookup import Attempts, Models, full_name
from flask_cancellations.host.mapping import Words
from flask_cancellations.host.paths import Path
from flask_cancellations.host.roles import RolesOf, host_function, no_roles, read_roles, roles_by_table
from flask_cancellations.host.scope import key_or_none
from flask_cancellations.host.values import User
from flask_cancellations.settings.host import HostFunction, UserSettings

USER = "CANCELLATIONS_HOST.user"


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the persons of one login table are read."""

    name: Words
    roles: RolesOf
    staff: Path | None
    scope: Path | None


class Users:
    """Reads the signed-in person.

    The login tables may be unknown, as Flask-Login does not say which there are; then the first of each are
    looked at when they come. Where they are known, somebody of another table has no roles.

    Tables count their rows each for itself, so where there are several a person's key starts with the table's model.
    """

    def __init__(
        self,
        settings: UserSettings,
        tables: Iterable[Mapper[Any]] = (),
        identify: Identify = by_flask_login,
        roles: Mapping[Mapper[Any], str] | None = None,
        staff: type[Any] | None = None,
    ) -> None:
        self.tables = tuple(dict.fromkeys(tables))
        self._settings = settings
        self._identify = identify
        self._roles = roles or {}
        self._staff = staff
        self._readings: dict[Mapper[Any], _Reading] = {}

    def check(self, attempts: Attempts) -> None:
        """Look up all that is read from the known tables."""
        if self.tables:
            self._readings = self._look_up(attempts, self.tables)

    @property
    def no_others(self) -> bool:
        """Whether nobody of another table can sign in."""
        return isinstance(self._identify, BySession)

    def signed_in(self, session: Session) -> Any | None:
        """The host's own object for the signed-in person, or None if nobody is."""
        return find_person(self._identify, session)

    def read(self, user: Any) -> User:
        """The signed-in person. Raises ConfigError if the mapping does not fit this class of user."""
        row = person(user)
        mapper = _mapper(row)
        reading = self._reading(mapper)
        key = self._key(row, mapper)
        return User(
            key=key,
            name=reading.name.value(row) or key,
            roles=tuple(dict.fromkeys([*self._fixed(mapper), *reading.roles(row)])),
            staff_key=None if reading.staff is None else key_or_none(reading.staff.value(row)),
            row=row,
        )

    def scope(self, user: Any) -> str | None:
        """The scope of the signed-in person, None if there is none. Raises ConfigError as :meth:`read` does."""
        row = person(user)
        path = self._reading(_mapper(row)).scope
        return None if path is None else key_or_none(path.value(row))

    def _key(self, row: Any, mapper: Mapper[Any]) -> str:
        key, counted = key_of(row), {login_table(table) for table in self.tables}
        if not counted or counted == {login_table(mapper)}:
            return key
        key = f"{login_table(mapper).__name__}:{key}"
        if len(key) > MAX_KEY:
            raise ValueError(f"with its model a primary key is longer than the {MAX_KEY} characters a key may have")
        return key

    def _fixed(self, mapper: Mapper[Any]) -> list[str]:
        return [role for table, role in self._roles.items() if mapper.isa(table)]

    def _reading(self, mapper: Mapper[Any]) -> _Reading:
        if self.tables:
            mine = [table for table in self.tables if mapper.isa(table)]
            return self._readings[mine[0]] if mine else self._stranger(mapper)
        if mapper not in self._readings:
            attempts = Attempts()
            found = self._look_up(attempts, [mapper])
            if attempts.faults:
                raise ConfigError(attempts.faults)
            self._readings |= found
        return self._readings[mapper]

    def _stranger(self, mapper: Mapper[Any]) -> _Reading:
        """Of somebody from another login table: the name, where it is called the same there."""
        names = tuple(Path(mapper.class_, text.split(".")) for text in self._settings.name)
        return _Reading(Words(names), no_roles, None, None)

    def _look_up(self, attempts: Attempts, tables: Sequence[Mapper[Any]]) -> dict[Mapper[Any], _Reading]:
        """How the persons of each table are read. Of several it is enough if one has an attribute."""
        settings = self._settings
        names = [attempts.any_of(checks.scalar, tables, f"{USER}.name", text, below=True) for text in settings.name]
        mapped = [table for table in tables if table not in self._roles]
        roles = read_roles(attempts, mapped, settings.role) if mapped else {}
        staff = attempts.any_of(checks.either, tables, f"{USER}.staff", settings.staff) if settings.staff else {}
        scope = attempts.any_of(checks.either, tables, f"{USER}.scope", settings.scope) if settings.scope else {}
        return {
            table: _Reading(
                Words(tuple(found[table] for found in names if table in found)),
                roles.get(table, no_roles),
                self._own(table, staff.get(table)),
                scope.get(table),
            )
            for table in tables
        }

    def _own(self, table: Mapper[Any], path: Path | None) -> Path | None:
        """The path of the own staff record; not the key of a table, among several, that holds no staff."""
        if path is None or self._staff is None or len(self.tables) < 2:
            return path
        staff: Mapper[Any] = inspect(self._staff)
        keys = [(table.get_property_by_column(column).key,) for column in table.primary_key]
        return None if path.steps in keys and not (table.isa(staff) or staff.isa(table)) else path


def _mapper(row: Any) -> Mapper[Any]:
    mapper: Any = inspect(type(row), raiseerr=False)
    if not isinstance(mapper, Mapper):
        found = f"a signed-in user of the class {full_name(type(row))}, which is not mapped"
        raise ConfigError([Fault(USER, found, "a mapped row; HostAdapter.current_user can return one")])
    return mapper


def login_table(mapper: Mapper[Any]) -> type[Any]:
    """The model whose primary keys the rows of ``mapper`` share: with joined or single inheritance the base."""
    model: type[Any] = mapper.identity_key_from_primary_key((None,) * len(mapper.primary_key))[0]
    return model


def resolve_users(attempts: Attempts, models: Models, settings: UserSettings, staff: type[Any] | None) -> Users:
    """Who signs in. ``staff`` is the model of the staff, if it has one."""
    tables = [attempts.attempt(models.find, model, f"{USER}.model") for model in settings.models]
    roles = roles_by_table(attempts, models, settings.role)
    identify: Identify = by_flask_login
    if isinstance(settings.identity, HostFunction):
        function = attempts.attempt(host_function, settings.identity, f"{USER}.identity")
        identify = by_flask_login if function is None else lambda session: function()  # noqa: ARG005 - one shape for all
    elif settings.identity is not None:
        logins = []
        for number, spec in enumerate(settings.identity):
            key = f"{USER}.identity[{number}]"
            model = settings.models[0] if spec.model is None else spec.model
            table = attempts.attempt(models.find, model, f"{key}.model")
            tables.append(table)
            if table is None:
                continue
            logins.append(Login(spec.session, table, spec.when))
            if spec.role is not None and roles.setdefault(table, spec.role) != spec.role:
                expected = f"{roles[table]!r}, as before: a login table has one role, others are mapped by a path"
                attempts.faults.append(Fault(f"{key}.role", repr(spec.role), expected))
        identify = BySession(tuple(logins))
    tables += roles
    users = Users(settings, [table for table in tables if table is not None], identify, roles, staff)
    users.check(attempts)
    return users
