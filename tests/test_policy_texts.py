"""The policy that clients read: made from its rules, or in the clinic's own words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from flask_cancellations.clock import DAY, HOUR, MINUTE
from flask_cancellations.i18n import use_locale
from flask_cancellations.rules.calendar import Allowance, Cutoff
from flask_cancellations.rules.deposit_rule import FORFEIT, DepositRule
from flask_cancellations.rules.policy import Band, MoveRule, Policy
from flask_cancellations.rules.policy_text import policy_text
from flask_cancellations.rules.quote import quote, quote_move
from flask_cancellations.rules.why import why_text

from .policies import SOFIA, facts, fee, policy


def read(terms: Policy, language: str = "en") -> list[str]:
    with use_locale(language):
        return policy_text(terms).replace("\xa0", " ").split("\n")


WORKING_DAY = Band(None, fee("50%"), later_than=Cutoff.parse("16:00, 1 working day before"))


class TestMadeFromTheRules:
    def test_bands_by_hours(self):
        assert read(policy(no_show=fee("full"))) == [
            "You can cancel free of charge until 24 h before the appointment.",
            "What is left of a deposit is refunded.",
            "If you cancel less than 24 h before the appointment, the fee is 50% of the price.",
            "If you cancel less than 2 h before the appointment, the fee is the full price.",
            "Of several that apply, the highest fee counts.",
            "This also holds for appointments that are booked at shorter notice.",
            "If you miss the appointment, the fee is the full price.",
            "If we cancel, there is no fee, and a deposit is refunded.",
            "The same holds for moving an appointment.",
        ]

    def test_the_same_in_bulgarian(self):
        assert read(policy(WORKING_DAY, grace=15 * MINUTE, first_free=Allowance(1, 12)), "bg") == [
            "Можете да отмените безплатно до 16:00 на предходния работен ден.",
            "Остатъкът от депозита се възстановява.",
            "При отмяна по-късно от 16:00 на предходния работен ден таксата е 50% от цената.",
            "До 15 мин след записването можете да отмените безплатно.",
            "Това важи и за часове, записани по-късно от тези срокове.",
            "Първата Ви късна отмяна за 12 месеца е безплатна.",
            "Ако ние отменим часа, такса няма, а депозитът се възстановява.",
            "Същото важи и за преместване на час.",
        ]

    def test_without_bands_cancelling_is_free(self):
        assert read(Policy("free", date(2026, 1, 1), "EUR")) == [
            "You can cancel free of charge at any time before the appointment.",
            "What is left of a deposit is refunded.",
            "If we cancel, there is no fee, and a deposit is refunded.",
        ]

    def test_of_two_kinds_of_limits_none_is_promised_to_be_the_first(self):
        lines = read(policy(Band(DAY, fee("full")), WORKING_DAY))
        assert not any("free of charge until" in line for line in lines)
        assert lines[1:3] == [
            "If you cancel later than 16:00 on the working day before, the fee is 50% of the price.",
            "If you cancel less than 24 h before the appointment, the fee is the full price.",
        ]

    @pytest.mark.parametrize(
        ("values", "line"),
        [
            ({"cap": 8000}, "A fee for cancelling is never more than 80.00 EUR."),
            ({"within_window": "none"}, "A limit that has passed already when you book does not count."),
            (
                {"within_window": "full", "grace": HOUR},
                (
                    "Within 1 h of booking you can cancel free of charge, unless one of these limits has passed by "
                    "then already."
                ),
            ),
            ({"first_free": Allowance(2, 6)}, "Your first 2 late cancellations in 6 months are free of charge."),
            ({"moves": MoveRule()}, "You can move an appointment free of charge."),
            (
                {"moves": MoveRule((WORKING_DAY,), Allowance(2, 6))},
                "After 2 late moves in 6 months, the next one counts as a cancellation.",
            ),
            (
                {"moves": MoveRule((WORKING_DAY,))},
                "If you move it later than 16:00 on the working day before, the fee is 50% of the price.",
            ),
            ({"deposit": DepositRule(("credit",))}, "What is left of a deposit is credited for another appointment."),
            (
                {"deposit": DepositRule(clinic=("credit",))},
                "If we cancel, there is no fee, and a deposit is refunded or credited.",
            ),
            (
                {"self_cancel": 2 * HOUR},
                "You can cancel online until 2 h before the appointment; after that, please call.",
            ),
            (
                {"bands": (Band(DAY, fee("none"), FORFEIT),)},
                "If you cancel less than 24 h before the appointment, we may keep your deposit.",
            ),
            (
                {"bands": (Band(DAY, fee("30.00"), FORFEIT),)},
                (
                    "If you cancel less than 24 h before the appointment, the fee is 30.00 EUR, and we may keep the "
                    "deposit."
                ),
            ),
            (
                {"bands": (Band(DAY, fee("10%"), DepositRule(("credit",))),)},
                (
                    "If you cancel less than 24 h before the appointment, what is left of a deposit is credited for "
                    "another appointment."
                ),
            ),
        ],
    )
    def test_everything_else_that_a_policy_says(self, values: dict[str, Any], line: str):
        terms = Policy("p", date(2026, 1, 1), "EUR", **{"bands": policy().bands, **values})
        assert line in read(terms)
        assert line not in read(policy())

    def test_groups_are_nobody_elses_business(self):
        assert read(policy(exempt=frozenset({"vip"}))) == read(policy())


class TestOwnWords:
    TERMS = policy(texts={"bg": "Наши условия.\nКратко.", "pt": "Em português."})

    def test_the_clinics_own_text_stands_in_its_language_only(self):
        assert read(self.TERMS, "bg") == ["Наши условия.", "Кратко."]
        assert read(self.TERMS, "en") == read(policy())


@pytest.mark.parametrize(
    ("terms", "values", "sentence"),
    [
        (
            policy(WORKING_DAY),
            {"told": SOFIA.to_us(datetime(2026, 12, 1, 16))},
            (
                "No fee: the clinic was told 18 h 30 min before the appointment. At exactly 16:00 on the working day "
                "before the milder rule applies."
            ),
        ),
        (
            policy(WORKING_DAY),
            {"told": SOFIA.to_us(datetime(2026, 12, 1, 9))},
            (
                "No fee: the clinic was told 1 day 1 h before the appointment; a fee applies later than 16:00 on the "
                "working day before."
            ),
        ),
        (
            policy(first_free=Allowance(1, 12)),
            {"granted": 0},
            ("No fee: the first late cancellation in 12 months is free of charge. Otherwise it would be 60.00 EUR."),
        ),
        (
            policy(exempt=frozenset({"vip"})),
            {"group": "vip"},
            "No fee: this client is exempt from it. Otherwise it would be 60.00 EUR.",
        ),
        (
            policy(),
            {"clinic_caused": True},
            "No fee: the clinic is the cause. Otherwise it would be 60.00 EUR.",
        ),
        (
            policy(within_window="none"),
            {"booked": facts().told},
            "No fee: when the appointment was booked, it was too late already to cancel free of charge.",
        ),
        (
            policy(Band(DAY, fee("none"), DepositRule(("credit",)))),
            {},
            (
                "No fee, but a rule for the deposit applies, because the clinic was told 1 h before the appointment: "
                "less than 24 h."
            ),
        ),
    ],
)
def test_why(terms: Policy, values: dict[str, Any], sentence: str) -> None:
    found = quote(facts(**values), terms, None)
    assert why_text(found, terms).replace("\xa0", " ") == sentence


def test_why_a_move_costs_what_cancelling_does() -> None:
    terms = policy(moves=MoveRule((), Allowance(1, 6)))
    assert why_text(quote_move(facts(late_moves=1), terms), terms).replace("\xa0", " ") == (
        "The full price of 60.00 EUR, because the clinic was told 1 h before the appointment: less than 2 h. "
        "The late moves that the policy allows are used up, so this one counts as a cancellation."
    )
