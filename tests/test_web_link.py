"""A client's own link: looked at, used, used up, expired, tried by others."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cancellations.models import Cancellation, Event, Message, SettlementRow
from flask_cancellations.models.request import Link

from .site import ROOT, Site, at, hidden, text_of
from .small_host import readme_toml


@pytest.fixture
def site() -> Site:
    return Site()


def send(client: FlaskClient, page: TestResponse, path: str, **values: str) -> TestResponse:
    """Send the form of a page as a browser would, with other values where given."""
    form = {name: hidden(page, name) for name in ("idempotency_key", "seen")}
    return client.post(path, data={**form, "reason": "illness", "note": "", **values})


def opened(site: Site, key: str) -> tuple[FlaskClient, str, TestResponse]:
    """A client's browser, the link's path, and the page behind it."""
    path, client = site.link(key), site.stranger()
    return client, path, client.get(path)


def test_the_page_tells_what_it_costs_before_anything_is_sent(site: Site) -> None:
    _, _, page = opened(site, site.visit(at(15)))
    seen = text_of(page)
    assert page.status_code == 200
    assert "Wednesday, 2 December 2026, 15:00 Massage · Dr Ivan Kolev · Sunny Clinic" in seen
    assert (
        "The cancellation fee is 30.00 EUR: 20.00 EUR from your deposit, 10.00 EUR to be settled at the desk." in seen
    )
    assert "less than 24 h" in seen
    assert ">Cancel appointment, fee 30.00 EUR</button>" in page.text.replace("\xa0", " ")
    assert "+359 2 123 4567" in seen


def test_early_enough_it_costs_nothing_and_the_deposit_comes_back(site: Site) -> None:
    _, _, page = opened(site, site.visit(at(15, day=9)))
    assert "There is no cancellation fee. We will refund your deposit of 20.00 EUR in full." in text_of(page)
    assert "Cancel appointment, no fee" in page.text


def test_only_the_reasons_a_client_may_pick_are_offered(site: Site) -> None:
    _, _, page = opened(site, site.visit())
    assert 'value="illness"' in page.text
    assert 'value="therapist_ill"' not in page.text
    assert 'value="mistake"' not in page.text


def test_looking_changes_nothing_however_often(site: Site) -> None:
    key = site.visit()
    client, path, _ = opened(site, key)
    assert all(sql.startswith("SELECT") for sql in site.statements(client, path))
    assert client.head(path).status_code == 200
    assert (site.state_of(key), site.rows(Cancellation), site.rows(Link)[0].used_us) == ("booked", [], None)


def test_cancelling_does_what_the_page_said(site: Site) -> None:
    key = site.visit(at(15))
    client, path, page = opened(site, key)
    answer = send(client, page, path, note="fever")
    assert (answer.status_code, answer.location) == (303, path)
    done = text_of(client.get(path))
    assert "Your appointment is cancelled" in done
    assert "The cancellation fee is 30.00 EUR: 20.00 EUR from your deposit" in done
    assert "Book another time" in done
    record, settled = site.rows(Cancellation)[0], site.rows(SettlementRow)[0]
    assert site.state_of(key) == "cancelled"
    assert (record.actor_kind, record.actor_name, record.source) == ("link", "Мария Петрова", "link")
    assert (record.reason_code, record.note, record.told_channel) == ("illness", "fever", "online")
    assert (settled.fee, settled.taken, settled.due) == (3000, 2000, 1000)
    assert {message.channel for message in site.rows(Message)} == {"sms", "email"}
    assert "the client's own link" in text_of(site.browser().get(f"{ROOT}/appointment/{key}"))


def test_the_token_is_stored_nowhere(site: Site) -> None:
    path = site.link(site.visit())
    token = path.rpartition("/")[2]
    assert len(token) >= 43  # 256 bits
    assert token not in repr(site.rows(Link))


def test_the_same_form_sent_twice_cancels_once_and_answers_the_same(site: Site) -> None:
    client, path, page = opened(site, site.visit())
    first, second = send(client, page, path), send(client, page, path)
    assert (first.status_code, first.location) == (second.status_code, second.location) == (303, path)
    assert len(site.rows(Cancellation)) == len(site.rows(Event)) == 1


def test_a_used_link_is_used_up(site: Site) -> None:
    key = site.visit()
    client, path, page = opened(site, key)
    send(client, page, path)
    late = send(client, page, path, idempotency_key="another")
    assert late.status_code == 410
    assert "This link was used already." in text_of(late)
    site.set_state(key, "booked")  # restored by the clinic: the old link must not cancel it again
    assert client.get(path).status_code == 410
    assert send(client, page, path, idempotency_key="third").status_code == 410
    assert site.state_of(key) == "booked"


def test_an_expired_link_says_whom_to_call(site: Site) -> None:
    key = site.visit(at(15))
    client, path, page = opened(site, key)
    site.clock.wall = at(15)
    for answer in (client.get(path), send(client, page, path)):
        seen = text_of(answer)
        assert answer.status_code == 410
        assert "This link has expired: the appointment has begun." in seen
        assert "+359 2 123 4567" in seen
        assert 'href="https://clinic.example/book"' in answer.text
    assert site.state_of(key) == "booked"


def test_too_late_by_the_policy_for_cancelling_online() -> None:
    policy = {"name": "standard", "valid_from": "2026-01-01", "bands": [], "self_cancel": "6h"}
    site = Site(CANCELLATIONS_POLICIES=[policy])
    client, path, early = opened(site, site.visit(at(16, 5)))  # exactly six hours before
    assert early.status_code == 200
    site.clock.forward(seconds=1)
    for answer in (client.get(path), send(client, early, path)):
        assert answer.status_code == 409
        assert "It is too late to cancel online." in text_of(answer)
        assert "+359 2 123 4567" in text_of(answer)
    assert site.rows(Cancellation) == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "no_such"}, "reason"),
        ({"reason": "therapist_ill"}, "reason"),
        ({"reason": "other"}, "note"),  # needs a word
        ({"note": "x" * 2001}, "note"),
    ],
)
def test_a_wrong_entry_is_named_and_the_input_kept(site: Site, values: dict[str, str], field: str) -> None:
    key = site.visit()
    client, path, page = opened(site, key)
    answer = send(client, page, path, **{"note": "", **values})
    assert answer.status_code == 422
    assert f'href="#fcx-{field}"' in answer.text
    assert f'id="fcx-{field}-errors"' in answer.text
    assert hidden(answer, "idempotency_key") != hidden(page, "idempotency_key")
    assert site.state_of(key) == "booked"
    assert site.rows(Link)[0].used_us is None
    if values.get("reason") == "other":
        assert 'value="other" checked' in answer.text
    assert send(client, answer, path, note="I am ill").status_code == 303


def test_numbers_that_changed_while_the_page_was_open_are_shown_again(site: Site) -> None:
    key = site.visit(at(10, 30, day=3))
    client, path, page = opened(site, key)
    assert "Cancel appointment, no fee" in page.text
    site.clock.forward(hours=1)  # into the band below 24 h
    answer = send(client, page, path)
    assert answer.status_code == 409
    assert "Something changed while this page was open." in text_of(answer)
    assert "fee 30.00 EUR" in text_of(answer)
    assert (site.state_of(key), site.rows(Link)[0].used_us) == ("booked", None)
    assert send(client, answer, path).status_code == 303
    assert site.rows(SettlementRow)[0].fee == 3000


def test_a_moved_appointment_is_shown_again(site: Site) -> None:
    key = site.visit(at(15, day=9))
    client, path, page = opened(site, key)
    site.change(key, begins_at=at(16, day=9))
    assert send(client, page, path).status_code == 409
    assert site.state_of(key) == "booked"


def test_cancelled_by_the_clinic_meanwhile_it_does_not_name_who(site: Site) -> None:
    key = site.visit()
    client, path, page = opened(site, key)
    site.cancel(key)
    answer = send(client, page, path)
    assert answer.status_code == 409
    assert "This appointment is already cancelled." in text_of(answer)
    assert "test cancelled" not in text_of(answer)
    assert "Your appointment is cancelled" in text_of(client.get(path))
    assert len(site.rows(Cancellation)) == 1


@pytest.mark.parametrize("state", ["missed", "done"])
def test_an_appointment_that_is_over_cannot_be_cancelled(site: Site, state: str) -> None:
    key = site.visit()
    client, path, page = opened(site, key)
    site.set_state(key, state)
    assert client.get(path).status_code == send(client, page, path).status_code == 409
    assert site.state_of(key) == state


def test_another_client_in_the_same_row_is_not_the_links_client(site: Site) -> None:
    """Hosts that delete rows reuse their keys."""
    key, other = site.visit(), site.visit(client={"first_name": "Other"})
    client, path, _ = opened(site, key)
    site.change(key, patient_id=int(other))
    answer = client.get(path)
    assert answer.status_code == 410
    assert "Other" not in text_of(answer)


def test_where_no_client_is_mapped_a_new_row_under_an_old_key_is_not_the_links() -> None:
    """Hosts that delete rows reuse their keys, and here only the start tells two appointments apart."""
    host = tomllib.loads(readme_toml())["CANCELLATIONS_HOST"]
    del host["appointment"]["client"], host["client"]
    site = Site(CANCELLATIONS_HOST=host)
    key = site.visit(at(15))
    client, path, page = opened(site, key)
    assert page.status_code == 200
    site.delete(key)
    assert site.visit(at(16)) == key
    assert client.get(path).status_code == send(client, page, path).status_code == 410
    assert site.state_of(key) == "booked"


def test_the_link_of_an_appointment_moved_to_a_later_day_still_works(site: Site) -> None:
    key = site.visit(at(15))
    client, path, _ = opened(site, key)
    site.change(key, begins_at=at(15, day=5))
    site.clock.wall = at(15, day=3)
    page = client.get(path)
    assert page.status_code == 200
    assert send(client, page, path).status_code == 303
    assert site.state_of(key) == "cancelled"


def test_text_that_no_database_takes_is_cleaned(database_url: str) -> None:
    site = Site(database_url)
    key = site.visit()
    client, path, page = opened(site, key)
    refused = send(client, page, path, idempotency_key="a\x00b")
    assert refused.status_code == 422
    assert site.state_of(key) == "booked"
    assert send(client, page, path, note="ill\x00 \x1bagain").status_code == 303
    (record,) = site.rows(Cancellation)
    assert record.note == "ill again"
    with site.clinic.app.app_context():
        site.clinic.db.engine.dispose()


def test_a_guessed_link_is_not_found(site: Site) -> None:
    site.visit()
    for token in ("x", "A" * 43, "%00", "a" * 3000):
        answer = site.stranger().get(f"{ROOT}/link/{token}")
        assert answer.status_code == 404
    assert "To the day list" not in text_of(answer)  # that is for staff


def test_a_link_opens_nothing_else(site: Site) -> None:
    key = site.visit()
    client, _, _ = opened(site, key)
    assert client.get(f"{ROOT}/appointment/{key}").status_code == 401
    assert client.get(f"{ROOT}/cancel/{key}").status_code == 401


def test_another_site_cannot_send_the_form(site: Site) -> None:
    key = site.visit()
    client, path, page = opened(site, key)
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "cross-site"
    assert send(client, page, path).status_code == 403
    assert site.state_of(key) == "booked"


def test_a_reason_without_a_fee_is_marked_and_the_button_promises_no_sum() -> None:
    free: dict[str, Any] = {"code": "illness", "fee": False}
    site = Site(CANCELLATIONS_REASONS=[free])
    key = site.visit(at(15))
    client, path, page = opened(site, key)
    assert "Ill no fee" in text_of(page)
    assert ">Cancel appointment</button>" in page.text
    assert send(client, page, path).status_code == 303
    assert site.rows(SettlementRow)[0].fee == 0
    assert "There is no cancellation fee. We will refund your deposit of 20.00 EUR in full." in text_of(
        client.get(path)
    )


def test_an_unknown_price_never_charges_a_client(site: Site) -> None:
    client, path, page = opened(site, site.visit(at(15), price=None))
    assert "There is no cancellation fee." in text_of(page)
    assert send(client, page, path).status_code == 303
    assert site.rows(SettlementRow)[0].fee == 0


def test_the_page_speaks_the_clients_language(site: Site) -> None:
    _, _, page = opened(site, site.visit(client={"language": "bg"}))
    assert '<html class="fcx-own" lang="bg" dir="ltr">' in page.text
    assert "сряда, 2 декември 2026" in page.text
    assert "30,00 EUR" in text_of(page)
    _, _, plain = opened(site, site.visit(at(16), client={"language": "xx-none"}))
    assert '<html class="fcx-own" lang="en" dir="ltr">' in plain.text


def test_without_an_idempotency_key_nothing_is_done(site: Site) -> None:
    key = site.visit()
    client, path, page = opened(site, key)
    assert send(client, page, path, idempotency_key="").status_code == 422
    assert site.state_of(key) == "booked"
