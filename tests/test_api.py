"""The JSON API: what a program of the clinic sends, and what it is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cancellations.models import Cancellation, Event, SettlementRow

from .browsing import Visitor
from .small_host import NOW, Clinic, make_clinic

ROLES = {"desk": ["cancel"], "manager": ["*"], "therapist": ["cancel:own"], "cleaner": []}


@pytest.fixture
def clinic(sqlite_url: str) -> Iterator[Clinic]:
    made = make_clinic(sqlite_url, CANCELLATIONS_ROLES=ROLES)
    made.app.test_client_class = Visitor
    with made.app.app_context():
        yield made


def program(clinic: Clinic, role: str = "manager") -> FlaskClient:
    return clinic.client(clinic.account(role, "Anna Desk"))


def url(visit: Any, resource: str) -> str:
    return f"/cancellations/api/appointments/{visit.id}/{resource}"


def cancel(client: FlaskClient, visit: Any, body: Any, key: str = "k-1") -> TestResponse:
    return client.post(url(visit, "cancel"), json=body, headers={"Idempotency-Key": key})


def is_problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    problem: dict[str, Any] = answer.get_json(force=True)
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["detail"]
    assert problem["type"] == "about:blank"
    return problem


def test_the_quote_names_amounts_choices_and_why(clinic: Clinic) -> None:
    visit = clinic.visit(deposit="40.00")
    quote = program(clinic).get(url(visit, "quote")).get_json()
    assert (quote["fee"], quote["deposit"], quote["price"], quote["currency"]) == ("30.00", "40.00", "60.00", "EUR")
    assert quote["notice_minutes"] == 300
    assert quote["band"] == {"less_than_minutes": 1440, "later_than": None, "fee": "50%", "forfeit": False}
    assert quote["why"] == ["band"]
    assert quote["why_text"].startswith("50% of 60.00")
    assert quote["fee_choices"] == ["charge", "waive"]
    assert quote["rest_choices"]["charge"] == [
        {"choice": "refund", "amount": "10.00"},
        {"choice": "credit", "amount": "10.00"},
    ]
    assert {rest["choice"] for rest in quote["rest_choices"]["waive"]} == {"refund", "credit", "keep"}
    assert quote["appointment"]["start"] == "2026-12-02T13:05:00+00:00"
    assert clinic.rows(Cancellation) == []


def test_the_quote_follows_reason_and_told_at_in_any_offset(clinic: Clinic) -> None:
    client, visit = program(clinic), clinic.visit(booked=NOW - timedelta(days=9))
    assert client.get(url(visit, "quote"), query_string={"reason": "therapist_ill"}).get_json()["fee"] == "0.00"
    for told_at in ("2026-12-01T14:00", "2026-12-01T12:00:00Z", "2026-12-01T07:00:00-05:00"):
        quote = client.get(url(visit, "quote"), query_string={"told_at": told_at}).get_json()
        assert (quote["notice_minutes"], quote["fee"]) == (25 * 60 + 5, "0.00")


def test_what_the_quote_shows_is_what_the_cancellation_does(clinic: Clinic) -> None:
    client, visit = program(clinic), clinic.visit(deposit="40.00")
    seen = client.get(url(visit, "quote"), query_string={"reason": "illness"}).get_json()["seen"]
    answer = cancel(
        client, visit, {"reason": "illness", "fee": "charge", "rest": "credit", "seen": seen, "note": "Фиби"}
    )
    assert answer.status_code == 201
    body = answer.get_json()
    assert body["appointment_key"] == str(visit.id)
    assert body["slot"] == "released"
    amounts = {name: body["settlement"][name] for name in ("fee", "taken", "credited", "refunded", "due")}
    assert amounts == {"fee": "30.00", "taken": "30.00", "credited": "10.00", "refunded": "0.00", "due": "0.00"}
    (record,) = clinic.rows(Cancellation)
    assert (record.id, record.source, record.actor_kind, record.note) == (body["cancellation_id"], "api", "api", "Фиби")


def test_a_request_sent_twice_is_done_once_and_answered_the_same(clinic: Clinic) -> None:
    client, visit = program(clinic, "desk"), clinic.visit()
    first = cancel(client, visit, {"reason": "illness"})
    second = cancel(client, visit, {"reason": "illness"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(clinic.rows(Cancellation)) == 1


def test_one_key_with_two_requests_is_refused(clinic: Clinic) -> None:
    client, visit = program(clinic, "desk"), clinic.visit()
    cancel(client, visit, {"reason": "illness"})
    problem = is_problem(cancel(client, visit, {"reason": "family"}), 422, "request_reused")
    assert "idempotency_key" in problem["fields"]


def test_two_people_may_use_the_same_key(clinic: Clinic) -> None:
    first, second = clinic.visit(), clinic.visit(start=NOW + timedelta(hours=8))
    assert cancel(program(clinic, "desk"), first, {"reason": "illness"}).status_code == 201
    assert cancel(program(clinic, "desk"), second, {"reason": "illness"}).status_code == 201


def test_without_a_key_nothing_happens(clinic: Clinic) -> None:
    visit = clinic.visit()
    answer = program(clinic, "desk").post(url(visit, "cancel"), json={"reason": "illness"})
    assert "idempotency_key" in is_problem(answer, 422, "invalid_input")["fields"]
    assert clinic.rows(Cancellation) == []


def test_a_cancelled_appointment_says_who_and_when(clinic: Clinic) -> None:
    client, visit = program(clinic, "desk"), clinic.visit()
    cancel(client, visit, {"reason": "illness"})
    for answer in (cancel(client, visit, {"reason": "illness"}, "k-2"), client.get(url(visit, "quote"))):
        problem = is_problem(answer, 409, "already_cancelled")
        assert (problem["cancelled_by"], problem["cancelled_at"]) == ("Anna Desk", "2026-12-02T08:05:00+00:00")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": "no_such"}, "reason"),
        ({"reason": 5}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": "illness", "side": "clinic"}, "reason"),
        ({"reason": "other"}, "note"),
        ({"reason": "illness"}, "fee"),
        ({"reason": "illness", "fee": "maybe"}, "fee"),
        ({"reason": "illness", "fee": "waive"}, "waive_reason"),
        ({"reason": "illness", "fee": "charge", "rest": "burn"}, "rest"),
        ({"reason": "illness", "fee": "charge", "told_at": "2026-12-02T11:00"}, "told_at"),
        ({"reason": "illness", "fee": "charge", "told_at": "2026-11-02T11:00Z"}, "told_at"),
        ({"reason": "illness", "fee": "charge", "told_at": "2026-12-02"}, "told_at"),
        ({"reason": "illness", "fee": "charge", "told_at": "9999-12-31T23:59-12:00"}, "told_at"),
        ({"reason": "illness", "fee": "charge", "told_at": 1}, "told_at"),
        ({"reason": "illness", "fee": "charge", "amount": 30}, "amount"),
        ({"reason": "illness", "fee": "charge", "tell": "no"}, "tell"),
        ({"reason": "illness", "fee": "charge", "tell": False}, "silent_reason"),
        ({"reason": "illness", "fee": "charge", "price": "1"}, "price"),
        ({"reason": "illness", "fee": "charge", "told_channel": "drum"}, "told_channel"),
        ([], "body"),
        ("text", "body"),
        (5, "body"),
    ],
)
def test_a_wrong_field_is_named_and_changes_nothing(clinic: Clinic, body: Any, field: str) -> None:
    problem = is_problem(cancel(program(clinic), clinic.visit(), body), 422, "invalid_input")
    assert list(problem["fields"]) == [field]
    assert clinic.rows(Cancellation) == []


def test_null_is_no_request(clinic: Clinic) -> None:
    answer = program(clinic).post(
        url(clinic.visit(), "cancel"),
        data=b"null",
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )
    assert list(is_problem(answer, 422, "invalid_input")["fields"]) == ["body"]


def test_the_name_of_an_unknown_field_may_be_anything(clinic: Clinic) -> None:
    answer = program(clinic).post(
        url(clinic.visit(), "cancel"),
        data=b'{"\\ud800": 1}',
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )
    assert list(is_problem(answer, 422, "invalid_input")["fields"]) == ["\ud800"]


def test_the_proxys_request_id_is_logged_if_it_looks_like_one(clinic: Clinic) -> None:
    client = program(clinic, "desk")
    for given in ("req-7:1", "<b>x</b>", ""):
        client.environ_base["HTTP_X_REQUEST_ID"] = given
        assert cancel(client, clinic.visit(), {"reason": "illness"}, f"k{given}").status_code == 201
    logged = [event.request_id for event in clinic.rows(Event)]
    assert logged[0] == "req-7:1"
    assert all(re.fullmatch("[0-9a-f]{32}", own) for own in logged[1:])


def test_the_present_minute_is_no_backdating_and_before_the_booking_is_no_time(clinic: Clinic) -> None:
    """A form shows whole minutes; the quote asks for no more rights than the cancellation does."""
    desk, visit = program(clinic, "desk"), clinic.visit(booked=NOW - timedelta(hours=3))
    clinic.clock.forward(seconds=59)
    assert desk.get(url(visit, "quote"), query_string={"told_at": "2026-12-02T10:05"}).status_code == 200
    early = program(clinic).get(url(visit, "quote"), query_string={"told_at": "2026-12-02T07:00"})
    assert list(is_problem(early, 422, "invalid_input")["fields"]) == ["told_at"]


def test_text_that_no_database_takes_is_cleaned(clinic: Clinic) -> None:
    client, visit = program(clinic, "desk"), clinic.visit()
    assert cancel(client, visit, {"reason": "illness", "note": "a\x00b\ud800c\x1b"}).status_code == 201
    (record,) = clinic.rows(Cancellation)
    assert record.note == "abc"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[" * 100_000, "application/json", 400),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"reason=illness", "application/x-www-form-urlencoded", 415),
        (b"", "", 415),
    ],
)
def test_a_body_that_is_not_json_is_refused(clinic: Clinic, body: bytes, kind: str, status: int) -> None:
    answer = program(clinic).post(
        url(clinic.visit(), "cancel"), data=body, content_type=kind, headers={"Idempotency-Key": "k"}
    )
    is_problem(answer, status, "bad_request")
    assert clinic.rows(Cancellation) == []


def test_other_amounts_than_those_seen_are_refused(clinic: Clinic) -> None:
    client, visit = program(clinic), clinic.visit()
    seen = client.get(url(visit, "quote")).get_json()["seen"]
    visit.treatment.price = 90
    clinic.db.session.commit()
    is_problem(cancel(client, visit, {"reason": "illness", "fee": "charge", "seen": seen}), 409, "changed_meanwhile")
    assert clinic.rows(Cancellation) == []


def test_an_unknown_price_needs_the_fee(clinic: Clinic) -> None:
    client, visit = program(clinic), clinic.visit(price=None)
    assert client.get(url(visit, "quote")).get_json()["needs_amount"] is True
    refused = cancel(client, visit, {"reason": "illness", "fee": "charge"})
    assert "amount" in is_problem(refused, 422, "invalid_input")["fields"]
    assert cancel(client, visit, {"reason": "illness", "fee": "charge", "amount": "15.50"}, "k2").status_code == 201
    (settled,) = clinic.rows(SettlementRow)
    assert settled.fee == 1550


def test_rights_hold_here_too(clinic: Clinic) -> None:
    visit = clinic.visit()
    desk = program(clinic, "desk")
    waived = {"reason": "illness", "fee": "waive", "waive_reason": "x"}
    is_problem(cancel(desk, visit, waived), 403, "forbidden")
    is_problem(cancel(desk, visit, {"reason": "illness", "told_at": "2026-12-02T09:00"}), 403, "forbidden")
    is_problem(cancel(desk, visit, {"reason": "illness", "tell": False, "silent_reason": "x"}), 403, "forbidden")
    is_problem(desk.get(url(visit, "quote"), query_string={"told_at": "2026-12-02T09:00"}), 403, "forbidden")
    is_problem(program(clinic, "cleaner").get(url(visit, "quote")), 403, "forbidden")
    other = clinic.client(clinic.account("therapist", therapist=clinic.therapist("Dr Other")))
    for resource in ("quote", "history"):
        is_problem(other.get(url(visit, resource)), 404, "not_found")
    is_problem(cancel(other, visit, {"reason": "illness"}), 404, "not_found")
    assert clinic.rows(Cancellation) == []


def test_nobody_signed_in_is_told_so(clinic: Clinic) -> None:
    visit = clinic.visit()
    for resource in ("quote", "history"):
        is_problem(clinic.client().get(url(visit, resource)), 401, "not_signed_in")
    is_problem(cancel(clinic.client(), visit, {"reason": "illness"}), 401, "not_signed_in")


def test_another_site_cannot_use_the_login(clinic: Clinic) -> None:
    client, visit = program(clinic, "desk"), clinic.visit()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "cross-site"
    is_problem(cancel(client, visit, {"reason": "illness"}), 403, "cross_site")
    assert clinic.rows(Cancellation) == []


@pytest.mark.parametrize("key", ["999", "x", "%00", "a%2Fb", "[1]"])
def test_an_unknown_key_is_not_found(clinic: Clinic, key: str) -> None:
    answer = program(clinic).get(f"/cancellations/api/appointments/{key}/quote")
    is_problem(answer, 404, "not_found")


def test_an_appointment_that_began_is_no_longer_open(clinic: Clinic) -> None:
    client, visit = program(clinic, "desk"), clinic.visit()
    clinic.clock.forward(hours=6)
    is_problem(client.get(url(visit, "quote")), 409, "not_open")
    is_problem(cancel(client, visit, {"reason": "illness"}), 409, "not_open")


def test_the_history_names_the_actor_and_the_note(clinic: Clinic) -> None:
    client, visit = program(clinic, "desk"), clinic.visit()
    cancel(client, visit, {"reason": "illness", "note": "Fever"})
    history = client.get(url(visit, "history")).get_json()
    (event,) = history["events"]
    assert event["action"] == "appointment.cancelled"
    assert event["actor"]["name"] == "Anna Desk"
    assert event["source"] == "api"
    assert event["texts"]["note"] == "Fever"
    assert event["at"] == "2026-12-02T08:05:00+00:00"
    assert event["after"]["settlement"]["fee"] == 3000


def test_the_document_describes_every_resource_and_every_field_that_is_read(clinic: Clinic) -> None:
    document = clinic.client().get("/cancellations/api/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "/cancellations/api"}]
    rules = {
        rule.rule.removeprefix("/cancellations/api").replace("<path:key>", "{key}")
        for rule in clinic.app.url_map.iter_rules()
        if rule.rule.startswith("/cancellations/api/")
    }
    assert set(document["paths"]) == rules - {"/openapi.json"}
    schemas = document["components"]["schemas"]
    request = document["paths"]["/appointments/{key}/cancel"]["post"]["requestBody"]["content"]["application/json"]
    fields = schemas[request["schema"]["$ref"].rpartition("/")[2]]["properties"]
    assert {"reason", "told_at", "fee", "amount", "rest", "seen"} <= set(fields)
    assert all("description" in field for field in fields.values())


def test_answers_have_no_other_fields_than_the_document(clinic: Clinic) -> None:
    client, visit = program(clinic), clinic.visit()
    schemas = client.get("/cancellations/api/openapi.json").get_json()["components"]["schemas"]
    quote = client.get(url(visit, "quote")).get_json()
    done = cancel(client, visit, {"reason": "illness", "fee": "charge"}).get_json()
    history = client.get(url(visit, "history")).get_json()
    assert set(quote) == set(schemas["QuoteAnswer"]["properties"])
    assert set(done) == set(schemas["CancelledAnswer"]["properties"])
    assert set(done["settlement"]) == set(schemas["SettlementAnswer"]["properties"])
    assert set(history["events"][0]) == set(schemas["EventAnswer"]["properties"])
