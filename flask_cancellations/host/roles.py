"""The roles of a signed-in person, from whatever the host keeps them in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from sqlalchemy import Boolean, Integer
from sqlalchemy.orm import Mapper

from flask_cancellations.errors import Fault
from flask_cancellations.host import checks
from flask_cancellations.host.lookup import Attempts, Faulty, Models, named_object
from flask_cancellations.host.mapping import text_of
from flask_cancellations.host.paths import Path
from flask_cancellations.settings.host import FlagsSpec, HostFunction, ModelsSpec, RoleSpec

KEY = "CANCELLATIONS_HOST.user.role"

RolesOf = Callable[[Any], Iterable[str]]


def no_roles(row: Any) -> Iterable[str]:  # noqa: ARG001 - one shape for all
    """Those of a person of whom the configuration says nothing."""
    return ()


def read_roles(attempts: Attempts, tables: Sequence[Mapper[Any]], spec: RoleSpec) -> dict[Mapper[Any], RolesOf]:
    """How the roles of each login table's persons are read; of several it is enough if one has an attribute.

    Roles by login table are those of :func:`roles_by_table`; here they are none.
    """
    if isinstance(spec, HostFunction):
        function = attempts.attempt(host_function, spec, KEY)
        return {} if function is None else {table: lambda row: names_of(function(row)) for table in tables}
    if isinstance(spec, FlagsSpec):
        return _flags(attempts, tables, spec)
    if isinstance(spec, str):
        return {table: _by_path(path) for table, path in attempts.any_of(checks.any_of, tables, KEY, spec).items()}
    return {}


def _flags(attempts: Attempts, tables: Sequence[Mapper[Any]], spec: FlagsSpec) -> dict[Mapper[Any], RolesOf]:
    key, kinds = f"{KEY}.flags", (Boolean, Integer)
    found: dict[Mapper[Any], dict[Path, str]] = {table: {} for table in tables}
    for text, role in spec.roles.items():
        for table, path in attempts.any_of(checks.scalar, tables, key, text, kinds, below=True).items():
            found[table][path] = role
    return {table: _by_flags(flags) for table, flags in found.items()}


def _by_flags(flags: Mapping[Path, str]) -> RolesOf:
    return lambda row: [role for path, role in flags.items() if _is_true(path.value(row))]


def _by_path(path: Path) -> RolesOf:
    return lambda row: names_of(_ends(path, row))


def roles_by_table(attempts: Attempts, models: Models, spec: RoleSpec) -> dict[Mapper[Any], str]:
    """The role that everybody has who signs in by one of these tables."""
    if not isinstance(spec, ModelsSpec):
        return {}
    found = {model: attempts.attempt(models.find, model, f"{KEY}.models.{model}") for model in spec.roles}
    return {mapper: spec.roles[model] for model, mapper in found.items() if mapper is not None}


def host_function(spec: HostFunction, key: str) -> Callable[..., Any]:
    """The host's function. Raises Faulty if there is none of that name."""
    found = named_object(spec.function, key) if isinstance(spec.function, str) else spec.function
    if not callable(found):
        raise Faulty(Fault(key, f"{spec.function!r}, which cannot be called", "a function"))
    function: Callable[..., Any] = found
    return function


def names_of(found: Any) -> Iterable[str]:
    """Role names in what a host gives: one or several; an Enum counts by its name and by its value."""
    if isinstance(found, Enum):
        names = [found.name, text_of(found)]
    elif isinstance(found, Iterable) and not isinstance(found, str | bytes):
        names = [name for one in found for name in names_of(one)]
    else:
        names = [text_of(found)]
    return dict.fromkeys(filter(None, names))


def _ends(path: Path, row: Any) -> list[Any]:
    """What a path over many rows leads to, from one of them."""
    rows = [row]
    for step in path.steps:
        rows = [found for one in rows if hasattr(type(one), step) for found in _each(getattr(one, step))]
    return rows


def _each(found: Any) -> Iterable[Any]:
    """The rows of a relation, however the host collects them, or the one thing that is there."""
    if isinstance(found, Mapping):
        return list(found.values())
    return found if isinstance(found, Iterable) and not isinstance(found, str | bytes) else [found]


def _is_true(found: Any) -> bool:
    """A text is no flag: the one that says "false" would be true."""
    return isinstance(found, int) and found != 0
