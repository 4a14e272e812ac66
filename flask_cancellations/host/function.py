"""What the host itself does to cancel an appointment, in place of a status that we write: a function, or a method."""

from __future__ import annotations

import inspect as signatures
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import getattr_static
from types import FunctionType
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect
from sqlalchemy.orm import Mapper, Session

from flask_cancellations.errors import Fault
from flask_cancellations.host.checks import relation_target
from flask_cancellations.host.lookup import Attempts, Faulty
from flask_cancellations.host.no_status import Claimed
from flask_cancellations.host.paths import owners, relation
from flask_cancellations.host.roles import host_function
from flask_cancellations.host.write_back import Deed
from flask_cancellations.settings.host import CancelSpec, HostFunction
from flask_cancellations.settings.place import nearest

if TYPE_CHECKING:
    from flask_cancellations.host.host import Host

KEY = "CANCELLATIONS_HOST.appointment.cancel"


def _primary_key(row: Any) -> Any:
    """The primary key as the host has it; a tuple if it is composite, None without a row."""
    if row is None:
        return None
    values = tuple(inspect(row).mapper.primary_key_from_instance(row))
    return values[0] if len(values) == 1 else values


_ARGUMENTS: Mapping[str, Callable[[Any, Deed], Any]] = {
    "row": lambda row, _: row,
    "key": lambda row, _: _primary_key(row),
    "reason": lambda _, deed: deed.reason,
    "code": lambda _, deed: deed.code,
    "note": lambda _, deed: deed.note,
    "side": lambda _, deed: deed.side,
    "actor": lambda _, deed: _primary_key(deed.user),
    "actor_name": lambda _, deed: deed.by,
}


@dataclass(frozen=True, slots=True)
class OwnCancel:
    """The host's function; with ``steps`` the method that these lead to from the row.

    ``name`` is for people to read. One that ``commits`` may end the transaction that it is called in.
    """

    name: str
    function: Callable[..., Any] | None
    steps: tuple[str, ...]
    arguments: tuple[str, ...]
    commits: bool

    def __call__(self, row: Any, deed: Deed) -> Any:
        """Call it, and give back what it returns. Raises what it raises."""
        arguments = [_ARGUMENTS[name](row, deed) for name in self.arguments]
        function = self.function
        if function is None:
            function = row
            for step in self.steps:
                if function is None:
                    raise LookupError(f"{type(row).__name__} {_primary_key(row)} has nothing to call {self.name} on")
                function = getattr(function, step)
        return function(*arguments)


def still_stands(host: Host, session: Session, key: str) -> str | None:
    """The host's own word for the status of an appointment that it has not cancelled, as it is now; None if it has.

    A row that is gone is cancelled. One that the host has no status for is as well: there our claim tells.
    """
    row = host.get(session, key, lock=True, fresh=True)
    if row is None or host.status.value(row) == "cancelled":
        return None
    if isinstance(host.status, Claimed):
        return "" if host.deletes else None
    return host.status_value(row)


def resolve_cancel(attempts: Attempts, mapper: Mapper[Any], spec: CancelSpec | None) -> OwnCancel | None:
    """What the configuration names, or None where it names nothing, or after noting why it cannot be called."""
    return None if spec is None else attempts.attempt(_own_cancel, mapper, spec)


def _own_cancel(mapper: Mapper[Any], spec: CancelSpec) -> OwnCancel:
    if isinstance(spec.call, HostFunction):
        key = f"{KEY}.function"
        function = host_function(spec.call, key)
        name = spec.call.function if isinstance(spec.call.function, str) else _name_of(function)
        _check_call(function, key, name, spec.arguments)
        return OwnCancel(name, function, (), spec.arguments, spec.commits)
    key, steps = f"{KEY}.method", tuple(spec.call.split("."))
    for step in steps[:-1]:
        mapper = _one(mapper, key, step)
    method = getattr_static(mapper.class_, steps[-1], None)
    if not callable(getattr(mapper.class_, steps[-1], None)) or not isinstance(
        method, FunctionType | classmethod | staticmethod
    ):
        methods = [name for name in dir(mapper.class_) if isinstance(getattr_static(mapper.class_, name), FunctionType)]
        raise Faulty(Fault(key, repr(spec.call), f"a method of {mapper.class_.__name__}", nearest(steps[-1], methods)))
    if isinstance(method, FunctionType):
        _check_call(method, key, spec.call, ("self", *spec.arguments))
    return OwnCancel(spec.call, None, steps, spec.arguments, spec.commits)


def _one(mapper: Mapper[Any], key: str, step: str) -> Mapper[Any]:
    """The model that a step on the way to the method leads to, which must be one row."""
    owner = next(iter(owners(mapper, step)), mapper)
    found = relation(owner, step)
    if found is None or found.uselist:
        what = "a relation to many rows" if found is not None else "no relation"
        expected = f"a relation of {mapper.class_.__name__} to one row"
        raise Faulty(Fault(key, f"{step!r}, {what}", expected, nearest(step, mapper.relationships.keys())))
    return relation_target(owner, step)


def _check_call(function: Callable[..., Any], key: str, name: str, arguments: tuple[str, ...]) -> None:
    """Raise Faulty if the function cannot be called like that, before the first person finds out."""
    if signatures.iscoroutinefunction(function):
        raise Faulty(Fault(key, f"{name!r}, a coroutine", "an ordinary function"))
    try:
        signature = signatures.signature(function)
    except (TypeError, ValueError):  # built in, or of another language
        return
    try:
        signature.bind(*arguments)
    except TypeError as error:
        given = ", ".join(argument for argument in arguments if argument != "self")
        what = f"{name!r} with {given or 'no arguments'} ({error})"
        raise Faulty(Fault(key, what, "arguments that it takes, in their order")) from error


def _name_of(function: Callable[..., Any]) -> str:
    return f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', repr(function))}"
