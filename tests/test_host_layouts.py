"""Our pages inside layouts of hosts that never heard of us: Bootstrap, a hostile reset, a dark dashboard, none at all.

Each page is looked at on a phone and on a desk; see tests/layouts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flask_cancellations import i18n

from .layouts.hosts import LAYOUTS, Served, served
from .layouts.looking import barriers, faults, inside_window
from .pseudo_locale import write_catalogue

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}
ACCEPTS = {"en": "en-GB", "bg": "bg-BG", "he": "he-IL"}
# The host's words in its menu, which our catalogue says otherwise or not at all.
MENU = {"en": ["Diary", "Today"], "bg": ["График", "За днес"], "he": ["Diary", "Today"]}
VARYING = ("day", "cancel", "diary")
HOSTS = pytest.mark.parametrize("host", LAYOUTS)


@pytest.fixture
def serve(sqlite_url: str, tmp_path: Path) -> Iterator[Callable[[str, str], Served]]:
    """Starts a host whose clients speak a language; stopped after the test."""
    with ExitStack() as running:
        yield lambda host, language: running.enter_context(served(host, sqlite_url, tmp_path / "words", language))


def visit(new_page: Callable[..., Page], host: Served, language: str) -> Page:
    """A signed-in browser that asks for this language."""
    page = new_page(locale=ACCEPTS[language], viewport=DESK)
    answer = page.request.post(f"{host.base}/sign-in/{host.account}", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.ok
    return page


def show(page: Page, host: Served, name: str) -> None:
    """Open a page; on the host's diary the cancel dialog over it."""
    page.goto(host.base + host.pages[name])
    page.evaluate("document.querySelectorAll('.fcx-page details').forEach((one) => { one.open = true; })")
    if name == "diary":
        page.locator("a[data-fcx-dialog]").first.click()
        page.locator("dialog[open]").wait_for()


@HOSTS
@pytest.mark.parametrize("language", ["en", "bg"])
def test_every_page_is_whole_in_every_layout(
    serve: Callable[[str, str], Served], new_page: Callable[..., Page], host: str, language: str
) -> None:
    running = serve(host, language)
    page = visit(new_page, running, language)
    for name in running.pages:
        page.set_viewport_size(DESK)
        show(page, running, name)
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            where = f"{name} at {size['width']} px"
            assert faults(page) == [], where
            # axe is slow: on a desk, and in a second language, only where that makes other markup or other widths.
            if (language == "en" and size is PHONE) or (name in VARYING and (language == "en" or size is PHONE)):
                assert barriers(page) == [], where
            if name == "diary":
                assert inside_window(page), where
        ours = page.locator(".fcx-page")
        assert ours.get_attribute("lang") == language, name
        if host != "bare" or name == "diary":
            assert (
                page.locator("nav:not(.fcx-daynav, .fcx-tabs) a:not(.navbar-brand)").all_text_contents()
                == MENU[language]
            ), name


@HOSTS
def test_a_language_from_right_to_left_runs_so_in_every_layout(
    serve: Callable[[str, str], Served],
    new_page: Callable[..., Page],
    host: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_catalogue(tmp_path, "he")
    monkeypatch.setattr(i18n, "CATALOGUES", tmp_path)
    i18n._catalogue.cache_clear()
    running = serve(host, "he")
    page = visit(new_page, running, "he")
    page.set_viewport_size(PHONE)
    for name in ("day", "cancel", "link", "diary"):
        show(page, running, name)
        assert faults(page) == [], name
        ours = page.locator(".fcx-page").last
        assert ours.evaluate("one => getComputedStyle(one).direction") == "rtl", name
    assert page.get_by_role("dialog", name=re.compile("^⟦")).is_visible()
    i18n._catalogue.cache_clear()


def test_a_visit_can_be_cancelled_in_spite_of_the_hosts_styles(
    serve: Callable[[str, str], Served], new_page: Callable[..., Page]
) -> None:
    running = serve("hostile", "bg")
    page = visit(new_page, running, "bg")
    page.set_viewport_size(PHONE)
    show(page, running, "diary")
    form = page.get_by_role("dialog", name="Отмяна на час")
    with page.expect_response(lambda answer: "?side=" in answer.url):
        form.locator("#fcx-reason").select_option("illness")
    form.locator("form:not([aria-busy])").wait_for()
    form.get_by_label("Освобождаване от таксата").check()
    form.locator("[name=waive_reason]").fill("Първи път")
    form.get_by_role("radio", name="Кредитно известие").check()
    form.locator("[data-fcx-submit]").click()
    page.wait_for_url("**/cancellation/**")
    assert page.get_by_text("Часът е отменен.").is_visible()


def test_markup_of_the_hosts_own_keeps_the_hosts_looks(
    serve: Callable[[str, str], Served], new_page: Callable[..., Page]
) -> None:
    running = serve("bootstrap", "en")
    page = visit(new_page, running, "en")
    show(page, running, "day")
    # As from an elements.html that the host put in place of ours.
    markup = '<p id="own"><a class="btn btn-danger">Own</a></p>'
    page.locator(".fcx-page").evaluate("(root, markup) => root.insertAdjacentHTML('beforeend', markup)", markup)
    own = page.locator("#own a")
    assert own.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(220, 53, 69)"


def test_these_checks_find_what_is_wrong(serve: Callable[[str, str], Served], new_page: Callable[..., Page]) -> None:
    running = serve("hostile", "en")
    page = visit(new_page, running, "en")
    page.route("**/fcx.css", lambda route: route.fulfill(body="", content_type="text/css"))
    page.set_viewport_size(PHONE)
    show(page, running, "cancel")
    assert {fault.split(":")[0] for fault in faults(page)} == {"unseen", "small", "twisted", "unfocused", "sideways"}
    assert {fault.split(":")[0] for fault in barriers(page)} >= {"label"}
