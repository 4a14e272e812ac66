"""A policy and the facts of one appointment, for the tests of the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_cancellations.clock import DAY, HOUR, Clock
from flask_cancellations.rules.calendar import Calendar, WorkingDays
from flask_cancellations.rules.policy import Band, Fee, Policy
from flask_cancellations.rules.quote import Facts
from flask_cancellations.rules.reasons import SEEDED

REASONS = {reason.code: reason for reason in SEEDED}
SOFIA = Clock(ZoneInfo("Europe/Sofia"))
CALENDAR = Calendar(SOFIA, WorkingDays(frozenset(range(5))))
START = SOFIA.to_us(datetime(2026, 12, 2, 10, 30))


def fee(text: str) -> Fee:
    return Fee.parse(text, "EUR")


def policy(*bands: Band, **values: Any) -> Policy:
    made = bands or (Band(24 * HOUR, fee("50%")), Band(2 * HOUR, fee("full")))
    return Policy("standard", date(2026, 1, 1), "EUR", made, **values)


def facts(notice: int = HOUR, **values: Any) -> Facts:
    return replace(
        Facts("EUR", START, START - notice, START - 9 * DAY, 6000, 2000, proven=True, calendar=CALENDAR), **values
    )
