"""The terms told to a client agree with the quote at every moment, fit one text message, and never promise more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_cancellations.clock import DAY, HOUR, MINUTE, SECOND
from flask_cancellations.i18n import use_locale
from flask_cancellations.rules.deposit_rule import FORFEIT, DepositRule
from flask_cancellations.rules.policy import Band, Policy
from flask_cancellations.rules.quote import Facts, quote
from flask_cancellations.rules.terms_text import cost_of, deposit_terms, short_text, stage_sentences
from flask_cancellations.rules.text_message import fits_one_message
from flask_cancellations.services.quoting import Quoted
from flask_cancellations.services.terms import exact_stages, told_stages

from .policies import SOFIA, facts, fee, policy
from .test_rules_properties import CALENDAR, brief, policies
from .test_terms import plain

quick = settings(brief, max_examples=250)

STARTS = st.sampled_from(
    [
        SOFIA.to_us(wall)
        for wall in (
            datetime(2026, 10, 25, 10, 30),  # the night before it the clock was set back, at 4:00
            datetime(2026, 10, 25, 3, 30),
            datetime(2026, 10, 25, 3, 30, fold=1),
            datetime(2026, 10, 26, 3, 30),
            datetime(2027, 3, 28, 10, 30),  # and here forward, at 3:00
            datetime(2027, 3, 29, 3, 30),
            datetime(2027, 1, 4, 10, 30),
        )
    ]
)


@st.composite
def bookings(draw: st.DrawFn) -> tuple[Policy, Facts]:
    """A policy and an appointment under it; the present moment is `told`."""
    rule, start = draw(policies()), draw(STARTS)
    told = start - draw(st.integers(1, 20 * 24 * 60)) * MINUTE - draw(st.sampled_from([0, 1, 59 * SECOND]))
    booked = draw(st.none() | st.integers(0, 10 * 24 * 60).map(lambda minutes: told - minutes * MINUTE))
    known = Facts(
        rule.currency,
        start,
        told,
        booked,
        draw(st.none() | st.integers(1, 10_000_000)),
        draw(st.integers(0, 10_000_000)),
        proven=True,
        calendar=CALENDAR,
        group=draw(st.sampled_from(["", "vip"])),
        granted=draw(st.sampled_from([None, 0, 1])),
    )
    return rule, known


def quoted(case: tuple[Policy, Facts]) -> Quoted:
    return Quoted(quote(case[1], case[0], None), case[0], 1)


@quick
@given(bookings())
def test_the_stages_agree_with_the_quote_around_every_border(case: tuple[Policy, Facts]) -> None:
    rule, known = case
    stages = exact_stages(SOFIA, quoted(case))
    ends = [SOFIA.to_us(stage.until) for stage in stages]
    assert ends == sorted(set(ends))
    assert ends[-1] == known.start
    for end in [known.told, *ends]:
        for moment in (end - 1, end, end + 1):
            if known.told <= moment <= known.start:
                stage = next(stage for stage, until in zip(stages, ends, strict=True) if moment <= until)
                cost = cost_of(quote(replace(known, told=moment), rule, None), rule.currency)
                assert (stage.fee, stage.kept) == (None if cost.unknown else cost.fee, cost.kept)
    if all(stage.fee is not None for stage in stages):
        totals = [(stage.fee or 0) + stage.kept for stage in stages]
        assert totals == sorted(totals)
        assert all((one.fee, one.kept) != (then.fee, then.kept) for one, then in pairwise(stages))


@quick
@given(bookings(), st.sampled_from(["en", "bg"]))
def test_what_is_said_fits_and_never_promises_more(case: tuple[Policy, Facts], language: str) -> None:
    rule, known = case
    told = told_stages(SOFIA, quoted(case))
    for stage in told[:-1]:
        # Whichever way the time is read: where it comes twice, too.
        for fold in (0, 1):
            at_latest = SOFIA.to_us(stage.until.replace(fold=fold))
            assert at_latest > known.told - HOUR
            cost = cost_of(quote(replace(known, told=max(at_latest, known.told)), rule, None), rule.currency)
            assert cost.unknown or cost.fee + cost.kept <= stage.cost.fee + stage.cost.kept
    with use_locale(language):
        short = short_text(told, SOFIA.to_wall(known.told))
        assert stage_sentences(told)
    assert fits_one_message(short)
    assert short == " ".join(short.split())


def test_a_time_that_comes_twice_is_not_told() -> None:
    """03:30 of that night is told as 02:59: the second 03:30 is an hour too late."""
    rule = policy(Band(DAY, fee("50%")))
    start = SOFIA.to_us(datetime(2026, 10, 25, 3, 30)) + DAY
    known = replace(facts(), start=start, told=start - 3 * DAY, booked=None)
    (free, _) = told_stages(SOFIA, quoted((rule, known)))
    assert free.until == datetime(2026, 10, 25, 2, 59)
    assert exact_stages(SOFIA, quoted((rule, known)))[0].until == datetime(2026, 10, 25, 3, 30)
    later = replace(known, start=start + HOUR)  # the second 03:30, which nobody takes for a later one
    assert told_stages(SOFIA, quoted((rule, later)))[0].until == datetime(2026, 10, 25, 3, 30)


@pytest.mark.parametrize(
    ("rule", "sentences"),
    [
        (
            policy(Band(2 * DAY, fee("none"), DepositRule(("credit",))), Band(DAY, fee("none"), FORFEIT)),
            [
                "Your deposit is 20.00 EUR.",
                "Until Friday, 27 November 2026, 10:05 what is left of it is refunded.",
                "After Friday, 27 November 2026, 10:05 it is credited for another appointment.",
            ],
        ),
        (
            policy(Band(DAY, fee("none"), FORFEIT), deposit=DepositRule(("credit",))),
            [
                "Your deposit is 20.00 EUR.",
                "Until Saturday, 28 November 2026, 10:05 what is left of it is credited for another appointment.",
            ],
        ),
        (policy(deposit=DepositRule(("keep",))), ["A fee is taken from your deposit of 20.00 EUR first."]),
    ],
)
def test_what_becomes_of_the_deposit_is_said_for_the_time_it_holds(rule: Policy, sentences: list[str]) -> None:
    start = SOFIA.to_us(datetime(2026, 11, 29, 10, 5))
    known = replace(facts(), start=start, told=start - 5 * DAY, booked=None)
    assert [plain(text) for text in deposit_terms(told_stages(SOFIA, quoted((rule, known))))] == sentences


# --- how long a text message is ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a" * 160, True),
        ("a" * 161, False),
        ("é" * 160, True),
        ("€" * 80, True),  # two places each
        ("€" * 80 + "a", False),
        ("ж" * 70, True),
        ("ж" * 71, False),
        ("a" * 69 + "ж", True),
        ("a" * 70 + "ж", False),
        ("a" * 70 + "\xa0", False),  # the no-break space of amounts is in no GSM alphabet
        ("\U0001f600" * 35, True),  # outside the plane of UCS-2: two units each
        ("\U0001f600" * 36, False),
    ],
)
def test_one_message_holds_160_characters_or_70(text: str, fits: bool) -> None:
    assert fits_one_message(text) is fits


def test_where_the_costs_are_too_long_for_one_message_it_says_less() -> None:
    rule = policy(Band(3 * DAY, fee("30.00")), Band(DAY, fee("40.00")), Band(2 * HOUR, fee("50.00")))
    known = facts(10 * DAY, booked=None)
    told = told_stages(SOFIA, quoted((rule, known)))
    now = SOFIA.to_wall(known.told)
    assert short_text(told, now).endswith(", after Wed 2 Dec 08:30 50.00 EUR")
    with use_locale("bg"):
        assert short_text(told, now) == "Безплатна отмяна до нд 29 ное 10:30, после до 50,00 EUR"
