"""What a host wants to know about a cancellation besides the status, written into columns of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Date, DateTime, Dialect, Enum, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapper, object_session

from flask_cancellations.clock import Clock, us_to_utc
from flask_cancellations.errors import Fault
from flask_cancellations.host import checks
from flask_cancellations.host.keys import value_for
from flask_cancellations.host.lookup import Attempts, Faulty
from flask_cancellations.host.paths import Path, mapper_of
from flask_cancellations.settings.host import WriteBackSpec

KEY = "CANCELLATIONS_HOST.appointment.write_back"


@dataclass(frozen=True, slots=True)
class Deed:
    """Who cancelled, when (microseconds UTC) and why, in words and by its ``code``.

    ``user_key`` is that of a host user, if it was one, and ``user`` the host's own object for this person.
    """

    reason: str
    at_us: int
    by: str
    user_key: str | None
    code: str = ""
    note: str = ""
    side: str = ""
    user: Any = None


@dataclass(frozen=True, slots=True)
class WriteBack:
    """The paths to write; ``at_local`` says that the host keeps the clinic's wall clock there, and not UTC."""

    paths: Mapping[str, Path]
    clock: Clock
    at_local: bool

    def write(self, row: Any, deed: Deed) -> None:
        """Set the attributes, so that the host's own validators and listeners run."""
        for name, path in self.paths.items():
            path.set(row, getattr(self, f"_{name}")(row, path, deed))

    def _reason(self, row: Any, path: Path, deed: Deed) -> str:  # noqa: ARG002 - one shape for all
        return _fitting(path, deed.reason)

    def _cancelled_at(self, row: Any, path: Path, deed: Deed) -> Any:  # noqa: ARG002 - one shape for all
        kind = _kind(path)
        at: datetime = us_to_utc(deed.at_us)
        if not (isinstance(kind, DateTime) and kind.timezone):  # a column that keeps zones is given one
            at = self.clock.to_wall(deed.at_us) if self.at_local else at.replace(tzinfo=None)
        return at.date() if isinstance(kind, Date) else at

    def _cancelled_by(self, row: Any, path: Path, deed: Deed) -> Any:
        mapper, name = checks.end_of(mapper_of(path.model), path)
        if isinstance(_kind(path), String) and not checks.points_at_rows(mapper, name):
            return _fitting(path, deed.by)
        if deed.user_key is None:
            return None
        if deed.user is not None and not checks.may_point_at(mapper, name, mapper_of(type(deed.user))):
            return None  # one of several login tables, and the foreign key means another
        return value_for(mapper.columns[name], deed.user_key, _dialect(row, mapper))

    def _active(self, row: Any, path: Path, deed: Deed) -> bool | int:  # noqa: ARG002 - one shape for all
        return False if isinstance(_kind(path), Boolean) else 0


def resolve_write_back(
    attempts: Attempts, mapper: Mapper[Any], spec: WriteBackSpec | None, clock: Clock
) -> WriteBack | None:
    """The columns to write, or None where there are none."""
    if spec is None:
        return None
    wanted = {
        "reason": (spec.reason, (String,)),
        "cancelled_at": (spec.cancelled_at.attribute if spec.cancelled_at else None, (DateTime, Date)),
        "cancelled_by": (spec.cancelled_by, (String, Integer, Uuid)),
        "active": (spec.active, (Boolean, Integer)),
    }
    found: dict[str, Path] = {}
    for name, (text, kinds) in wanted.items():
        if text is not None:
            path = attempts.attempt(_writable, mapper, f"{KEY}.{name}", text, kinds)
            if path is not None:
                found[name] = path
    return WriteBack(found, clock, spec.cancelled_at is not None and spec.cancelled_at.zone == "local")


def _writable(mapper: Mapper[Any], key: str, text: str, kinds: checks.Kinds) -> Path:
    path = checks.scalar(mapper, key, text, kinds, in_sql=True)
    owner, name = checks.end_of(mapper, path)
    kind = checks.column_type(owner, name)
    if kind is None or isinstance(kind, Enum):
        expected = " or ".join(allowed.__name__ for allowed in kinds)
        raise Faulty(Fault(key, repr(text), f"a column of type {expected}"))
    return path


def _kind(path: Path) -> Any:
    return checks.column_type(*checks.end_of(mapper_of(path.model), path))


def _fitting(path: Path, text: str) -> str:
    """The text, cut to what the column holds."""
    kind = _kind(path)
    length = None if isinstance(kind, Text) else kind.length
    return text if length is None else text[:length]


def _dialect(row: Any, mapper: Mapper[Any]) -> Dialect | None:
    session = object_session(row)
    return None if session is None else session.get_bind(mapper).dialect
