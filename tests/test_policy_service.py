"""Policies in a running clinic: stored and kept, first times counted, groups read, deadlines shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from flask_cancellations.errors import ConfigError
from flask_cancellations.models import Cancellation, PolicyVersion, SettlementRow
from flask_cancellations.rules.quote import Quote
from flask_cancellations.rules.trace import traced_band
from flask_cancellations.services import catalogue
from flask_cancellations.services.catalogue import sync
from flask_cancellations.services.quoting import quote_for
from flask_cancellations.services.reopen import reopen

from .policies import SOFIA
from .site import ROOT, Site, at, hidden, text_of
from .small_host import Clinic, make_clinic

BAND = {"less_than": "24h", "fee": "50%"}
BY_CLOCK = {"later_than": "16:00, 1 working day before", "fee": "50%"}
CALENDAR = {"opening_days": ["mon", "tue", "wed", "thu", "fri"], "holidays": ["2026-12-03"]}


def policies(**values: Any) -> dict[str, Any]:
    policy = {"name": "standard", "valid_from": "2026-01-01", "bands": [BAND], **values}
    return {"CANCELLATIONS_POLICIES": [policy], "CANCELLATIONS_CALENDAR": CALENDAR}


def quoted(clinic: Clinic, visit: Any) -> Quote:
    state = clinic.state
    known = catalogue.load(state)
    appointment = state.host.read(visit)
    return quote_for(state, known, appointment, told_us=state.clock.now(), reason=known.reasons["illness"]).quote


@pytest.mark.database
def test_everything_a_policy_says_is_stored_and_read_back(database_url: str) -> None:
    config = policies(
        bands=[BY_CLOCK, {"less_than": "2h", "fee": "full", "deposit": {"client": "keep", "other": "keep"}}],
        within_window="none",
        reschedule={"bands": [BAND], "late_moves": {"times": 2, "months": 6}},
        exempt=["vip"],
        first_free={"times": 1, "months": 12},
        text={"bg": "Наши условия."},
    )
    clinic = make_clinic(database_url, **config)
    with clinic.app.app_context():
        with clinic.cancellations.transaction():
            assert sync(clinic.state).added
        (version,) = catalogue.load(clinic.state).policies
        (configured,) = clinic.state.settings.policies
        assert version.id is not None
        assert set(version.policy.bands) == set(configured.bands)
        assert version.policy.texts == {"bg": "Наши условия."}
        assert version.policy.moves == configured.moves
        assert (version.policy.exempt, version.policy.first_free) == (configured.exempt, configured.first_free)
        assert sync(clinic.state).nothing


@pytest.mark.parametrize("change", [{"text": {"en": "Other words."}}, {"exempt": ["vip"]}, {"bands": [BY_CLOCK]}])
def test_new_terms_or_words_under_the_day_of_used_ones_are_refused(tmp_path: Any, change: dict[str, Any]) -> None:
    url = f"sqlite:///{tmp_path / 'clinic.db'}"
    before = make_clinic(url, **policies(text={"en": "Our words."}))
    with before.app.app_context():
        before.cancel(before.visit(at(15)))
        (kept,) = before.rows(PolicyVersion)
    after = make_clinic(url, **policies(**{"text": {"en": "Our words."}, **change}))
    with after.app.app_context():
        with pytest.raises(ConfigError, match="a new valid_from for the new terms"):
            sync(after.state)
        after.db.session.rollback()
        assert after.rows(PolicyVersion) == [kept]


def test_the_first_late_cancellation_of_each_client_is_free_and_one_that_was_taken_back_does_not_count() -> None:
    clinic = make_clinic(**policies(first_free={"times": 1, "months": 12}))
    with clinic.app.app_context():
        regular, other = clinic.patient(), clinic.patient()
        visits = [clinic.visit(at(15), patient=regular) for _ in range(3)]
        clinic.cancel(visits[0], fee=None)
        (money,) = clinic.rows(SettlementRow)
        assert (money.fee, money.otherwise, money.why) == (0, 3000, "first_time")

        assert quoted(clinic, visits[1]).why == ("band",)
        assert quoted(clinic, clinic.visit(at(15), patient=other)).why == ("first_time",)

        (record,) = clinic.rows(Cancellation)
        with clinic.cancellations.transaction():
            assert reopen(clinic.state, record) is not None
        visits[0].state = "booked"
        clinic.db.session.commit()
        assert quoted(clinic, visits[1]).why == ("first_time",)
        clinic.cancel(visits[1], fee=None)
        assert quoted(clinic, visits[0]).why == ("band",)


def test_after_the_months_have_gone_by_a_client_is_let_off_again() -> None:
    clinic = make_clinic(**policies(first_free={"times": 1, "months": 12}))
    with clinic.app.app_context():
        patient = clinic.patient()
        clinic.cancel(clinic.visit(at(15), patient=patient), fee=None)
        for day, why in ((datetime(2027, 12, 1, 9), "band"), (datetime(2027, 12, 2, 9), "first_time")):
            clinic.clock.wall = day
            later = clinic.visit(day + timedelta(hours=3), patient=patient)
            assert quoted(clinic, later).why == (why,)


def test_a_role_waives_up_to_its_limit() -> None:
    roles = {"reception": ["cancel", "waive"], "manager": ["*"]}
    site = Site(CANCELLATIONS_ROLES=roles, CANCELLATIONS_WAIVER_LIMITS={"reception": "29.99"}, **policies())
    key = site.visit(at(15))
    waive = {"reason": "illness", "told_channel": "phone", "fee": "waive", "waive_reason": "A regular client"}
    for role, status in (("reception", 422), ("manager", 303)):
        browser = site.browser(role)
        page = browser.get(f"{ROOT}/cancel/{key}")
        form = {name: hidden(page, name) for name in ("idempotency_key", "seen")}
        answer = browser.post(f"{ROOT}/cancel/{key}", data={**form, **waive, "rest_waive": "refund"})
        assert answer.status_code == status
        assert ("You may waive 29.99 EUR of a fee at most. Ask a manager." in text_of(answer)) == (status == 422)
    assert site.rows(SettlementRow)[0].waived == 3000


def test_a_clients_group_is_read_from_the_host() -> None:
    config = make_clinic().app.config["CANCELLATIONS_HOST"]
    config["client"]["group"] = "language"  # any column of the host's client will do
    clinic = make_clinic(CANCELLATIONS_HOST=config, **policies(exempt=["bg"]))
    with clinic.app.app_context():
        exempt = quoted(clinic, clinic.visit(at(15)))
        assert (exempt.fee, exempt.otherwise, exempt.why) == (0, 3000, ("exempt",))
        assert quoted(clinic, clinic.visit(at(15), patient=clinic.patient(language="en"))).fee == 3000


def test_an_unknown_group_column_is_told() -> None:
    config = make_clinic().app.config["CANCELLATIONS_HOST"]
    config["client"]["group"] = "langage"
    clinic = make_clinic(CANCELLATIONS_HOST=config)
    with clinic.app.app_context(), pytest.raises(ConfigError) as caught:
        clinic.cancellations.validate()
    assert [(fault.key, fault.nearest) for fault in caught.value.faults] == [
        ("CANCELLATIONS_HOST.client.group", "language")
    ]


class TestADeadlineByTheClock:
    """Friday the 4th at 09:00; the 3rd is closed, so the deadline is Wednesday the 2nd, 16:00. It is 10:05 then."""

    START = at(9, day=4)

    def site(self) -> tuple[Site, str]:
        site = Site(**policies(bands=[BY_CLOCK]))
        return site, site.visit(self.START)

    def test_pages_name_the_deadline_and_its_day(self):
        site, key = self.site()
        manager = site.browser()
        free = text_of(manager.get(f"{ROOT}/cancel/{key}"))
        assert "a fee applies later than 16:00 on the working day before." in free
        site.clock.wall = at(16)
        assert "At exactly 16:00 on the working day before the milder rule applies." in text_of(
            manager.get(f"{ROOT}/cancel/{key}")
        )
        site.clock.wall = at(17)
        page = manager.get(f"{ROOT}/cancel/{key}")
        why = (
            "50% of 60.00 EUR, because the clinic was told 1 day 16 h before the appointment: later than 16:00 on the "
            "working day before (Wednesday, 2 December 2026)."
        )
        assert why in text_of(page)
        form = {name: hidden(page, name) for name in ("idempotency_key", "seen")}
        done = manager.post(
            f"{ROOT}/cancel/{key}",
            data={**form, "reason": "illness", "told_channel": "phone", "fee": "charge"},
            follow_redirects=True,
        )
        assert done.status_code == 200
        assert why in text_of(done)
        (money,) = site.rows(SettlementRow)
        assert (money.fee, money.band_less_than_us) == (3000, None)
        assert traced_band(money.trace) == ("16:00, 1 working day before", SOFIA.to_us(at(16)))

    def test_an_answer_of_the_api_holds_it(self):
        site, key = self.site()
        site.clock.wall = at(17)
        quote: Any = site.browser().get(f"{ROOT}/api/appointments/{key}/quote?reason=illness").json
        assert quote["band"] == {
            "less_than_minutes": None,
            "later_than": "16:00, 1 working day before",
            "fee": "50%",
            "forfeit": False,
        }
        assert quote["fee"] == "30.00"

    def test_a_page_that_was_open_over_the_deadline_is_refused(self):
        site, key = self.site()
        manager = site.browser()
        page = manager.get(f"{ROOT}/cancel/{key}")
        form = {name: hidden(page, name) for name in ("idempotency_key", "seen")}
        site.clock.wall = at(16, 1)
        answer = manager.post(
            f"{ROOT}/cancel/{key}", data={**form, "reason": "illness", "told_channel": "phone", "fee": "charge"}
        )
        assert answer.status_code == 409
        assert site.state_of(key) == "booked"


def test_a_cancellation_of_the_first_release_has_no_trace_and_still_says_why() -> None:
    site = Site(**policies())
    number = site.cancel(site.visit(at(15)))
    with site.clinic.app.app_context(), site.clinic.cancellations.transaction():
        site.clinic.state.store.update(SettlementRow, trace=None)
    assert (
        "50% of 60.00 EUR, because the clinic was told 4 h 55 min before the appointment: less than 24 h."
        in text_of(site.browser().get(f"{ROOT}/cancellation/{number}"))
    )


def test_the_client_s_link_tells_of_the_first_time() -> None:
    site = Site(**policies(first_free={"times": 1, "months": 12}))
    page = text_of(site.stranger().get(site.link(site.visit(at(15)))))
    assert "No fee: the first late cancellation in 12 months is free of charge." in page
