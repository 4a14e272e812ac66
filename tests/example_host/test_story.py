"""The clinic's story, from the diary to the client's phone: real server, worker, catcher and browser."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
import urllib3
from playwright.sync_api import expect

from .clinic_client import order
from .served import Booked, ServedClinic, wait_for
from .steps import (
    FORM,
    RESULT,
    book,
    cancel,
    choose_time,
    clock,
    elements,
    fill_in,
    is_post,
    open_in_diary,
    press_cancel,
    sign_in,
    submit,
    turn_clock,
    wait_for_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

TODAY = "2026-12-02"
TOMORROW = "2026-12-03"
UNDO_DELAY = timedelta(seconds=20)  # of clinic.toml
WITH_AND_WITHOUT_SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


@WITH_AND_WITHOUT_SCRIPTS
def test_a_cancelled_visit(clinic: ServedClinic, browser: Callable[..., Page], scripts: bool) -> None:
    visit = clinic.pick(TODAY, language="bg", deposit=True)
    note, why_waived = "Fever since the morning, she will call again.", "The first time in three years."

    # Reception cancels it in the diary, which then shows it struck through.
    desk = browser(java_script_enabled=scripts)
    sign_in(desk)
    card = open_in_diary(desk, visit)
    opened = clock(desk)
    press_cancel(card)
    expect(desk.locator(f"dialog {FORM}")).to_have_count(int(scripts))
    reason = fill_in(
        desk, side="client", reason="illness", note=note, fee="waive", waive_reason=why_waived, rest_waive="credit"
    )
    result = submit(desk)
    expect(desk.locator("main")).to_contain_text(visit.client)
    expect(open_in_diary(desk, visit).locator("s")).to_have_text(visit.client)
    assert clinic.open_visits(visit) == 0

    # Two other clients see the free time. One books it; the other is told kindly, and keeps what was typed.
    quick, slow = browser(java_script_enabled=scripts), browser(java_script_enabled=scripts)
    choose_time(quick, visit)
    choose_time(slow, visit)
    assert book(quick, "Quick").status == 303
    expect(quick).to_have_url(re.compile("/book/thanks$"))
    assert book(slow, "Slow").status == 409
    expect(slow.get_by_role("alert")).to_contain_text("somebody was faster")
    expect(slow.locator("#email")).to_have_value("slow@example.com")
    assert visit.slot not in elements(slow, 'input[name="slot"]', "value")
    assert clinic.open_visits(visit) == 1
    expect(open_in_diary(desk, visit).locator("xpath=..")).to_contain_text("Quick Testova")

    # When the time for undoing it is over, the client reads of it, in Bulgarian.
    turn_clock(desk)
    wait_for(lambda: len(clinic.caught(visit)) == 2, "the client's SMS and e-mail")
    for message in clinic.caught(visit):
        assert re.search(r"отм[ея]н", message.text), message.text
        assert f"{visit.start:%H:%M}" in message.text
        assert message.at >= opened + UNDO_DELAY
        assert why_waived not in message.text
        assert note not in message.text
    desk.goto("/catcher")
    mail = desk.locator("article.mail", has_text=visit.email)
    expect(mail.get_by_role("heading")).to_contain_text(re.compile(r"отм[ея]н"))
    expect(mail.frame_locator("iframe").locator("body")).to_contain_text(visit.client)
    expect(desk.locator("article.sms").filter(has_text=f"{visit.start:%H:%M}").first).to_contain_text(
        re.compile(r"отм[ея]н")
    )

    # The credit note has a number now, and the history tells who did what, and why.
    desk.goto(result)
    wait_for_text(desk, r"No\. \S*\d")
    desk.goto(f"/cancellations/appointment/{visit.id}")
    history = desk.locator("main")
    for fact in ("Ana Petkova", reason, note, "waived", why_waived, "credit note"):
        expect(history).to_contain_text(fact, ignore_case=True)


def test_eight_clients_want_one_freed_time(clinic: ServedClinic, browser: Callable[..., Page]) -> None:
    visit = clinic.pick(TOMORROW)
    desk = browser()
    sign_in(desk)
    cancel(desk, visit, side="client", reason="work")
    clients = [OnlineClient(clinic, visit) for _ in range(8)]
    gate = threading.Barrier(8)

    def race(number: int) -> int:
        gate.wait()
        return clients[number].book(f"Racer{number}")

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(race, range(8)))
    assert answers == [303] + [409] * 7
    assert clinic.open_visits(visit) == 1


def test_a_stopped_message_never_leaves(clinic: ServedClinic, browser: Callable[..., Page]) -> None:
    stopped, later = clinic.pick(TOMORROW, language="bg"), clinic.pick(TOMORROW, language="bg")
    desk = browser()
    sign_in(desk)
    cancel(desk, stopped, side="client", reason="family")
    stop = desk.locator('form[action*="/message/"][action$="/stop"] button')
    for left in (1, 0):
        stop.first.click()
        expect(stop).to_have_count(left)
    cancel(desk, later, side="client", reason="family")
    turn_clock(desk)
    # What was written later has left, so what was stopped before it is not merely late.
    wait_for(lambda: len(clinic.caught(later)) == 2, "the other client's messages")
    assert clinic.caught(stopped) == []


def test_a_therapist_who_is_ill_has_no_time_to_book(clinic: ServedClinic, browser: Callable[..., Page]) -> None:
    visit = clinic.pick(TOMORROW)
    stranger = OnlineClient(clinic, visit)
    desk, client = browser(), browser()
    sign_in(desk)
    cancel(desk, visit, side="clinic", reason="therapist_ill")
    client.goto(visit.booking_path)
    length = visit.end - visit.start
    for value in elements(client, 'input[name="slot"]', "value"):
        offered = datetime.fromisoformat(value.split("/")[0])
        assert offered >= visit.end or offered + length <= visit.start, value
    assert stranger.book("Sly") == 409
    assert clinic.open_visits(visit) == 0


def test_two_people_cancel_at_once(clinic: ServedClinic, browser: Callable[..., Page]) -> None:
    visit = clinic.pick(TOMORROW)
    people = {"Ana Petkova": browser(), "Victor Stoyanov": browser()}
    for page, email in zip(people.values(), ("reception", "manager"), strict=True):
        sign_in(page, f"{email}@linden.example")
        page.goto(f"/cancellations/cancel/{visit.id}")
        fill_in(page, side="client", reason="transport")
    first, second = people.values()
    opened = clock(first)
    moment = first.evaluate("Date.now() + 300")
    with first.expect_response(is_post) as one, second.expect_response(is_post) as other:
        for page in people.values():  # as if two fingers came down in the same millisecond
            page.locator(FORM).evaluate("(form, at) => setTimeout(() => form.requestSubmit(), at - Date.now())", moment)
    statuses = [one.value.status, other.value.status]
    assert sorted(statuses) == [303, 409]
    winner, loser = people if statuses[0] == 303 else reversed(people)
    people[winner].wait_for_url(RESULT)
    told = people[loser].locator("main")
    expect(told).to_contain_text(winner)
    expect(told).to_contain_text(re.compile("|".join(f"{opened + timedelta(minutes=late):%H:%M}" for late in (0, 1))))
    expect(told).not_to_contain_text(loser)
    expect(people[loser].locator(FORM)).to_have_count(0)


class OnlineClient:
    """A client with the online booking open, by HTTP: cookie and form token as the page gave them."""

    def __init__(self, clinic: ServedClinic, visit: Booked) -> None:
        self._address, self._visit = clinic.address, visit
        page = urllib3.request("GET", clinic.address + visit.booking_path)
        self._cookie = page.headers["Set-Cookie"].split(";")[0]
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.data.decode())
        assert token is not None
        self._token = token[1]

    def book(self, name: str) -> int:
        """Ask for the time of the visit; the status of the answer."""
        sent = order(
            treatment=str(self._visit.treatment),
            slot=self._visit.slot,
            first_name=name,
            email=f"{name.lower()}@example.com",
            csrf_token=self._token,
        )
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        answer = urllib3.request(
            "POST", f"{self._address}/book", body=urlencode(sent), headers=headers, redirect=False, retries=False
        )
        return answer.status
