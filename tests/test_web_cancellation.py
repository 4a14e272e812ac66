"""After a cancellation: what its page and the appointment's history tell, and stopping a message."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flask_cancellations.models import Event, Message
from flask_cancellations.rules.rights import RIGHTS
from flask_cancellations.services.actor import Actor

from .site import ROOT, Site, at, text_of
from .small_host import NOW

DESK = Actor("staff", "1", "Elena Desk", "web", rights=frozenset(RIGHTS))


@pytest.fixture
def site() -> Site:
    return Site()


def seen(site: Site, path: str, role: str = "manager") -> str:
    return text_of(site.browser(role).get(ROOT + path))


def test_what_happened_the_money_the_messages_and_the_time(site: Site) -> None:
    key = site.visit(at(15))
    site.cancel(key, DESK, note="Called with a cold", fee="waive", waive_reason="first time", rest="credit")
    page = seen(site, "/cancellation/1")
    assert "Мария Петрова Wednesday, 2 December 2026, 15:00 · Massage · Dr Ivan Kolev" in page
    assert "Short notice Reason Ill Who cancelled Client" in page
    assert "Told us Wednesday, 2 December 2026, 10:05, by phone Notice 4 h 55 min before the appointment" in page
    assert "Note (staff only) Called with a cold Entered by Elena Desk" in page
    assert "50% of 60.00 EUR, because the clinic was told 4 h 55 min before the appointment: less than 24 h." in page
    assert "Cancellation fee 30.00 EUR Waived first time 30.00 EUR" in page
    assert (
        "Deposit 20.00 EUR Credit note We will issue it after 10:08, when it can no longer be undone 20.00 EUR" in page
    )
    assert "SMS +359 … 12 Waiting leaves at 10:08, in 3 min" in page
    assert "E-mail m…@e….com Waiting" in page
    assert "This time is free and can be booked online." in page


def test_a_charged_fee_is_paid_from_the_deposit_and_the_rest_is_due_at_the_desk(site: Site) -> None:
    site.cancel(site.visit(at(15)))
    page = seen(site, "/cancellation/1")
    assert "Cancellation fee 30.00 EUR Paid from the deposit 20.00 EUR" in page
    assert "Due from the client to be settled at the desk 10.00 EUR" in page
    assert "Deposit 20.00 EUR Taken for the fee 20.00 EUR" in page


def test_a_refund_is_announced_and_never_claimed_to_be_done(site: Site) -> None:
    site.cancel(site.visit(at(15)), reason="therapist_ill", fee=None)
    page = seen(site, "/cancellation/1")
    assert "No fee, because the clinic cancels." in page
    assert "Refund We will refund this: to be settled at the desk 20.00 EUR" in page
    assert "Told us" not in page
    assert "This time stays closed" in page
    site.clock.forward(hours=1)
    assert "to be settled at the desk" in seen(site, "/cancellation/1")


def test_without_money_the_page_says_why_and_shows_no_account(site: Site) -> None:
    site.cancel(site.visit(at(15, day=9), deposit=None))
    answer = site.browser().get(f"{ROOT}/cancellation/1")
    assert "No fee: the clinic was told 7 days 4 h before the appointment" in text_of(answer)
    assert "fcx-ledger" not in answer.text


def test_a_held_time_opens_by_itself_and_a_new_booking_takes_it() -> None:
    site = Site(CANCELLATIONS_WAITLIST={"hold": "30m"})
    site.cancel(site.visit(at(15)))
    held = "This time is held for the waiting list until Wednesday, 2 December 2026, 10:35; then it can be booked"
    assert held in seen(site, "/cancellation/1")
    site.clock.forward(minutes=30)
    assert "This time is free and can be booked online." in seen(site, "/cancellation/1")
    site.visit(at(15, 30))
    assert "This time is booked again." in seen(site, "/cancellation/1")


def test_a_time_that_passed_unused_is_not_called_free(site: Site) -> None:
    site.cancel(site.visit(at(15)))
    site.clock.wall = at(16)
    assert "This time has passed; nobody has booked it." in seen(site, "/cancellation/1")


@pytest.mark.parametrize(
    ("client", "values", "sentence"),
    [
        (
            {},
            {"tell": False, "silent_reason": "talked in person"},
            "The client is not told, on purpose: talked in person",
        ),
        ({}, {"reason": "deceased", "fee": None}, "The client is not told: no message goes out for this reason."),
        ({"mobile": None, "email": "no address"}, {}, "We have no usable phone number or e-mail address"),
    ],
)
def test_why_nobody_is_told(site: Site, client: dict[str, Any], values: dict[str, Any], sentence: str) -> None:
    site.cancel(site.visit(client=client), **values)
    assert sentence in seen(site, "/cancellation/1")


def test_stopping_a_message(site: Site) -> None:
    site.cancel(site.visit())
    desk = site.browser()
    sms = site.rows(Message)[0]
    answer = desk.post(f"{ROOT}/message/{sms.id}/stop")
    assert (answer.status_code, answer.location) == (303, f"{ROOT}/cancellation/1#messages")
    page = desk.get(f"{ROOT}/cancellation/1")
    assert "SMS +359 … 12 Stopped E-mail" in text_of(page)
    assert page.text.count('/stop"') == 1  # the e-mail's
    assert [message.state for message in site.rows(Message)] == ["stopped", "waiting"]
    again = desk.post(f"{ROOT}/message/{sms.id}/stop")
    assert again.status_code == 409
    assert "it has left, or was stopped already" in text_of(again)
    assert [event.action for event in site.rows(Event)] == ["appointment.cancelled", "message.stopped"]


def test_a_message_that_left_has_no_stop_button_and_says_when(site: Site) -> None:
    site.cancel(site.visit())
    with site.clinic.app.app_context(), site.clinic.cancellations.transaction():
        store, now = site.clinic.state.store, site.clinic.state.clock.now()
        store.update(Message, Message.channel == "sms", state="sent", sent_us=now)
        store.update(Message, Message.channel == "email", state="dead", error="550 no such user")
    page = site.browser().get(f"{ROOT}/cancellation/1")
    assert "Sent left at Wednesday, 2 December 2026, 10:05 E-mail m…@e….com Could not be sent" in text_of(page)
    assert "/stop" not in page.text


def test_after_a_cancel_the_page_confirms_it(site: Site) -> None:
    site.cancel(site.visit())
    desk = site.browser()
    assert "The appointment is cancelled. The client will be told." in text_of(
        desk.get(f"{ROOT}/cancellation/1?done=1")
    )
    assert "The appointment is cancelled." not in text_of(desk.get(f"{ROOT}/cancellation/1"))


def test_the_history_names_the_actor_and_says_all_that_followed(site: Site) -> None:
    key = site.visit(at(15), booked=NOW - timedelta(days=3))
    told_us = site.clinic.state.clock.to_us(at(20, day=1))
    site.cancel(
        key,
        DESK,
        told_us=told_us,
        told_channel="voicemail",
        note="on the machine",
        fee="waive",
        waive_reason="loyal client",
        rest="refund",
    )
    desk = site.browser()
    desk.post(f"{ROOT}/message/{site.rows(Message)[1].id}/stop")
    page = text_of(desk.get(f"{ROOT}/appointment/{key}"))
    assert "Elena Desk cancelled the appointment Wednesday, 2 December 2026, 10:05 · from the clinic's pages" in page
    assert "Told us earlier: Tuesday, 1 December 2026, 20:00, by voicemail" in page
    assert "Notice 19 h before the appointment: short notice" in page
    assert "The fee of 30.00 EUR is waived. 20.00 EUR of the deposit will be refunded" in page
    assert "Waived because loyal client" in page
    assert (
        "The time free to be booked online The client to be told by SMS and e-mail "
        "Note (staff only) on the machine" in page
    )
    assert page.index("Elena Desk stopped the message to the client: E-mail") < page.index("cancelled the appointment")


def test_the_history_tells_what_the_worker_did(site: Site) -> None:
    waived, charged = site.visit(at(15)), site.visit(at(16), deposit="40.00")
    site.cancel(waived, fee="waive", waive_reason="first time", rest="credit")
    site.cancel(charged)
    site.clock.forward(hours=1)
    done = site.clinic.app.test_cli_runner().invoke(args=["cancellations", "worker", "--once"])
    assert done.exit_code == 0, done.output
    desk = site.browser()
    credited = text_of(desk.get(f"{ROOT}/appointment/{waived}"))
    assert "Credit note no. 1 issued: 20.00 EUR" in credited
    assert (
        "The message to the client was sent: SMS Wednesday, 2 December 2026, 11:05 · from a background job" in credited
    )
    refunded = text_of(desk.get(f"{ROOT}/appointment/{charged}"))
    assert "Refund to be settled at the desk: 10.00 EUR" in refunded
    assert "No. 1, issued on Wednesday, 2 December 2026, 11:05" in seen(site, "/cancellation/1")
    assert "Sent left at Wednesday, 2 December 2026, 11:05" in seen(site, "/cancellation/1")


def test_the_history_of_an_untouched_appointment_leads_to_its_cancellation(site: Site) -> None:
    key = site.visit()
    page = site.browser().get(f"{ROOT}/appointment/{key}")
    assert "Nothing is recorded about this appointment yet." in text_of(page)
    assert f'href="{ROOT}/cancel/{key}"' in page.text
    site.cancel(key)
    page = site.browser().get(f"{ROOT}/appointment/{key}")
    assert f'href="{ROOT}/cancel/{key}"' not in page.text
    assert f'href="{ROOT}/cancellation/1"' in page.text


def test_a_name_in_the_history_is_text(site: Site) -> None:
    key = site.visit()
    site.cancel(key, DESK, note="<img src=x onerror=alert(1)>")
    for path in (f"/appointment/{key}", "/cancellation/1"):
        assert "<img" not in site.browser().get(ROOT + path).text


@pytest.mark.parametrize(
    "path",
    [
        "/appointment/999",
        "/appointment/no-number",
        "/appointment/%5B1%2C2%5D",
        "/appointment/99999999999999999999999999",
        "/cancellation/999",
        "/cancellation/9223372036854775807",
        "/cancellation/9223372036854775808",
    ],
)
def test_what_does_not_exist_is_not_found(site: Site, path: str) -> None:
    assert site.browser().get(ROOT + path).status_code == 404


def test_a_foreign_appointment_looks_like_none(site: Site) -> None:
    key = site.visit(therapist="Dr Ivan Kolev")
    site.cancel(key)
    vesela = site.browser("therapist", "Vesela", therapist="Vesela Marinova")
    foreign = vesela.get(f"{ROOT}/appointment/{key}")
    unknown = vesela.get(f"{ROOT}/appointment/999")
    assert (foreign.status_code, text_of(foreign)) == (unknown.status_code, text_of(unknown)) == (404, text_of(unknown))
    assert vesela.get(f"{ROOT}/cancellation/1").status_code == 404
    assert vesela.post(f"{ROOT}/message/1/stop").status_code == 404
    assert [message.state for message in site.rows(Message)] == ["waiting", "waiting"]
    ivan = site.browser("therapist", "Ivan", therapist="Dr Ivan Kolev")
    assert ivan.get(f"{ROOT}/cancellation/1").status_code == 200


@pytest.mark.parametrize("path", ["/appointment/1", "/cancellation/1"])
def test_without_rights_and_without_login(site: Site, path: str) -> None:
    site.cancel(site.visit())
    assert site.browser("cleaner").get(ROOT + path).status_code == 403
    assert site.stranger().get(ROOT + path).status_code == 401


def test_looking_changes_nothing(site: Site) -> None:
    key = site.visit()
    site.cancel(key)
    desk = site.browser()
    assert desk.get(f"{ROOT}/message/1/stop").status_code == 405
    for path in ("/", f"/appointment/{key}", "/cancellation/1", "/cancellation/1?done=1"):
        writes = [sql for sql in site.statements(desk, ROOT + path) if not sql.startswith("SELECT")]
        assert writes == []
