"""Ready-made policies to start from: what a late cancellation and a missed appointment cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask_cancellations.clock import HOUR
from flask_cancellations.rules.policy import NO_FEE, Band, Fee

LATE = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Preset:
    """The bands and the no-show fee of one preset; late means less than 24 hours' notice."""

    bands: tuple[Band, ...]
    no_show: Fee


def _preset(late: int, missed: int) -> Preset:
    return Preset((Band(LATE, _percent(late)),) if late else (), _percent(missed))


def _percent(percent: int) -> Fee:
    if percent == 100:
        return Fee("full", percent=Decimal(100))
    return Fee("percent", percent=Decimal(percent)) if percent else NO_FEE


# From the mildest to the strictest: percent of the price for a late cancellation, and for a missed appointment.
PRESETS: dict[str, Preset] = {
    "flexible": _preset(0, 10),
    "fair": _preset(10, 30),
    "moderate": _preset(30, 50),
    "strict": _preset(50, 100),
}
