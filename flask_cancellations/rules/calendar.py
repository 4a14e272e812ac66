"""The clinic's calendar: on which days it works, and deadlines such as "by 16:00 on the working day before"."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self

from flask_cancellations.clock import Clock

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_DAYS = 60
_FARTHEST = 366
_CUTOFF = re.compile(r"(\d\d?):(\d\d)\s*,\s*(?:(\d\d?)\s+working\s+days?\s+before|(same\s+day))")


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """On which days a clinic works.

    ``weekdays`` counts from 0 for Monday. ``closed`` are single days without work, ``public`` holds the public holidays
    of a country. ``opened`` are days that are worked all the same.
    """

    weekdays: frozenset[int]
    closed: frozenset[date] = frozenset()
    opened: frozenset[date] = frozenset()
    public: tuple[Container[date], ...] = ()

    def works(self, day: date) -> bool:
        """Whether the clinic works on a day."""
        if day in self.opened:
            return True
        closed = day in self.closed or any(day in holidays for holidays in self.public)
        return day.weekday() in self.weekdays and not closed

    def before(self, day: date, count: int) -> date:
        """The ``count``-th working day before a day, which itself does not count; 0 is the day itself.

        Raises ValueError where a year goes by without any: the calendar is wrong then.
        """
        found, missing = day, count
        while missing:
            found -= timedelta(days=1)
            if (day - found).days > _FARTHEST * count:
                raise ValueError(f"no working day within a year before {day}")
            missing -= self.works(found)
        return found


@dataclass(frozen=True, slots=True)
class Calendar:
    """The clinic's wall clock together with its working days."""

    clock: Clock
    days: WorkingDays

    def instant(self, wall: datetime) -> int:
        """The instant (microseconds UTC) of a wall-clock time by which something must be done.

        Where the clock is set back a time comes twice, and where it is set forward a time is left out: each can be read
        in two ways, and the later one counts, since it is the milder one for the client.
        """
        return max(self.clock.to_us(wall.replace(fold=fold)) for fold in (0, 1))


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A deadline by the clock: the time ``at`` on the ``days``-th working day before the appointment's day.

    0 is the appointment's own day, whether or not the clinic is said to work on it.
    """

    at: time
    days: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``"16:00, 1 working day before"`` or ``"08:00, same day"``. Raises ValueError for any other form."""
        match = _CUTOFF.fullmatch(text.strip().lower())
        if match is not None:
            hour, minute, days = int(match[1]), int(match[2]), 0 if match[4] else int(match[3])
            if hour < 24 and minute < 60 and (match[4] or 0 < days <= MOST_DAYS):
                return cls(time(hour, minute), days)
        raise ValueError(f"{text!r} is not a deadline such as '16:00, 1 working day before' or '08:00, same day'")

    @property
    def text(self) -> str:
        """The text that :meth:`parse` reads back."""
        if not self.days:
            return f"{self.at:%H:%M}, same day"
        return f"{self.at:%H:%M}, {self.days} working day{'' if self.days == 1 else 's'} before"

    def instant(self, start: int, calendar: Calendar) -> int:
        """The deadline of an appointment that starts at ``start``; both in microseconds UTC."""
        day = calendar.days.before(calendar.clock.to_wall(start).date(), self.days)
        return calendar.instant(datetime.combine(day, self.at))

    @property
    def least_notice(self) -> int:
        """The shortest notice (minutes) that a deadline of this kind ever leaves, over a clock change too.

        It is negative where the deadline may lie after the start.
        """
        return (24 * self.days - 1) * 60 - (self.at.hour * 60 + self.at.minute)


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many times within so many months, for each client."""

    times: int
    months: int

    def since(self, day: date) -> date:
        """The first day that counts on a given one: with 12 months, what was on the same day a year ago no longer does.

        A month that is too short for the day ends at its last one.
        """
        year, month = divmod(day.year * 12 + day.month - 1 - self.months, 12)
        following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
        last = (following - timedelta(days=1)).day
        return date(year, month + 1, min(day.day, last)) + timedelta(days=1)
