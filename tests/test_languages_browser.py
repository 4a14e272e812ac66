"""Our pages in Chromium on a phone: in Bulgarian, and in a made-up language that is longer and runs right to left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from werkzeug.serving import make_server

from flask_cancellations import i18n

from .language_walk import DESK, ROLES
from .pseudo_locale import write_catalogue
from .site import ROOT, Site, at

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE = {"width": 360, "height": 740}
# Whatever can be pressed or typed into, and lies (in part) beside the screen.
OUTSIDE = """() => [...document.querySelectorAll("a, button, input, select, textarea, label")]
    .filter((one) => one.checkVisibility() && !one.closest(".fcx-unseen, .fcx-skip"))
    .filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width && (box.left < -1 || box.right > document.documentElement.clientWidth + 1);
    })
    .map((one) => one.textContent || one.name)"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(params=["bg", "he"])
def language(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Bulgarian as it is; Hebrew stands for the made-up language."""
    if request.param == "he":
        write_catalogue(tmp_path, "he")
        monkeypatch.setattr(i18n, "CATALOGUES", tmp_path)
    i18n._catalogue.cache_clear()
    yield str(request.param)
    i18n._catalogue.cache_clear()


@pytest.fixture
def pages(language: str, sqlite_url: str, new_page: Callable[..., Page]) -> Iterator[tuple[Page, list[str]]]:
    """A signed-in browser on a phone, and the addresses of our pages."""
    site = Site(sqlite_url, CANCELLATIONS_LOCALE=language, CANCELLATIONS_ROLES=ROLES)
    client = {"language": language}
    near, gone = site.visit(at(15), client=client, deposit="50.00"), site.visit(at(13), client=client)
    number = site.cancel(gone, DESK, fee="waive", waive_reason="7-7-7", rest="credit", note="7-7-7")
    link = site.link(near)
    with site.clinic.app.app_context():
        account = site.clinic.account("manager", "Elena Desk").id
    server = make_server("127.0.0.1", 0, site.clinic.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    base = f"http://127.0.0.1:{server.port}"
    page = new_page(viewport=PHONE)
    assert page.request.post(f"{base}/sign-in/{account}", headers={"Sec-Fetch-Site": "same-origin"}).ok
    paths = (
        "/",
        f"/cancel/{near}",
        f"/cancel/{near}?fee=waive",
        f"/cancellation/{number}?done=1",
        f"/appointment/{gone}",
    )
    yield page, [base + link, *(f"{base}{ROOT}{path}" for path in paths)]
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_lies_beside_a_phones_screen(pages: tuple[Page, list[str]]) -> None:
    page, addresses = pages
    for address in addresses:
        page.goto(address)
        assert page.evaluate(SIDEWAYS) == 0, address
        assert page.evaluate(OUTSIDE) == [], address


def test_the_layout_runs_as_the_language_is_read(pages: tuple[Page, list[str]], language: str) -> None:
    page, addresses = pages
    page.goto(addresses[1])
    previous, after = (page.locator(f"a[rel={name}]").bounding_box() for name in ("prev", "next"))
    assert previous is not None
    assert after is not None
    assert (previous["x"] < after["x"]) is (language == "bg")
