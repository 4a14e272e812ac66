"""What a policy can say beyond its bands: short-notice bookings, groups, first times, moves, deposits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flask_cancellations.clock import DAY, HOUR, MINUTE
from flask_cancellations.rules.calendar import Allowance, Cutoff
from flask_cancellations.rules.deposit_rule import FORFEIT, DepositRule
from flask_cancellations.rules.policy import Band, MoveRule, Policy, in_force
from flask_cancellations.rules.quote import Quote, is_late_move, quote, quote_move
from flask_cancellations.rules.settlement import rest_choices
from flask_cancellations.rules.stages import stages

from .policies import CALENDAR, REASONS, SOFIA, START, facts, fee, policy


def decided(terms: Policy, reason: str = "illness", **values: Any) -> tuple[int, int, tuple[str, ...]]:
    found = quote(facts(**values), terms, REASONS[reason])
    return found.fee, found.otherwise, found.why


class TestBookedInsideTheWindow:
    """A client books three hours before the start, and cancels."""

    BOOKED = START - 3 * HOUR

    def fee(self, rule: str, told_after: int, grace: int = 15 * MINUTE) -> tuple[int, str]:
        terms = policy(within_window=rule, grace=grace)
        found = quote(facts(START - self.BOOKED - told_after, booked=self.BOOKED), terms, None)
        return found.fee, found.why[0]

    def test_grace_counts_first_and_then_the_full_band(self):
        assert self.fee("grace", 15 * MINUTE) == (0, "grace")
        assert self.fee("grace", 15 * MINUTE + 1) == (3000, "band")
        assert self.fee("grace", 0, grace=0) == (3000, "band")

    def test_full_charges_from_the_first_minute(self):
        assert self.fee("full", 0) == (3000, "band")
        assert self.fee("full", HOUR + 1) == (6000, "band")

    def test_none_drops_the_limits_that_had_passed_and_keeps_those_to_come(self):
        assert self.fee("none", 30 * MINUTE) == (0, "within_window")
        assert self.fee("none", HOUR) == (0, "within_window")  # two hours before: the milder one still
        assert self.fee("none", HOUR + 1) == (6000, "band")

    def test_booked_at_the_limit_itself_it_had_not_passed(self):
        at_limit = facts(booked=START - 24 * HOUR)
        terms = policy(Band(24 * HOUR, fee("50%")), within_window="none")
        assert quote(at_limit, terms, None).fee == 3000
        assert quote(replace(at_limit, booked=START - 24 * HOUR + 1), terms, None).fee == 0

    def test_grace_of_a_full_policy_counts_for_bookings_made_in_time(self):
        terms = policy(within_window="full", grace=DAY)
        booked = START - 25 * HOUR
        assert decided(terms, notice=23 * HOUR, booked=booked) == (0, 0, ("grace",))


class TestLetOff:
    def test_clients_of_an_exempt_group_pay_nothing_and_the_quote_says_what_it_would_have_been(self):
        terms = policy(exempt=frozenset({"vip", "staff"}))
        assert decided(terms, group="vip") == (0, 6000, ("exempt",))
        assert decided(terms, group="VIP") == (6000, 6000, ("band",))
        assert decided(terms) == (6000, 6000, ("band",))

    def test_the_first_time_is_free_while_fewer_were_granted(self):
        terms = policy(first_free=Allowance(2, 12))
        assert decided(terms, granted=1) == (0, 6000, ("first_time",))
        assert decided(terms, granted=2) == (6000, 6000, ("band",))

    def test_nobody_is_let_off_for_the_first_time_who_is_not_known(self):
        assert decided(policy(first_free=Allowance(1, 12)), granted=None) == (6000, 6000, ("band",))

    def test_the_first_time_is_not_used_up_where_nothing_would_be_charged(self):
        terms = policy(first_free=Allowance(1, 12), exempt=frozenset({"vip"}))
        assert decided(terms, granted=0, notice=30 * HOUR)[2] == ("enough_notice",)
        assert decided(terms, granted=0, group="vip")[2] == ("exempt",)
        assert decided(terms, "mistake", granted=0)[2] == ("reason_free",)
        assert decided(terms, "therapist_ill", granted=0)[2] == ("clinic_side",)
        only_credit = Band(24 * HOUR, fee("none"), DepositRule(("credit",), ("credit",)))
        assert decided(policy(only_credit, first_free=Allowance(1, 12)), granted=0)[2] == ("band",)

    def test_a_lost_deposit_is_let_off_for_the_first_time_too(self):
        terms = policy(Band(24 * HOUR, fee("none"), FORFEIT), first_free=Allowance(1, 12))
        found = quote(facts(granted=0), terms, None)
        assert (found.why, found.rests, found.late) == (("first_time",), ("refund", "credit"), True)

    def test_what_the_clinic_caused_is_free(self):
        assert decided(policy(), clinic_caused=True) == (0, 6000, ("clinic_caused",))

    def test_who_is_let_off_another_way_decides_anew(self):
        terms = policy(first_free=Allowance(1, 12), exempt=frozenset({"vip"}))
        first = quote(facts(granted=0), terms, None)
        exempt = quote(facts(granted=0, group="vip"), terms, None)
        assert first.fingerprint() != exempt.fingerprint()
        assert first.fingerprint() != quote(facts(granted=1), terms, None).fingerprint()
        assert first.fingerprint() == quote(facts(90 * MINUTE, granted=0), terms, None).fingerprint()


class TestDeposits:
    def rests(self, terms: Policy, reason: str = "illness", **values: Any) -> tuple[str, ...]:
        return rest_choices(quote(facts(deposit=9000, **values), terms, REASONS[reason]), "charge", may_keep=False)

    def test_each_band_and_side_has_its_outcomes_in_their_order(self):
        rule = DepositRule(client=("credit",), other=("refund",), clinic=("refund", "credit"))
        late = Band(24 * HOUR, fee("50%"), DepositRule(client=("keep", "credit"), other=("credit", "refund")))
        terms = policy(late, deposit=rule)
        assert self.rests(terms) == ("keep", "credit")
        assert self.rests(terms, notice=30 * HOUR) == ("credit",)
        assert self.rests(terms, "mistake", notice=30 * HOUR) == ("refund",)
        assert self.rests(terms, "mistake") == ("refund",)  # free by its reason, so the band does not count
        assert self.rests(terms, "therapist_ill") == ("refund", "credit")

    def test_of_several_bands_the_harshest_rule_counts(self):
        far = Band(48 * HOUR, fee("10%"), FORFEIT)
        near = Band(24 * HOUR, fee("50%"), DepositRule(("refund",), ("refund",)))
        assert self.rests(policy(far, near)) == ("keep", "refund", "credit")

    def test_a_band_may_leave_fewer_outcomes_than_the_policy(self):
        assert self.rests(policy(Band(24 * HOUR, fee("50%"), DepositRule(("refund",), ("refund",))))) == ("refund",)

    def test_after_a_waiver_nothing_is_kept_without_the_right_to(self):
        terms = policy(Band(24 * HOUR, fee("50%"), DepositRule(("keep",), ("keep",))))
        found = quote(facts(), terms, None)
        assert rest_choices(found, "charge", may_keep=True) == ()  # the fee takes all of it
        assert rest_choices(found, "waive", may_keep=False) == ("refund", "credit")
        assert rest_choices(found, "waive", may_keep=True) == ("refund", "credit", "keep")

    def test_a_changed_outcome_is_decided_on_anew(self):
        one = quote(facts(), policy(Band(24 * HOUR, fee("50%"), FORFEIT)), None)
        other = quote(facts(), policy(Band(24 * HOUR, fee("50%"), DepositRule(("keep",), ("keep",)))), None)
        assert one.fingerprint() != other.fingerprint()


class TestMoves:
    RULE = MoveRule((Band(24 * HOUR, fee("10.00")),), Allowance(2, 6))

    def test_without_a_rule_moving_costs_what_cancelling_does(self):
        found = quote_move(facts(), policy())
        assert (found.fee, found.why, found.rests) == (6000, ("band",), ())

    def test_a_rule_of_its_own_replaces_the_bands(self):
        assert quote_move(facts(), policy(moves=self.RULE)).fee == 1000
        assert quote_move(facts(30 * HOUR), policy(moves=self.RULE)).fee == 0
        assert quote_move(facts(), policy(moves=MoveRule())).fee == 0

    def test_after_the_allowed_late_moves_one_more_counts_as_a_cancellation(self):
        terms = policy(moves=self.RULE)
        assert quote_move(facts(late_moves=1), terms).fee == 1000
        used_up = quote_move(facts(late_moves=2), terms)
        assert (used_up.fee, used_up.why) == (6000, ("band", "moves_used"))
        assert quote_move(facts(30 * HOUR, late_moves=2), terms).why == ("enough_notice",)
        free = policy(moves=MoveRule((), Allowance(1, 6)))
        assert quote_move(facts(late_moves=1), free).fee == 6000

    def test_a_late_move_is_one_that_cancelling_would_have_cost(self):
        free = policy(moves=MoveRule((), Allowance(1, 6)))
        assert is_late_move(facts(), free)
        assert not is_late_move(facts(24 * HOUR), free)

    def test_the_clinic_moves_for_nothing(self):
        assert quote_move(facts(), policy(moves=self.RULE), side="clinic").fee == 0

    def test_without_a_policy_nothing_is_charged(self):
        assert quote_move(facts(), None).why == ("no_policy",)


class TestStages:
    def test_what_each_stretch_until_the_start_costs(self):
        found = stages(facts(40 * HOUR), policy())
        assert [(START - stage.until, stage.quote.fee) for stage in found] == [
            (24 * HOUR, 0),
            (2 * HOUR, 3000),
            (0, 6000),
        ]

    def test_grace_is_a_stage_of_its_own(self):
        booked = START - 5 * HOUR
        found = stages(facts(5 * HOUR, booked=booked), policy(grace=15 * MINUTE))
        assert [(stage.until - booked, stage.quote.fee) for stage in found] == [
            (15 * MINUTE, 0),
            (3 * HOUR, 3000),
            (5 * HOUR, 6000),
        ]

    def test_nothing_is_left_to_say_after_the_start(self):
        assert stages(facts(-1), policy()) == ()

    def test_free_until_the_first_limit_that_costs(self):
        assert policy().free_until(START, None) == START - 24 * HOUR
        assert policy(Band(24 * HOUR, fee("none"), FORFEIT)).free_until(START, None) is None
        by_clock = policy(Band(None, fee("full"), later_than=Cutoff.parse("16:00, 1 working day before")))
        assert by_clock.free_until(START, CALENDAR) == SOFIA.to_us(datetime(2026, 12, 1, 16))


def test_versions_follow_one_another_with_everything_they_say() -> None:
    old, new = policy(), replace(policy(within_window="none"), valid_from=date(2026, 6, 1))
    assert in_force([old, new], date(2026, 5, 31), None, None, None) is old
    assert in_force([old, new], date(2026, 6, 1), None, None, None) is new


def test_a_quote_keeps_what_it_was_computed_from() -> None:
    found: Quote = quote(facts(), policy(), None)
    assert found.facts == facts()
