"""Deadlines by the clinic's clock: working days, holidays, both clock changes, edges to the microsecond."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_cancellations.clock import HOUR, MINUTE, Clock, us_to_utc
from flask_cancellations.rules.calendar import Allowance, Calendar, Cutoff, WorkingDays
from flask_cancellations.rules.policy import Band, Fee, Policy
from flask_cancellations.rules.quote import Facts, Quote, quote

SOFIA = Clock(ZoneInfo("Europe/Sofia"))
FULL = Fee.parse("full", "EUR")
WEEK = WorkingDays(frozenset(range(5)))
CHRISTMAS = WorkingDays(
    frozenset(range(5)),
    closed=frozenset({date(2026, 12, 31)}),
    opened=frozenset({date(2026, 12, 26)}),  # a Saturday, worked in exchange
    public=(frozenset({date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1)}),),
)


def deadline(text: str, start: datetime, days: WorkingDays = WEEK, clock: Clock = SOFIA) -> datetime:
    calendar = Calendar(clock, days)
    return clock.to_wall(Cutoff.parse(text).instant(clock.to_us(start), calendar))


@pytest.mark.parametrize(
    ("text", "start", "days", "expected"),
    [
        ("16:00, 1 working day before", datetime(2026, 12, 2, 10, 30), WEEK, datetime(2026, 12, 1, 16)),
        ("16:00, 1 working day before", datetime(2026, 12, 7, 8), WEEK, datetime(2026, 12, 4, 16)),  # Monday: Friday
        ("16:00, 1 working day before", datetime(2026, 12, 6, 8), WEEK, datetime(2026, 12, 4, 16)),  # itself closed
        ("12:00, 2 working days before", datetime(2026, 12, 7, 8), WEEK, datetime(2026, 12, 3, 12)),
        ("00:00, 5 working days before", datetime(2026, 12, 7, 8), WEEK, datetime(2026, 11, 30, 0)),
        ("08:00, same day", datetime(2026, 12, 6, 18), WEEK, datetime(2026, 12, 6, 8)),
        ("16:00, 1 working day before", datetime(2026, 12, 28, 9), CHRISTMAS, datetime(2026, 12, 26, 16)),
        ("16:00, 2 working days before", datetime(2026, 12, 28, 9), CHRISTMAS, datetime(2026, 12, 23, 16)),
        ("16:00, 1 working day before", datetime(2027, 1, 4, 9), CHRISTMAS, datetime(2026, 12, 30, 16)),
    ],
)
def test_a_deadline_falls_on_the_working_day(text: str, start: datetime, days: WorkingDays, expected: datetime) -> None:
    assert deadline(text, start, days) == expected


def test_a_calendar_without_working_days_is_told_instead_of_searched_for_ever() -> None:
    with pytest.raises(ValueError, match="no working day within a year before 2026-12-02"):
        deadline("16:00, 1 working day before", datetime(2026, 12, 2, 9), WorkingDays(frozenset()))


@pytest.mark.parametrize(
    ("text", "start", "utc"),
    [
        # 29 March 2026: the clock jumps from 03:00 to 04:00. 02:59 and 04:00 are a minute apart, 03:30 is 04:30.
        ("02:59, same day", datetime(2026, 3, 29, 10), datetime(2026, 3, 29, 0, 59)),
        ("03:30, same day", datetime(2026, 3, 29, 10), datetime(2026, 3, 29, 1, 30)),
        ("04:00, same day", datetime(2026, 3, 29, 10), datetime(2026, 3, 29, 1, 0)),
        ("16:00, 1 working day before", datetime(2026, 3, 30, 9), datetime(2026, 3, 27, 14, 0)),
        # 25 October 2026: from 04:00 back to 03:00. 03:30 comes twice, and the second one still counts as in time.
        ("02:59, same day", datetime(2026, 10, 25, 10), datetime(2026, 10, 24, 23, 59)),
        ("03:30, same day", datetime(2026, 10, 25, 10), datetime(2026, 10, 25, 1, 30)),
        ("04:00, same day", datetime(2026, 10, 25, 10), datetime(2026, 10, 25, 2, 0)),
        ("16:00, 1 working day before", datetime(2026, 10, 26, 9), datetime(2026, 10, 23, 13, 0)),
    ],
)
def test_a_deadline_is_read_on_the_clinics_wall_clock_over_both_changes(
    text: str, start: datetime, utc: datetime
) -> None:
    instant = Cutoff.parse(text).instant(SOFIA.to_us(start), Calendar(SOFIA, WEEK))
    assert us_to_utc(instant) == utc.replace(tzinfo=UTC)


def quoted(policy: Policy, start: datetime, told: int, *, price: int = 6000) -> Quote:
    facts = Facts("EUR", SOFIA.to_us(start), told, None, price, 0, proven=True, calendar=Calendar(SOFIA, WEEK))
    return quote(facts, policy, None)


@settings(max_examples=500, deadline=None)
@given(
    st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 5))
    | st.datetimes(datetime(2026, 10, 20), datetime(2026, 11, 2)),
    st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    st.integers(0, 4),
    st.sampled_from([-1, 0, 1]),
)
def test_at_the_deadline_itself_the_milder_band_applies(start: datetime, at: time, days: int, step: int) -> None:
    band = Band(None, FULL, later_than=Cutoff(at, days))
    policy = Policy("standard", date(2026, 1, 1), "EUR", (band,))
    instant = band.deadline(SOFIA.to_us(start), Calendar(SOFIA, WEEK))
    assert quoted(policy, start, instant + step).fee == (6000 if step == 1 else 0)
    day = start.date()
    for _ in range(days):  # an independent count of the working days
        day -= timedelta(days=1)
        while day.weekday() > 4:
            day -= timedelta(days=1)
    wall = SOFIA.to_wall(instant)
    skipped = day == date(2026, 3, 29) and at.hour == 3
    assert (wall.date(), wall.time()) == (day, at.replace(hour=4) if skipped else at)


def test_mixed_limits_are_ordered_by_the_instant_they_fall_on() -> None:
    """On a Monday morning Friday afternoon lies farther back than 24 hours, on a Friday evening nearer."""
    clock = Band(None, Fee.parse("30%", "EUR"), later_than=Cutoff(time(16), 1))
    hours = Band(24 * HOUR, Fee.parse("50%", "EUR"))
    policy = Policy("standard", date(2026, 1, 1), "EUR", (hours, clock))
    monday, evening = datetime(2026, 12, 7, 9), datetime(2026, 12, 4, 9)
    far = quoted(policy, monday, SOFIA.to_us(datetime(2026, 12, 5, 12)))
    assert [c.band for c in far.considered] == [clock, hours]
    assert (far.fee, far.band) == (1800, clock)
    near = quoted(policy, evening, SOFIA.to_us(datetime(2026, 12, 3, 12)))
    assert [c.band for c in near.considered] == [hours, clock]
    assert (near.fee, near.band) == (3000, hours)
    both = quoted(policy, evening, SOFIA.to_us(datetime(2026, 12, 3, 17)))
    assert (both.fee, both.band) == (3000, hours)  # the highest counts


def test_a_deadline_by_the_clock_cannot_be_told_without_a_calendar() -> None:
    policy = Policy("standard", date(2026, 1, 1), "EUR", (Band(None, FULL, later_than=Cutoff(time(16), 1)),))
    with pytest.raises(ValueError, match="needs the clinic's calendar"):
        quote(Facts("EUR", 10 * HOUR, 0, None, 6000, 0, proven=True), policy, None)


@pytest.mark.parametrize("limits", [(None, None), (HOUR, Cutoff(time(16), 1))])
def test_a_band_has_one_limit(limits: tuple[int | None, Cutoff | None]) -> None:
    with pytest.raises(ValueError, match="one limit"):
        Band(limits[0], FULL, later_than=limits[1])


@pytest.mark.parametrize(
    ("text", "cutoff", "written"),
    [
        ("16:00, 1 working day before", Cutoff(time(16), 1), "16:00, 1 working day before"),
        (" 9:05,2 Working  days before", Cutoff(time(9, 5), 2), "09:05, 2 working days before"),
        ("08:00, same day", Cutoff(time(8), 0), "08:00, same day"),
    ],
)
def test_deadlines_are_read_and_written(text: str, cutoff: Cutoff, written: str) -> None:
    assert Cutoff.parse(text) == cutoff
    assert cutoff.text == written
    assert Cutoff.parse(written) == cutoff


@pytest.mark.parametrize(
    "text",
    ["", "16:00", "24:00, same day", "16:60, same day", "16:00, 0 working days before", "16:00, 61 working days before",
     "16:00, 1 day before", "4pm, 1 working day before"],
)  # fmt: skip
def test_what_is_no_deadline_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a deadline such as"):
        Cutoff.parse(text)


@pytest.mark.parametrize(
    ("months", "day", "since"),
    [
        (12, date(2026, 12, 2), date(2025, 12, 3)),
        (1, date(2026, 3, 31), date(2026, 3, 1)),  # February ends on the 28th
        (6, date(2026, 8, 31), date(2026, 3, 1)),
        (12, date(2028, 2, 29), date(2027, 3, 1)),
        (13, date(2026, 1, 15), date(2024, 12, 16)),
    ],
)
def test_an_allowance_looks_back_whole_months(months: int, day: date, since: date) -> None:
    assert Allowance(1, months).since(day) == since


def test_a_deadline_leaves_at_least_the_notice_that_checks_count_on() -> None:
    cutoff = Cutoff.parse("16:00, 1 working day before")
    # The shortest: an appointment just after midnight, on the night that lacks an hour.
    start = datetime(2026, 3, 29, 4)
    every_day = Calendar(SOFIA, WorkingDays(frozenset(range(7))))
    notice = SOFIA.to_us(start) - cutoff.instant(SOFIA.to_us(start), every_day)
    assert notice == 11 * HOUR
    assert cutoff.least_notice * MINUTE == 7 * HOUR
