"""The only source of "now", and the only place where wall clock and UTC meet.

Instants are integers: microseconds since 1970-01-01 UTC. Hosts keep naive wall-clock times in the clinic's zone; they
are read and written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def system_now() -> datetime:
    """The present moment as an aware datetime in UTC."""
    return datetime.now(UTC)


def utc_to_us(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, or of a naive one that is in UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MICROSECOND


def us_to_utc(us: int) -> datetime:
    """The aware UTC datetime of an instant in microseconds."""
    return _EPOCH + timedelta(microseconds=us)


class Clock:
    """Tells the time of one clinic.

    ``zone`` is the clinic's time zone; ``source`` returns the present moment as an aware datetime, and is what tests
    and demonstrations replace.
    """

    def __init__(self, zone: ZoneInfo, source: Callable[[], datetime] = system_now) -> None:
        self.zone = zone
        self._source = source

    def now(self) -> int:
        """The present moment in microseconds UTC. Raises ValueError if the source gave a naive datetime."""
        moment = self._source()
        if moment.tzinfo is None:
            raise ValueError("the clock's source must return an aware datetime")
        return utc_to_us(moment)

    def to_us(self, wall: datetime) -> int:
        """The instant of a naive wall-clock time of the clinic.

        An hour that occurs twice means its first pass. An hour that the clock skips is read with the offset before
        the change, so 03:30 on the night the clock jumps from 03:00 to 04:00 is 04:30.
        """
        return utc_to_us(wall.replace(tzinfo=self.zone, fold=wall.fold))

    def to_wall(self, us: int) -> datetime:
        """The naive wall-clock time of the clinic at an instant."""
        return us_to_utc(us).astimezone(self.zone).replace(tzinfo=None)

    def today(self) -> date:
        """The clinic's present day."""
        return self.to_wall(self.now()).date()

    def day_start(self, day: date) -> int:
        """The instant at which a day begins at the clinic, in microseconds UTC."""
        return self.to_us(datetime.combine(day, time.min))
