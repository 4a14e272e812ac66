"""Policies, calendar and waiver limits as a clinic writes them; the examples of the docs; slips told at their row."""

from __future__ import annotations

import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from flask_cancellations.clock import DAY, HOUR
from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.rules.calendar import Allowance, Cutoff
from flask_cancellations.rules.deposit_rule import FORFEIT, USUAL, DepositRule
from flask_cancellations.rules.policy import Band, Fee, MoveRule, Policy
from flask_cancellations.settings import Settings, load
from flask_cancellations.settings.calendar import PublicHolidays

from .policies import fee

DOCS = Path(__file__).resolve().parent.parent / "docs"
EXAMPLES = (DOCS / "policies.md").read_text(encoding="utf-8").split("```toml\n")[1:]
LEAST: dict[str, Any] = {
    "CANCELLATIONS_TIMEZONE": "Europe/Sofia",
    "CANCELLATIONS_CURRENCY": "EUR",
    "CANCELLATIONS_HOST": {
        "appointment": {
            "model": "Visit",
            "start": "begins_at",
            "end": {"minutes": 60},
            "status": {"attribute": "state", "open": ["booked"], "cancelled": ["cancelled"]},
        }
    },
}
CALENDAR = {"opening_days": ["mon", "tue", "wed", "thu", "fri"]}
CUTOFF = "16:00, 1 working day before"


def read(**more: Any) -> Settings:
    return load(LEAST | {f"CANCELLATIONS_{name}": value for name, value in more.items()})


def policy(**values: Any) -> Policy:
    return read(CALENDAR=CALENDAR, POLICIES=[{"name": "p", "valid_from": "2026-12-01", **values}]).policies[0]


def faults(**more: Any) -> list[Fault]:
    with pytest.raises(ConfigError) as caught:
        read(**more)
    return list(caught.value.faults)


def slips(**values: Any) -> list[str]:
    """The keys of the faults of one policy, seen from it."""
    found = faults(CALENDAR=CALENDAR, POLICIES=[{"name": "p", "valid_from": "2026-12-01", **values}])
    return [fault.key.removeprefix("CANCELLATIONS_POLICIES[0].") for fault in found]


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_of_the_docs_is_a_complete_policy(text: str) -> None:
    settings = load(LEAST | tomllib.loads(text.split("```")[0]))
    assert len(settings.policies) == 1
    assert settings.policies[0].bands


def test_the_reference_prints_what_is_understood() -> None:
    reference = (DOCS / "configuration.md").read_text(encoding="utf-8").split("```toml\n")[1:]
    known = ("[CANCELLATIONS_CALENDAR]", "[[CANCELLATIONS_POLICIES]]")
    printed = [text.split("```")[0] for text in reference if text.startswith(known)]
    assert len(printed) == len(known)
    settings = load(LEAST | tomllib.loads("\n".join(printed)))
    assert settings.policies
    assert settings.calendar is not None


class TestPolicies:
    def test_limits_by_the_clock(self):
        found = policy(bands=[{"later_than": CUTOFF, "fee": "50%"}, {"less_than": "2h", "fee": "full"}])
        assert found.bands[0] == Band(None, fee("50%"), later_than=Cutoff.parse(CUTOFF))
        assert found.bands[1].less_than == 2 * HOUR

    def test_a_preset_is_the_ground_that_other_keys_lie_on(self):
        fair = policy(preset="fair")
        assert (fair.bands, fair.no_show) == ((Band(DAY, fee("10%")),), fee("30%"))
        changed = policy(preset="fair", bands=[{"less_than": "48h", "fee": "20%"}], no_show=False)
        assert (changed.bands, changed.no_show) == ((Band(2 * DAY, fee("20%")),), Fee("none"))
        assert policy(preset="fair", bands=[]).bands == ()

    def test_deposits_in_each_spelling(self):
        assert policy().deposit == USUAL
        assert policy(deposit="credit").deposit == DepositRule(("credit",), ("credit",))
        assert policy(deposit=["keep", "credit"]).deposit == DepositRule(("keep", "credit"), ("keep", "credit"))
        assert policy(deposit={"clinic": ["refund", "credit"]}).deposit == DepositRule(clinic=("refund", "credit"))
        band = {"less_than": "24h", "fee": "none"}
        assert policy(bands=[band | {"forfeit": True}]).bands[0].deposit == FORFEIT
        assert policy(bands=[band | {"deposit": {"client": "keep"}}]).bands[0].deposit == DepositRule(("keep",))
        assert policy(bands=[band]).bands[0].deposit is None

    def test_the_other_rules(self):
        found = policy(
            within_window="none",
            reschedule={"bands": [{"less_than": "24h", "fee": "10"}], "late_moves": {"times": 2, "months": 6}},
            exempt=["vip", "staff"],
            first_free={"times": 1, "months": 12},
            text={"en": " Our words. ", "pt-BR": "Nossas\npalavras"},
        )
        assert found.within_window == "none"
        assert found.moves == MoveRule((Band(DAY, fee("10")),), Allowance(2, 6))
        assert found.exempt == frozenset({"vip", "staff"})
        assert found.first_free == Allowance(1, 12)
        assert found.texts == {"en": "Our words.", "pt_BR": "Nossas\npalavras"}
        assert policy(reschedule={}).moves == MoveRule()
        off = policy(reschedule=False, first_free=False, exempt="vip")
        assert (off.moves, off.first_free, off.exempt) == (None, None, frozenset({"vip"}))

    @pytest.mark.parametrize(
        ("values", "keys"),
        [
            ({"preset": "hard"}, ["preset"]),
            ({"within_window": "half"}, ["within_window"]),
            ({"deposit": []}, ["deposit"]),
            ({"deposit": ["refund", "refund"]}, ["deposit"]),
            ({"deposit": ["refnd"]}, ["deposit[0]"]),
            ({"deposit": {"staff": "keep"}}, ["deposit.staff"]),
            ({"deposit": {"clinic": ["keep"]}}, ["deposit.clinic"]),
            ({"first_free": {"times": 0, "months": 12}}, ["first_free.times"]),
            ({"first_free": {"times": 1, "months": True}}, ["first_free.months"]),
            ({"first_free": 1}, ["first_free"]),
            ({"exempt": [""]}, ["exempt[0]"]),
            ({"text": "Ours"}, ["text"]),
            ({"text": {"xx": "Ours"}}, ["text.xx"]),
            ({"text": {"en": " "}}, ["text.en"]),
            ({"text": {"en": "x" * 4001}}, ["text.en"]),
            ({"reschedule": {"bands": [{"less_than": "24h"}]}}, ["reschedule.bands[0].fee"]),
            ({"reschedule": {"late_moves": {"times": 1}}}, ["reschedule.late_moves.months"]),
        ],
    )
    def test_each_slip_is_told_with_its_key(self, values: dict[str, Any], keys: list[str]):
        assert slips(**values) == keys

    @pytest.mark.parametrize(
        ("bands", "keys"),
        [
            ([{"later_than": "4pm", "fee": "50%"}], ["bands[0].later_than"]),
            ([{"later_than": "16:00, 99 working days before", "fee": "50%"}], ["bands[0].later_than"]),
            ([{"later_than": CUTOFF, "less_than": "24h", "fee": "50%"}], ["bands[0].later_than"]),
            ([{"later_than": CUTOFF, "at_least": "2h", "fee": "50%"}], ["bands[0].at_least"]),
            ([{"less_than": "24h", "fee": "50%", "forfeit": True, "deposit": "keep"}], ["bands[0].forfeit"]),
            ([{"less_than": "24h", "fee": "50%", "deposit": {"clinic": "refund"}}], ["bands[0].deposit.clinic"]),
            # a second band for one limit, and a fall, each at its own row although the first row cannot be read
            (
                [
                    {"less_than": "one day", "fee": "1%"},
                    {"less_than": "24h", "fee": "50%"},
                    {"less_than": "1d", "fee": "60%"},
                    {"less_than": "2h", "fee": "20%"},
                ],
                ["bands[0].less_than", "bands[2].less_than", "bands[3].fee"],
            ),
            (
                [{"less_than": "48h", "at_least": "24h", "fee": "50%"}, {"less_than": "12h", "fee": "full"}],
                ["bands[0].at_least"],
            ),
            (
                [
                    {"less_than": "48h", "fee": "10%", "forfeit": True},
                    {"less_than": "24h", "fee": "50%", "deposit": "refund"},
                ],
                ["bands[1].deposit"],
            ),
        ],
    )
    def test_bands_are_refused_at_the_row(self, bands: list[dict[str, Any]], keys: list[str]):
        assert slips(bands=bands) == keys

    def test_a_refusal_says_how_to_mend_it_in_english_whatever_the_clinic_speaks(self):
        bands = [{"less_than": "24h", "fee": "50%"}, {"less_than": "2h", "fee": "20%"}]
        (fault,) = faults(LOCALE="bg", POLICIES=[{"name": "p", "valid_from": "2026-12-01", "bands": bands}])
        assert fault.found.replace("\xa0", " ") == "a fee that falls to 20% of the price for less than 2 h"
        assert fault.expected == "fees that never fall when the notice gets shorter"

    def test_a_deadline_by_working_days_needs_the_calendar(self):
        by_clock = {"name": "p", "valid_from": "2026-12-01", "bands": [{"later_than": CUTOFF, "fee": "50%"}]}
        (fault,) = faults(POLICIES=[by_clock])
        assert (fault.key, fault.found) == ("CANCELLATIONS_CALENDAR", "nothing")
        assert CUTOFF in fault.expected


class TestCalendar:
    def days(self, **values: Any) -> Any:
        return read(CALENDAR=CALENDAR | values).calendar

    def test_opening_days_and_single_days(self):
        days = self.days(holidays=["2026-12-24", date(2026, 12, 25)], open=["2026-12-26"])
        assert [day.day for day in _week(date(2026, 12, 21)) if days.works(day)] == [21, 22, 23, 26]
        assert read().calendar is None

    def test_a_countrys_public_holidays_come_from_the_library(self):
        days = self.days(holidays=["BG"])
        assert not days.works(date(2026, 3, 3))  # Liberation Day, a Tuesday
        assert not days.works(date(2027, 3, 3))  # any year, not only this one
        assert days.works(date(2026, 3, 4))

    def test_a_part_of_a_country_has_its_own(self):
        assert not self.days(holidays=["DE-BY"]).works(date(2026, 1, 6))  # Epiphany
        assert self.days(holidays=["DE-BE"]).works(date(2026, 1, 6))

    def test_threads_that_ask_for_a_year_at_once_all_get_it(self):
        for _ in range(20):
            holidays = PublicHolidays("BG", None)
            with ThreadPoolExecutor(8) as pool:
                assert all(pool.map(lambda _: date(2026, 12, 24) in holidays, range(16)))  # noqa: B023

    @pytest.mark.parametrize(
        ("calendar", "key"),
        [
            ({}, "opening_days"),
            ({"opening_days": []}, "opening_days"),
            ({"opening_days": ["mon", "tues"]}, "opening_days[1]"),
            ({"opening_days": "mon"}, "opening_days"),
            (CALENDAR | {"holidays": ["XX"]}, "holidays[0]"),
            (CALENDAR | {"holidays": ["DE-XX"]}, "holidays[0]"),
            (CALENDAR | {"holidays": ["Bulgaria"]}, "holidays[0]"),
            (CALENDAR | {"holidays": ["2026-13-01"]}, "holidays[0]"),
            (CALENDAR | {"open": ["soon"]}, "open[0]"),
            (CALENDAR | {"closed": []}, "closed"),
        ],
    )
    def test_unknown_days_are_told(self, calendar: dict[str, Any], key: str):
        assert [fault.key for fault in faults(CALENDAR=calendar)] == [f"CANCELLATIONS_CALENDAR.{key}"]

    def test_an_unknown_day_comes_with_the_nearest(self):
        assert faults(CALENDAR={"opening_days": ["mon", "tues"]})[0].nearest == "tue"

    def test_without_the_library_days_still_work_and_countries_say_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setitem(sys.modules, "holidays", None)
        assert self.days(holidays=[date(2026, 12, 24)]) is not None
        (fault,) = faults(CALENDAR=CALENDAR | {"holidays": ["BG"]})
        assert "pip install 'flask-cancellations[holidays]'" in fault.expected


def _week(monday: date) -> list[date]:
    return [monday + timedelta(days=number) for number in range(7)]


class TestWaiverLimits:
    ROLES = {"ROLES": {"reception": ["cancel", "waive"], "desk": ["cancel"], "manager": ["*"]}}  # noqa: RUF012

    def test_amounts_by_role(self):
        assert read(**self.ROLES, WAIVER_LIMITS={"reception": "30.00", "manager": 200}).waiver_limits == {
            "reception": 3000,
            "manager": 20000,
        }

    @pytest.mark.parametrize(
        ("limits", "found", "nearest"),
        [
            ({"recption": "30"}, "an unknown role", "reception"),
            ({"desk": "30"}, "a limit for a role without the right 'waive'", ""),
            ({"reception": "-1"}, "'-1'", ""),
        ],
    )
    def test_slips(self, limits: dict[str, Any], found: str, nearest: str):
        (fault,) = faults(**self.ROLES, WAIVER_LIMITS=limits)
        assert (fault.found, fault.nearest) == (found, nearest)
        assert fault.key == f"CANCELLATIONS_WAIVER_LIMITS.{next(iter(limits))}"
