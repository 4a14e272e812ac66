"""What people do in the served clinic, in a browser. Everything works with and without scripts."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .clinic_client import module
from .served import Booked, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Response

FORM = "form[data-fcx-cancel]"
RESULT = re.compile(r"/cancellations/cancellation/\d+")


def sign_in(page: Page, email: str = "reception@linden.example") -> None:
    page.goto("/login")
    page.fill("#email", email)
    page.fill("#password", module("clinic.seed").PASSWORD)
    page.locator("main").get_by_role("button").click()
    page.wait_for_url("**/diary")


def open_in_diary(page: Page, visit: Booked) -> Locator:
    """Open the day of a visit; its card in the diary."""
    page.goto(f"/diary?day={visit.day}")
    return page.locator(f"#visit-{visit.id}")


def press_cancel(card: Locator) -> None:
    """Follow the diary's link: to a dialog, or to the page where there are no scripts."""
    card.locator('a[href*="/cancel/"]').click()
    expect(card.page.locator(FORM)).to_be_visible()


def fill_in(page: Page, **entries: str) -> str:
    """Fill in the cancel form; the chosen reason as the page words it.

    Radio buttons are `name=value`, such as `fee="waive"`; the others take text.
    """
    form = page.locator(FORM)
    for name, value in entries.items():
        card = form.locator(f'input[type="radio"][name="{name}"][value="{value}"]')
        if card.count():
            card.check()
        elif name == "reason":
            form.locator('select[name="reason"]').select_option(value)
        else:
            form.locator(f'[name="{name}"]').fill(value)
        expect(form).not_to_have_attribute("aria-busy", "true")  # the amounts follow who and why
    return form.locator('select[name="reason"] option:checked').inner_text()


def submit(page: Page) -> str:
    """Send the cancel form; the address of the cancellation that it made."""
    page.locator(f"{FORM} [data-fcx-submit]").click()
    page.wait_for_url(RESULT)
    return page.url.split("?")[0]


def cancel(page: Page, visit: Booked, **entries: str) -> str:
    """Cancel a visit from its own page; the address of the cancellation."""
    page.goto(f"/cancellations/cancel/{visit.id}")
    fill_in(page, **entries)
    return submit(page)


def turn_clock(page: Page) -> None:
    """Turn the demo clock 15 minutes on."""
    page.locator('button[name="step"][value="15m"]').click()
    page.wait_for_load_state()


def clock(page: Page) -> datetime:
    """The demo clock when the page was loaded."""
    return datetime.fromisoformat(str(page.locator("[data-clock]").get_attribute("datetime")))


def choose_time(page: Page, visit: Booked) -> None:
    """Open the online booking and choose the time of this visit, which must be offered."""
    page.goto(visit.booking_path)
    page.locator(f'input[name="slot"][value="{visit.slot}"]').check()


def book(page: Page, first_name: str) -> Response:
    """Fill in the rest of the online booking and send it; the server's answer."""
    page.fill("#first_name", first_name)
    page.fill("#last_name", "Testova")
    page.fill("#email", f"{first_name.lower()}@example.com")
    page.fill("#mobile", "088 000 1999")
    page.check("#accept")
    with page.expect_response(is_post) as answer:
        page.locator('form[method="post"] .button--main').click()
    return answer.value


def is_post(response: Response) -> bool:
    return response.request.method == "POST"


def wait_for_text(page: Page, pattern: str) -> None:
    """Load a page again and again until it says something: what a worker does, no page can announce."""

    def is_there() -> bool:
        page.reload()
        return re.search(pattern, page.locator("main").inner_text()) is not None

    wait_for(is_there, pattern)


def elements(page: Page, selector: str, attribute: str) -> list[str]:
    return [str(one.get_attribute(attribute)) for one in page.locator(selector).all()]
