"""The pages of policies through HTTP, as a browser without scripts uses them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cancellations.models import Cancellation, Event, PolicyVersion, SettlementRow
from flask_cancellations.rules.policy import Policy
from flask_cancellations.rules.policy_body import policy_body, policy_from_body
from flask_cancellations.services.policy_draft import PolicyDraft, draft_of
from flask_cancellations.services.policy_reading import read_draft
from flask_cancellations.services.reopen import reopen

from .browsing import SentForm
from .language_policies import policies as every_kind_of_policy
from .site import ROOT, Site, at, text_of
from .small_host import make_clinic

CALENDAR = {"opening_days": ["mon", "tue", "wed", "thu", "fri"]}
BAND = {"less_than": "24h", "fee": "50%"}
EDIT, LIST = f"{ROOT}/policies/standard", f"{ROOT}/policies"


def clinic(*more: dict[str, Any], **config: Any) -> Site:
    policies = [{"name": "standard", "valid_from": "2026-01-01", "bands": [BAND]}, *more]
    return Site(CANCELLATIONS_SOURCE="pages", CANCELLATIONS_POLICIES=policies, **config)


@pytest.fixture
def site() -> Site:
    return clinic(CANCELLATIONS_CALENDAR=CALENDAR)


@pytest.fixture
def browser(site: Site) -> FlaskClient:
    return site.browser()


def press(browser: FlaskClient, page: TestResponse, deed: str, **typed: str) -> TestResponse:
    """Type into a page's form and press one of its buttons."""
    form = {**SentForm(page.text).fields, **typed, "do": deed}
    return browser.post(page.request.path, data=form)


def versions(site: Site, name: str = "standard") -> list[Policy]:
    rows = [row for row in site.rows(PolicyVersion) if row.name == name]
    return [policy_from_body(row.name, row.valid_from, row.body) for row in rows]


# -- the list ------------------------------------------------------------------------------------------------------


def test_the_list_shows_what_each_policy_is_for_and_which_version_holds() -> None:
    site = clinic(
        {"name": "standard", "valid_from": "2026-12-20", "preset": "strict"},
        {"name": "standard", "valid_from": "2025-01-01", "preset": "fair"},
        {"name": "massage", "valid_from": "2026-01-01", "preset": "fair", "scope": {"service": ["1"], "staff": "7"}},
    )
    site.visit(at(15))
    page = text_of(site.browser().get(LIST))
    assert "massage Services: Massage · Therapists: 7 You can cancel free of charge until 24 h" in page
    assert "From Sunday, 20 December 2026 Upcoming" in page
    assert "From Thursday, 1 January 2026 In force" in page
    assert "From Wednesday, 1 January 2025 Earlier" in page
    assert "Cancellation policies · Reasons" in text_of(site.browser().get(f"{ROOT}/"))


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (
            "service=1&staff=1&day=2026-12-02",
            "kolev · From Thursday, 1 January 2026 “massage” is as specific, but staff",
        ),
        ("staff=1&day=2026-12-02", "kolev · From Thursday, 1 January 2026 It is more specific than “standard”."),
        ("service=1&day=2026-12-02", "massage · From Thursday, 1 January 2026 It is more specific than “standard”."),
        ("day=2026-12-02", "standard · From Thursday, 1 January 2026 “older” is as specific, but began earlier."),
        ("day=2025-06-01", "older · From Wednesday, 1 January 2025 It is the only one"),
        ("day=2020-06-01", "None No policy covers such an appointment, so there is no fee."),
    ],
)
def test_which_policy_wins_and_why(asked: str, answer: str) -> None:
    site = clinic(
        {"name": "older", "valid_from": "2025-01-01", "preset": "fair"},
        {"name": "massage", "valid_from": "2026-01-01", "preset": "fair", "scope": {"service": ["1"]}},
        {"name": "kolev", "valid_from": "2026-01-01", "preset": "fair", "scope": {"staff": ["1"]}},
    )
    site.visit(at(15))
    assert answer in text_of(site.browser().get(f"{LIST}?{asked}"))


def test_equal_policies_are_told_apart_by_name_and_a_wrong_day_is_named(site: Site) -> None:
    site = clinic({"name": "again", "valid_from": "2026-01-01", "preset": "fair"})
    page = text_of(site.browser().get(f"{LIST}?day=2026-12-02"))
    assert "“again” is as specific and began on the same day, but comes earlier by name." in page
    assert site.browser().get(f"{LIST}?day=never").status_code == 422


# -- the editor ----------------------------------------------------------------------------------------------------


def test_a_new_version_is_saved_and_bookings_that_were_made_keep_theirs(site: Site, browser: FlaskClient) -> None:
    key = site.visit(at(15))
    page = browser.get(EDIT)
    assert SentForm(page.text).fields["valid_from"] == "2026-12-03"
    answer = press(browser, page, "save", **{"bands-0-fee": "full", "bands-0-amount": ""})
    assert (answer.status_code, answer.location) == (303, f"{LIST}?done=saved")
    assert "The policy is saved." in text_of(browser.get(answer.location))
    old, new = versions(site)
    assert (old.valid_from, old.bands[0].fee.kind) == (date(2026, 1, 1), "percent")
    assert (new.valid_from, new.bands[0].fee.kind) == (date(2026, 12, 3), "full")
    site.clock.wall = at(9, day=4)
    late = site.visit(at(15, day=4), booked=at(9, day=3))
    site.set_state(key, "cancelled")
    site.cancel(late)
    again = site.visit(at(18, day=4), booked=at(9, day=2))
    site.cancel(again)
    assert [row.fee for row in site.rows(SettlementRow)] == [6000, 3000]


def test_saving_is_recorded_with_before_and_after(site: Site, browser: FlaskClient) -> None:
    press(browser, browser.get(EDIT), "save", cap="80")
    (event,) = site.rows(Event)
    body = json.loads(event.body)
    assert (event.action, event.actor_kind, event.appointment_key) == ("policy.saved", "staff", "")
    assert (body["before"]["valid_from"], body["before"]["terms"]["cap"]) == ("2026-01-01", None)
    assert (body["after"]["valid_from"], body["after"]["terms"]["cap"]) == ("2026-12-03", 8000)
    assert body["after"]["policy"] == "standard"


def test_sent_twice_it_is_saved_once_and_other_values_need_a_new_form(site: Site, browser: FlaskClient) -> None:
    page = browser.get(EDIT)
    for _ in range(2):
        assert press(browser, page, "save", cap="80").status_code == 303
    assert len(versions(site)) == 2
    assert press(browser, page, "save", cap="90").status_code == 422
    assert versions(site)[1].cap == 8000


def test_whoever_is_slower_is_told_who_was_faster_and_loses_nothing(site: Site, browser: FlaskClient) -> None:
    slow = site.browser(name="Vera Front")
    opened = slow.get(EDIT)
    press(browser, browser.get(EDIT), "save", cap="80")
    answer = press(slow, opened, "save", cap="90", **{"text-en": "Ours"})
    assert answer.status_code == 409
    assert "Elena Desk has changed this on Wednesday, 2 December 2026, 10:05." in text_of(answer)
    fields = SentForm(answer.text).fields
    assert (fields["cap"], fields["text-en"]) == ("90", "Ours")
    assert versions(site)[1].cap == 8000
    assert press(slow, answer, "save").status_code == 303  # knowing it now
    assert versions(site)[1].cap == 9000


def test_a_version_that_has_not_begun_is_changed_in_place(site: Site, browser: FlaskClient) -> None:
    press(browser, browser.get(EDIT), "save", valid_from="2026-12-20")
    page = browser.get(f"{EDIT}?from=2026-12-20")
    assert SentForm(page.text).fields["valid_from"] == "2026-12-20"
    press(browser, page, "save", cap="70")
    assert [(one.valid_from, one.cap) for one in versions(site)] == [
        (date(2026, 1, 1), None),
        (date(2026, 12, 20), 7000),
    ]


@pytest.mark.parametrize("day", ["2026-12-02", "2026-01-01", "2025-06-01"])
def test_a_version_never_begins_in_the_past(site: Site, browser: FlaskClient, day: str) -> None:
    site.cancel(site.visit(at(15)))
    answer = press(browser, browser.get(EDIT), "save", valid_from=day, cap="70")
    assert answer.status_code == 422
    assert "Tomorrow at the earliest" in text_of(answer)
    assert 'id="fcx-valid_from-errors"' in answer.text
    assert SentForm(answer.text).fields["cap"] == "70"
    assert len(versions(site)) == 1


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"valid_from": "soon"}, "valid_from", "A day."),
    ({"bands-0-number": "0"}, "bands-0-number", "A whole number above 0."),
    ({"bands-0-number": "one"}, "bands-0-number", "A whole number above 0."),
    ({"bands-0-amount": "150"}, "bands-0-amount", "A percentage above 0 and up to 100, or an amount above 0."),
    ({"bands-0-fee": "fixed", "bands-0-amount": "50%"}, "bands-0-amount", "A percentage above 0"),
    ({"bands-0-fee": "magic"}, "bands-0-amount", "A percentage above 0"),
    ({"bands-0-unit": "clock", "bands-0-time": "25:00"}, "bands-0-time", "A time of day"),
    ({"bands-0-unit": "clock", "bands-0-time": "16:00", "bands-0-days": "99"}, "bands-0-time", "A time of day"),
    ({"bands-0-end": "12"}, "bands-0-end", "Found no band for less than 12 h"),
    ({"bands-0-client": "keep,keep"}, "bands-0-client", "A whole number above 0."),
    ({"cap": "-5"}, "cap", "An amount above 0, or nothing."),
    ({"grace": "a while"}, "grace", "A whole number above 0."),
    ({"first_times": "1"}, "first_months", "A whole number above 0."),
    ({"no_show": "fixed"}, "no_show_amount", "A percentage above 0"),
    ({"deposit_clinic": "keep"}, "deposit_clinic", "When the clinic cancels, it keeps nothing."),
    ({"exempt": "g" * 201}, "exempt", "Each group on one line, of up to 200 characters."),
    ({"text-en": "t" * 4001}, "text-en", "A text of up to 4000 characters."),
    ({"moving": "own", "late_times": "2"}, "late_months", "A whole number above 0."),
]


@pytest.mark.parametrize(("typed", "field", "sentence"), WRONG)
def test_what_is_wrong_is_named_at_its_field_and_nothing_is_lost(
    site: Site, browser: FlaskClient, typed: dict[str, str], field: str, sentence: str
) -> None:
    answer = press(browser, browser.get(EDIT), "save", **{"text-bg": "Наши условия.", **typed})
    assert answer.status_code == 422
    assert f'id="fcx-{field}-errors"' in answer.text
    assert f'href="#fcx-{field}"' in answer.text
    assert text_of(answer).count(sentence) == 2
    fields = SentForm(answer.text).fields
    assert fields["text-bg"] == "Наши условия."
    assert all(fields[name] == text for name, text in typed.items() if name in fields and "fee" not in name)
    assert len(site.rows(PolicyVersion)) <= 1


def test_bands_that_contradict_each_other_are_named_at_the_row_whatever_stands_between(
    site: Site, browser: FlaskClient
) -> None:
    page = browser.get(EDIT)
    for _ in range(2):
        page = press(browser, page, "add-bands")
        assert page.status_code == 200
    answer = press(browser, page, "save", **{"bands-2-number": "2", "bands-2-amount": "20"})
    assert answer.status_code == 422
    assert "Found a fee that falls to 20% of the price for less than 2 h" in text_of(answer)
    assert 'id="fcx-bands-2-amount-errors"' in answer.text  # the blank row keeps its place
    answer = press(browser, answer, "save", **{"bands-2-number": "24", "bands-2-amount": "60"})
    assert "Found a second band for less than 24 h, expected one band for each limit." in text_of(answer)
    assert press(browser, answer, "save", **{"bands-2-number": "2"}).status_code == 303
    assert len(versions(site)[1].bands) == 2


def test_rows_come_and_go_without_a_script_and_nothing_is_saved(site: Site, browser: FlaskClient) -> None:
    page = press(browser, browser.get(EDIT), "add-bands", cap="12,50")
    fields = SentForm(page.text).fields
    assert (fields["bands-1-unit"], fields["cap"]) == ("h", "12,50")
    page = press(browser, page, "remove-bands-0", **{"bands-1-number": "2"})
    assert SentForm(page.text).fields["bands-0-number"] == "2"
    page = press(browser, page, "add-moves", moving="own")
    assert SentForm(page.text).fields["moves-0-unit"] == "h"
    for _ in range(25):
        page = press(browser, page, "add-bands")
    assert "bands-19-unit" in page.text
    assert "bands-20-unit" not in page.text
    assert site.rows(PolicyVersion) == []


def test_a_preset_fills_in_limits_and_missed_appointments(site: Site, browser: FlaskClient) -> None:
    page = press(browser, browser.get(f"{ROOT}/new-policy"), "preset", preset="strict", name="New", cap="9")
    fields = SentForm(page.text).fields
    assert [fields[name] for name in ("bands-0-number", "bands-0-unit", "bands-0-amount")] == ["24", "h", "50"]
    assert (fields["no_show"], fields["name"], fields["cap"]) == ("full", "New", "9")
    assert press(browser, page, "save").status_code == 303
    assert [one.cap for one in versions(site, "New")] == [900]


def test_a_new_policy_needs_a_name_of_its_own(browser: FlaskClient) -> None:
    for name, sentence in (("", "A name of up to 100 characters"), ("standard", "a policy of this name already")):
        answer = press(browser, browser.get(f"{ROOT}/new-policy"), "save", name=name)
        assert answer.status_code == 422
        assert sentence in text_of(answer)


def test_without_a_calendar_no_limit_counts_working_days() -> None:
    browser = clinic().browser()
    answer = press(
        browser,
        browser.get(EDIT),
        "save",
        **{"bands-0-unit": "clock", "bands-0-time": "16:00", "bands-0-days": "1"},
    )
    assert answer.status_code == 422
    assert 'id="fcx-bands-0-unit-errors"' in answer.text


def test_every_kind_of_policy_survives_the_editor_unchanged() -> None:
    app = make_clinic(CANCELLATIONS_CALENDAR=CALENDAR)
    with app.app.app_context():
        for one in every_kind_of_policy():
            read = read_draft(app.state, draft_of(one, "EUR"))
            assert policy_body(read) == policy_body(one)


def test_amounts_of_a_currency_that_the_clinic_has_left_are_asked_anew() -> None:
    app = make_clinic()
    with app.app.app_context():
        one = Policy("old", date(2026, 1, 1), "BGN", cap=8000)
        assert draft_of(one, "EUR").cap == ""
        assert read_draft(app.state, PolicyDraft(name="new", valid_from="2026-12-03")).currency == "EUR"


def test_withdrawn_nothing_more_is_booked_under_it(site: Site, browser: FlaskClient) -> None:
    press(browser, browser.get(EDIT), "save", valid_from="2026-12-20")
    form = {"idempotency_key": "w", "valid_from": "2026-12-20"}
    url = f"{ROOT}/withdraw-policy/standard"
    assert browser.post(url, data=form).location == f"{LIST}?done=withdrawn"
    assert browser.post(url, data=form).status_code == 303  # the same press again
    assert browser.post(url, data={**form, "idempotency_key": "x"}).status_code == 404
    page = text_of(browser.get(LIST))
    assert "From Sunday, 20 December 2026 Withdrawn" in page
    assert "From Thursday, 1 January 2026 In force" in page
    browser.post(url, data={"idempotency_key": "y", "valid_from": "2026-01-01"})
    assert all(row.withdrawn_us for row in site.rows(PolicyVersion))
    assert [row.action for row in site.rows(Event)] == ["policy.saved", "policy.withdrawn", "policy.withdrawn"]
    assert browser.post(url, data={"idempotency_key": "z", "valid_from": "never"}).status_code == 404
    assert "so there is no fee" in text_of(browser.get(f"{LIST}?day=2026-12-03"))


# -- what follows from a draft --------------------------------------------------------------------------------------


def test_the_tester_tells_the_fee_and_why_for_what_is_typed(site: Site, browser: FlaskClient) -> None:
    answer = press(
        browser,
        browser.get(EDIT),
        "show",
        exempt="vip",
        try_start="2026-12-02T15:05",
        try_told="2026-12-02T10:05",
        try_price="60,00",
        try_deposit="80",
        **{"bands-0-amount": "25"},
    )
    page = text_of(answer)
    assert "Cancellation fee 15.00 EUR Rest of the deposit Refund, credit" in page
    assert "25% of 60.00 EUR, because the clinic was told 5 h before the appointment: less than 24 h." in page
    assert "less than 24 h counts Tuesday, 1 December 2026, 15:05 15.00 EUR" in page
    page = text_of(press(browser, answer, "show", try_group="vip"))
    assert "No fee: this client is exempt from it. Otherwise it would be 15.00 EUR." in page
    page = text_of(press(browser, answer, "show", first_times="1", first_months="12"))
    assert "the first late cancellation in 12 months is free" in page
    page = text_of(press(browser, answer, "show", first_times="1", first_months="12", try_before="1"))
    assert "Cancellation fee 15.00 EUR" in page
    page = text_of(press(browser, answer, "show", grace="6", grace_unit="h", try_booked="2026-12-02T10:00"))
    assert "cancelled within 6 h of the booking" in page
    assert "to be entered" in text_of(press(browser, answer, "show", try_price=""))
    assert site.rows(PolicyVersion) == []


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("try_start", "soon"),
        ("try_told", "0001-01-01T00:00"),
        ("try_price", "-1"),
        ("try_deposit", "much"),
        ("try_booked", "x"),
        ("try_before", "-1"),
    ],
)
def test_the_tester_names_what_it_cannot_read(browser: FlaskClient, field: str, text: str) -> None:
    answer = press(browser, browser.get(EDIT), "show", **{field: text})
    assert answer.status_code == 422
    assert f'id="fcx-{field}-errors"' in answer.text
    assert (
        browser.get(f"{ROOT}/try-policy", query_string={"try_start": "2026-12-02T15:00", field: text}).status_code
        == 422
    )


def test_the_tester_on_its_own_takes_any_version() -> None:
    site = clinic({"name": "strict", "valid_from": "2026-01-01", "bands": [{"less_than": "24h", "fee": "full"}]})
    browser = site.browser()
    asked = {"try_start": "2026-12-02T15:00", "try_told": "2026-12-02T10:00", "try_price": "60"}
    for name, fee in (("standard", "30.00 EUR"), ("strict", "60.00 EUR")):
        page = browser.get(f"{ROOT}/try-policy", query_string={"policy": f"2026-01-01 {name}", **asked})
        assert f"Cancellation fee {fee}" in text_of(page)
    assert "Cancellation fee" in text_of(browser.get(f"{ROOT}/try-policy"))
    assert site.rows(PolicyVersion) == []
    empty = Site(CANCELLATIONS_POLICIES=[]).browser()
    assert "There is no policy yet" in text_of(empty.get(f"{ROOT}/try-policy"))


def test_the_text_for_clients_is_shown_in_every_language_with_the_clinics_own_words(browser: FlaskClient) -> None:
    page = press(browser, browser.get(EDIT), "show", **{"text-bg": "Наши условия."})
    assert '<div lang="bg" dir="ltr"><p class="fcx-text">Наши условия.</p></div>' in page.text
    assert "Bulgarian · your own words" in text_of(page)
    assert "the fee is 50% of the price" in text_of(page)
    fresh = browser.get(EDIT)
    assert "таксата е 50% от цената" in text_of(fresh)


def test_the_back_test_says_what_the_past_year_would_have_brought(site: Site, browser: FlaskClient) -> None:
    for _ in range(2):
        site.cancel(site.visit(at(15)))
    site.cancel(site.visit(at(15)), reason="therapist_ill", fee=None)
    site.cancel(site.visit(at(15), therapist="Vesela Marinova"))
    with site.clinic.app.app_context(), site.clinic.cancellations.transaction():
        # One that an earlier version of ours wrote: the row's own columns are what is known.
        site.clinic.state.store.update(SettlementRow, SettlementRow.id == 2, trace=None)
    typed = {"bands-0-amount": "25", "staff": "1", "exempt": "vip"}
    page = text_of(press(browser, browser.get(EDIT), "backtest", **typed))
    assert "Less than 24 h: 25% of the price 2 30.00 EUR 60.00 EUR" in page
    assert "Cancelled by the clinic Otherwise it would be 15.00 EUR. 1 0.00 EUR 0.00 EUR" in page
    assert "In all 3 30.00 EUR 60.00 EUR" in page
    assert "1 is not counted: this policy is not for it." in page
    assert "Groups of clients are not kept" in page
    assert len(versions(site)) == 1
    site.clock.wall += timedelta(days=366)
    page = text_of(press(browser, browser.get(EDIT), "backtest"))
    assert "There is no cancellation of the past year that this policy is for." in page


def test_the_back_test_leaves_out_what_was_undone_missed_or_not_explained(site: Site, browser: FlaskClient) -> None:
    numbers = [site.cancel(site.visit(at(15))) for _ in range(4)]
    undone = site.rows(Cancellation)[0]
    with site.clinic.app.app_context(), site.clinic.cancellations.transaction():
        assert reopen(site.clinic.state, undone) is not None
        store = site.clinic.state.store
        store.update(Cancellation, Cancellation.id == numbers[1], status="noshow")
        store.update(Cancellation, Cancellation.id == numbers[2], reason_code="")
    page = text_of(press(browser, browser.get(EDIT), "backtest"))
    assert "In all 1 30.00 EUR 30.00 EUR" in page
    assert "2 are not counted: too little is known of them." in page
    assert "1 is not counted: its appointment stood again." in page


def test_the_back_test_reads_in_batches(monkeypatch: pytest.MonkeyPatch, site: Site, browser: FlaskClient) -> None:
    monkeypatch.setattr("flask_cancellations.services.backtesting.BATCH", 2)
    monkeypatch.setattr("flask_cancellations.services.backtesting.MOST", 4)
    for _ in range(5):
        site.cancel(site.visit(at(15)))
    page = text_of(press(browser, browser.get(EDIT), "backtest"))
    assert "In all 4 120.00 EUR 120.00 EUR" in page
    assert "were looked at." in page


def test_a_policy_from_the_configuration_is_tried_on_the_past_too() -> None:
    site = Site(CANCELLATIONS_POLICIES=[{"name": "standard", "valid_from": "2026-01-01", "bands": [BAND]}])
    site.cancel(site.visit(at(15)))
    browser = site.browser()
    assert "Apply it to the past year" in text_of(browser.get(EDIT))
    assert "In all 1 30.00 EUR 30.00 EUR" in text_of(browser.get(f"{EDIT}?past=1"))


# -- who may -------------------------------------------------------------------------------------------------------


def test_without_the_right_without_login_or_from_another_site() -> None:
    roles = {"reception": ["cancel", "waive"], "owner": ["policies"], "manager": ["*"]}
    site = clinic(CANCELLATIONS_ROLES=roles)
    desk, owner = site.browser("reception"), site.browser("owner")
    paths = ("policies", "policies/standard", "new-policy", "try-policy", "reasons", "reasons/illness", "new-reason")
    for path in paths:
        assert desk.get(f"{ROOT}/{path}").status_code == 403, path
        assert site.stranger().get(f"{ROOT}/{path}").status_code == 401, path
        assert owner.get(f"{ROOT}/{path}").status_code == 200, path
    assert "Cancellation policies" not in text_of(desk.get(f"{ROOT}/"))
    form = {"do": "save", "idempotency_key": "k", "valid_from": "2026-12-03"}
    assert desk.post(EDIT, data=form).status_code == 403
    assert owner.post(EDIT, data=form, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert owner.post(EDIT, data={**form, "idempotency_key": ""}).status_code == 422
    assert owner.get(f"{ROOT}/policies/unknown").status_code == 404
    assert owner.post(f"{ROOT}/policies/unknown", data=form).status_code == 404
    assert owner.get(f"{ROOT}/reasons/unknown").status_code == 404
    assert site.rows(PolicyVersion) == []


def test_what_is_typed_is_text(site: Site, browser: FlaskClient) -> None:
    bad = "<img src=x>\x00"
    page = press(browser, browser.get(f"{ROOT}/new-policy"), "save", name=bad, exempt=bad, **{"text-en": bad})
    assert page.status_code == 303
    assert "<img" not in browser.get(LIST).text
    answer = browser.get(f"{ROOT}/policies/%3Cimg%20src=x%3E")
    assert answer.status_code == 200
    assert "<img" not in answer.text
    assert versions(site, "<img src=x>")[0].texts == {"en": "<img src=x>"}


@pytest.mark.database
def test_saved_on_every_database(database_url: str) -> None:
    site = Site(database_url, CANCELLATIONS_SOURCE="pages")
    browser, slow = site.browser(), site.browser(name="Vera Front")
    opened = slow.get(EDIT)
    assert press(browser, browser.get(EDIT), "save", cap="80").status_code == 303
    answer = press(slow, opened, "save", cap="90")
    assert answer.status_code == 409
    assert "Elena Desk has changed this" in text_of(answer)
    site.cancel(site.visit(at(15)))
    assert "In all 1" in text_of(press(browser, browser.get(EDIT), "backtest"))
    assert [one.cap for one in versions(site)] == [None, 8000]
