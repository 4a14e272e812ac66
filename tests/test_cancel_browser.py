"""The cancel page and its dialog in Chromium, with and without JavaScript."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server

from flask_cancellations.models import Cancellation, SettlementRow

from .small_host import NOW, Clinic, make_clinic

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROLES = {"desk": ["cancel"], "manager": ["*"]}
# A host's own diary: one line includes the script, one attribute marks the link; no stylesheet of ours.
DIARY = """<!doctype html><html lang="en"><head><title>Diary</title></head><body><main><h1>Diary</h1>
<p><a id="first" href="/">First</a> <a id="cancel" href="/cancellations/cancel/{key}" data-fcx-dialog>Cancel</a></p>
</main><script type="module" src="/cancellations/static/fcx.js"></script></body></html>"""
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'"
)


@dataclass
class Served:
    """A running clinic; keys are those of its visits."""

    clinic: Clinic
    base: str
    keys: dict[str, int]
    account: int

    def url(self, visit: str) -> str:
        return f"{self.base}/cancellations/cancel/{self.keys[visit]}"

    def sign_in(self, page: Page) -> Page:
        answer = page.request.post(f"{self.base}/sign-in/{self.account}", headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status == 204
        return page

    def rows(self, model: type[Any]) -> list[Any]:
        with self.clinic.app.app_context():
            return self.clinic.rows(model)


@pytest.fixture
def served(sqlite_url: str) -> Iterator[Served]:
    clinic = make_clinic(sqlite_url, CANCELLATIONS_ROLES=ROLES)

    @clinic.app.get("/diary/<int:key>")
    def diary(key: int) -> tuple[str, dict[str, str]]:
        return DIARY.format(key=key), {"Content-Security-Policy": STRICT}

    with clinic.app.app_context():
        keys = {
            "late": clinic.visit(start=NOW + timedelta(hours=3, minutes=20), deposit="40.00").id,
            "priceless": clinic.visit(start=NOW + timedelta(hours=4), price=None).id,
            "free": clinic.visit(start=NOW + timedelta(days=3)).id,
        }
        account = clinic.account("manager", "Anna Desk").id
    server = make_server("127.0.0.1", 0, clinic.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Served(clinic, f"http://127.0.0.1:{server.port}", keys, account)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(new_page: Callable[..., Page], served: Served) -> Iterator[Page]:
    """A signed-in page; the test fails if a script failed or the policy of the page forbade something."""
    opened = served.sign_in(new_page(viewport={"width": 1280, "height": 900}))
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    yield opened
    assert wrong == []


def plain(text: str | None) -> str:
    return (text or "").replace("\xa0", " ").strip()


def button(page: Page) -> str:
    return plain(page.locator("[data-fcx-submit]").text_content())


def choose_reason(page: Page, code: str) -> None:
    with page.expect_response(lambda answer: "?side=" in answer.url):
        page.select_option("#fcx-reason", code)
    page.wait_for_selector("[data-fcx-cancel]:not([aria-busy])")


def violations(page: Page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


def test_amounts_button_and_summary_follow_the_choices(page: Page, served: Served) -> None:
    page.goto(served.url("late"))
    assert button(page) == "Cancel appointment"
    assert not page.locator("[name=waive_reason]").is_visible()
    assert not page.get_by_role("button", name="Show the amounts").first.is_visible()

    page.get_by_label("Charge the fee").check()
    assert button(page) == "Cancel appointment, charge 30.00 EUR"
    assert page.locator("[name=rest_charge]").first.is_visible()
    assert not page.locator("[name=rest_waive]").first.is_visible()

    page.get_by_label("Waive the fee").check()
    assert button(page) == "Cancel appointment, waive 30.00 EUR"
    assert page.locator("[name=waive_reason]").is_visible()
    page.get_by_role("radio", name=re.compile("^Keep")).check()
    assert button(page) == "Cancel appointment, waive 30.00 EUR, keep 40.00 EUR"
    assert page.locator("[name=keep_reason]").is_visible()

    page.fill("[name=note]", "Private words")
    choose_reason(page, "therapist_ill")
    assert page.locator("[name=side][value=clinic]").is_checked()
    assert plain(page.locator("#fcx-why").text_content()) == "No fee, because the clinic cancels."
    assert button(page) == "Cancel appointment, refund 40.00 EUR"
    assert "No fee" in plain(page.locator("[data-fcx-announce]").text_content())
    assert page.input_value("[name=note]") == "Private words"
    assert served.rows(Cancellation) == []


def test_new_amounts_do_not_lose_the_way_back(page: Page, served: Served) -> None:
    page.goto(f"{served.base}/diary/{served.keys['late']}")
    page.evaluate("document.querySelector('#cancel').removeAttribute('data-fcx-dialog')")
    page.click("#cancel")
    page.wait_for_url("**/cancel/*")
    choose_reason(page, "illness")
    way = page.get_by_role("link", name="Back, change nothing")
    assert way.get_attribute("href") == f"/diary/{served.keys['late']}"


def test_the_reasons_offered_are_those_of_the_side(page: Page, served: Served) -> None:
    page.goto(served.url("late"))
    page.get_by_role("radio", name="Clinic").check()
    assert page.locator("#fcx-reason option").all_text_contents() == [
        "Choose a reason",
        "Therapist ill",
        "Equipment out of order",
        "Clinic closed",
    ]
    page.get_by_role("radio", name="Client", exact=True).check()
    assert "Ill" in page.locator("#fcx-reason option").all_text_contents()
    assert "Clinic closed" not in page.locator("#fcx-reason option").all_text_contents()


def test_no_private_text_gets_into_an_address(page: Page, served: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.url("late"))
    page.fill("[name=note]", "secretnote")
    page.get_by_label("Waive the fee").check()
    page.fill("[name=waive_reason]", "secretwaiver")
    choose_reason(page, "illness")
    assert page.input_value("[name=waive_reason]") == "secretwaiver"
    assert page.get_by_label("Waive the fee").is_checked()
    assert any("?side=" in url for url in asked)
    assert not any("secret" in url or "csrf" in url or "idempotency" in url for url in asked)


def test_entering_a_fee_keeps_the_focus_and_shows_what_it_comes_to(page: Page, served: Served) -> None:
    page.goto(served.url("priceless"))
    choose_reason(page, "illness")
    page.fill("#fcx-amount", "25")
    with page.expect_response(lambda answer: "amount=25" in answer.url):
        page.keyboard.press("Tab")
    page.wait_for_selector("[data-fcx-cancel]:not([aria-busy])")
    assert page.evaluate("document.activeElement.name") == "fee"
    page.get_by_label("Charge the fee").check()
    assert button(page) == "Cancel appointment, charge 25.00 EUR"
    page.locator("[data-fcx-submit]").click()
    page.wait_for_url("**/cancellation/**")
    (settled,) = served.rows(SettlementRow)
    assert (settled.taken, settled.due) == (2000, 500)


def test_enter_in_a_field_cancels_nothing(page: Page, served: Served) -> None:
    page.goto(served.url("late"))
    choose_reason(page, "illness")
    page.get_by_label("Waive the fee").check()
    page.fill("[name=waive_reason]", "First time")
    with page.expect_response(lambda answer: "?side=" in answer.url):
        page.keyboard.press("Enter")
    page.wait_for_selector("[data-fcx-cancel]:not([aria-busy])")
    assert page.evaluate("document.activeElement.name") == "waive_reason"
    assert page.url == served.url("late")
    assert served.rows(Cancellation) == []


def test_a_fault_gets_the_focus_and_links_to_its_field(page: Page, served: Served) -> None:
    page.goto(served.url("late"))
    page.get_by_label("Charge the fee").check()
    page.locator("[data-fcx-submit]").click()
    page.wait_for_selector("#fcx-faults")
    assert page.evaluate("document.activeElement.id") == "fcx-faults"
    page.get_by_role("link", name="Choose a reason.").click()
    assert page.evaluate("document.activeElement.id") == "fcx-reason"
    assert page.locator("#fcx-reason").get_attribute("aria-describedby") == "fcx-reason-errors"


def test_the_dialog_cancels_from_the_hosts_diary(page: Page, served: Served) -> None:
    page.goto(f"{served.base}/diary/{served.keys['late']}")
    page.click("#cancel")
    dialog = page.get_by_role("dialog", name="Cancel appointment")
    dialog.wait_for()
    assert page.url.endswith(f"/diary/{served.keys['late']}")
    assert page.evaluate("document.activeElement.id") == "fcx-cancel-title"
    background = dialog.locator(".fcx-button-danger").evaluate("e => getComputedStyle(e).backgroundColor")
    assert background != "rgba(0, 0, 0, 0)"  # our stylesheet came with it

    dialog.locator("[data-fcx-submit]").click()
    dialog.locator("#fcx-faults").wait_for()
    assert page.evaluate("document.activeElement.id") == "fcx-faults"

    choose_reason(page, "illness")
    dialog.get_by_label("Charge the fee").check()
    dialog.get_by_role("radio", name=re.compile("^Credit note")).check()
    dialog.get_by_role("button", name=re.compile("charge 30.00")).click()
    page.wait_for_url("**/cancellation/**")
    assert "The appointment is cancelled." in plain(page.text_content("body"))
    assert page.get_by_role("link", name="Back", exact=True).get_attribute("href") == f"/diary/{served.keys['late']}"
    (settled,) = served.rows(SettlementRow)
    assert (settled.taken, settled.credited) == (3000, 1000)


def test_the_dialog_shows_changed_amounts_in_place(page: Page, served: Served) -> None:
    page.goto(f"{served.base}/diary/{served.keys['late']}")
    page.click("#cancel")
    choose_reason(page, "illness")
    page.get_by_label("Charge the fee").check()
    served.clinic.clock.forward(hours=2)  # the next band: the full price
    page.locator("[data-fcx-submit]").click()
    page.locator("#fcx-faults").wait_for()
    assert "The amounts have changed" in plain(page.text_content("#fcx-faults"))
    assert button(page) == "Cancel appointment, charge 60.00 EUR"
    assert served.rows(Cancellation) == []
    page.locator("[data-fcx-submit]").click()
    page.wait_for_url("**/cancellation/**")
    assert served.rows(SettlementRow)[0].fee == 6000


@pytest.mark.parametrize("way", ["Escape", "x", "Back"])
def test_the_dialog_closes_without_a_trace_and_gives_the_focus_back(page: Page, served: Served, way: str) -> None:
    page.goto(f"{served.base}/diary/{served.keys['late']}")
    page.click("#cancel")
    page.get_by_role("dialog").wait_for()
    if way == "Escape":
        page.keyboard.press("Escape")
    else:
        links = page.get_by_role("link", name="Back, change nothing")
        (links.first if way == "x" else links.last).click()
    page.get_by_role("dialog").wait_for(state="detached")
    assert page.evaluate("document.activeElement.id") == "cancel"
    assert page.url.endswith(f"/diary/{served.keys['late']}")
    assert served.rows(Cancellation) == []


@pytest.mark.parametrize("height", [900, 600], ids=["high", "low"])
def test_the_bar_lies_on_the_lower_edge_of_the_dialog(page: Page, served: Served, height: int) -> None:
    page.set_viewport_size({"width": 1280, "height": height})
    page.goto(f"{served.base}/diary/{served.keys['late']}")
    page.click("#cancel")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    gap = "d => d.getBoundingClientRect().bottom - d.querySelector('.fcx-bar').getBoundingClientRect().bottom"
    if height == 900:  # high enough for a bar that stays in sight
        for part in (0, 0.5):
            dialog.evaluate("(d, part) => { d.scrollTop = d.scrollHeight * part; }", part)
            assert abs(dialog.evaluate(gap)) < 1
    dialog.evaluate("d => { d.scrollTop = d.scrollHeight; }")
    assert abs(dialog.evaluate(gap)) < 1


def test_a_focused_field_is_never_under_the_bar(page: Page, served: Served) -> None:
    page.goto(f"{served.base}/diary/{served.keys['late']}")
    page.click("#cancel")
    page.get_by_role("dialog").wait_for()
    page.get_by_label("Waive the fee").check()
    page.get_by_role("dialog").evaluate("d => { d.scrollTop = 0; }")
    for _ in range(14):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
                const field = document.activeElement.getBoundingClientRect();
                const at = document.elementFromPoint(field.x + field.width / 2, field.y + field.height / 2);
                return document.activeElement.closest(".fcx-bar") !== null || at?.closest(".fcx-bar") === null;
            }"""
        )
        assert seen, page.evaluate("document.activeElement.outerHTML")


def test_the_dialog_keeps_the_focus_inside(page: Page, served: Served) -> None:
    page.goto(f"{served.base}/diary/{served.keys['late']}")
    page.click("#cancel")
    page.get_by_role("dialog").wait_for()
    for _ in range(30):
        page.keyboard.press("Tab")
        inside = page.evaluate(
            "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
        )
        assert inside


def test_a_cancelled_appointment_leads_from_the_dialog_to_the_page_that_says_so(page: Page, served: Served) -> None:
    page.goto(f"{served.base}/diary/{served.keys['late']}")
    with served.clinic.app.app_context():
        served.clinic.cancel(served.clinic.db.session.get(served.clinic.Visit, served.keys["late"]))
    page.click("#cancel")
    page.wait_for_url("**/cancel/*")
    assert "cancelled this appointment on" in plain(page.text_content("body"))


def test_a_click_with_a_modifier_opens_a_tab_as_every_link(page: Page, served: Served) -> None:
    page.goto(f"{served.base}/diary/{served.keys['late']}")
    with page.context.expect_page() as opened:
        page.click("#cancel", modifiers=["Control"])
    opened.value.wait_for_url("**/cancel/*")
    assert page.get_by_role("dialog").count() == 0


def test_the_whole_way_without_scripts(new_page: Callable[..., Page], served: Served) -> None:
    page = served.sign_in(new_page(java_script_enabled=False, viewport={"width": 1280, "height": 900}))
    page.goto(f"{served.base}/diary/{served.keys['late']}")
    page.click("#cancel")
    page.wait_for_url("**/cancel/*")
    assert (
        page.get_by_role("link", name="Back, change nothing").get_attribute("href") == f"/diary/{served.keys['late']}"
    )

    page.select_option("#fcx-reason", "illness")
    page.get_by_label("Waive the fee").check()
    page.fill("[name=waive_reason]", "First time")
    page.fill("[name=note]", "Fever")
    page.get_by_role("button", name="Show the amounts").first.click()
    assert button(page) == "Cancel appointment, waive 30.00 EUR"
    assert "Fever" not in page.url
    assert page.input_value("[name=note]") == "Fever"
    assert served.rows(Cancellation) == []

    page.locator("[name=rest_waive][value=credit]").check()
    page.locator("[data-fcx-submit]").click()
    page.wait_for_url("**/cancellation/**")
    (settled,) = served.rows(SettlementRow)
    assert (settled.waived, settled.credited) == (3000, 4000)
    (record,) = served.rows(Cancellation)
    assert record.note == "Fever"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_narrow_phone_shows_everything_without_sideways_scroll(
    new_page: Callable[..., Page], served: Served, scripts: bool
) -> None:
    page = served.sign_in(new_page(java_script_enabled=scripts, viewport={"width": 360, "height": 740}))
    for visit in served.keys:
        page.goto(served.url(visit))
        wide = page.locator("body").evaluate(
            """body => [...body.querySelectorAll('*')]
                 .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.fcx-unseen'))
                 .map(e => e.outerHTML.slice(0, 90))"""
        )
        assert wide == []
        assert page.locator("html").evaluate("html => html.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barrier_that_axe_can_find(new_page: Callable[..., Page], served: Served, scheme: str) -> None:
    # axe puts a script of its own into the page, which the page's policy rightly forbids
    page = served.sign_in(new_page(color_scheme=scheme, bypass_csp=True, viewport={"width": 1280, "height": 900}))
    for visit in served.keys:
        page.goto(served.url(visit))
        assert violations(page) == []
    page.goto(served.url("late"))
    choose_reason(page, "illness")
    page.get_by_label("Waive the fee").check()
    page.get_by_role("radio", name=re.compile("^Keep")).check()
    page.get_by_label("Do not tell the client").check()
    page.get_by_role("radio", name="Earlier").check()
    assert violations(page) == []
    page.locator("[data-fcx-submit]").click()
    page.wait_for_selector("#fcx-faults")
    assert violations(page) == []
    page.goto(f"{served.base}/diary/{served.keys['late']}")
    page.click("#cancel")
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []
