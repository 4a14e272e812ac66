"""The walk through what policies say to clients, why a fee is what it is, and what is wrong with bands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_cancellations.clock import DAY, HOUR, MINUTE
from flask_cancellations.i18n import use_locale
from flask_cancellations.rules.band_checks import BandRow, band_faults
from flask_cancellations.rules.calendar import Allowance, Cutoff
from flask_cancellations.rules.deposit_rule import FORFEIT, DepositRule
from flask_cancellations.rules.policy import Band, Fee, MoveRule, Policy
from flask_cancellations.rules.policy_text import policy_text
from flask_cancellations.rules.quote import Facts, quote, quote_move
from flask_cancellations.rules.trace import explain

from .language_walk import Walk
from .policies import facts, fee, policy

CREDIT, REFUND = DepositRule(("credit",)), DepositRule(("refund",))


def by_clock(text: str, cost: str, deposit: DepositRule | None = None) -> Band:
    """A band with a deadline by the clock."""
    return Band(None, fee(cost), deposit, Cutoff.parse(text))


def policies() -> Iterator[Policy]:
    """Together they say everything that a policy can say."""
    working_day = by_clock("16:00, 1 working day before", "50%")
    free = Policy("free", policy().valid_from, "EUR")
    yield free
    yield policy(no_show=fee("full"), cap=8000, grace=15 * MINUTE, self_cancel=2 * HOUR)
    yield policy(working_day, grace=DAY, within_window="full", deposit=CREDIT)
    yield policy(by_clock("12:00, 2 working days before", "30.00", FORFEIT), working_day, within_window="none")
    yield policy(by_clock("08:00, same day", "full"), Band(DAY, fee("10%")), first_free=Allowance(1, 12))
    yield policy(Band(90 * MINUTE, fee("none"), FORFEIT), first_free=Allowance(2, 1), deposit=DepositRule(("keep",)))
    yield policy(Band(DAY, fee("10%"), CREDIT), deposit=DepositRule(clinic=("refund", "credit")))
    yield policy(Band(DAY, fee("10%"), REFUND), deposit=CREDIT)
    yield policy(moves=MoveRule((), Allowance(1, 6)))
    yield policy(moves=MoveRule((Band(DAY, fee("5.00")),), Allowance(3, 6)))


def texts(walk: Walk) -> None:
    """Every policy as clients read it."""
    for terms in policies():
        for sentence in policy_text(terms).split("\n"):
            walk.say("a policy", sentence)


def reasons(walk: Walk) -> None:
    """Why the fee is what it is, where the pages of the other steps do not come to it."""
    working_day = by_clock("16:00, 1 working day before", "50%")
    late = policy(first_free=Allowance(1, 12), exempt=frozenset({"vip"}), within_window="none")
    cases: list[tuple[Policy | None, Facts]] = [
        (late, facts(granted=0)),
        (late, facts(group="vip")),
        (late, facts(clinic_caused=True)),
        (late, facts(booked=facts().start - HOUR)),
        (policy(first_free=Allowance(3, 6)), facts(granted=0)),
        (policy(working_day), facts()),
        (policy(working_day), facts(DAY)),
        (policy(working_day), facts(working_day_met())),
        (policy(by_clock("08:00, same day", "20.00")), facts()),
        (policy(Band(DAY, fee("none"), CREDIT)), facts()),
    ]
    for terms, known in cases:
        found = explain(quote(known, terms, None), terms)
        walk.say("why", found.sentence)
        for band in found.bands:
            walk.say("a band", band.limit)
    walk.say("why, without the policy", explain(quote(facts(granted=0), late, None)).sentence)
    moved = policy(moves=MoveRule((), Allowance(1, 6)))
    walk.say("why a move", explain(quote_move(facts(late_moves=1), moved), moved).sentence)


def working_day_met() -> int:
    """The notice that meets 16:00 on the working day before to the instant."""
    return 18 * HOUR + 30 * MINUTE


def faults(walk: Walk) -> None:
    """Every fault that the rows of the editor can have."""

    def row(less_than: int, cost: str, at_least: int | None = None, **values: Any) -> BandRow:
        return BandRow(Band(less_than, Fee.parse(cost, "EUR"), **values), at_least)

    wrong: list[list[BandRow]] = [
        [row(DAY, "50%"), row(DAY, "full")],
        [row(DAY, "50%"), row(HOUR, "20%")],
        [row(DAY, "50%"), row(HOUR, "none")],
        [row(DAY, "50%", deposit=FORFEIT), row(HOUR, "full", deposit=REFUND)],
        [row(2 * DAY, "50%", DAY), row(HOUR, "full")],
        [row(2 * DAY, "50%", HOUR), row(DAY, "full")],
        [row(DAY, "50%", DAY)],
    ]
    for rows in wrong:
        for fault in band_faults(rows, "EUR"):
            walk.say("a fault of a band", fault.text)


def policy_words(walk: Walk) -> None:
    """All of it."""
    with use_locale(walk.language):
        for step in (texts, reasons, faults):
            step(walk)
