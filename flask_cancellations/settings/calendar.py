"""Reads ``CANCELLATIONS_CALENDAR``: on which days the clinic works."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from importlib import import_module
from typing import Any

from flask_cancellations.rules.calendar import WEEKDAYS, WorkingDays
from flask_cancellations.settings import values
from flask_cancellations.settings.place import Place, Table, read_list

_REGION = re.compile(r"([A-Z]{2})(?:-(.+))?")
_FORM = "a day such as 2026-12-24, a country such as 'BG', or a part of one such as 'DE-BY'"


class PublicHolidays:
    """The public holidays of a country or a part of it, by the library ``holidays``, year by year as they are needed.

    The library's own objects fill themselves while they are read, which several threads must not do at once.
    """

    def __init__(self, country: str, part: str | None) -> None:
        """Raises ImportError without the library, and NotImplementedError for a country or part that it lacks."""
        self._library: Any = import_module("holidays")
        self._library.country_holidays(country, subdiv=part)
        self._region = (country, part)
        self._year = lru_cache(maxsize=32)(self._read)

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and day in self._year(day.year)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicHolidays) and other._region == self._region

    def __hash__(self) -> int:
        return hash(self._region)

    def _read(self, year: int) -> frozenset[date]:
        country, part = self._region
        return frozenset(self._library.country_holidays(country, subdiv=part, years=year))


def calendar(place: Place, value: object) -> WorkingDays | None:
    """The working days, or None where the clinic says nothing about them."""
    if value is False:
        return None
    table = Table(place, value, ("opening_days", "holidays", "open"))
    weekdays = table.need("opening_days", _weekdays, frozenset())
    holidays = table.get("holidays", _holidays, ())
    opened = table.get("open", _days, ())
    table.close()
    return WorkingDays(
        weekdays,
        closed=frozenset(day for day in holidays if isinstance(day, date)),
        opened=frozenset(opened),
        public=tuple(holiday for holiday in holidays if isinstance(holiday, PublicHolidays)),
    )


def _weekdays(place: Place, value: object) -> frozenset[int]:
    names = read_list(place, value, values.choice(*WEEKDAYS), "days such as 'mon'")
    if not names:
        raise place.wrong(value, "at least one day such as 'mon'")
    return frozenset(map(WEEKDAYS.index, names))


def _days(place: Place, value: object) -> tuple[date, ...]:
    return read_list(place, value, values.day, "days")


def _holidays(place: Place, value: object) -> tuple[date | PublicHolidays, ...]:
    return read_list(place, value, _holiday, "days and countries")


def _holiday(place: Place, value: object) -> date | PublicHolidays:
    region = _REGION.fullmatch(value) if isinstance(value, str) else None
    if region is None:
        if isinstance(value, str) and not value[:1].isdigit():
            raise place.wrong(value, _FORM)
        return values.day(place, value)
    try:
        return PublicHolidays(region[1], region[2])
    except ImportError:
        raise place.wrong(value, "days only, or the library: pip install 'flask-cancellations[holidays]'") from None
    except NotImplementedError:
        raise place.wrong(value, "a country or part of one that the library 'holidays' knows") from None
