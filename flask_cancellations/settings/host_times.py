"""Reads the start and the end of the mapping."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from flask_cancellations.settings.host import MinutesSpec, PairSpec, SumSpec, TextSpec
from flask_cancellations.settings.host_paths import path, total
from flask_cancellations.settings.place import Place, Table, read_list

_LONGEST = 24 * 60
_TIME = re.compile(r"(?<!%)(?:%%)*%[HIMSp]")
# Moments that a format must give back as they were, or appointments would be read on another day or hour.
_DAYS = (datetime(2026, 12, 31), datetime(2027, 1, 2), datetime(2026, 10, 9))
_TIMES = tuple(datetime(1900, 1, 1, hour, minute) for hour, minute in ((0, 0), (9, 5), (12, 30), (13, 0), (23, 59)))
_MOMENTS = tuple(datetime.combine(day, moment.time()) for day in _DAYS for moment in _TIMES)


def start(place: Place, value: object) -> str | PairSpec | TextSpec:
    """When an appointment starts."""
    if isinstance(value, Mapping):
        return _text(place, value) if "attribute" in value else _pair(place, value)
    if isinstance(value, str):
        return path(place, value)
    raise place.wrong(value, "the attribute of a DateTime, or a table with date and time")


def ends(place: Place, value: object) -> tuple[str | MinutesSpec | TextSpec, ...]:
    """The ways to find the end, to be tried in turn."""
    if not isinstance(value, (list, tuple)):
        return (_end(place, value),)
    if not value:
        raise place.wrong(value, "at least one way to find the end, such as {minutes = 60}")
    return read_list(place, value, _end, "ways to find the end")


def _pair(place: Place, value: object) -> PairSpec:
    table = Table(place, value, ("date", "time", "date_format", "time_format"))
    pair = PairSpec(
        date=table.need("date", path, ""),
        time=table.need("time", path, ""),
        date_format=table.get("date_format", _format([_DAYS], "the day, such as '%d.%m.%Y'"), None),
        time_format=table.get("time_format", _format([_TIMES], "the time, such as '%H:%M'"), None),
    )
    table.close()
    return pair


def _text(place: Place, value: object, example: str = "'%d.%m.%Y %H:%M'", *, any_day: bool = False) -> TextSpec:
    table = Table(place, value, ("attribute", "format"))
    attribute = table.need("attribute", path, "")
    known = [_MOMENTS, _DAYS, *([_TIMES] if any_day else [])]
    read = _format(known, f"day and time, such as {example}")
    spec = TextSpec(attribute, table.need("format", read, ""))
    table.close()
    return spec


def _end(place: Place, value: object) -> str | MinutesSpec | TextSpec:
    if isinstance(value, Mapping):
        if "attribute" in value:
            return _text(place, value, "'%H:%M'", any_day=True)
        table = Table(place, value, ("minutes",))
        minutes = table.need("minutes", _minutes, 0)
        table.close()
        return MinutesSpec(minutes)
    if isinstance(value, str):
        return path(place, value)
    raise place.wrong(value, "an attribute, a table such as {minutes = 60}, or a list of these")


def _minutes(place: Place, value: object) -> str | int | SumSpec:
    if isinstance(value, Mapping):
        return total(place, value)
    if isinstance(value, str):
        return path(place, value)
    if type(value) is int and 0 < value <= _LONGEST:
        return value
    raise place.wrong(value, f"an attribute, a path, or a whole number from 1 to {_LONGEST}")


def _format(known: Sequence[Sequence[datetime]], what: str) -> Callable[[Place, object], str]:
    """A reader of formats that give back all moments of one of the lists."""

    def read(place: Place, value: object) -> str:
        if isinstance(value, str):
            for samples in known:
                if (samples is _DAYS) != bool(_TIME.search(value)) and all(_kept(moment, value) for moment in samples):
                    return value
        raise place.wrong(value, f"a format of strptime that tells {what} in full")

    return read


def _kept(moment: datetime, format_: str) -> bool:
    try:
        return datetime.strptime(moment.strftime(format_), format_) == moment
    except ValueError:
        return False
