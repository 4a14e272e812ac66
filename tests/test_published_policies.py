"""Policies as real clinics publish them: the published amounts at, just before and just after each edge."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flask_cancellations.clock import Clock
from flask_cancellations.rules.calendar import Calendar
from flask_cancellations.rules.quote import Facts, Quote, quote
from flask_cancellations.rules.settlement import rest_choices, settle
from flask_cancellations.settings import load

SOFIA = Clock(ZoneInfo("Europe/Sofia"))
PRICE, DEPOSIT = 8_000, 2_000
TICK = timedelta(microseconds=1)
LEAST = """
CANCELLATIONS_TIMEZONE = "Europe/Sofia"
CANCELLATIONS_CURRENCY = "EUR"
CANCELLATIONS_CALENDAR = {opening_days = ["mon", "tue", "wed", "thu", "fri"], holidays = [2026-12-24, 2026-12-25]}

[CANCELLATIONS_HOST.appointment]
model = "Visit"
start = "begins_at"
end = {minutes = 60}
status = {attribute = "state", open = ["booked"], cancelled = ["cancelled"]}

[[CANCELLATIONS_POLICIES]]
name = "published"
valid_from = 2026-01-01
"""
WEDNESDAY = datetime(2026, 12, 2, 10, 30)
AFTER_A_HOLIDAY = datetime(2026, 12, 28, 9)  # a Monday; Thursday and Friday before it are closed


@dataclass(frozen=True)
class Published:
    """A policy and, for each moment up to which an amount holds, (that moment, fee, kept of the deposit beyond it)."""

    policy: str
    edges: list[tuple[datetime, int, int]]
    start: datetime = WEDNESDAY
    last: tuple[int, int] = field(default=(0, 0))


def before(hours: int) -> datetime:
    return WEDNESDAY - timedelta(hours=hours)


POLICIES = {
    "48-24 h 50%, below 24 h 100%": Published(
        'bands = [{less_than = "48h", at_least = "24h", fee = "50%"}, {less_than = "24h", fee = "100%"}]',
        [(before(48), 0, 0), (before(24), 4_000, 0)],
        last=(8_000, 0),
    ),
    "72/48/24 h 25/50/75%": Published(
        'bands = [{less_than = "72h", fee = "25%"}, {less_than = "48h", fee = "50%"}, '
        '{less_than = "24h", fee = "75%"}]',
        [(before(72), 0, 0), (before(48), 2_000, 0), (before(24), 4_000, 0)],
        last=(6_000, 0),
    ),
    "24 h deposit lost, 3 h full fee": Published(
        'bands = [{less_than = "24h", fee = "none", forfeit = true}, {less_than = "3h", fee = "full"}]',
        [(before(24), 0, 0), (before(3), 0, 2_000)],
        last=(8_000, 0),
    ),
    "24 h 50%, 6 h 100%": Published(
        'bands = [{less_than = "24h", fee = "50%"}, {less_than = "6h", fee = "100%"}]',
        [(before(24), 0, 0), (before(6), 4_000, 0)],
        last=(8_000, 0),
    ),
    "by 16:00 on the working day before": Published(
        'bands = [{later_than = "16:00, 1 working day before", fee = "100%"}]',
        [(datetime(2026, 12, 1, 16), 0, 0)],
        last=(8_000, 0),
    ),
    "by 16:00 on the working day before, over Christmas": Published(
        'bands = [{later_than = "16:00, 1 working day before", fee = "100%"}]',
        [(datetime(2026, 12, 23, 16), 0, 0)],
        start=AFTER_A_HOLIDAY,
        last=(8_000, 0),
    ),
}


def quoted(published: Published, told: datetime) -> Quote:
    settings = load(tomllib.loads(LEAST + published.policy))
    assert settings.calendar is not None
    start = SOFIA.to_us(published.start)
    calendar = Calendar(SOFIA, settings.calendar)
    facts = Facts("EUR", start, SOFIA.to_us(told), None, PRICE, DEPOSIT, proven=True, calendar=calendar)
    return quote(facts, settings.policies[0], None)


def outcome(published: Published, told: datetime) -> tuple[int, int]:
    """The fee, and what the clinic keeps of the deposit beyond it."""
    found = quoted(published, told)
    rests = rest_choices(found, "charge", may_keep=False)
    settled = settle(found, "charge", rests[0] if rests else "refund")
    return settled.fee, settled.forfeited


@pytest.mark.parametrize("name", POLICIES)
def test_published_amounts_at_just_before_and_just_after_each_edge(name: str) -> None:
    published = POLICIES[name]
    amounts = [(fee, kept) for _, fee, kept in published.edges] + [published.last]
    for (edge, fee, kept), after in zip(published.edges, amounts[1:], strict=True):
        assert outcome(published, edge - TICK) == (fee, kept), edge
        assert outcome(published, edge) == (fee, kept), edge
        assert outcome(published, edge + TICK) == after, edge
    assert outcome(published, published.start - TICK) == published.last
    assert outcome(published, published.start - timedelta(days=30)) == amounts[0]


@pytest.mark.parametrize(
    ("preset", "late", "missed"),
    [("flexible", 0, 800), ("fair", 800, 2_400), ("moderate", 2_400, 4_000), ("strict", 4_000, 8_000)],
)
def test_presets_charge_what_they_say(preset: str, late: int, missed: int) -> None:
    published = Published(f'preset = "{preset}"', [(before(24), 0, 0)], last=(late, 0))
    assert outcome(published, before(24)) == (0, 0)
    assert outcome(published, before(24) + TICK) == (late, 0)
    policy: Any = load(tomllib.loads(LEAST + published.policy)).policies[0]
    assert policy.no_show.amount(PRICE) == missed
