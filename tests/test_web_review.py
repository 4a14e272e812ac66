"""The review list through HTTP: what was done past us is shown, explained, and taken off the list once."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cancellations.jobs.sweep import sweep
from flask_cancellations.models import Cancellation, Event, Movement, Review, SettlementRow, Slot

from .site import ROOT, Site, at, hidden, text_of


@pytest.fixture
def site() -> Site:
    made = Site()
    swept(made)  # the baseline
    return made


def swept(site: Site) -> dict[str, int]:
    """One pass of the worker's."""
    with site.clinic.app.app_context():
        done = sweep(site.clinic.state, threading.Event())
    assert done is not None
    return dict(done.found)


def watched_visit(site: Site, *args: Any, **values: Any) -> str:
    key = site.visit(*args, **values)
    swept(site)
    return key


def cancelled_past_us(site: Site, **values: Any) -> str:
    """A visit that the host's own page cancelled; it waits for its reason."""
    key = watched_visit(site, **values)
    site.set_state(key, "cancelled")
    assert swept(site) == {"cancelled": 1}
    return key


def restored_past_us(site: Site, *, after: float = 0, **values: Any) -> str:
    """A visit that we cancelled and the host's own page opened again so many minutes later."""
    key = watched_visit(site, **values)
    site.cancel(key)
    if after:
        site.clock.forward(minutes=after)
        site.clinic.app.test_cli_runner().invoke(args=["cancellations", "worker", "--once"])
    site.set_state(key, "booked")
    assert swept(site) == {"restored": 1}
    return key


def send(client: FlaskClient, what: str, number: int = 1, *, key: str = "", **fields: str) -> TestResponse:
    idempotency_key = key or hidden(client.get(f"{ROOT}/review"), "idempotency_key")
    return client.post(f"{ROOT}/review/{number}/{what}", data={"idempotency_key": idempotency_key, **fields})


def test_nothing_waits(site: Site) -> None:
    desk = site.browser()
    assert "Nothing waits to be looked at." in text_of(desk.get(f"{ROOT}/review"))
    assert "from the clinic's own program" not in text_of(desk.get(f"{ROOT}/"))


def test_from_the_day_list_to_the_reason(site: Site) -> None:
    key = cancelled_past_us(site)
    desk = site.browser()
    day = desk.get(f"{ROOT}/")
    assert "1 change from the clinic's own program" in text_of(day)
    assert f'href="{ROOT}/review"' in day.text
    assert "Cancelled No reason told yet" in text_of(day)
    page = text_of(desk.get(f"{ROOT}/review"))
    assert "Мария Петрова No reason told yet Wednesday, 2 December 2026, 15:05 · Massage · Dr Ivan Kolev" in page
    assert "found on Wednesday, 2 December 2026, 10:05. Nothing was charged. 20.00 EUR of the deposit is held." in page

    answer = send(desk, "explain", reason="illness", note="called on Monday")
    assert (answer.status_code, answer.location) == (303, f"{ROOT}/review?done=1")
    assert "It is off the list." in text_of(desk.get(answer.location))
    (record,), (item,) = site.rows(Cancellation), site.rows(Review)
    assert (record.reason_code, record.side, record.note, record.source) == (
        "illness",
        "client",
        "called on Monday",
        "host",
    )
    assert (item.state, item.closed_by) == ("closed", "Elena Desk")
    assert "from the clinic's own program" not in text_of(desk.get(f"{ROOT}/"))

    story = text_of(desk.get(f"{ROOT}/appointment/{key}"))
    assert "Elena Desk told the reason Wednesday, 2 December 2026, 10:05 · from the clinic's pages Reason Ill" in story
    assert "Note (staff only) called on Monday" in story
    assert "Cancelled in the clinic's own program" in story
    assert "Reason No reason told yet Fee and deposit There is no fee. 20.00 EUR of the deposit is held." in story
    page = text_of(desk.get(f"{ROOT}/cancellation/1"))
    assert "Reason Ill Who cancelled Client Note (staff only) called on Monday Found at Wednesday" in page
    assert "Deposit 20.00 EUR Held nothing is decided about it yet 20.00 EUR" in page
    assert "Nobody was told by us." in page


def test_before_anybody_told_the_reason_the_page_says_so(site: Site) -> None:
    cancelled_past_us(site)
    page = text_of(site.browser().get(f"{ROOT}/cancellation/1"))
    assert "Reason No reason told yet Found at" in page
    assert "Nothing was charged, because this was done in the clinic's own program." in page
    assert "Who cancelled" not in page


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "This reason does not exist or is not yours to choose."),
        ({"reason": "no such"}, "This reason does not exist or is not yours to choose."),
        ({"reason": "other"}, "This reason needs a note."),
        ({"reason": "illness", "note": "7" * 2001}, "The note is too long: 2000 characters at most."),
    ],
)
def test_a_wrong_entry_is_named_at_its_field(site: Site, fields: dict[str, str], sentence: str) -> None:
    cancelled_past_us(site)
    cancelled_past_us(site)
    desk = site.browser()
    answer = send(desk, "explain", 2, **fields)
    assert answer.status_code == 422
    assert text_of(answer).count(sentence) == 2  # in the summary and at the field
    name = "note" if "note" in sentence else "reason"
    assert f'href="#fcx-{name}-2"' in answer.text
    assert f'id="fcx-{name}-2-errors"' in answer.text
    assert f'id="fcx-{name}-1-errors"' not in answer.text
    assert [item.state for item in site.rows(Review)] == ["open", "open"]


def test_a_reason_that_frees_no_time_closes_it(site: Site) -> None:
    key = cancelled_past_us(site)
    assert [slot.state for slot in site.rows(Slot)] == ["released"]
    send(site.browser(), "explain", reason="therapist_ill")
    assert [slot.state for slot in site.rows(Slot)] == ["closed"]
    assert "closed, because the reason frees no time" in text_of(site.browser().get(f"{ROOT}/appointment/{key}"))


def test_sent_twice_it_is_done_once_and_two_people_are_told_apart(site: Site) -> None:
    cancelled_past_us(site)
    desk, other = site.browser(), site.browser(name="Vera Front")
    late = hidden(other.get(f"{ROOT}/review"), "idempotency_key")
    for _ in range(2):
        assert send(desk, "explain", key="one", reason="illness").status_code == 303
    answer = send(other, "explain", key=late, reason="work")
    assert answer.status_code == 409
    assert "Elena Desk has dealt with this on Wednesday, 2 December 2026, 10:05." in text_of(answer)
    assert send(desk, "explain", key="one", reason="work").status_code == 422
    assert [record.reason_code for record in site.rows(Cancellation)] == ["illness"]
    assert [event.action for event in site.rows(Event)].count("cancellation.explained") == 1


def test_an_item_that_became_pointless_says_so(site: Site) -> None:
    key = cancelled_past_us(site)
    desk = site.browser()
    mine = hidden(desk.get(f"{ROOT}/review"), "idempotency_key")
    site.set_state(key, "booked")
    swept(site)
    answer = send(desk, "explain", key=mine, reason="illness")
    assert answer.status_code == 409
    assert "the appointment stands again" in text_of(answer)


# -- restored ------------------------------------------------------------------------------------------------------


def test_a_restored_appointment_shows_what_was_charged_and_sent(site: Site) -> None:
    key = restored_past_us(site, after=5)
    desk = site.browser()
    page = text_of(desk.get(f"{ROOT}/review"))
    assert "Stands again" in page
    assert (
        "It was cancelled here, and is open again in the clinic's own program. "
        "There is a fee of 30.00 EUR; 10.00 EUR of it is asked for only if you keep it." in page
    )
    assert "The client was told of the cancellation: SMS, E-mail." in page
    assert "Drop the fee The client pays nothing. 30.00 EUR Keep the fee" in page
    story = text_of(desk.get(f"{ROOT}/appointment/{key}"))
    assert "Restored in the clinic's own program: the appointment stands again" in story
    assert "10.00 EUR of the fee is not decided yet." in story


def test_the_fee_of_a_restored_appointment_is_dropped(site: Site) -> None:
    key = restored_past_us(site, after=5)
    desk = site.browser()
    assert send(desk, "close", fee="drop").status_code == 303
    (settled,), (movement,) = site.rows(SettlementRow), site.rows(Movement)
    assert (settled.fee, settled.dropped, settled.due, settled.pending, settled.kept) == (3000, 3000, 0, 0, 0)
    assert (settled.deposit, settled.taken, settled.held) == (2000, 0, 2000)
    assert (movement.kind, movement.state) == ("charge", "stopped")
    story = text_of(desk.get(f"{ROOT}/appointment/{key}"))
    assert "Elena Desk has looked at it" in story
    assert "The fee 30.00 EUR dropped" in story
    assert "Dropped no longer asked for 30.00 EUR" in text_of(desk.get(f"{ROOT}/cancellation/1"))


def test_the_fee_of_a_restored_appointment_is_kept(site: Site) -> None:
    """Also one whose charge was stopped, because it was restored before it was due."""
    restored_past_us(site)
    desk = site.browser()
    assert site.rows(Movement)[0].state == "stopped"
    assert "The client was not told of the cancellation." in text_of(desk.get(f"{ROOT}/review"))
    answer = send(desk, "close")
    assert answer.status_code == 422
    assert "Say whether the fee is dropped or kept." in text_of(answer)
    assert 'href="#fcx-fee-1"' in answer.text
    assert send(desk, "close", fee="keep").status_code == 303
    (settled,), movements = site.rows(SettlementRow), site.rows(Movement)
    assert (settled.due, settled.kept, settled.pending) == (1000, 2000, 0)
    assert [(row.kind, row.state, row.amount) for row in movements] == [
        ("charge", "stopped", 1000),
        ("charge", "created", 1000),
    ]
    assert send(desk, "close", key="again", fee="drop").status_code == 409


def test_a_refund_that_was_not_made_yet_is_not_made(site: Site) -> None:
    key = watched_visit(site, deposit="50.00")
    site.cancel(key, fee="waive", waive_reason="first time", rest="refund")
    site.set_state(key, "booked")
    swept(site)
    desk = site.browser()
    page = text_of(desk.get(f"{ROOT}/review"))
    assert "50.00 EUR of the deposit is held." in page
    assert "Drop the fee" not in page
    assert send(desk, "close").status_code == 303
    assert "Nothing waits" in text_of(desk.get(f"{ROOT}/review"))


# -- moved ---------------------------------------------------------------------------------------------------------


def test_a_moved_appointment_shows_both_times(site: Site) -> None:
    key = watched_visit(site, at(15))
    site.change(key, begins_at=at(16, day=3))
    assert swept(site) == {"moved": 1}
    desk = site.browser()
    page = desk.get(f"{ROOT}/review")
    assert "Thursday, 3 December 2026, 16:00 · Massage" in text_of(page)
    assert "it was on Wednesday, 2 December 2026, 15:00." in text_of(page)
    assert f'href="{ROOT}/appointment/{key}"' in page.text
    story = text_of(desk.get(f"{ROOT}/appointment/{key}"))
    assert "Moved in the clinic's own program" in story
    assert "Before Wednesday, 2 December 2026, 15:00 Now Thursday, 3 December 2026, 16:00" in story
    assert send(desk, "explain", reason="illness").status_code == 404
    assert send(desk, "close").status_code == 303
    assert "Nothing waits" in text_of(desk.get(f"{ROOT}/review"))


def test_missed_and_deleted(site: Site) -> None:
    missed, deleted = watched_visit(site), watched_visit(site)
    site.set_state(missed, "missed")
    site.delete(deleted)
    swept(site)
    swept(site)
    desk = site.browser()
    assert "Marked as missed in the clinic's own program" in text_of(desk.get(f"{ROOT}/appointment/{missed}"))
    assert "Missed appointment" in text_of(desk.get(f"{ROOT}/cancellation/1"))
    assert "Deleted in the clinic's own program" in text_of(desk.get(f"{ROOT}/appointment/{deleted}"))
    assert "2 changes from the clinic's own program" in text_of(desk.get(f"{ROOT}/"))
    for key in (missed, deleted):
        assert desk.get(f"{ROOT}/cancel/{key}").status_code == 409
        assert desk.post(
            f"{ROOT}/cancel/{key}", data={"reason": "illness", "told_channel": "phone", "idempotency_key": key}
        ).status_code in (409, 422)


# -- who may -------------------------------------------------------------------------------------------------------


def test_therapists_see_their_own_only(site: Site) -> None:
    cancelled_past_us(site, therapist="Vesela Marinova")
    cancelled_past_us(site)
    own = site.browser("therapist", "Vesela Marinova", "Vesela Marinova")
    page = own.get(f"{ROOT}/review")
    assert text_of(page).count("Massage · Vesela Marinova") == 2  # the second is the button's
    assert "Dr Ivan Kolev" not in text_of(page)
    assert "1 change from" in text_of(own.get(f"{ROOT}/"))
    assert send(own, "explain", 2, key="a", reason="illness").status_code == 404
    assert send(own, "explain", 1, key="b", reason="illness").status_code == 303
    nobody = site.browser("therapist", "Somebody New")
    assert "Nothing waits" in text_of(nobody.get(f"{ROOT}/review"))


def test_without_rights_without_login_from_another_site_or_by_a_link(site: Site) -> None:
    cancelled_past_us(site)
    desk = site.browser()
    assert site.browser("cleaner").get(f"{ROOT}/review").status_code == 403
    assert site.stranger().get(f"{ROOT}/review").status_code == 401
    assert send(site.stranger(), "explain", key="k", reason="illness").status_code == 401
    assert desk.get(f"{ROOT}/review/1/explain").status_code == 405
    forged = desk.post(f"{ROOT}/review/1/explain", data={"reason": "work"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403
    assert send(desk, "explain", 777, key="k", reason="illness").status_code == 404
    assert send(desk, "close", 1, key="k").status_code == 404  # it needs a reason
    assert desk.post(f"{ROOT}/review/1/explain", data={"reason": "illness"}).status_code == 422
    assert [item.state for item in site.rows(Review)] == ["open"]


def test_names_and_notes_are_text(site: Site) -> None:
    cancelled_past_us(site, client={"first_name": "<img src=x>"})
    desk = site.browser()
    assert "<img" not in desk.get(f"{ROOT}/review").text
    assert "<img" not in send(desk, "explain", reason="other", note="").text
    send(desk, "explain", reason="other", note="<img src=x>\x00")
    assert "<img" not in desk.get(f"{ROOT}/appointment/1").text
    assert [record.note for record in site.rows(Cancellation)] == ["<img src=x>"]


def test_the_list_costs_the_same_number_of_statements_however_long_it_is(site: Site) -> None:
    desk = site.browser()
    cancelled_past_us(site)
    restored_past_us(site)
    few = len(site.statements(desk, f"{ROOT}/review")), len(site.statements(desk, f"{ROOT}/"))
    for _ in range(4):
        cancelled_past_us(site)
    many = len(site.statements(desk, f"{ROOT}/review")), len(site.statements(desk, f"{ROOT}/"))
    assert many == few
    writes = [sql for sql in site.statements(desk, f"{ROOT}/review") if not sql.startswith("SELECT")]
    assert writes == []


def test_a_client_who_looks_is_told_that_it_is_cancelled_and_no_more() -> None:
    made = Site(CANCELLATIONS_PUBLIC_URL="https://clinic.example")
    swept(made)
    key = watched_visit(made)
    link = made.link(key)
    made.set_state(key, "cancelled")
    made.clock.forward(minutes=6)
    swept(made)
    page = text_of(made.stranger().get(link))
    assert "Your appointment is cancelled" in page
    assert "deposit" not in page
