"""The way back: to the page one came from, over a cancellation and its refusals, and never to another site."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from .browsing import SentForm
from .site import ROOT, Site, at, text_of

DIARY = "/diary?day=2026-12-02&room=3"
FROM_DIARY = {"Referer": "http://localhost" + DIARY}
ELSEWHERE = [
    "https://evil.example/x",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "/\t\\evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "evil.example",
    "/" + "x" * 3000,
]


@pytest.fixture
def site() -> Site:
    return Site()


def links(client: FlaskClient, path: str, **headers: str) -> list[str]:
    return SentForm(client.get(path, headers=headers).text).links


def test_from_the_diary_over_the_cancellation_and_back(site: Site) -> None:
    key, desk = site.visit(at(15)), site.browser()
    form = SentForm(desk.get(f"{ROOT}/cancel/{key}", headers=FROM_DIARY).text)
    assert DIARY in form.links
    faulty = SentForm(desk.post(f"{ROOT}/cancel/{key}", data=form.fields).text)
    assert DIARY in faulty.links
    answer = desk.post(f"{ROOT}/cancel/{key}", data={**faulty.fields, "reason": "illness", "fee": "charge"})
    result = desk.get(answer.location)
    assert DIARY in SentForm(result.text).links
    assert "Back History of this appointment" in text_of(result)
    # A stopped message, and the history, keep it.
    (stop, *_) = (line for line in result.text.split('"') if line.endswith("/stop"))
    stopped = desk.post(stop, data=SentForm(result.text).fields)
    assert stopped.location.endswith("#messages")
    page = SentForm(desk.get(stopped.location).text)
    assert DIARY in page.links
    (history,) = (link for link in page.links if "/appointment/" in link)
    assert DIARY in links(desk, history)


def test_without_a_page_to_go_back_to_there_is_the_day_of_the_appointment(site: Site) -> None:
    key, desk = site.visit(at(15, day=9)), site.browser()
    day = f"{ROOT}/?date=2026-12-09"
    assert day in links(desk, f"{ROOT}/cancel/{key}")
    assert day in links(desk, f"{ROOT}/appointment/{key}")
    site.cancel(key)
    assert day in links(desk, f"{ROOT}/cancellation/1")
    assert "Back to the day" in text_of(desk.get(f"{ROOT}/cancellation/1"))


def test_a_refusal_leads_back_and_to_the_history(site: Site) -> None:
    key, desk = site.visit(at(15)), site.browser()
    form = SentForm(desk.get(f"{ROOT}/cancel/{key}", headers=FROM_DIARY).text)
    site.cancel(key)
    for answer in (
        desk.get(f"{ROOT}/cancel/{key}", headers=FROM_DIARY),
        desk.post(f"{ROOT}/cancel/{key}", data={**form.fields, "reason": "illness", "fee": "charge"}),
    ):
        assert answer.status_code == 409
        assert "Back History of this appointment" in text_of(answer)
        found = SentForm(answer.text).links
        assert DIARY in found
        (history,) = (link for link in found if link.startswith(f"{ROOT}/appointment/{key}"))
        assert DIARY in links(desk, history)
    unknown = desk.get(f"{ROOT}/cancel/999", headers=FROM_DIARY)
    assert DIARY in SentForm(unknown.text).links
    assert "/appointment/" not in unknown.text
    assert "To the day list" in text_of(desk.get(f"{ROOT}/cancel/{key}"))


def test_a_page_never_leads_back_to_itself(site: Site) -> None:
    key, desk = site.visit(at(15)), site.browser()
    for root in ("", "/mounted"):
        page = f"{root}{ROOT}/cancel/{key}"
        answer = desk.get(
            f"{ROOT}/cancel/{key}",
            headers={"Referer": f"http://localhost{page}?preview=1"},
            environ_overrides={"SCRIPT_NAME": root},
        )
        assert page not in {link.split("?")[0] for link in SentForm(answer.text).links}


@pytest.mark.parametrize("other", ELSEWHERE)
def test_no_page_leads_to_another_site(site: Site, other: str) -> None:
    key, cancelled, desk = site.visit(at(15)), site.visit(at(16)), site.browser()
    site.cancel(cancelled)
    for path in (f"/cancel/{key}", f"/appointment/{key}", "/cancellation/1", f"/cancel/{cancelled}"):
        page = SentForm(desk.get(ROOT + path, query_string={"back": other}).text)
        assert page.links
        assert all(link.startswith((ROOT, "#")) and "evil" not in link for link in page.links)
    form = SentForm(desk.get(f"{ROOT}/cancel/{key}").text)
    entries = {**form.fields, "reason": "illness", "fee": "charge", "back": other}
    answer = desk.post(f"{ROOT}/cancel/{key}", data=entries)
    assert answer.location == f"{ROOT}/cancellation/2?done=1"


@pytest.mark.parametrize("referrer", ["https://evil.example/diary", "http://[", "about:blank", "http://localhost"])
def test_a_page_of_another_site_or_none_is_no_way_back(site: Site, referrer: str) -> None:
    key = site.visit(at(15))
    found = links(site.browser(), f"{ROOT}/cancel/{key}", Referer=referrer)
    assert f"{ROOT}/?date=2026-12-02" in found
    assert "/diary" not in found
