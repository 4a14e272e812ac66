"""Properties of the pure rules, over thousands of cases: money is conserved, bands are monotone, edges are exact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import cycle, pairwise, permutations, product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_cancellations.clock import DAY, HOUR, MINUTE, Clock
from flask_cancellations.rules.calendar import Allowance, Calendar, Cutoff, WorkingDays
from flask_cancellations.rules.deposit_rule import RESTS, DepositRule, Rests, harshness
from flask_cancellations.rules.money import from_minor, percent_of, precision, to_minor
from flask_cancellations.rules.policy import Band, Fee, MoveRule, Policy
from flask_cancellations.rules.quote import Facts, Quote, quote, quote_move
from flask_cancellations.rules.reasons import SEEDED, Reason
from flask_cancellations.rules.settlement import FeeChoice, Settlement, rest_choices, settle
from flask_cancellations.rules.stages import stages

SOFIA = Clock(ZoneInfo("Europe/Sofia"))
CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD"])  # 0, 2 and 3 decimals
AMOUNTS = st.integers(0, 10_000_000)
# A clinic that works from Monday to Saturday, and closes over the turn of the year.
CALENDAR = Calendar(
    SOFIA,
    WorkingDays(frozenset(range(6)), closed=frozenset(date(2026, 12, 24) + timedelta(days=n) for n in range(10))),
)
START = SOFIA.to_us(datetime(2027, 1, 4, 10, 30))  # the first working day after it
thorough = settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
brief = settings(thorough, max_examples=500)


# Sampled from lists, since drawing parts of parts takes longer than what is tested.
FEES = [
    *(Fee("none"), Fee("full", percent=Decimal(100))),
    *(Fee("fixed", minor=minor) for minor in (1, 999, 3_000, 1_000_000)),
    *(Fee("percent", percent=Decimal(text)) for text in ("0.01", "10", "33.33", "50", "99.99")),
]
RESTS_LISTS: list[Rests] = [order[:n] for n in (1, 2, 3) for order in permutations(RESTS, n)]
WITHOUT_KEEPING: list[Rests] = [("refund",), ("refund", "credit"), ("credit",)]
DEPOSITS = [
    DepositRule(client, other, clinic)
    for (client, other), clinic in zip(product(RESTS_LISTS, RESTS_LISTS), cycle(WITHOUT_KEEPING), strict=False)
]
EDGES = [
    *(minutes * MINUTE for minutes in (1, 90, 120, 1439, 1440, 1441, 48 * 60, 72 * 60, 14 * 24 * 60)),
    *(Cutoff(time(hour, minute), days) for hour, minute in ((0, 0), (10, 30), (16, 0), (23, 59)) for days in range(5)),
]


def band(edge: int | Cutoff, fee: Fee, deposit: DepositRule | None) -> Band:
    return Band(None, fee, deposit, edge) if isinstance(edge, Cutoff) else Band(edge, fee, deposit)


BAND = st.builds(band, st.sampled_from(EDGES), st.sampled_from(FEES), st.none() | st.sampled_from(DEPOSITS))
BANDS = st.lists(BAND, max_size=4, unique_by=lambda made: made.edge).map(tuple)


def policies() -> st.SearchStrategy[Policy]:
    return st.builds(
        Policy,
        st.just("standard"),
        st.just(date(2026, 1, 1)),
        CURRENCIES,
        bands=BANDS,
        cap=st.none() | st.integers(1, 500_000),
        grace=st.sampled_from([0, 15 * MINUTE, DAY]),
        deposit=st.sampled_from(DEPOSITS),
        within_window=st.sampled_from(["none", "grace", "full"]),
        moves=st.none() | st.builds(MoveRule, BANDS, st.sampled_from([None, Allowance(2, 6)])),
        exempt=st.sampled_from([frozenset(), frozenset({"vip"})]),
        first_free=st.sampled_from([None, Allowance(1, 12)]),
    )


def noticed(minutes: int, booked_before: int | None) -> Facts:
    told = START - minutes * MINUTE
    booked = None if booked_before is None else told - booked_before * MINUTE
    return Facts("EUR", START, told, booked, None, 0, proven=True, calendar=CALENDAR)


FACTS = st.builds(
    replace,
    st.builds(noticed, st.integers(1, 20 * 24 * 60), st.none() | st.integers(0, 10 * 24 * 60)),
    price=st.none() | AMOUNTS,
    deposit=AMOUNTS,
    proven=st.booleans(),
    entered=st.none() | AMOUNTS,
    group=st.sampled_from(["", "vip", "staff"]),
    granted=st.sampled_from([None, 0, 1]),
    late_moves=st.sampled_from([None, 0, 2]),
    clinic_caused=st.sampled_from([False, False, False, True]),
)


def cases() -> st.SearchStrategy[tuple[Policy, Facts]]:
    """A policy and facts in its currency."""
    return st.tuples(policies(), FACTS).map(lambda case: (case[0], replace(case[1], currency=case[0].currency)))


def quoted(case: tuple[Policy, Facts], covered: bool, reason: Reason | None) -> Quote:
    return quote(case[1], case[0] if covered else None, reason)


def quotes() -> st.SearchStrategy[Quote]:
    return st.builds(quoted, cases(), st.booleans(), st.none() | st.sampled_from(SEEDED))


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


MINUTES = st.integers(0, 20 * 24 * 60)


@thorough
@given(cases(), st.none() | MINUTES, MINUTES, MINUTES, st.booleans())
def test_less_notice_never_costs_less(
    case: tuple[Policy, Facts], booked: int | None, one: int, other: int, moving: bool
) -> None:
    """Whatever limits, fees and rules a clinic mixes; only grace is apart, which counts from the booking."""
    policy = replace(case[0], grace=0)
    known = replace(case[1], booked=None if booked is None else START - booked * MINUTE, entered=None)

    def at(minutes: int) -> Quote:
        told = replace(known, told=START - minutes * MINUTE)
        return quote_move(told, policy) if moving else quote(told, policy, None)

    early, late = at(max(one, other)), at(min(one, other))
    if not late.needs_amount:
        assert early.fee <= late.fee
        assert not early.needs_amount
    if known.price:
        assert early.otherwise <= late.otherwise
    assert early.late <= late.late
    assert moving or harshness(early.rests) <= harshness(late.rests)


@brief
@given(cases(), st.floats(0, 1))
def test_the_stages_until_the_start_say_what_each_moment_costs(case: tuple[Policy, Facts], part: float) -> None:
    policy, known = case
    found = stages(known, policy)
    assert found[-1].until == START
    moment = known.told + round((START - known.told) * part)
    then = next(stage for stage in found if moment <= stage.until)
    assert then.quote.fingerprint() == quote(replace(known, told=moment), policy, None).fingerprint()
    assert all(one.quote.fingerprint() != other.quote.fingerprint() for one, other in pairwise(found))


@brief
@given(cases(), st.sampled_from(SEEDED))
def test_only_what_the_policy_opens_may_happen_to_a_deposit(case: tuple[Policy, Facts], reason: Reason) -> None:
    policy, known = case[0], replace(case[1], deposit=10_000_001)  # more than any fee
    found = quote(known, policy, reason)
    rules = [policy.deposit, *(band.deposit for band in policy.bands if band.deposit is not None)]
    assert found.rests in {rule.of(reason.side) for rule in rules}
    if "band" not in found.why:
        assert found.rests == policy.deposit.of(reason.side)
    choices = rest_choices(found, "waive", may_keep=False)
    assert "keep" not in choices
    assert choices


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
@given(cases(), st.sampled_from([reason for reason in SEEDED if not reason.fee]))
def test_a_reason_without_fee_costs_nothing_and_says_what_it_would_have_cost(
    case: tuple[Policy, Facts], reason: Reason
) -> None:
    policy, known = case
    free, ordinary = quote(known, policy, reason), quote(known, policy, None)
    assert free.fee == 0
    assert not free.needs_amount
    assert free.otherwise == ordinary.otherwise
    assert free.late == ordinary.late
