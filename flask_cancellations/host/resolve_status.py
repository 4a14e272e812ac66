"""The status of the mapping meets the host's models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Boolean, Enum, Integer, String, Uuid
from sqlalchemy.orm import Mapper

from flask_cancellations.errors import Fault
from flask_cancellations.host import checks
from flask_cancellations.host.lookup import Attempts, Faulty
from flask_cancellations.host.no_status import Claimed
from flask_cancellations.host.status import KEY, StatusMap, StatusValues, Writes
from flask_cancellations.host.values import Status
from flask_cancellations.models import Claim
from flask_cancellations.models.base import table_in
from flask_cancellations.settings.host import NoStatusSpec, StatusSpec, StatusValue
from flask_cancellations.settings.place import nearest

STATUS: checks.Kinds = (String, Enum, Integer, Boolean)
GROUPS: dict[str, Status] = {"open": "booked", "cancelled": "cancelled", "no_show": "noshow", "done": "fulfilled"}


def resolve_status(
    attempts: Attempts,
    mapper: Mapper[Any],
    spec: StatusSpec | NoStatusSpec,
    scope: Callable[[], str],
    schema: str | None = None,
) -> StatusMap | Claimed | None:
    """The status, or None after noting why there is none. ``schema`` is the one that our tables lie in."""
    if isinstance(spec, NoStatusSpec):
        return attempts.attempt(_claimed, mapper, spec, scope, schema)
    return _status(attempts, mapper, spec)


def _claimed(mapper: Mapper[Any], spec: NoStatusSpec, scope: Callable[[], str], schema: str | None) -> Claimed:
    deletes = spec.cancelled == "delete"
    column = mapper.primary_key[0]
    if not deletes and (len(mapper.primary_key) > 1 or not isinstance(column.type, String | Integer | Uuid)):
        expected = "a primary key of one column, a number, text or UUID, by which the database finds our claim"
        raise Faulty(Fault(f"{KEY}.none", f"'hide' for {mapper.class_.__name__}", expected))
    return Claimed(mapper.class_, scope, deletes, table_in(Claim, schema))


def _status(attempts: Attempts, mapper: Mapper[Any], spec: StatusSpec) -> StatusMap | None:
    path = attempts.attempt(checks.scalar, mapper, f"{KEY}.attribute", spec.attribute, STATUS, in_sql=True)
    if path is None:
        return None
    owner, name = checks.end_of(mapper, path)
    if len(path.steps) == 1 and not checks.is_settable(owner, name):
        attempts.faults.append(
            Fault(f"{KEY}.attribute", f"{spec.attribute!r}, which cannot be set", "an attribute to write")
        )
    values = StatusValues(checks.column_type(owner, name))
    groups: dict[Any, Status] = {}
    for group, status in GROUPS.items():
        for given in getattr(spec, group):
            found = attempts.attempt(_value, values, given, f"{KEY}.{group}")
            if found is None:
                continue
            if groups.setdefault(found, status) != status:
                attempts.faults.append(Fault(f"{KEY}.{group}", repr(given), "a value that is in no other group"))
    if spec.null is not None:
        groups[None] = GROUPS[spec.null]
    written = {
        name: attempts.attempt(_value, values, given, f"{KEY}.write.{name}")
        for name in ("cancelled", "client", "clinic", "restored", "no_show")
        if (given := getattr(spec.write, name)) is not None
    }
    return StatusMap(path, groups, Writes(**written), values)


def _value(values: StatusValues, given: StatusValue, key: str) -> Any:
    found = values.find(given)
    if found is None:
        raise Faulty(Fault(key, repr(given), values.expected, nearest(str(given), values.known)))
    return found
