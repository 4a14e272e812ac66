"""Sentences about money: why a fee is what it is, and what was decided, never more."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product

import pytest

from flask_cancellations.clock import DAY, HOUR, MINUTE
from flask_cancellations.i18n import use_locale
from flask_cancellations.rules.deposit_rule import FORFEIT
from flask_cancellations.rules.policy import Band, Fee, Policy
from flask_cancellations.rules.quote import Facts, Quote, quote
from flask_cancellations.rules.reasons import SEEDED
from flask_cancellations.rules.settlement import Settlement, rest_choices, settle
from flask_cancellations.rules.why import why_text
from flask_cancellations.rules.wording import (
    amount_text,
    button_text,
    limit_text,
    outcome_sentences,
    percent_text,
    summary_text,
)

REASONS = {reason.code: reason for reason in SEEDED}


def policy(*bands: tuple[int, str], cap: int | None = None, grace: int = 0) -> Policy:
    made = tuple(Band(less_than, Fee.parse(fee, "EUR")) for less_than, fee in bands)
    return Policy("standard", date(2026, 1, 1), "EUR", made, cap=cap, grace=grace)


STANDARD = policy((24 * HOUR, "50%"), (2 * HOUR, "full"))


def quoted(
    terms: Policy | None, notice: int, *, price: int | None = 6000, reason: str = "illness", proven: bool = True
) -> Quote:
    return quote(Facts("EUR", notice, 0, -9 * DAY, price, 2000, proven), terms, REASONS[reason])


def plain(text: str) -> str:
    return text.replace("\xa0", " ")


@pytest.mark.parametrize(
    ("terms", "notice", "options", "text"),
    [
        (
            STANDARD,
            200 * MINUTE,
            {},
            "50% of 60.00 EUR, because the clinic was told 3 h 20 min before the appointment: less than 24 h.",
        ),
        (
            STANDARD,
            30 * MINUTE,
            {},
            "The full price of 60.00 EUR, because the clinic was told 30 min before the appointment: less than 2 h.",
        ),
        (
            policy((48 * HOUR, "20.00")),
            27 * HOUR,
            {},
            "A fixed fee of 20.00 EUR, because the clinic was told 1 day 3 h before the appointment: less than 48 h.",
        ),
        (
            STANDARD,
            2 * HOUR,
            {},
            (
                "50% of 60.00 EUR, because the clinic was told 2 h before the appointment: less than 24 h. "
                "At exactly 2 h the milder rule applies."
            ),
        ),
        (
            STANDARD,
            24 * HOUR,
            {},
            "No fee: the clinic was told 1 day before the appointment. At exactly 24 h the milder rule applies.",
        ),
        (
            STANDARD,
            50 * HOUR,
            {},
            "No fee: the clinic was told 2 days 2 h before the appointment; a fee applies below 24 h.",
        ),
        (
            policy((24 * HOUR, "50%"), cap=2500),
            HOUR,
            {},
            (
                "50% of 60.00 EUR, because the clinic was told 1 h before the appointment: less than 24 h. "
                "The policy limits the fee to 25.00 EUR."
            ),
        ),
        (
            STANDARD,
            3 * HOUR,
            {"price": None},
            (
                "The policy asks for 50% of the price, because the clinic was told 3 h before the appointment: less "
                "than 24 h. The price of this appointment is unknown."
            ),
        ),
        (STANDARD, HOUR, {"reason": "therapist_ill"}, "No fee, because the clinic cancels."),
        (
            STANDARD,
            HOUR,
            {"reason": "mistake"},
            "No fee: this reason carries none. Otherwise it would be 60.00 EUR.",
        ),
        (
            policy((24 * HOUR, "50%"), grace=10 * DAY),
            HOUR,
            {},
            "No fee: cancelled within 10 days of the booking.",
        ),
        (
            None,
            HOUR,
            {},
            "No fee: no cancellation policy was in force for this appointment when it was booked.",
        ),
        (
            None,
            HOUR,
            {"proven": False},
            "No fee: nothing shows which cancellation policy the client accepted.",
        ),
    ],
)
def test_why(terms: Policy | None, notice: int, options: dict[str, object], text: str) -> None:
    assert plain(why_text(quoted(terms, notice, **options), terms)) == text  # type: ignore[arg-type]


def test_why_of_a_quote_read_back_without_its_policy_names_no_border_it_does_not_know() -> None:
    read_back = replace(quoted(STANDARD, 50 * HOUR), considered=(), facts=None)
    assert plain(why_text(read_back)) == ("No fee: the clinic was told 2 days 2 h before the appointment.")


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (24 * HOUR, "24 h"),
        (72 * HOUR, "72 h"),
        (7 * DAY, "7 days"),
        (100 * HOUR, "100 h"),
        (90 * MINUTE, "1 h 30 min"),
        (45 * MINUTE, "45 min"),
    ],
)
def test_borders_are_told_as_clinics_write_them(us: int, text: str) -> None:
    assert limit_text(us) == text


def test_numbers_follow_the_language() -> None:
    with use_locale("bg"):
        assert plain(amount_text(123456, "EUR")) == "1 234,56 EUR"
        assert plain(percent_text(Decimal("12.5"))) == "12,5%"


def every_settlement() -> list[Settlement]:
    found = []
    for fee, deposit, forfeit, choice in product((0, 3000), (0, 2000, 3000, 5000), (False, True), ("charge", "waive")):
        band = Band(24 * HOUR, Fee("fixed", minor=fee) if fee else Fee("none"), FORFEIT if forfeit else None)
        terms = Policy("p", date(2026, 1, 1), "EUR", (band,))
        made = quote(Facts("EUR", HOUR, 0, -DAY, 6000, deposit, True), terms, None)
        for rest in rest_choices(made, choice, may_keep=True) or ("refund",):  # type: ignore[arg-type]
            found.append(settle(made, choice, rest))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("settled", every_settlement(), ids=repr)
def test_every_amount_that_is_decided_is_named_and_nothing_is_said_to_be_done(settled: Settlement) -> None:
    text = plain(summary_text(settled))
    for name in ("due", "taken", "waived", "refunded", "credited", "forfeited"):
        amount = getattr(settled, name)
        assert not amount or plain(amount_text(amount, "EUR")) in text, name
    assert not re.search(r"\b(was|were|has been|have been|refunded to|paid)\b", text)
    assert ("will be refunded" in text) == bool(settled.refunded)
    assert len(outcome_sentences(settled)) == len(set(outcome_sentences(settled)))


@pytest.mark.parametrize("settled", every_settlement(), ids=repr)
def test_the_button_names_the_fee_and_what_the_clinic_keeps(settled: Settlement) -> None:
    text = plain(button_text(settled))
    assert text.startswith("Cancel appointment, ")
    charged = settled.taken + settled.due
    for amount, word in ((charged, "charge"), (settled.waived, "waive"), (settled.forfeited, "keep")):
        assert (f"{word} {plain(amount_text(amount, 'EUR'))}" in text) == bool(amount)
