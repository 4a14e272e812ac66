"""Durations as people write them in a configuration: ``20s``, ``90m``, ``24h``, ``2d``."""

from __future__ import annotations

import re

from flask_cancellations.clock import DAY, HOUR, MINUTE, SECOND

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_DURATION = re.compile(r"\s*(\d{1,6})\s*([smhd])\s*")


def parse_duration(text: str) -> int:
    """Microseconds of a duration. A day is 24 hours. Raises ValueError for any other form."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration such as '20s', '90m', '24h' or '2d'")
    return int(match[1]) * _UNITS[match[2]]


def duration_text(us: int) -> str:
    """The shortest text that :func:`parse_duration` reads back as ``us``; whole seconds only."""
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
        if us and us % size == 0:
            return f"{us // size}{unit}"
    return f"{us // SECOND}s"
