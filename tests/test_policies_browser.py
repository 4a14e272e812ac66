"""The pages of policies and reasons in Chromium, with and without JavaScript, on a phone and on a desk."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from werkzeug.serving import make_server

from flask_cancellations.models import PolicyVersion
from flask_cancellations.rules.policy_body import policy_from_body

from .layouts.looking import barriers, faults
from .site import ROOT, Site, at
from .small_host import NOW

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

SIZES: list[ViewportSize] = [{"width": 1280, "height": 900}, {"width": 360, "height": 740}]
POLICIES = [
    {
        "name": "standard",
        "valid_from": "2026-01-01",
        "bands": [{"later_than": "16:00, 1 working day before", "fee": "50%"}, {"less_than": "2h", "fee": "full"}],
        "reschedule": {"bands": [{"less_than": "24h", "fee": "10.00"}]},
    },
    {"name": "massage", "valid_from": "2026-12-20", "preset": "strict", "scope": {"service": "1"}},
]


@contextmanager
def served(site: Site) -> Iterator[str]:
    """The address of a running clinic."""
    server = make_server("127.0.0.1", 0, site.clinic.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}{ROOT}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def clinic(url: str, language: str = "en") -> Site:
    site = Site(
        url,
        CANCELLATIONS_SOURCE="pages",
        CANCELLATIONS_POLICIES=POLICIES,
        CANCELLATIONS_CALENDAR={"opening_days": ["mon", "tue", "wed", "thu", "fri"]},
        CANCELLATIONS_LOCALE=language,
    )
    site.cancel(site.visit(at(15)))
    return site


def sign_in(page: Page, site: Site, base: str) -> Page:
    with site.clinic.app.app_context():
        account = site.clinic.account("manager", "Elena Desk").id
    path = f"{base.removesuffix(ROOT)}/sign-in/{account}"
    assert page.request.post(path, headers={"Sec-Fetch-Site": "same-origin"}).ok
    return page


def saved(site: Site) -> list[str]:
    """The versions on file: name, first day, and the fees of their bands."""
    rows = site.rows(PolicyVersion)
    read = [policy_from_body(row.name, row.valid_from, row.body) for row in rows]
    return [f"{one.name} {one.valid_from} {' '.join(band.fee.text('EUR') for band in one.bands)}" for one in read]


@pytest.mark.parametrize("language", ["en", "bg"])
def test_every_page_is_whole_and_open_to_everybody(
    sqlite_url: str, new_page: Callable[..., Page], language: str
) -> None:
    site = clinic(sqlite_url, language)
    with served(site) as base:
        page = sign_in(new_page(), site, base)
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security" in said.text else None)
        for path in ("policies?day=2026-12-21&service=1", "policies/standard", "try-policy", "reasons", "reasons/work"):
            page.goto(f"{base}/{path}")
            if path == "policies/standard":
                page.locator("button[value=backtest]").click()
                page.fill("#fcx-cap", "-1")
                page.locator("button[value=save]").click()
                page.locator("#fcx-faults").wait_for()
            for size in SIZES if language == "en" else SIZES[1:]:
                page.set_viewport_size(size)
                assert faults(page) == [], f"{path} at {size['width']}"
                assert barriers(page) == [], f"{path} at {size['width']}"
        assert wrong == []


def test_result_and_text_follow_what_is_typed(sqlite_url: str, new_page: Callable[..., Page]) -> None:
    site = clinic(sqlite_url)
    with served(site) as base:
        page = sign_in(new_page(), site, base)
        page.goto(f"{base}/policies/standard")
        assert page.locator("#fcx-bands-0-time").is_visible()
        assert not page.locator("#fcx-bands-0-number").is_visible()
        page.select_option("#fcx-bands-0-unit", "h")
        assert page.locator("#fcx-bands-0-number").is_visible()
        page.fill("#fcx-bands-0-number", "24")
        page.fill("#fcx-bands-0-amount", "30")
        page.locator("#fcx-tried", has_text="30.00").wait_for()
        page.locator("#fcx-preview", has_text="таксата е 30% от цената").wait_for()
        assert "30% of 100.00" in (page.locator("[data-fcx-announce]").text_content() or "").replace("\xa0", " ")
        page.fill("#fcx-bands-0-amount", "300")
        page.locator("#fcx-tried", has_text="once all fields are right").wait_for()
        page.fill("#fcx-bands-0-amount", "40")
        page.locator("#fcx-tried", has_text="40.00").wait_for()
        assert len(site.rows(PolicyVersion)) == 2
        page.locator("button[value=save]").click()
        page.wait_for_url("**/policies?done=saved")
        assert saved(site)[2] == "standard 2026-12-03 full 40%"


def test_the_tester_follows_too_and_says_when_it_cannot(sqlite_url: str, new_page: Callable[..., Page]) -> None:
    site = clinic(sqlite_url)
    with served(site) as base:
        page = sign_in(new_page(), site, base)
        page.goto(f"{base}/try-policy?policy=2026-01-01+standard")
        page.fill("#fcx-try_price", "60")
        page.locator("#fcx-tried", has_text="30.00").wait_for()
        page.fill("#fcx-try_told", (NOW + timedelta(hours=11)).isoformat(timespec="minutes"))
        page.locator("#fcx-tried", has_text="60.00").wait_for()
        page.route("**/try-policy?**", lambda route: route.abort())
        page.fill("#fcx-try_price", "70")
        page.locator("#fcx-tried", has_text="could not be loaded").wait_for()


def test_without_a_script_rows_are_added_and_a_policy_is_saved(sqlite_url: str, new_page: Callable[..., Page]) -> None:
    site = clinic(sqlite_url)
    with served(site) as base:
        page = sign_in(new_page(java_script_enabled=False), site, base)
        page.goto(f"{base}/policies")
        page.get_by_role("link", name="New policy").click()
        page.get_by_label("Name (for staff)").fill("by hand")
        page.select_option("#fcx-preset", "strict")
        page.get_by_role("button", name="Fill in").click()
        page.locator("button[value=add-bands]").click()
        page.fill("#fcx-bands-1-number", "2")
        page.select_option("#fcx-bands-1-fee", "full")
        page.locator("#fcx-cap").press("Enter")  # saves nothing
        assert page.locator("#fcx-tried").get_by_text("50.00").first.is_visible()
        assert len(site.rows(PolicyVersion)) == 2
        page.get_by_role("button", name="Save as a new version").click()
        assert page.get_by_text("The policy is saved.").is_visible()
        assert saved(site)[2] == "by hand 2026-12-03 full 50%"
        page.get_by_role("button", name=re.compile("Withdraw ?: by hand")).click()
        assert page.get_by_text("The policy is withdrawn.").is_visible()
