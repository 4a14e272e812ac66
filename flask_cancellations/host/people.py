"""The signed-in person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Mapper

from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.host import checks
from flask_cancellations.host.keys import key_of, key_of_value
from flask_cancellations.host.lookup import Faulty, full_name
from flask_cancellations.host.mapping import Words, text_of
from flask_cancellations.host.paths import Path
from flask_cancellations.host.values import User
from flask_cancellations.settings.host import UserSettings

USER = "CANCELLATIONS_HOST.user"


@dataclass(frozen=True, slots=True)
class _UserPaths:
    name: Words
    role: Path | Callable[[Any], Any] | None
    staff: Path | None


class Users:
    """Reads the signed-in person.

    A host may have several login tables, and Flask-Login does not say which; so the paths are checked for
    each class of user when the first one of it comes, or before, where the configuration names the model.
    """

    def __init__(self, settings: UserSettings) -> None:
        self._settings = settings
        self._paths: dict[type[Any], _UserPaths] = {}

    def check(self, mapper: Mapper[Any]) -> list[Fault]:
        """What is wrong with the configuration for users of this model."""
        faults: list[Fault] = []
        model, settings = mapper.class_, self._settings

        def attempt(key: str, text: str, check: Callable[[Mapper[Any], str, str], Path]) -> Path | None:
            try:
                return check(mapper, f"{USER}.{key}", text)
            except Faulty as faulty:
                faults.append(faulty.fault)
                return None

        names = [attempt("name", text, checks.scalar) for text in settings.name]
        role = attempt("role", settings.role, checks.scalar) if isinstance(settings.role, str) else settings.role
        staff = attempt("staff", settings.staff, checks.either) if settings.staff else None
        if not faults:
            self._paths[model] = _UserPaths(Words(tuple(filter(None, names))), role, staff)
        return faults

    def read(self, user: Any) -> User:
        """The signed-in person. Raises ConfigError if the mapping does not fit this class of user."""
        row = user._get_current_object() if hasattr(user, "_get_current_object") else user
        paths = self._paths_for(type(row))
        key = key_of(row)
        role = paths.role.value(row) if isinstance(paths.role, Path) else paths.role and paths.role(row)
        staff = paths.staff.value(row) if paths.staff is not None else None
        return User(
            key=key,
            name=paths.name.value(row) or key,
            roles=tuple(dict.fromkeys(_roles(role))),
            staff_key=_key_or_none(staff),
        )

    def _paths_for(self, model: type[Any]) -> _UserPaths:
        if model not in self._paths:
            mapper = inspect(model, raiseerr=False)
            if not isinstance(mapper, Mapper):
                found = f"a signed-in user of the class {full_name(model)}, which is not mapped"
                raise ConfigError([Fault(USER, found, "a mapped row; HostAdapter.current_user can return one")])
            faults = self.check(mapper)
            if faults:
                raise ConfigError(faults)
        return self._paths[model]


def _roles(found: Any) -> Iterable[str]:
    """Role names in what a host gives: one or several; an Enum counts by its name and by its value."""
    if found is None:
        return
    if isinstance(found, Enum):
        yield found.name
        yield text_of(found)
    elif isinstance(found, list | tuple | set | frozenset):
        for role in found:
            yield from _roles(role)
    else:
        yield text_of(found)


def _key_or_none(found: Any) -> str | None:
    """The key of a related row, or of the value of a column that points at it."""
    if found is None:
        return None
    mapped = inspect(found, raiseerr=False)
    return key_of_value(found) if mapped is None else key_of(found)
