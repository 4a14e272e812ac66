"""Properties of the pure rules, over thousands of cases: money is conserved, bands are monotone, edges are exact."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_cancellations.clock import DAY, HOUR, MINUTE, Clock
from flask_cancellations.rules.money import from_minor, percent_of, precision, to_minor
from flask_cancellations.rules.policy import Band, Fee, Policy
from flask_cancellations.rules.quote import Facts, Quote, quote
from flask_cancellations.rules.reasons import SEEDED, Reason
from flask_cancellations.rules.settlement import FeeChoice, Settlement, rest_choices, settle

SOFIA = Clock(ZoneInfo("Europe/Sofia"))
CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD"])  # 0, 2 and 3 decimals
AMOUNTS = st.integers(0, 10_000_000)
thorough = settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def fees(draw: st.DrawFn) -> Fee:
    kind = draw(st.sampled_from(["none", "fixed", "percent", "full"]))
    if kind == "fixed":
        return Fee("fixed", minor=draw(st.integers(1, 1_000_000)))
    if kind == "percent":
        return Fee("percent", percent=Decimal(draw(st.integers(1, 10_000))) / 100)
    return Fee("full", percent=Decimal(100)) if kind == "full" else Fee("none")


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    edges = draw(st.lists(st.integers(1, 14 * 24 * 60), max_size=5, unique=True))
    return Policy(
        "standard",
        date(2026, 1, 1),
        draw(CURRENCIES),
        bands=tuple(Band(edge * MINUTE, draw(fees()), draw(st.booleans())) for edge in edges),
        cap=draw(st.none() | st.integers(1, 500_000)),
        grace=draw(st.sampled_from([0, 15 * MINUTE, DAY])),
    )


@st.composite
def facts(draw: st.DrawFn, currency: str) -> Facts:
    start = 30 * DAY
    told = start - draw(st.integers(1, 20 * 24 * 60)) * MINUTE
    return Facts(
        currency=currency,
        start=start,
        told=told,
        booked=draw(st.none() | st.integers(0, told)),
        price=draw(st.none() | AMOUNTS),
        deposit=draw(AMOUNTS),
        proven=draw(st.booleans()),
        entered=draw(st.none() | AMOUNTS),
    )


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    policy = draw(policies())
    reason = draw(st.none() | st.sampled_from(SEEDED))
    return quote(draw(facts(policy.currency)), draw(st.sampled_from([policy, None])), reason)


@thorough
@given(quotes(), st.sampled_from(["charge", "waive"]), st.booleans(), st.data())
def test_money_is_conserved_whatever_is_chosen(
    quoted: Quote, fee_choice: FeeChoice, may_keep: bool, data: st.DataObject
) -> None:
    choices = rest_choices(quoted, fee_choice, may_keep=may_keep)
    rest = data.draw(st.sampled_from(choices or ("refund",)))
    outcome = settle(quoted, fee_choice, rest)

    assert outcome.deposit == quoted.deposit
    assert outcome.fee == quoted.fee
    assert outcome.deposit == (outcome.taken + outcome.forfeited + outcome.refunded + outcome.credited + outcome.held)
    assert outcome.fee == (
        outcome.kept + outcome.given_back + outcome.due + outcome.waived + outcome.dropped + outcome.pending
    )
    if fee_choice == "waive":
        assert (outcome.taken, outcome.due, outcome.waived) == (0, 0, quoted.fee)
    else:
        assert outcome.taken == min(quoted.fee, quoted.deposit)
        assert outcome.waived == 0


@pytest.mark.parametrize("field", ["taken", "forfeited", "refunded", "credited", "held", "kept", "due", "waived"])
def test_a_settlement_that_does_not_balance_cannot_be_made(field: str) -> None:
    with pytest.raises(ValueError, match="does not balance"):
        Settlement("EUR", **{field: 1})


def test_a_settlement_with_a_negative_amount_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="does not balance"):
        Settlement("EUR", deposit=0, refunded=-5, credited=5)


@thorough
@given(policies(), st.data(), st.integers(0, 20 * 24 * 60), st.integers(0, 20 * 24 * 60))
def test_less_notice_never_costs_less(policy: Policy, data: st.DataObject, one: int, other: int) -> None:
    price = data.draw(st.none() | AMOUNTS)
    start = 30 * DAY

    def fee_at(minutes: int) -> Quote:
        known = Facts(policy.currency, start, start - minutes * MINUTE, None, price, 0, proven=True)
        return quote(known, policy, None)

    early, late = fee_at(max(one, other)), fee_at(min(one, other))
    if not late.needs_amount:
        assert early.fee <= late.fee
        assert not early.needs_amount
    assert early.late <= late.late
    assert early.forfeit <= late.forfeit


@thorough
@given(st.integers(1, 14 * 24), st.integers(1, 100_000), st.sampled_from([-1, 0, 1]))
def test_at_exactly_n_hours_the_milder_band_applies(hours: int, price: int, step: int) -> None:
    policy = Policy("standard", date(2026, 1, 1), "EUR", (Band(hours * HOUR, Fee.parse("full", "EUR")),))
    start = 30 * DAY
    told = start - hours * HOUR + step  # one microsecond before, at, and after the edge
    fee = quote(Facts("EUR", start, told, None, price, 0, proven=True), policy, None).fee
    assert fee == (price if step == 1 else 0)


@st.composite
def around_clock_changes(draw: st.DrawFn) -> datetime:
    """A wall-clock start in Sofia within three days of a change: 29 March and 25 October 2026."""
    change = draw(st.sampled_from([datetime(2026, 3, 29), datetime(2026, 10, 25)]))
    return change + timedelta(minutes=draw(st.integers(-3 * 24 * 60, 3 * 24 * 60)))


@thorough
@given(around_clock_changes(), st.integers(1, 72), st.sampled_from([-1, 0, 1]))
def test_hours_across_a_clock_change_are_real_hours(start: datetime, hours: int, step: int) -> None:
    start_us = SOFIA.to_us(start)
    policy = Policy("standard", date(2026, 1, 1), "EUR", (Band(hours * HOUR, Fee.parse("10", "EUR")),))
    told = start_us - hours * HOUR + step
    quoted = quote(Facts("EUR", start_us, told, None, None, 0, proven=True), policy, None)
    assert quoted.fee == (1_000 if step == 1 else 0)
    # An independent count of the hours that really pass, by the zone's offsets.
    zone = ZoneInfo("Europe/Sofia")
    real_start = start.replace(tzinfo=zone).astimezone(UTC)
    told_at = (real_start - timedelta(hours=hours)).astimezone(zone).replace(tzinfo=None)
    assert SOFIA.to_wall(start_us - hours * HOUR) == told_at


@pytest.mark.parametrize(
    ("told", "start", "hours"),
    [
        # The night of 29 March 2026 has 23 hours, that of 25 October 25.
        (datetime(2026, 3, 28, 10), datetime(2026, 3, 29, 10), 23),
        (datetime(2026, 10, 24, 10), datetime(2026, 10, 25, 10), 25),
    ],
)
def test_a_day_across_a_clock_change_has_23_or_25_hours(told: datetime, start: datetime, hours: int) -> None:
    assert SOFIA.to_us(start) - SOFIA.to_us(told) == hours * HOUR


@thorough
@given(around_clock_changes())
def test_wall_clock_and_instant_agree_except_in_the_hour_that_is_skipped(wall: datetime) -> None:
    back = SOFIA.to_wall(SOFIA.to_us(wall))
    skipped = datetime(2026, 3, 29, 3) <= wall < datetime(2026, 3, 29, 4)
    assert back == (wall + timedelta(hours=1) if skipped else wall)


@thorough
@given(AMOUNTS, st.integers(0, 10_000))
def test_a_percentage_is_rounded_half_up(minor: int, hundredths: int) -> None:
    exact = Decimal(minor) * hundredths / 10_000
    rounded = percent_of(minor, Decimal(hundredths) / 100)
    assert abs(rounded - exact) <= Decimal("0.5")
    assert rounded - exact != Decimal("-0.5")


@thorough
@given(AMOUNTS, CURRENCIES)
def test_an_amount_survives_its_way_through_major_units(minor: int, currency: str) -> None:
    major = from_minor(minor, currency)
    assert to_minor(major, currency) == minor
    assert to_minor(float(major), currency) == minor
    assert -major.as_tuple().exponent == precision(currency)  # type: ignore[operator]  # finite: an int


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [(0.1 + 0.2, "EUR", 30), ("12.345", "EUR", 1235), ("12.5", "JPY", 13), ("1.0005", "KWD", 1001), (7, "EUR", 700)],
)
def test_amounts_are_read_half_up(value: float | str, currency: str, minor: int) -> None:
    assert to_minor(value, currency) == minor


@pytest.mark.parametrize("value", ["", "a", "NaN", "Infinity", "1,50"])
def test_what_is_no_amount_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        to_minor(value, "EUR")


@thorough
@given(policies(), st.sampled_from([reason for reason in SEEDED if not reason.fee]), st.data())
def test_a_reason_without_fee_costs_nothing_and_says_what_it_would_have_cost(
    policy: Policy, reason: Reason, data: st.DataObject
) -> None:
    known = data.draw(facts(policy.currency))
    free, ordinary = quote(known, policy, reason), quote(known, policy, None)
    assert free.fee == 0
    assert not free.needs_amount
    assert free.otherwise == ordinary.otherwise
    assert free.late == ordinary.late
