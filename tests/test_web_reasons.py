"""The pages of reasons through HTTP."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cancellations.models import Cancellation, Event, ReasonRow

from .browsing import SentForm
from .site import ROOT, Site, at, text_of

LIST = f"{ROOT}/reasons"


@pytest.fixture
def site() -> Site:
    return Site(CANCELLATIONS_SOURCE="pages")


@pytest.fixture
def browser(site: Site) -> FlaskClient:
    return site.browser()


def send(browser: FlaskClient, page: TestResponse, *off: str, **typed: str) -> TestResponse:
    """Type into a page's form, untick what is ``off``, and send it."""
    fields = {name: text for name, text in SentForm(page.text).fields.items() if name not in off}
    return browser.post(page.request.path, data={**fields, **typed})


def row(site: Site, code: str) -> ReasonRow:
    return next(one for one in site.rows(ReasonRow) if one.code == code)  # type: ignore[no-any-return]


def test_a_seeded_reason_gets_the_clinics_own_words_and_rules(site: Site, browser: FlaskClient) -> None:
    page = browser.get(f"{LIST}/illness")
    assert "Bulgarian Where empty: Заболяване" in text_of(page)
    answer = send(browser, page, "fee", "client", note="yes", order="5", **{"label-bg": "Болен"})
    assert (answer.status_code, answer.location) == (303, f"{LIST}?done=1")
    assert "The reason is saved." in text_of(browser.get(answer.location))
    saved = row(site, "illness")
    assert (saved.fee, saved.client, saved.note, saved.position) == (False, False, True, 5)
    assert json.loads(saved.labels) == {"en": "Ill", "bg": "Болен"}
    assert "Ill Only staff choose it · no fee · needs a note" in text_of(browser.get(LIST))
    (event,) = site.rows(Event)
    body = json.loads(event.body)
    assert (event.action, body["after"]["reason"]) == ("reason.saved", "illness")
    assert (body["before"]["fee"], body["after"]["fee"]) == (True, False)
    key = site.visit(at(15))
    site.cancel(key, note="fever", fee=None)
    assert [record.reason_code for record in site.rows(Cancellation)] == ["illness"]

    cleared = send(browser, browser.get(f"{LIST}/illness"), **{"label-bg": "", "label-en": ""})
    assert cleared.status_code == 303
    assert json.loads(row(site, "illness").labels) == {}


def test_a_reason_of_the_clinics_own_is_made_changed_and_archived(site: Site, browser: FlaskClient) -> None:
    page = browser.get(f"{ROOT}/new-reason")
    answer = send(browser, page, code="holiday", side="client", **{"label-bg": "Почивка"})
    assert answer.status_code == 303
    assert json.loads(row(site, "holiday").labels) == {"bg": "Почивка"}
    assert "Почивка" in text_of(browser.get(LIST))
    key = site.visit(at(15))
    assert "Почивка" in text_of(browser.get(f"{ROOT}/cancel/{key}"))
    send(browser, browser.get(f"{LIST}/holiday"), archived="yes")
    assert "Archived" in text_of(browser.get(LIST))
    assert "Почивка" not in text_of(browser.get(f"{ROOT}/cancel/{key}"))


@pytest.mark.parametrize(
    ("path", "typed", "field", "sentence"),
    [
        ("new-reason", {"code": "Holiday!", "label-en": "Holiday"}, "code", "Up to 40 small Latin letters"),
        ("new-reason", {"code": "illness", "label-en": "Holiday"}, "code", "a reason with this code already"),
        ("new-reason", {"code": "holiday"}, "label-en", "A text of up to 200 characters, on one line."),
        ("reasons/illness", {"label-en": "7" * 201}, "label-en", "A text of up to 200 characters, on one line."),
        ("reasons/illness", {"order": "first"}, "order", "A whole number from 0 to 100000."),
        ("reasons/illness", {"side": "clinic"}, "fee", "When the clinic cancels, there is never a fee."),
    ],
)
def test_what_is_wrong_is_named_at_its_field(
    site: Site, browser: FlaskClient, path: str, typed: dict[str, str], field: str, sentence: str
) -> None:
    answer = send(browser, browser.get(f"{ROOT}/{path}"), **typed)
    assert answer.status_code == 422
    assert f'id="fcx-{field}-errors"' in answer.text
    assert text_of(answer).count(sentence) == 2
    assert all(SentForm(answer.text).fields[name] == text for name, text in typed.items())
    assert site.rows(Event) == []


def test_the_last_label_of_a_reason_of_ones_own_stays(browser: FlaskClient) -> None:
    send(browser, browser.get(f"{ROOT}/new-reason"), code="holiday", **{"label-en": "Holiday"})
    answer = send(browser, browser.get(f"{LIST}/holiday"), **{"label-en": ""})
    assert answer.status_code == 422
    assert 'id="fcx-label-en-errors"' in answer.text


def test_whoever_is_slower_is_told_who_was_faster(site: Site, browser: FlaskClient) -> None:
    slow = site.browser(name="Vera Front")
    opened = slow.get(f"{LIST}/illness")
    send(browser, browser.get(f"{LIST}/illness"), order="1")
    answer = send(slow, opened, order="2")
    assert answer.status_code == 409
    assert "Elena Desk has changed this on Wednesday, 2 December 2026, 10:05." in text_of(answer)
    assert SentForm(answer.text).fields["order"] == "2"
    assert row(site, "illness").position == 1
    assert send(slow, answer).status_code == 303
    assert row(site, "illness").position == 2


def test_sent_twice_it_is_saved_once(site: Site, browser: FlaskClient) -> None:
    page = browser.get(f"{LIST}/work")
    assert [send(browser, page, order="3").status_code for _ in range(2)] == [303, 303]
    assert send(browser, page, order="4").status_code == 422
    assert len(site.rows(Event)) == 1
