"""The status of an appointment: groups of the host's own values, and the values that are written back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum as PythonEnum
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Enum, Integer, Numeric, Table, inspect, select
from sqlalchemy.orm import Mapper, Session, object_session
from sqlalchemy.types import TypeEngine

from flask_cancellations.errors import Fault
from flask_cancellations.host.paths import Path, Selection, mapper_of, relation
from flask_cancellations.host.values import Status
from flask_cancellations.rules.reasons import Side

KEY = "CANCELLATIONS_HOST.appointment.status"


@dataclass(frozen=True, slots=True)
class Writes:
    """What is written, as the attribute takes it: a text, a number, or a member of the Enum."""

    cancelled: Any
    client: Any
    clinic: Any
    restored: Any
    no_show: Any = None


class StatusValues:
    """The values that a status column takes: members of an Enum, a list of texts, numbers, or any text."""

    def __init__(self, kind: TypeEngine[Any] | None) -> None:
        self.members: type[PythonEnum] | None = kind.enum_class if isinstance(kind, Enum) else None
        self.texts: list[str] | None = kind.enums if isinstance(kind, Enum) and self.members is None else None
        self.numbers = isinstance(kind, Integer | Numeric)
        self.truths = isinstance(kind, Boolean)

    def find(self, given: Any) -> Any:
        """The value that ``given`` stands for, in the configuration or in our records; None if there is none."""
        if self.members is not None:
            return find_member(self.members, given)
        if self.truths:
            return {"true": True, "false": False}.get(str(given).lower())
        if isinstance(given, bool):
            return None
        if self.numbers:
            text = str(given)
            return int(text) if text.removeprefix("-").isdecimal() else None
        if not isinstance(given, str):
            return None
        return given if self.texts is None or given in self.texts else None

    def stored(self, value: Any) -> Any:
        """A value as the column gives it back: hosts assign members of an Enum to text columns, and the reverse."""
        if self.members is None:
            return value.value if isinstance(value, PythonEnum) else value
        return value if isinstance(value, self.members) else self.find(value)

    def text(self, value: Any) -> str:
        """A value as text, for our records: an Enum by name, NULL as an empty text."""
        value = self.stored(value)
        if isinstance(value, PythonEnum):
            return value.name
        return "" if value is None else str(value)

    @property
    def expected(self) -> str:
        """What may stand in the configuration."""
        if self.members is not None:
            return f"a name or value of {self.members.__name__}"
        if self.texts is not None:
            return f"one of {', '.join(self.texts)}"
        return "true or false" if self.truths else "a whole number" if self.numbers else "a text"

    @property
    def known(self) -> list[str]:
        """All names and values, where the column has a closed list of them."""
        if self.members is not None:
            return [*self.members.__members__, *(str(member.value) for member in self.members)]
        return self.texts or []


@dataclass(frozen=True, slots=True)
class StatusMap:
    """``groups`` maps each of the host's values, as the attribute gives them, to a status of ours; None is NULL.

    A path of several steps reads a lookup table. There the status is changed by leading the relation to another row,
    never by writing into the row that all appointments of that status share.
    """

    path: Path
    groups: dict[Any, Status]
    writes: Writes
    values: StatusValues

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    @property
    def members(self) -> type[PythonEnum] | None:
        """The Enum, if the column has one."""
        return self.values.members

    def value(self, row: Any) -> Status:
        found = self.path.value(row)
        value = self.values.stored(found)
        # What the Enum lacks reads as None, and is not NULL.
        return self.groups.get(value, "unknown") if value is not None or found is None else "unknown"

    def raw(self, row: Any) -> str:
        """The host's own value as text, for our records."""
        return self.values.text(self.path.value(row))

    def write(self, row: Any, value: Any) -> None:
        """Set the attribute or relation, so that the host's validators, listeners and version counter run.

        Raises LookupError if a lookup table has no row with this value.
        """
        if len(self.path.steps) == 1:
            self.path.set(row, value)
            return
        if value is None:
            Path(self.path.model, self.path.steps[:-1]).set(row, None)
            return
        session = object_session(row)
        found = None if session is None else self._lookup_row(session, value)
        if found is None:
            raise LookupError(f"{self._lookup.__name__} has no row whose {self.path.steps[-1]} is {value!r}")
        Path(self.path.model, self.path.steps[:-1]).set(row, found)

    def write_cancelled(self, row: Any, side: Side) -> None:
        chosen = {"client": self.writes.client, "clinic": self.writes.clinic}
        self.write(row, chosen.get(side, self.writes.cancelled))

    def write_raw(self, row: Any, text: str) -> None:
        """Write a value given as :meth:`raw` gave it. Raises ValueError for one that the column cannot hold."""
        if not text and None in self.groups:
            self.write(row, None)
            return
        value = self.values.find(text)
        if value is None:
            kind = self.members.__name__ if self.members else "the status"
            raise ValueError(f"{kind} has no member {text!r}")
        self.write(row, value)

    def is_open(self, selection: Selection) -> ColumnElement[bool]:
        """The condition that a row is open."""
        attribute = selection.attribute(self.path)
        values = [value for value, group in self.groups.items() if group == "booked" and value is not None]
        condition: ColumnElement[bool] = attribute.in_(values)
        return condition | attribute.is_(None) if self.groups.get(None) == "booked" else condition

    def missing(self, session: Session) -> dict[str, Any]:
        """The values to be written (by the name of the write) that no row of the lookup table has. Reads the database.

        Without a lookup table there are none, nor while it is not there or empty: a new database is not filled yet.
        """
        if len(self.path.steps) == 1:
            return {}
        mapper, name = mapper_of(self._lookup), self.path.steps[-1]
        connection = session.connection(bind_arguments={"mapper": mapper})
        if not all(inspect(connection).has_table(table.name, table.schema) for table in _tables(mapper)):
            return {}
        found = {self.values.stored(value) for value in session.scalars(select(getattr(self._lookup, name)).distinct())}
        written = {
            write: getattr(self.writes, write) for write in ("cancelled", "client", "clinic", "restored", "no_show")
        }
        return {k: value for k, value in written.items() if found and value is not None and value not in found}

    def faults(self, session: Session) -> list[Fault]:
        """The same as faults of the configuration."""
        return [
            Fault(
                f"{KEY}.write.{write}",
                f"{value!r}, which no row of {self._lookup.__name__} has",
                f"a row of it whose {self.path.steps[-1]} is that",
            )
            for write, value in self.missing(session).items()
        ]

    @property
    def _lookup(self) -> type[Any]:
        mapper = mapper_of(self.path.model)
        for step in self.path.steps[:-1]:
            found = relation(mapper, step)
            assert found is not None  # the path was checked
            mapper = found.mapper
        return mapper.class_

    def _lookup_row(self, session: Session, value: Any) -> Any | None:
        attribute = getattr(self._lookup, self.path.steps[-1])
        # A collation may take "Cancelled" for "cancelled".
        found = session.scalars(select(self._lookup).where(attribute == value))
        return next((row for row in found if self.values.stored(getattr(row, self.path.steps[-1])) == value), None)


def _tables(mapper: Mapper[Any]) -> list[Table]:
    return [table for table in mapper.tables if isinstance(table, Table)]


def find_member(members: type[PythonEnum], given: Any) -> PythonEnum | None:
    """The member with this name, or else the one whose value reads like this."""
    if given in members.__members__:
        return members.__members__[given]
    return next((member for member in members if str(member.value) == str(given)), None)
