"""Fee, deposits and client credit together: whatever is done in whatever order, no money is made or lost.

A machine plays a clinic's till. Beside the book it counts the coins itself: what the client brought, what went back,
what was redeemed. `FCX_ROUNDS` says how many lives it plays (`make soak`: more than 500).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flask_cancellations.clock import HOUR
from flask_cancellations.rules import fee_book
from flask_cancellations.rules.credit import Lot, NotEnough, balance, in_order, spread
from flask_cancellations.rules.deposit_rule import FORFEIT, USUAL
from flask_cancellations.rules.deposits import Deposit, OtherCurrency, allot, total
from flask_cancellations.rules.fee_book import NotPossible
from flask_cancellations.rules.policy import Band, Fee, Policy
from flask_cancellations.rules.quote import Facts, quote
from flask_cancellations.rules.settlement import FeeChoice, Settlement, rest_choices, rest_of_deposit, settle, split_of
from flask_cancellations.rules.vat import HUNDREDTHS, vat_of

LIVES = max(100, int(os.environ.get("FCX_ROUNDS", "40")) * 3 // 2)
CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD"])  # 0, 2 and 3 decimals
SMALL = st.integers(0, 20_000)
RATES = st.sampled_from([0, 500, 900, 1_000, 1_900, 2_000, 2_100, 2_550, 7_777])


@dataclass
class Move:
    """Money on its way: open, done or stopped."""

    kind: str
    amount: int
    purpose: str
    state: str = "open"
    lot: int | None = None


@st.composite
def splits(draw: st.DrawFn, amount: int, ways: tuple[str, ...]) -> dict[str, int]:
    parts, left = {}, amount
    for way in ways[:-1]:
        parts[way] = draw(st.integers(0, left))
        left -= parts[way]
    return {**parts, ways[-1]: left}


class Till(RuleBasedStateMachine):
    settled: Settlement

    def __init__(self) -> None:
        super().__init__()
        self.moves: list[Move] = []
        self.lots: dict[int, Lot] = {}
        self.now = 0
        self.paid_in = self.paid_out = self.redeemed = self.gone = 0
        self.undone = self.held_for_review = False

    @initialize(data=st.data(), currency=CURRENCIES, price=st.none() | SMALL, pending=st.booleans())
    def cancelled(self, data: st.DataObject, currency: str, price: int | None, pending: bool) -> None:
        draw = data.draw
        deposits = [
            Deposit(amount, currency, used=draw(st.integers(0, amount))) for amount in draw(st.lists(SMALL, max_size=3))
        ]
        fee = draw(
            st.builds(lambda minor: Fee("fixed", minor=minor), st.integers(1, 20_000))
            | st.builds(lambda share: Fee("percent", percent=Decimal(share) / 100), st.integers(1, 10_000))
        )
        policy = Policy(
            "p",
            date(2026, 1, 1),
            currency,
            bands=(Band(24 * HOUR, fee, deposit=draw(st.sampled_from([None, USUAL, FORFEIT]))),),
        )
        facts = Facts(currency, 100 * HOUR, 99 * HOUR, None, price, total(deposits, currency), True)
        quoted = quote(facts, policy, None)
        choice: FeeChoice = draw(st.sampled_from(["charge", "waive"])) if quoted.fee else "charge"
        ways = rest_choices(quoted, choice, may_keep=True) or ("refund",)
        split: Any = draw(splits(rest_of_deposit(quoted, choice), ways))
        self.settled = settle(quoted, choice, split, pending=pending and quoted.fee > 0)
        self.paid_in = self.settled.deposit
        self._start("refund", self.settled.refunded, "cancel")
        self._start("credit", self.settled.credited, "cancel")
        self._start("charge", self.settled.due, "cancel")

    def _start(self, kind: str, amount: int, purpose: str) -> None:
        if amount:
            self.moves.append(Move(kind, amount, purpose))

    def _post(self, step: fee_book.Step, purpose: str) -> None:
        before, after = step.before, step.after
        assert before == self.settled
        assert all(getattr(after, name) - getattr(before, name) == by for name, by in step.changes.items())
        self.settled = after
        self._start("refund", step.refund, purpose)
        self._start("credit", step.credit, purpose)
        self._start("charge", step.charge, purpose)

    def _open(self, *kinds: str) -> list[Move]:
        return [move for move in self.moves if move.state == "open" and move.kind in kinds]

    @precondition(lambda self: self.settled.pending)
    @rule(data=st.data())
    def charge(self, data: st.DataObject) -> None:
        self._post(fee_book.charge(self.settled, data.draw(st.integers(1, self.settled.pending))), "release")

    @precondition(lambda self: self.settled.pending and not self.held_for_review)
    @rule(data=st.data(), dropped=st.booleans())
    def drop_or_waive_pending(self, data: st.DataObject, dropped: bool) -> None:
        amount = data.draw(st.integers(1, self.settled.pending))
        free = self.settled.held - min(self.settled.held, self.settled.pending - amount)
        split: Any = data.draw(splits(free, ("refund", "credit", "keep")))
        self._post((fee_book.drop if dropped else fee_book.waive)(self.settled, amount, split), "release")

    @precondition(lambda self: self.settled.pending and not self.held_for_review)
    @rule(percent=st.integers(0, 100))
    def refilled(self, percent: int) -> None:
        amount = fee_book.refilled(self.settled.pending, percent)
        left = self.settled.pending - amount
        assert left * 100 <= self.settled.pending * percent < (left + 1) * 100
        if amount:
            self._post(fee_book.drop(self.settled, amount), "release")

    @precondition(lambda self: self._open("charge") and not (self.held_for_review and self.settled.pending))
    @rule(data=st.data())
    def waive_due(self, data: st.DataObject) -> None:
        """A payment that is not made yet is called off; what remains of it is asked for anew."""
        move = data.draw(st.sampled_from(self._open("charge")))
        amount = self.settled.pending + data.draw(st.integers(1, move.amount))
        move.state = "stopped"
        self._start("charge", move.amount - (amount - self.settled.pending), move.purpose)
        held = self.settled.held if self.held_for_review or self.undone else 0
        self._post(fee_book.waive(self.settled, amount), "release")
        assert self.settled.held == held  # what is held for an appointment that stands stays with it

    @precondition(lambda self: self.settled.kept)
    @rule(data=st.data(), way=st.sampled_from(["refund", "credit"]))
    def give_back(self, data: st.DataObject, way: Any) -> None:
        self._post(fee_book.give_back(self.settled, data.draw(st.integers(1, self.settled.kept)), way), "give_back")

    @precondition(lambda self: self._open("refund", "charge", "credit"))
    @rule(data=st.data(), life=st.none() | st.integers(1, 5))
    def carry_out(self, data: st.DataObject, life: int | None) -> None:
        move = data.draw(st.sampled_from(self._open("refund", "charge", "credit")))
        move.state = "done"
        if move.kind == "refund":
            self.paid_out += move.amount
        elif move.kind == "charge":
            self.paid_in += move.amount
            self._post(fee_book.pay(self.settled, move.amount), "pay")
        else:
            move.lot = len(self.lots)
            self.lots[move.lot] = Lot(move.lot, move.amount, None if life is None else self.now + life)

    def _take(self, parts: list[tuple[int, int]]) -> None:
        for number, part in parts:
            lot = self.lots[number]
            assert 0 < part <= lot.balance
            self.lots[number] = replace(lot, balance=lot.balance - part)

    @precondition(lambda self: balance(self.lots.values(), self.now) > 0)
    @rule(data=st.data(), pay_out=st.booleans())
    def redeem_or_pay_out(self, data: st.DataObject, pay_out: bool) -> None:
        amount = data.draw(st.integers(1, balance(self.lots.values(), self.now)))
        parts = spread(self.lots.values(), amount, self.now)
        order = [lot.id for lot in in_order(self.lots.values(), self.now)]
        assert [number for number, _ in parts] == order[: len(parts)]  # the oldest expiry first, none skipped
        assert sum(part for _, part in parts) == amount
        self._take(parts)
        if pay_out:
            self._start("refund", amount, "pay_out")
        else:
            self.redeemed += amount

    @precondition(lambda self: balance(self.lots.values(), self.now) > 0)
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        lot = data.draw(st.sampled_from(in_order(self.lots.values(), self.now)))
        self._take([(lot.id, lot.balance)])
        self.gone += lot.balance

    @rule(more=st.integers(1, 10_000))
    def nobody_redeems_more_than_there_is(self, more: int) -> None:
        with pytest.raises(NotEnough):
            spread(self.lots.values(), balance(self.lots.values(), self.now) + more, self.now)

    @rule()
    def time_passes(self) -> None:
        self.now += 1
        for lot in list(self.lots.values()):
            if lot.balance and not lot.usable(self.now):
                self._take([(lot.id, lot.balance)])
                self.gone += lot.balance

    @precondition(lambda self: fee_book.releasable(self.settled) > 0)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        amount = data.draw(st.integers(1, fee_book.releasable(self.settled)))
        self._post(
            fee_book.release(self.settled, amount, data.draw(splits(amount, ("refund", "credit", "keep")))),  # type: ignore[arg-type]
            "release",
        )

    def _call_off(self, *, lots: bool) -> dict[str, int]:
        stopped = {"refund": 0, "credit": 0, "charge": 0}
        for move in self.moves:
            if move.purpose not in ("cancel", "release"):
                continue
            if move.state == "open":
                move.state = "stopped"
                stopped[move.kind] += move.amount
            elif lots and move.lot is not None and (left := self.lots[move.lot].balance):
                self._take([(move.lot, left)])
                stopped["credit"] += left
        return stopped

    @precondition(lambda self: not self.undone and not self.held_for_review)
    @rule()
    def stands_again_and_waits_for_review(self) -> None:
        """What did not move yet is called off; what becomes of the fee is for people to say."""
        stopped, now = self._call_off(lots=False), self.settled
        step = fee_book.hold(
            now,
            refunded=now.refunded - stopped["refund"],
            credited=now.credited - stopped["credit"],
            due=now.due - stopped["charge"],
        )
        self._post(step, "release")
        self.held_for_review = True
        assert step.amount == sum(stopped.values())
        assert self.settled.kept == now.kept
        assert not self._open("charge")

    @precondition(lambda self: not self.undone)
    @rule()
    def stands_again(self) -> None:
        """What did not move yet is called off, a credit that was not redeemed is taken back."""
        stopped, now = self._call_off(lots=True), self.settled
        self._post(
            fee_book.undo(
                now,
                refunded=now.refunded - stopped["refund"],
                credited=now.credited - stopped["credit"],
                due=now.due - stopped["charge"],
            ),
            "give_back",
        )
        self.undone = True
        assert (self.settled.forfeited, self.settled.pending, self.settled.due, self.settled.kept) == (0, 0, 0, 0)

    @precondition(lambda self: self.settled.fee)
    @rule(more=st.integers(1, 1_000))
    def no_step_takes_more_than_there_is(self, more: int) -> None:
        now = self.settled
        for step, most in (
            (fee_book.charge, now.pending),
            (fee_book.drop, now.pending),
            (fee_book.waive, now.pending + now.due),
            (fee_book.pay, now.due),
            (fee_book.give_back, now.kept),
            (lambda settled, amount: fee_book.release(settled, amount, "refund"), fee_book.releasable(now)),
        ):
            for amount in (most + more, 0, -more):
                with pytest.raises(NotPossible):
                    step(now, amount)

    @invariant()
    def every_coin_is_accounted_for(self) -> None:
        if not hasattr(self, "settled"):
            return
        now = self.settled
        on_the_way = sum(move.amount for move in self._open("refund", "credit"))
        in_lots = sum(lot.balance for lot in self.lots.values())
        assert self.paid_in - self.paid_out == (
            now.kept + now.forfeited + now.held + on_the_way + in_lots + self.redeemed + self.gone
        )

    @invariant()
    def the_book_agrees_with_the_till(self) -> None:
        if not hasattr(self, "settled"):
            return
        now = self.settled
        assert now.deposit == now.taken + now.forfeited + now.refunded + now.credited + now.held
        assert now.fee == now.kept + now.given_back + now.due + now.waived + now.dropped + now.pending
        assert min(getattr(now, name) for name in fee_book.AMOUNTS) >= 0
        assert min((lot.balance for lot in self.lots.values()), default=0) >= 0
        assert now.taken <= now.kept + now.given_back
        assert self.undone or self.held_for_review or now.held <= now.pending
        assert now.due == sum(move.amount for move in self._open("charge"))
        assert now.kept + now.given_back - now.taken == self.paid_in - now.deposit

    @invariant()
    def tax_and_net_are_the_whole(self) -> None:
        if not hasattr(self, "settled"):
            return
        for gross in (self.settled.kept, self.settled.forfeited, self.settled.credited):
            vat = vat_of(gross, 2_000)
            assert (vat.net + vat.tax, min(vat.net, vat.tax) >= 0) == (gross, True)


TestTill = Till.TestCase
TestTill.settings = settings(
    max_examples=LIVES,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestTill.pytestmark = [pytest.mark.race]  # type: ignore[attr-defined]  # `make soak` plays more of them


# -- the parts -----------------------------------------------------------------------------------------------------

PENDING = Settlement("EUR", deposit=2000, held=2000, fee=3000, pending=3000)


def test_a_pending_fee_is_charged_in_parts_the_deposit_first() -> None:
    first = fee_book.charge(PENDING, 500)
    assert (first.after.taken, first.after.held, first.after.due, first.charge) == (500, 1500, 0, 0)
    second = fee_book.charge(first.after, 2500)
    assert (second.after.taken, second.after.held, second.after.due, second.charge) == (2000, 0, 1000, 1000)
    assert second.changes == {"taken": 1500, "held": -1500, "kept": 1500, "due": 1000, "pending": -2500}


def test_a_dropped_fee_lets_the_deposit_go() -> None:
    step = fee_book.drop(PENDING, 3000, "credit")
    assert (step.after.dropped, step.after.held, step.after.credited, step.credit) == (3000, 0, 2000, 2000)


def test_a_part_of_the_fee_dropped_frees_only_what_no_longer_pays_it() -> None:
    step = fee_book.drop(PENDING, 1000)
    assert (step.after.pending, step.after.held, step.refund) == (2000, 2000, 0)
    assert fee_book.drop(step.after, 500).refund == 500


def test_an_undo_gives_back_what_was_paid_otherwise_than_from_the_deposit() -> None:
    paid = fee_book.pay(fee_book.charge(PENDING, 3000).after, 1000).after
    step = fee_book.undo(paid)
    assert (step.after.held, step.after.given_back, step.after.dropped, step.refund) == (2000, 1000, 2000, 1000)


def test_an_undo_leaves_what_has_moved() -> None:
    moved = Settlement("EUR", deposit=9000, refunded=4000, credited=5000, fee=1000, due=1000)
    after = fee_book.undo(moved, refunded=4000, credited=1500, due=1000).after
    assert (after.refunded, after.credited, after.held, after.due, after.dropped) == (4000, 1500, 3500, 1000, 0)
    with pytest.raises(NotPossible):
        fee_book.undo(moved, credited=5001)


def test_who_waits_for_a_review_holds_everything_that_has_not_moved() -> None:
    charged = Settlement("EUR", deposit=4000, taken=2000, refunded=1500, credited=500, fee=3000, kept=2000, due=1000)
    step = fee_book.hold(charged, refunded=400, credited=500)
    after = step.after
    assert (step.amount, after.held, after.refunded, after.pending, after.due) == (2100, 1100, 400, 1000, 0)
    assert (after.taken, after.kept, step.refund, step.charge) == (2000, 2000, 0, 0)
    with pytest.raises(NotPossible):
        fee_book.hold(charged, due=1001)


def test_a_deposit_nobody_has_decided_about_is_let_go_in_parts() -> None:
    step = fee_book.release(Settlement("EUR", deposit=2000, held=2000), 1500, {"refund": 1000, "keep": 500})
    assert (step.after.held, step.after.refunded, step.after.forfeited, step.refund) == (500, 1000, 500, 1000)
    for settled in (step.after, PENDING):
        with pytest.raises(NotPossible):
            fee_book.release(settled, 501, "refund")


def test_a_deposit_set_free_may_go_several_ways() -> None:
    step = fee_book.waive(PENDING, 3000, {"refund": 500, "credit": 700, "keep": 800})
    assert (step.after.refunded, step.after.credited, step.after.forfeited) == (500, 700, 800)
    for wrong in ({"refund": 1999}, {"refund": 3000, "keep": -1000}, {"refund": 1000, "till": 1000}):
        with pytest.raises(ValueError, match="does not divide 2000"):
            fee_book.waive(PENDING, 3000, wrong)  # type: ignore[arg-type]  # that is the fault


@given(SMALL, RATES)
def test_tax_is_rounded_once_and_half_up(gross: int, rate: int) -> None:
    vat = vat_of(gross, rate)
    assert vat.net + vat.tax == vat.gross == gross
    exact_twice = 2 * gross * rate  # in units of 1 / (2 * (10000 + rate))
    assert -(HUNDREDTHS + rate) <= exact_twice - 2 * vat.tax * (HUNDREDTHS + rate) < HUNDREDTHS + rate


def test_tax_of_known_amounts() -> None:
    assert (vat_of(1200, 2000).net, vat_of(1200, 2000).tax) == (1000, 200)
    assert vat_of(3, 10_000).tax == 2  # 1.5 minor units: a half goes up
    assert vat_of(1000, 0).net == 1000


def test_several_deposits_partly_used() -> None:
    deposits = [Deposit(3000, "EUR", used=1000), Deposit(500, "EUR"), Deposit(900, "BGN", used=900)]
    assert total(deposits, "EUR") == 2500
    assert allot(2200, [deposit.left for deposit in deposits]) == [2000, 200, 0]


def test_a_deposit_in_another_currency_is_refused_unless_it_is_used_up() -> None:
    with pytest.raises(OtherCurrency) as refused:
        total([Deposit(100, "EUR"), Deposit(100, "USD")], "EUR")
    assert (refused.value.currency, refused.value.expected) == ("USD", "EUR")


@pytest.mark.parametrize(("amount", "used"), [(100, 101), (100, -1), (-5, 0)])
def test_a_deposit_cannot_be_used_more_than_it_is(amount: int, used: int) -> None:
    with pytest.raises(ValueError, match="is used"):
        Deposit(amount, "EUR", used=used)


def test_credit_is_redeemed_in_the_order_of_expiry() -> None:
    lots = [Lot(1, 500), Lot(2, 300, expires=90), Lot(3, 200, expires=50), Lot(4, 100, expires=50), Lot(5, 0, 40)]
    assert spread(lots, 700, now=10) == [(3, 200), (4, 100), (2, 300), (1, 100)]
    assert balance(lots, now=50) == 800  # at its very end it is over
    for nothing in (0, -1):
        with pytest.raises(ValueError, match="nothing"):
            spread(lots, nothing, now=10)


def test_a_split_is_exactly_what_remains() -> None:
    assert split_of(10, {"refund": 4, "keep": 6}) == {"refund": 4, "credit": 0, "keep": 6}
    assert split_of(10, "credit") == {"refund": 0, "credit": 10, "keep": 0}
