"""The status of an appointment: groups of the host's own values, and the values that are written back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement

from flask_cancellations.host.paths import Path, Selection
from flask_cancellations.host.values import Status
from flask_cancellations.rules.reasons import Side


@dataclass(frozen=True, slots=True)
class Writes:
    """What is written, as the attribute takes it: a text or a member of the Enum."""

    cancelled: Any
    client: Any
    clinic: Any
    restored: Any
    no_show: Any = None


@dataclass(frozen=True, slots=True)
class StatusMap:
    """``groups`` maps each of the host's values, as the attribute gives them, to a status of ours.

    ``members`` holds the Enum, if the column has one.
    """

    path: Path
    groups: dict[Any, Status]
    writes: Writes
    members: type[Enum] | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def value(self, row: Any) -> Status:
        return self.groups.get(self._stored(self.path.value(row)), "unknown")

    def _stored(self, value: Any) -> Any:
        """A value as the column gives it back: hosts assign members of an Enum to text columns, and the reverse."""
        if self.members is None:
            return value.value if isinstance(value, Enum) else value
        return value if isinstance(value, self.members) else self.member(value)

    def member(self, text: Any) -> Any:
        """The member of the host's Enum with this name, or else with this value; None if there is none."""
        return None if self.members is None else find_member(self.members, text)

    def raw(self, row: Any) -> str:
        """The host's own value as text, for our records: an Enum by name, NULL as an empty text."""
        value = self._stored(self.path.value(row))
        if isinstance(value, Enum):
            return value.name
        return "" if value is None else str(value)

    def write(self, row: Any, value: Any) -> None:
        """Set the attribute, so that the host's validators, listeners and version counter run."""
        self.path.set(row, value)

    def write_cancelled(self, row: Any, side: Side) -> None:
        chosen = {"client": self.writes.client, "clinic": self.writes.clinic}
        self.write(row, chosen.get(side, self.writes.cancelled))

    def write_raw(self, row: Any, text: str) -> None:
        """Write a value given as :meth:`raw` gave it. Raises ValueError for one that the Enum lacks."""
        value: Any = text
        if self.members is not None:
            value = self.member(text)
            if value is None:
                raise ValueError(f"{self.members.__name__} has no member {text!r}")
        self.write(row, value)

    def is_open(self, selection: Selection) -> ColumnElement[bool]:
        """The condition that a row is open."""
        values = [value for value, group in self.groups.items() if group == "booked"]
        condition: ColumnElement[bool] = selection.attribute(self.path).in_(values)
        return condition


def find_member(members: type[Enum], text: Any) -> Enum | None:
    """The member with this name, or else the one whose value reads like this."""
    if text in members.__members__:
        return members.__members__[text]
    return next((member for member in members if str(member.value) == str(text)), None)
