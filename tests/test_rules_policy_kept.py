"""What is made of a policy and its quotes: the stored text, the trace, checks of its bands, a back-test, limits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from flask_cancellations.clock import DAY, HOUR, MINUTE
from flask_cancellations.rules.backtest import PastCase, backtest
from flask_cancellations.rules.band_checks import BandRow, band_faults
from flask_cancellations.rules.calendar import Allowance, Cutoff
from flask_cancellations.rules.deposit_rule import FORFEIT, DepositRule
from flask_cancellations.rules.policy import Band, MoveRule, Policy
from flask_cancellations.rules.policy_body import policy_body, policy_from_body
from flask_cancellations.rules.quote import quote
from flask_cancellations.rules.trace import explain, trace_body, traced_band

from .policies import REASONS, SOFIA, START, facts, fee, policy


def plain(text: str) -> str:
    return text.replace("\xa0", " ")


class TestStored:
    def test_a_version_stored_by_the_first_release_is_read_and_has_the_same_text_today(self):
        first = (
            '{"bands": [{"fee": "full", "forfeit": true, "less_than": 7200000000}, '
            '{"fee": "50%", "forfeit": false, "less_than": 86400000000}], "cap": 8000, "currency": "EUR", '
            '"grace": 900000000, "locations": ["branch"], "no_show": "full", "self_cancel": 0, "services": [], '
            '"staff": []}'
        )
        read = policy_from_body("standard", date(2026, 1, 1), first)
        assert read.bands == (Band(2 * HOUR, fee("full"), FORFEIT), Band(24 * HOUR, fee("50%")))
        assert (read.cap, read.grace, read.locations) == (8000, 15 * MINUTE, frozenset({"branch"}))
        assert policy_body(read) == first

    def test_everything_a_policy_says_survives(self):
        full = Policy(
            "standard",
            date(2026, 1, 1),
            "EUR",
            bands=(
                Band(2 * HOUR, fee("full"), DepositRule(("keep",), ("credit", "refund"))),
                Band(24 * HOUR, fee("33.33%"), FORFEIT),
                Band(None, fee("12.50"), None, Cutoff.parse("16:00, 2 working days before")),
            ),
            no_show=fee("full"),
            cap=8000,
            grace=15 * MINUTE,
            self_cancel=2 * HOUR,
            services=frozenset({"1"}),
            staff=frozenset({"2", "3"}),
            locations=frozenset({"4"}),
            deposit=DepositRule(("credit",), ("refund",), ("refund", "credit")),
            within_window="none",
            moves=MoveRule((Band(DAY, fee("10%")),), Allowance(2, 6)),
            exempt=frozenset({"vip", "staff"}),
            first_free=Allowance(1, 12),
            texts={"en": "Ours.", "bg": "Наше."},
        )
        assert policy_from_body(full.name, full.valid_from, policy_body(full)) == full
        assert policy_body(policy_from_body(full.name, full.valid_from, policy_body(full))) == policy_body(full)

    @pytest.mark.parametrize(
        "change",
        [
            {"deposit": DepositRule(("credit",))},
            {"within_window": "none"},
            {"moves": MoveRule()},
            {"exempt": frozenset({"vip"})},
            {"first_free": Allowance(1, 12)},
            {"texts": {"en": "Ours."}},
            {
                "bands": (
                    Band(24 * HOUR, fee("50%"), DepositRule(("refund",), ("refund",))),
                    Band(2 * HOUR, fee("full")),
                )
            },
        ],
    )
    def test_each_change_of_terms_changes_the_text(self, change: dict[str, Any]):
        assert policy_body(replace(policy(), **change)) != policy_body(policy())

    def test_the_order_of_bands_does_not(self):
        bands = (
            Band(None, fee("10%"), later_than=Cutoff.parse("16:00, 1 working day before")),
            Band(DAY, fee("50%")),
            Band(HOUR, fee("full")),
        )
        assert policy_body(policy(*bands)) == policy_body(policy(*reversed(bands)))


class TestTrace:
    def test_the_trace_holds_the_facts_and_every_band(self):
        by_clock = Band(None, fee("50%"), later_than=Cutoff.parse("16:00, 1 working day before"))
        found = quote(facts(group="vip"), policy(by_clock, Band(2 * HOUR, fee("full"))), None)
        kept = json.loads(trace_body(found))
        assert kept["facts"]["told"] == START - HOUR
        assert kept["facts"]["price"] == 6000
        assert [(band["edge"], band["amount"], band["applies"]) for band in kept["bands"]] == [
            ("16:00, 1 working day before", 3000, True),
            ("2h", 6000, True),
        ]
        assert (kept["band"], kept["fee"], kept["why"]) == ("2h", 6000, ["band"])
        assert "vip" not in trace_body(found)
        assert traced_band(trace_body(found)) == ("2h", START - 2 * HOUR)
        assert traced_band(None) == (None, None)

    def test_an_explanation_shows_which_band_counted_and_until_when_each_was_free(self):
        by_clock = Band(None, fee("50%"), later_than=Cutoff.parse("16:00, 1 working day before"))
        terms = policy(by_clock, Band(2 * HOUR, fee("full")))
        shown = explain(quote(facts(3 * HOUR), terms, None), terms)
        assert (shown.fee, shown.currency) == (3000, "EUR")
        assert plain(shown.sentence) == (
            "50% of 60.00 EUR, because the clinic was told 3 h before the appointment: later than 16:00 on the working "
            "day before (Tuesday, 1 December 2026)."
        )
        assert [(band.until, band.amount, band.applies, band.counts) for band in shown.bands] == [
            (datetime(2026, 12, 1, 16), 3000, True, True),
            (datetime(2026, 12, 2, 8, 30), 6000, False, False),
        ]

    def test_a_fee_that_must_be_entered_is_none(self):
        assert explain(quote(facts(price=None), policy(), None)).fee is None


class TestChecks:
    def faults(self, *rows: BandRow | Band | None) -> list[tuple[int, str, str]]:
        read = [BandRow(row) if isinstance(row, Band) else row for row in rows]
        return [(fault.index, fault.field, fault.code) for fault in band_faults(read, "EUR")]

    def clock(self, text: str, cost: str) -> Band:
        return Band(None, fee(cost), later_than=Cutoff.parse(text))

    def test_sound_bands_have_no_fault(self):
        assert self.faults(Band(DAY, fee("50%")), None, Band(2 * HOUR, fee("full"))) == []
        # Fixed amounts and shares cannot be compared without a price.
        assert self.faults(Band(DAY, fee("50%")), Band(2 * HOUR, fee("10"))) == []

    def test_a_second_band_for_a_limit(self):
        assert self.faults(Band(DAY, fee("50%")), None, Band(DAY, fee("full"))) == [(2, "less_than", "duplicate")]
        again = self.clock("9:00, same day", "50%"), self.clock("09:00, same day", "full")
        assert self.faults(*again) == [(1, "later_than", "duplicate")]

    def test_fees_that_fall(self):
        assert self.faults(Band(DAY, fee("50%")), Band(HOUR, fee("20%"))) == [(1, "fee", "fee_falls")]
        assert self.faults(Band(HOUR, fee("20%")), Band(DAY, fee("50%"))) == [(1, "fee", "fee_falls")]
        assert self.faults(Band(DAY, fee("full")), Band(HOUR, fee("99%"))) == [(1, "fee", "fee_falls")]
        assert self.faults(Band(DAY, fee("9.00")), Band(HOUR, fee("8.99"))) == [(1, "fee", "fee_falls")]

    def test_fees_that_fall_between_limits_of_both_kinds(self):
        far, near = self.clock("12:00, 2 working days before", "50%"), self.clock("16:00, 1 working day before", "30%")
        assert self.faults(near, far) == [(1, "fee", "fee_falls")]
        assert self.faults(self.clock("16:00, same day", "30%"), self.clock("12:00, same day", "50%")) == [
            (1, "fee", "fee_falls")
        ]
        # Two working days before noon is always more than 24 hours, so the band by hours is the tighter one ...
        assert self.faults(far, Band(DAY, fee("30%"))) == [(1, "fee", "fee_falls")]
        # ... but which of these two comes first depends on the appointment's time, so both may stand.
        assert self.faults(self.clock("16:00, 1 working day before", "50%"), Band(DAY, fee("30%"))) == []

    def test_rules_for_the_deposit_that_get_milder(self):
        far, near = Band(DAY, fee("50%"), FORFEIT), Band(HOUR, fee("full"), DepositRule(("refund",), ("refund",)))
        assert self.faults(far, near) == [(1, "deposit", "deposit_falls")]

    def test_gaps_and_overlaps_for_those_who_say_where_a_band_ends(self):
        def row(less_than: int, cost: str, at_least: int | None = None) -> BandRow:
            return BandRow(Band(less_than, fee(cost)), at_least)

        assert self.faults(row(2 * DAY, "50%", DAY), row(DAY, "full")) == []
        assert self.faults(row(DAY, "full"), row(2 * DAY, "50%", DAY)) == []
        assert self.faults(row(2 * DAY, "50%", DAY), row(12 * HOUR, "full")) == [(0, "at_least", "gap")]
        assert self.faults(row(2 * DAY, "50%", DAY)) == [(0, "at_least", "gap")]
        assert self.faults(row(2 * DAY, "50%", 12 * HOUR), row(DAY, "full")) == [(0, "at_least", "overlap")]
        assert self.faults(row(DAY, "50%", DAY)) == [(0, "at_least", "gap")]

    def test_each_fault_says_what_was_found_and_how_to_mend_it(self):
        (fault,) = band_faults([BandRow(Band(DAY, fee("50%"))), BandRow(Band(HOUR, fee("20%")))], "EUR")
        assert plain(fault.text) == (
            "Found a fee that falls to 20% of the price for less than 1 h, expected fees that never fall when the "
            "notice gets shorter."
        )


class TestBacktest:
    def case(self, notice: int, charged: int, client: str | None = "1", **values: Any) -> PastCase:
        return PastCase(facts(notice, **values), REASONS["illness"], charged, client)

    def test_counts_and_sums_by_band(self):
        cases = [
            self.case(30 * HOUR, 0),
            self.case(20 * HOUR, 1000),
            self.case(10 * HOUR, 1000, price=8000),
            self.case(HOUR, 3000),
            self.case(HOUR, 0, price=None),
            PastCase(facts(HOUR), REASONS["therapist_ill"], 0),
            self.case(HOUR, 0, currency="BGN"),
        ]
        found = backtest(policy(), cases, SOFIA)
        lines = [
            (line.band.edge if line.band else line.why, line.count, line.fees, line.charged, line.unknown)
            for line in found.lines
        ]
        assert lines == [
            ("1d", 2, 7000, 2000, 0),
            ("2h", 2, 6000, 3000, 1),
            ("clinic_side", 1, 0, 0, 0),
            ("enough_notice", 1, 0, 0, 0),
        ]
        assert (found.count, found.fees, found.charged, found.foreign) == (6, 13_000, 5000, 1)

    def test_bands_that_nobody_fell_into_are_shown_too(self):
        found = backtest(policy(), [], SOFIA)
        assert [(line.count, line.fees) for line in found.lines] == [(0, 0), (0, 0)]

    def test_the_draft_grants_its_own_first_times(self):
        terms = policy(first_free=Allowance(1, 12))
        later = 400 * DAY
        cases = [
            self.case(HOUR, 6000, granted=5),
            self.case(90 * MINUTE, 6000),
            self.case(HOUR, 6000, "2"),
            self.case(HOUR, 6000, None),
            PastCase(facts(start=START + later, told=START + later - HOUR), REASONS["illness"], 6000, "1"),
        ]
        found = {
            line.why if line.band is None else line.band.edge: line for line in backtest(terms, cases, SOFIA).lines
        }
        assert (found["first_time"].count, found["first_time"].otherwise) == (3, 18_000)
        assert (found["2h"].count, found["2h"].fees) == (2, 12_000)

    def test_what_would_be_kept_of_deposits(self):
        terms = policy(Band(DAY, fee("10.00"), FORFEIT))
        assert backtest(terms, [self.case(HOUR, 0)], SOFIA).lines[0].kept == 1000
