"""Days and times that a host keeps as text, each in one format that the configuration says.

A database cannot compare such texts by time. Days are looked for as texts, each day of the range in its spellings;
times are compared when the row has been read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from flask_cancellations.host.paths import Path, Selection

log = logging.getLogger(__name__)

_DIRECTIVE = re.compile(r"%(.)")
_OF_TIME = frozenset("HIMSpfzZXc")
# strptime reads "2.12.2026" by "%d.%m.%Y" as well, and hosts with typed-in dates have both.
_UNPADDED = {"%d": "{0.day}", "%m": "{0.month}"}
# A longer range is read whole and sorted out here: databases limit the length of a statement.
_MOST_DAYS = 400
_ESCAPE = "!"


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A format in the directives of ``strptime``, which the settings have checked."""

    format: str

    def parse(self, text: Any) -> datetime | None:
        """What the text says, or None where it says nothing in this format; parts not in it are those of 1900-01-01."""
        if not isinstance(text, str) or not text.strip():
            return None
        try:
            return datetime.strptime(text.strip(), self.format)
        except ValueError:
            log.warning("%r is not in the format %r", text, self.format)
            return None

    @property
    def tells_day(self) -> bool:
        """Whether the format has a day, not only a time of day."""
        return any(match[1] not in _OF_TIME | {"%"} for match in _DIRECTIVE.finditer(self.format))

    def spellings(self, day: date) -> list[str]:
        """The texts that stand for a day; as LIKE patterns, if the format has a time too."""
        found = [self.format]
        for name, unpadded in _UNPADDED.items():
            found += [spelling.replace(name, unpadded.format(day)) for spelling in found]
        return list(dict.fromkeys(_formatted(day, spelling) for spelling in found))

    @property
    def tells_time(self) -> bool:
        """Whether the format has a time of day."""
        return any(match[1] in _OF_TIME for match in _DIRECTIVE.finditer(self.format))

    def on_days(self, column: Any, first: datetime, before: datetime) -> ColumnElement[bool]:
        """The condition that a text lies on one of the days from ``first`` until just before ``before``."""
        days = list(_days(first, before))
        condition: ColumnElement[bool]
        if len(days) > _MOST_DAYS:
            condition = column.is_not(None)
            return condition
        spellings = [text for day in days for text in self.spellings(day)]
        if not self.tells_time:
            condition = column.in_(spellings)
            return condition
        return or_(*(column.like(text, escape=_ESCAPE) for text in spellings))


@dataclass(frozen=True, slots=True)
class TextMoment:
    """A start in one text, such as ``02.12.2026 09:30``."""

    path: Path
    format: TextFormat

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def value(self, row: Any) -> datetime | None:
        found = self.path.value(row)
        return found if isinstance(found, datetime) else self.format.parse(found)

    def between(self, selection: Selection, first: datetime, before: datetime) -> ColumnElement[bool]:
        return self.format.on_days(selection.attribute(self.path), first, before)

    def order_by(self, selection: Selection) -> list[Any]:
        return [selection.attribute(self.path)]


@dataclass(frozen=True, slots=True)
class TextDayAndTime:
    """A start in a day and a time of which one or both are texts. Without a time it is the start of the day."""

    day: Path
    time: Path
    day_format: TextFormat | None
    time_format: TextFormat | None

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.day, self.time)

    def value(self, row: Any) -> datetime | None:
        day, hour = self.day.value(row), self.time.value(row)
        if self.day_format is not None and not isinstance(day, date):
            day = self.day_format.parse(day)
        if self.time_format is not None and not isinstance(hour, time):
            parsed = self.time_format.parse(hour)
            hour = None if parsed is None else parsed.time()
        return None if day is None else datetime.combine(day, hour or time.min)

    def between(self, selection: Selection, first: datetime, before: datetime) -> ColumnElement[bool]:
        column = selection.attribute(self.day)
        if self.day_format is not None:
            return self.day_format.on_days(column, first, before)
        return and_(column >= first.date(), column <= _last_day(first, before))

    def order_by(self, selection: Selection) -> list[Any]:
        return [selection.attribute(self.day), selection.attribute(self.time)]


def _last_day(first: datetime, before: datetime) -> date:
    return max(before - timedelta(microseconds=1), first).date()


def _days(first: datetime, before: datetime) -> Iterator[date]:
    day = first.date()
    while day <= _last_day(first, before):
        yield day
        day += timedelta(days=1)


def _formatted(day: date, spelling: str) -> str:
    """A day in this format, with a LIKE wildcard for each part of the time."""
    if not TextFormat(spelling).tells_time:
        return day.strftime(spelling)
    parts, end = [], 0
    for match in _DIRECTIVE.finditer(spelling):
        parts.append(_literal(spelling[end : match.start()]))
        parts.append("%" if match[1] in _OF_TIME else _literal(day.strftime(match[0])))
        end = match.end()
    return "".join([*parts, _literal(spelling[end:])])


def _literal(text: str) -> str:
    return re.sub(f"[%_{_ESCAPE}]", lambda match: _ESCAPE + match[0], text)
