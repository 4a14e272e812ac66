"""The pages of money in Chromium: with and without JavaScript, on a phone and on a desk, in English and Bulgarian."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from flask import request
from flask_babel import Babel
from playwright.sync_api import expect
from werkzeug.serving import make_server

from flask_cancellations.services import credit, fees

from .layouts.looking import barriers, faults
from .money_site import MoneySite
from .site import ROOT, at

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = ("/money", "/cancellation/1", "/client/1/credit", "/credit-note/1")


@pytest.fixture
def served(sqlite_url: str) -> Iterator[tuple[MoneySite, str, int]]:
    """A clinic with something on each page: its site, its address and a manager."""
    site = MoneySite(sqlite_url, CANCELLATIONS_PENDING="2h", CANCELLATIONS_CLINIC_ADDRESS="1 Main Street, Sofia")
    Babel(site.clinic.app, locale_selector=lambda: request.accept_languages.best_match(["en", "bg"]) or "en")
    long: dict[str, Any] = {"client": {"first_name": "Анастасия-Магдалена", "last_name": "Константинова"}}
    site.cancelled(at(15), deposit="50.00", rest="credit", **long)
    site.cancelled(at(16), deposit="0")
    site.do(lambda state, actor: fees.waive(state, 1, actor, reason="Loyal client", amount=500))
    site.do(lambda state, actor: fees.charge(state, 2, actor))
    site.work()
    site.do(lambda state, actor: credit.redeem(state, "1", 500, actor, reference="Massage"))
    with site.clinic.app.app_context():
        account = site.clinic.account("manager", "Elena Desk").id
    server = make_server("127.0.0.1", 0, site.clinic.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield site, f"http://127.0.0.1:{server.port}", account
    server.shutdown()
    thread.join()
    server.server_close()


def enter(page: Page, base: str, account: int) -> Page:
    answer = page.request.post(f"{base}/sign-in/{account}", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status == 204
    return page


@pytest.mark.parametrize("language", ["en", "bg"])
def test_no_barrier_and_nothing_out_of_place(
    new_page: Callable[..., Page], served: tuple[MoneySite, str, int], language: str
) -> None:
    _, base, account = served
    # axe puts a script of its own into the page, which the page's policy rightly forbids
    page = enter(new_page(locale=language, bypass_csp=True), base, account)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for path in PAGES:
            page.goto(f"{base}{ROOT}{path}?lang={language}")
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            assert faults(page) == [], (path, width)
            assert barriers(page) == [], (path, width)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_day_at_the_cash_desk(
    new_page: Callable[..., Page], served: tuple[MoneySite, str, int], scripts: bool
) -> None:
    site, base, account = served
    page = enter(new_page(java_script_enabled=scripts, viewport={"width": 360, "height": 740}), base, account)
    page.goto(f"{base}{ROOT}/")
    page.get_by_role("link", name="1 payment to settle").click()
    expect(page.get_by_role("button", name="Print")).to_be_visible(visible=scripts)
    page.locator("summary", has_text="Settled by hand").click()
    page.get_by_role("button", name="It is settled").click()
    expect(page.locator("#fcx-how-3-errors")).to_be_visible()  # its form is open
    page.get_by_label("Cash").check()
    page.get_by_role("button", name="It is settled").click()
    page.wait_for_url("**/money?did=settled")
    assert site.settled(2).kept == 3000

    page.goto(f"{base}{ROOT}/cancellation/1")
    page.locator("summary", has_text="Waive").click()
    page.get_by_label("Amount in EUR").locator("visible=true").fill("99")
    page.get_by_label("Reason").locator("visible=true").fill("Loyal client")
    page.get_by_role("button", name="Waive the fee").click()
    expect(page.locator("#fcx-amount-waive-errors")).to_be_visible()
    assert page.locator("#fcx-reason-waive").input_value() == "Loyal client"
    page.locator("#fcx-amount-waive").fill("25")
    page.get_by_role("button", name="Waive the fee").click()
    page.wait_for_url("**/cancellation/1?did=waive#money")
    assert site.settled(1).waived == 3000

    page.get_by_role("link", name="Client credit").click()
    page.locator("summary", has_text="Redeem").click()
    page.locator("#fcx-amount-redeem-EUR").fill("5")
    page.locator("#fcx-reference-redeem-EUR").fill("Massage")
    page.get_by_role("button", name="Redeem the credit").click()
    expect(page.get_by_text("The credit is redeemed.")).to_be_visible()
    site.books_agree()


def test_on_paper_stands_the_paper_alone(new_page: Callable[..., Page], served: tuple[MoneySite, str, int]) -> None:
    _, base, account = served
    page = enter(new_page(viewport={"width": 800, "height": 900}), base, account)
    for path, gone in (("/credit-note/1", "The cancellation"), ("/money", "Back to the day")):
        page.goto(base + ROOT + path)
        page.emulate_media(media="print")
        assert page.get_by_role("heading", level=1).is_visible()
        assert page.get_by_text("EUR").first.is_visible()
        assert not page.get_by_role("link", name=gone).is_visible()
        assert not page.get_by_role("banner").is_visible()
        page.emulate_media(media="screen")
        assert page.get_by_role("link", name=gone).is_visible()
