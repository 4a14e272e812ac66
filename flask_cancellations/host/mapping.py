"""The mapping language: small things that read one fact of an appointment from a host row.

Each has ``value(row)`` and ``paths``, the paths it reads. Those by which lists are chosen and ordered, the
starts and the status, also write conditions that a database answers from its indexes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, or_

from flask_cancellations.clock import Clock, us_to_utc, utc_to_us
from flask_cancellations.host.paths import Path, Selection
from flask_cancellations.host.texts import TextFormat

log = logging.getLogger(__name__)

# The length of an appointment whose row leaves every mapped end empty. Nought would let another booking
# overlap it.
ASSUMED_LENGTH = timedelta(minutes=60)
# SQLite compares texts, and a time written by other means than SQLAlchemy may lack the fraction that ours
# has, so that "09:00:00" lies before "09:00:00.000000". Searches begin one tick early; what is too early is
# dropped when it is read.
_TICK = timedelta(microseconds=1)


class Start(Protocol):
    """When an appointment starts, as naive wall clock of the clinic."""

    @property
    def paths(self) -> tuple[Path, ...]: ...

    def value(self, row: Any) -> datetime | None: ...

    def between(self, selection: Selection, first: datetime, before: datetime) -> ColumnElement[bool]:
        """Starts from ``first`` until just before ``before``; may let through one that is a fraction earlier."""
        ...

    def order_by(self, selection: Selection) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class Moment:
    """A start in one DateTime. ``zoned`` says that the column keeps a time zone where the database can."""

    path: Path
    clock: Clock
    zoned: bool = False

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def value(self, row: Any) -> datetime | None:
        return wall(self.path.value(row), self.clock)

    def between(self, selection: Selection, first: datetime, before: datetime) -> ColumnElement[bool]:
        column = selection.attribute(self.path)
        bounds = [first - _TICK, before]
        if self.zoned and selection.dialect.name == "postgresql":
            bounds = [us_to_utc(self.clock.to_us(bound)) for bound in bounds]
        return and_(column >= bounds[0], column < bounds[1])

    def order_by(self, selection: Selection) -> list[Any]:
        return [selection.attribute(self.path)]


@dataclass(frozen=True, slots=True)
class Day:
    """A start in a Date alone: the start of that day."""

    path: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def value(self, row: Any) -> datetime | None:
        day = self.path.value(row)
        return None if day is None else datetime.combine(day, time.min)

    def between(self, selection: Selection, first: datetime, before: datetime) -> ColumnElement[bool]:
        column = selection.attribute(self.path)
        begun = first.time() > time.min
        return and_(
            column > first.date() if begun else column >= first.date(),
            column <= before.date() if before.time() > time.min else column < before.date(),
        )

    def order_by(self, selection: Selection) -> list[Any]:
        return [selection.attribute(self.path)]


@dataclass(frozen=True, slots=True)
class DayAndTime:
    """A start in a Date and a Time. Without a time it is the start of the day."""

    day: Path
    time: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.day, self.time)

    def value(self, row: Any) -> datetime | None:
        day = self.day.value(row)
        return None if day is None else datetime.combine(day, self.time.value(row) or time.min)

    def between(self, selection: Selection, first: datetime, before: datetime) -> ColumnElement[bool]:
        """The day by range, the time at both edges only: the shape that an index on the day can answer."""
        day, hour = selection.attribute(self.day), selection.attribute(self.time)
        conditions = [day >= first.date()]
        if first.time() > time.min:
            conditions.append(or_(day > first.date(), hour >= (first - _TICK).time()))
        if before.time() > time.min:
            conditions.append(day <= before.date())
            conditions.append(or_(day < before.date(), hour < before.time(), hour.is_(None)))
        else:
            conditions.append(day < before.date())
        return and_(*conditions)

    def order_by(self, selection: Selection) -> list[Any]:
        return [selection.attribute(self.day), selection.attribute(self.time)]


@dataclass(frozen=True, slots=True)
class Minutes:
    """An end counted from the start: ``length`` is a number of minutes, or the path of one or an Interval."""

    length: Path | Total | int

    @property
    def paths(self) -> tuple[Path, ...]:
        if isinstance(self.length, Total):
            return self.length.paths
        return (self.length,) if isinstance(self.length, Path) else ()

    def value(self, row: Any, start: datetime) -> datetime | None:
        length: Any = self.length
        try:
            if not isinstance(self.length, int):
                length = self.length.value(row)
            if length is None:
                return None
            return start + (length if isinstance(length, timedelta) else timedelta(minutes=float(length)))
        except (TypeError, ValueError, OverflowError):
            log.warning("%r is not a number of minutes", length)
            return None


@dataclass(frozen=True, slots=True)
class Until:
    """An end in a DateTime, or in a Time on the day of the start (or after the midnight that follows).

    With a ``format`` it is kept as text.
    """

    path: Path
    clock: Clock
    format: TextFormat | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def value(self, row: Any, start: datetime) -> datetime | None:
        found = self.path.value(row)
        if self.format is not None and isinstance(found, str):
            found = self.format.parse(found)
            if found is not None and not self.format.tells_day:
                found = found.time()
        if not isinstance(found, time):
            return wall(found, self.clock)
        end = datetime.combine(start.date(), found)
        return end if end > start else end + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class End:
    """Several ways to tell the end, tried in turn: the first that gives one after the start."""

    ways: tuple[Minutes | Until, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for way in self.ways for path in way.paths)

    def value(self, row: Any, start: datetime) -> datetime:
        for way in self.ways:
            end = way.value(row, start)
            if end is not None and end > start:
                return end
        return start + ASSUMED_LENGTH


@dataclass(frozen=True, slots=True)
class Words:
    """A text from one or several attributes, joined by a space; what is empty is left out."""

    paths: tuple[Path, ...]

    def value(self, row: Any) -> str:
        return " ".join(filter(None, (text_of(path.value(row)) for path in self.paths)))


@dataclass(frozen=True, slots=True)
class FirstOf:
    """The first of several texts that is not empty."""

    texts: tuple[Words, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for text in self.texts for path in text.paths)

    def value(self, row: Any) -> str:
        return next(filter(None, (text.value(row) for text in self.texts)), "")


@dataclass(frozen=True, slots=True)
class Total:
    """The sum over many related rows, such as the services of a visit: ``many`` leads to them, ``each`` starts there.

    Unknown as soon as one of them is: a sum over the others would be too small.
    """

    many: Path
    each: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        return (Path(self.many.model, self.many.steps + self.each.steps),)

    def __str__(self) -> str:
        return f"{self.many}.{self.each}"

    def value(self, row: Any) -> Any:
        """A Decimal, or a timedelta where Intervals are summed up. Raises ValueError for what cannot be summed up."""
        found = [self.each.value(one) for one in self.many.value(row) or ()]
        if not found or any(one is None for one in found):
            return None
        if all(isinstance(one, timedelta) for one in found):
            return sum(found, timedelta())
        try:
            return sum((Decimal(str(one)) for one in found), Decimal())
        except ArithmeticError as error:
            raise ValueError(f"{found!r} cannot be summed up") from error


@dataclass(frozen=True, slots=True)
class Stamp:
    """An instant in a naive DateTime, of UTC or, with ``local``, of the clinic's wall clock."""

    path: Path
    clock: Clock
    local: bool

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def value(self, row: Any) -> int | None:
        """Microseconds UTC."""
        found = self.path.value(row)
        if found is None:
            return None
        return self.clock.to_us(found) if self.local and found.tzinfo is None else utc_to_us(found)


def wall(found: datetime | date | None, clock: Clock) -> datetime | None:
    """A moment as naive wall clock of the clinic, whether the host gave it with or without a time zone."""
    if not isinstance(found, datetime):
        return None if found is None else datetime.combine(found, time.min)
    return found if found.tzinfo is None else clock.to_wall(utc_to_us(found))


def text_of(found: Any) -> str:
    """The text of a host's value: that of an Enum is its value's, NULL is empty."""
    if isinstance(found, Enum):
        found = found.value
    return "" if found is None else str(found).strip()


def paths_of(parts: Sequence[Any]) -> list[Path]:
    """All paths that these parts of a mapping read; None stands for a part that is not mapped."""
    return [path for part in parts if part is not None for path in part.paths]
