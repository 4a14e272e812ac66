"""Our pages inside the clinic's layout: nothing sticks out on a small phone, and axe-core finds no barrier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ViewportSize, expect

from .clinic_client import module
from .served import Booked, ServedClinic
from .steps import FORM, cancel, fill_in, open_in_diary, press_cancel, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

DAY = "2026-12-04"
PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 900}
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
LANGUAGES = pytest.mark.parametrize("language", ["en", "bg"])


def check(page: Page, what: str) -> None:
    """On a phone and on a desk: nothing is wider than its place, and axe-core has nothing to say."""
    for size in (PHONE, DESK):
        page.set_viewport_size(size)
        assert not sticking_out(page), f"{what} at {size['width']} px"
        assert not barriers(page), f"{what} at {size['width']} px"


def sticking_out(page: Page) -> list[str]:
    return list(
        page.evaluate(
            """[document.documentElement, ...document.querySelectorAll(".fcx-page, dialog")]
            .filter((part) => part.scrollWidth > part.clientWidth)
            .map((part) => `${part.tagName} ${part.scrollWidth} > ${part.clientWidth}`)"""
        )
    )


def barriers(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['failureSummary']} {node['html']}" for one in found for node in one["nodes"]]


def test_the_checks_find_something(new_page: Callable[..., Page]) -> None:
    page = new_page(viewport=PHONE)
    page.set_content('<div style="width: 400px; color: #ccc; background: #fff">pale</div>')
    assert sticking_out(page) == ["HTML 408 > 360"]
    assert {fault.split(":")[0] for fault in barriers(page)} >= {"color-contrast", "html-has-lang", "region"}


@LANGUAGES
def test_what_staff_see(clinic: ServedClinic, browser: Callable[..., Page], language: str) -> None:
    visit, kept = (clinic.pick(DAY, language=language, deposit=True) for _ in range(2))
    page = browser(locale=language)
    sign_in(page)
    late = clinic.pick("2026-12-02", language=language, deposit=True)
    cancelled = cancel(
        page,
        late,
        side="client",
        reason="illness",
        note="Fever.",
        fee="waive",
        waive_reason="First",
        rest_waive="credit",
    )
    for what, path in {
        "the day list": f"/cancellations/?date={DAY}",
        "a search": "/cancellations/?name=a",
        "an empty day": "/cancellations/?date=2026-12-06",
        "a faulty day": "/cancellations/?date=2026-02-30",
        "the cancellation": cancelled,
        "just cancelled": f"{cancelled}?done=1",
        "the history": f"/cancellations/appointment/{late.id}",
        "a short history": f"/cancellations/appointment/{kept.id}",
        "already cancelled": f"/cancellations/cancel/{late.id}",
        "no such appointment": "/cancellations/cancel/999999",
    }.items():
        page.goto(path)
        expect(page.locator(".fcx-page")).to_be_visible()
        assert page.locator(".fcx-page").get_attribute("lang") == language
        check(page, what)
    for open_form in (
        lambda: page.goto(f"/cancellations/cancel/{visit.id}"),
        lambda: press_cancel(open_in_diary(page, visit)),
    ):
        page.set_viewport_size(DESK)
        open_form()
        check(page, "the cancel form")
        page.locator(f"{FORM} [data-fcx-submit]").click()
        expect(page.locator("#fcx-faults")).to_be_visible()
        check(page, "the cancel form with faults")
        fill_in(page, side="client", reason="illness")
        page.locator('input[name="silent"]').check()
        page.locator('input[name="told"][value="earlier"]').check()
        check(page, "the cancel form filled in")


@LANGUAGES
def test_what_a_client_sees(clinic: ServedClinic, browser: Callable[..., Page], language: str) -> None:
    visit = clinic.pick(DAY, language=language, after="09:00")
    page = browser(locale="fr")  # the client's language is on file
    path = link(clinic, visit)
    page.goto(path)
    assert page.locator(".fcx-page").get_attribute("lang") == language
    check(page, "the client's link")
    page.locator('input[name="reason"]').first.check()
    page.locator(f'form[action="{path}"] button').click()
    expect(page.locator(".fcx-page s")).to_be_visible()
    check(page, "cancelled by the client")
    page.goto(path + "x")
    check(page, "a link that does not work")


def link(clinic: ServedClinic, visit: Booked) -> str:
    """The path of a new link with which the client may cancel, made as the clinic would for its mail."""
    app = module("clinic").create_app({"CANCELLATIONS_PUBLIC_URL": clinic.address}, instance=str(clinic.folder))
    extensions, models = module("clinic.extensions"), module("clinic.models")
    with app.app_context():
        row = extensions.db.session.get(models.Visit, visit.id)
        made = str(app.jinja_env.globals["cancellations_link"](row))
        extensions.db.session.commit()
        extensions.db.engine.dispose()
    return made.removeprefix(clinic.address)
