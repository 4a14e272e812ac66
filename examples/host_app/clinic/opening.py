"""Opening hours, and which times of a day are free."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

OPENS = time(9)
CLOSES = time(18)
RASTER = timedelta(minutes=15)
CLOSED_WEEKDAYS = (5, 6)

Span = tuple[datetime, datetime]


def opening(day: date) -> Span | None:
    """First and last minute of a day, or nothing on a day when the clinic is closed."""
    if day.weekday() in CLOSED_WEEKDAYS:
        return None
    return datetime.combine(day, OPENS), datetime.combine(day, CLOSES)


def next_open_day(day: date) -> date:
    while opening(day) is None:
        day += timedelta(days=1)
    return day


def is_bookable(start: datetime, minutes: int, now: datetime) -> bool:
    """Whether a visit may be booked online at ``start``: in the future, on the raster, within opening hours."""
    hours = opening(start.date())
    if hours is None or start <= now or (start - hours[0]) % RASTER:
        return False
    return hours[0] <= start and start + timedelta(minutes=minutes) <= hours[1]


def free_starts(day: date, minutes: int, busy: Iterable[Span], now: datetime) -> list[datetime]:
    """Every time of ``day`` at which ``minutes`` fit between the ``busy`` spans."""
    hours = opening(day)
    if hours is None:
        return []
    spans = list(busy)
    raster = (hours[0] + RASTER * step for step in range((hours[1] - hours[0]) // RASTER))
    return [
        start
        for start in raster
        if is_bookable(start, minutes, now) and not any(_overlaps(start, minutes, span) for span in spans)
    ]


def _overlaps(start: datetime, minutes: int, span: Span) -> bool:
    return start < span[1] and span[0] < start + timedelta(minutes=minutes)
