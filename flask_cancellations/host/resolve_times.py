"""The start and the end of the mapping meet the host's models."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Date, DateTime
from sqlalchemy.orm import Mapper

from flask_cancellations.clock import Clock
from flask_cancellations.host import checks
from flask_cancellations.host.lookup import Attempts
from flask_cancellations.host.mapping import Day, DayAndTime, End, Minutes, Moment, Start, Total, Until
from flask_cancellations.host.texts import TextDayAndTime, TextFormat, TextMoment
from flask_cancellations.settings.host import MinutesSpec, PairSpec, SumSpec, TextSpec

APPOINTMENT = "CANCELLATIONS_HOST.appointment"


def resolve_start(
    attempts: Attempts, mapper: Mapper[Any], spec: str | PairSpec | TextSpec, clock: Clock
) -> Start | None:
    """The start, or None after noting why there is none."""
    key = f"{APPOINTMENT}.start"
    if isinstance(spec, PairSpec):
        return _pair(attempts, mapper, spec, key)
    if isinstance(spec, TextSpec):
        path = attempts.attempt(checks.scalar, mapper, f"{key}.attribute", spec.attribute, checks.TEXT, in_sql=True)
        return None if path is None else TextMoment(path, TextFormat(spec.format))
    path = attempts.attempt(checks.scalar, mapper, key, spec, checks.DATE_TIME + checks.DATE, in_sql=True)
    if path is None:
        return None
    kind = checks.column_type(*checks.end_of(mapper, path))
    if isinstance(kind, Date):
        return Day(path)
    return Moment(path, clock, isinstance(kind, DateTime) and kind.timezone)


def _pair(attempts: Attempts, mapper: Mapper[Any], spec: PairSpec, key: str) -> Start | None:
    day_format = None if spec.date_format is None else TextFormat(spec.date_format)
    time_format = None if spec.time_format is None else TextFormat(spec.time_format)
    days, times = checks.TEXT if day_format else checks.DATE, checks.TEXT if time_format else checks.TIME
    day = attempts.attempt(checks.scalar, mapper, f"{key}.date", spec.date, days, in_sql=True)
    time = attempts.attempt(checks.scalar, mapper, f"{key}.time", spec.time, times, in_sql=True)
    if day is None or time is None:
        return None
    if day_format is None and time_format is None:
        return DayAndTime(day, time)
    return TextDayAndTime(day, time, day_format, time_format)


def resolve_end(
    attempts: Attempts, mapper: Mapper[Any], ways: tuple[str | MinutesSpec | TextSpec, ...], clock: Clock
) -> End:
    """The end, by those of its ways that fit."""
    key = f"{APPOINTMENT}.end"
    keys = [f"{key}[{number}]" if len(ways) > 1 else key for number in range(len(ways))]
    found = (_end(attempts, mapper, here, way, clock) for here, way in zip(keys, ways, strict=True))
    return End(tuple(way for way in found if way is not None))


def _end(
    attempts: Attempts, mapper: Mapper[Any], key: str, way: str | MinutesSpec | TextSpec, clock: Clock
) -> Minutes | Until | None:
    if isinstance(way, TextSpec):
        path = attempts.attempt(checks.scalar, mapper, f"{key}.attribute", way.attribute, checks.TEXT)
        return None if path is None else Until(path, clock, TextFormat(way.format))
    if isinstance(way, str):
        path = attempts.attempt(checks.scalar, mapper, key, way, checks.END)
        return None if path is None else Until(path, clock)
    if isinstance(way.minutes, int):
        return Minutes(way.minutes)
    if isinstance(way.minutes, SumSpec):
        cut = attempts.attempt(checks.total, mapper, f"{key}.minutes.sum", way.minutes.sum, checks.LENGTH)
        return None if cut is None else Minutes(Total(*cut))
    path = attempts.attempt(checks.scalar, mapper, f"{key}.minutes", way.minutes, checks.LENGTH)
    return None if path is None else Minutes(path)
