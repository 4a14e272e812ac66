"""A client who signs in to the host cancels what is their own: what a client's link gives, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cancellations import CancelCommand, HostAdapter
from flask_cancellations.errors import ConfigError, Forbidden, NotFound
from flask_cancellations.models import Cancellation, Event, SettlementRow
from flask_cancellations.services.links import Opened
from flask_cancellations.services.own import own_actor
from flask_cancellations.web import cancellations_link

from .login_host import SESSIONS, START, Doctor, LoginHost, Patient, Visit, cancel, login_host
from .site import ROOT, hidden, text_of

MINE = f"{ROOT}/mine"


def people() -> list[Any]:
    """Two clients and two doctors; their numbers are the same."""
    return [
        *(Patient(id=7, pname="Ada Byron"), Patient(id=8, pname="Eve Other")),
        *(Doctor(id=7, dname="Dr Kolev"), Doctor(id=8, dname="Dr Petrova")),
    ]


@pytest.fixture
def host() -> Iterator[LoginHost]:
    with login_host(SESSIONS, 'owner = "patient"') as made:
        made.add(*people())
        yield made


def send(client: FlaskClient, page: TestResponse, key: str, **values: str) -> TestResponse:
    """Send the form of a page as a browser does, with or without JavaScript."""
    form = {name: hidden(page, name) for name in ("idempotency_key", "seen")}
    action = re.search(r'<form[^>]* method="post" action="([^"]+)"', page.text)
    assert action is not None
    assert action[1] == f"{MINE}/{key}"
    return client.post(action[1], data={**form, "reason": "illness", "note": "", **values})


def test_the_page_is_that_of_a_clients_link(host: LoginHost) -> None:
    key = host.visit(patient_id=7)
    host.app.config["CANCELLATIONS_PUBLIC_URL"] = "https://clinic.example"
    mine = host.browser(patient_id=7).get(f"{MINE}/{key}")
    assert mine.status_code == 200
    assert "The cancellation fee is 30.00 EUR" in text_of(mine)
    with login_host(SESSIONS, 'owner = "patient"', CANCELLATIONS_PUBLIC_URL="https://clinic.example") as other:
        other.add(*people())
        other.visit(patient_id=7)
        with other.app.app_context():
            link = cancellations_link(other.session.get(Visit, 1)).removeprefix("https://clinic.example")
            other.session.commit()
        assert text_of(other.browser().get(link)) == text_of(mine)


@pytest.mark.parametrize("owner", ['"patient"', '"patient_id"', '"patient.id"', '{key = "who", model = "Patient"}'])
def test_a_client_cancels_what_is_their_own(owner: str, database_url: str) -> None:
    with login_host(SESSIONS, f"owner = {owner}", database_url) as host:
        host.add(*people())
        key = host.visit(patient_id=7, who=7)
        client = host.browser(patient_id=7)
        answer = send(client, client.get(f"{MINE}/{key}"), key, note="fever")
        assert (answer.status_code, answer.location) == (303, f"{MINE}/{key}")
        done = text_of(client.get(answer.location))
        assert "Your appointment is cancelled" in done
        assert "The cancellation fee is 30.00 EUR" in done
        assert host.state_of(key) == "cancelled"
        record, settled = host.rows(Cancellation)[0], host.rows(SettlementRow)[0]
        assert (record.actor_kind, record.actor_key, record.source) == ("client", "Patient:7", "web")
        assert (record.actor_name, record.note, record.told_channel) == ("Ada Byron", "fever", "online")
        assert (settled.fee, settled.due) == (3000, 3000)
        assert [event.actor_kind for event in host.rows(Event)] == ["client"]


def test_nothing_else_is_theirs(host: LoginHost) -> None:
    """A foreign appointment is as unknown as one that does not exist; a doctor's number is no client's."""
    key, unowned = host.visit(patient_id=7), host.visit()
    form = host.browser(patient_id=7).get(f"{MINE}/{key}")
    for browser in (host.browser(patient_id=8), host.browser(doctor_id=7), host.browser(patient_id=[7], doctor_id=8)):
        for name in (key, unowned, "99", "x", "7/8", "%00", "9" * 300):
            answer = browser.get(f"{MINE}/{name}")
            assert answer.status_code == 404
            assert "There is no such appointment." in text_of(answer)
            assert "To the day list" not in text_of(answer)  # that is for staff
        assert send(browser, form, key).status_code == 404
    assert host.browser(patient_id=7).get(f"{MINE}/{unowned}").status_code == 404
    assert host.rows(Cancellation) == []


def test_who_is_not_signed_in_is_asked_to(host: LoginHost) -> None:
    key = host.visit(patient_id=7)
    assert host.browser().get(f"{MINE}/{key}").status_code == 401
    assert host.browser(patient_id=99).post(f"{MINE}/{key}").status_code == 401
    with login_host(SESSIONS, 'owner = "patient"', CANCELLATIONS_LOGIN_URL="/sign-in") as other:
        assert other.browser().get(f"{MINE}/5").location == "/sign-in?next=%2Fcancellations%2Fmine%2F5"


def test_clients_see_no_page_of_the_staff(host: LoginHost) -> None:
    key = host.visit(patient_id=7)
    client = host.browser(patient_id=7)
    for path in ("", f"cancel/{key}", f"appointment/{key}"):
        assert client.get(f"{ROOT}/{path}").status_code == 403
    assert cancel(client, key).status_code == 403


def test_the_diary_offers_clients_their_own_and_staff_what_they_may(host: LoginHost) -> None:
    own, foreign = host.visit(patient_id=7, doctor_id=7), host.visit(patient_id=8)
    gone, past = host.visit(patient_id=7, state="cancelled"), host.visit(patient_id=7, begins=START - timedelta(days=1))

    def seen(**entries: Any) -> Any:
        return host.browser(**entries).get("/diary").json

    assert seen(patient_id=7) == {own: [["cancel", f"{MINE}/{own}"]], foreign: [], gone: [], past: []}
    as_staff = [["cancel", f"{ROOT}/cancel/{own}"], ["history", f"{ROOT}/appointment/{own}"]]
    assert seen(doctor_id=7) == {own: as_staff, foreign: [], gone: [], past: []}
    assert seen(doctor_id=8) == seen() == {own: [], foreign: [], gone: [], past: []}


def test_one_person_may_be_staff_and_client() -> None:
    """A doctor who is another doctor's patient: rights as staff come first, the own appointment is a client's."""
    toml = 'identity = {session = "user_id"}\nmodel = "Doctor"\nname = "dname"\nrole = "post"\nstaff = "id"'
    with login_host(toml, 'owner = "who"') as host:
        host.add(Doctor(id=7, dname="Dr Kolev", post="therapist"), Doctor(id=8, dname="Dr Petrova", post="manager"))
        mine, own = host.visit(doctor_id=7), host.visit(doctor_id=8, who=7)
        both = host.visit(doctor_id=7, who=7)
        diary: Any = host.browser(user_id=7).get("/diary").json
        assert [one for one, _ in diary[mine]] == ["cancel", "history"]
        assert diary[own] == [["cancel", f"{MINE}/{own}"]]
        assert diary[both][0] == ["cancel", f"{ROOT}/cancel/{both}"]
        client = host.browser(user_id=7)
        assert client.get(f"{ROOT}/cancel/{own}").status_code == 404
        assert send(client, client.get(f"{MINE}/{own}"), own).status_code == 303
        assert cancel(client, both).status_code == 201
        assert [row.actor_kind for row in host.rows(Cancellation)] == ["client", "api"]


def test_the_same_form_twice_cancels_once(host: LoginHost) -> None:
    key = host.visit(patient_id=7)
    client = host.browser(patient_id=7)
    page = client.get(f"{MINE}/{key}")
    first, second = send(client, page, key), send(client, page, key)
    assert (first.status_code, first.location) == (second.status_code, second.location) == (303, f"{MINE}/{key}")
    assert len(host.rows(Cancellation)) == 1
    late = send(client, page, key, idempotency_key="another")
    assert late.status_code == 409
    assert "This appointment is already cancelled." in text_of(late)
    assert send(client, page, key, note="other").status_code == 409  # the same key with other words
    assert len(host.rows(Cancellation)) == 1


def test_wrong_entries_and_changed_numbers_are_shown_again(host: LoginHost) -> None:
    key = host.visit(patient_id=7)
    client = host.browser(patient_id=7)
    page = client.get(f"{MINE}/{key}")
    wrong = send(client, page, key, reason="therapist_ill")
    assert wrong.status_code == 422
    assert 'href="#fcx-reason"' in wrong.text
    assert send(client, page, key, seen="7", idempotency_key="b").status_code == 409
    assert send(client, page, key, idempotency_key="").status_code == 422
    assert host.state_of(key) == "booked"
    assert send(client, wrong, key).status_code == 303


def test_another_site_cannot_send_the_form(host: LoginHost) -> None:
    key = host.visit(patient_id=7)
    client = host.browser(patient_id=7)
    page = client.get(f"{MINE}/{key}")
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "cross-site"
    assert send(client, page, key).status_code == 403
    assert host.state_of(key) == "booked"


def test_clients_cancel_online_only_as_early_as_the_policy_says() -> None:
    policy = {"name": "standard", "valid_from": "2026-01-01", "bands": [], "self_cancel": "5h"}
    with login_host(SESSIONS, 'owner = "patient"', CANCELLATIONS_POLICIES=[policy]) as host:
        host.add(*people())
        key = host.visit(patient_id=7)
        client = host.browser(patient_id=7)
        page = client.get(f"{MINE}/{key}")  # exactly five hours before
        assert page.status_code == 200
        host.clock.forward(seconds=1)
        late = [client.get(f"{MINE}/{key}"), send(client, page, key)]
        host.clock.forward(hours=5)  # it has begun
        for answer in (*late, client.get(f"{MINE}/{key}"), send(client, page, key, idempotency_key="later")):
            assert answer.status_code == 409
            assert "It is too late to cancel online." in text_of(answer)
            assert "+359 2 123 4567" in text_of(answer)
        assert host.state_of(key) == "booked"


def test_cancelled_by_the_clinic_it_does_not_name_who_and_restored_it_can_be_cancelled_again(host: LoginHost) -> None:
    key = host.visit(patient_id=7, doctor_id=7)
    client = host.browser(patient_id=7)
    page = client.get(f"{MINE}/{key}")
    assert cancel(host.browser(doctor_id=7), key).status_code == 201
    assert "Dr Kolev cancelled" not in text_of(send(client, page, key))
    assert "Your appointment is cancelled" in text_of(client.get(f"{MINE}/{key}"))
    host.session.get_one(Visit, int(key)).state = "booked"
    host.session.commit()
    assert send(client, client.get(f"{MINE}/{key}"), key).status_code == 303
    assert [row.actor_kind for row in host.rows(Cancellation)] == ["api", "client"]


def test_given_to_somebody_else_while_the_page_was_open(host: LoginHost) -> None:
    key = host.visit(patient_id=7)
    client = host.browser(patient_id=7)
    page = client.get(f"{MINE}/{key}")
    host.session.get_one(Visit, int(key)).patient_id = 8
    host.session.commit()
    assert send(client, page, key).status_code == 404
    assert host.state_of(key) == "booked"


def test_a_client_has_the_clients_terms_whatever_the_adapter_grants() -> None:
    class Generous(HostAdapter):
        def permission(self, user: Any, right: str, appointment: Any) -> bool | None:
            return True

    with login_host(SESSIONS, 'owner = "patient"', CANCELLATIONS_ADAPTER=Generous) as host:
        host.add(*people())
        own, foreign = host.visit(patient_id=7), host.visit(patient_id=8)
        with host.app.app_context():
            state = host.app.extensions["cancellations"]
            user = state.host.user(host.session.get(Patient, 7))
            actor = own_actor(user, Opened(state.scope, state.host.read(host.session.get(Visit, int(own)))))

            def asked(key: str, **values: Any) -> None:
                host.cancellations.cancel(
                    CancelCommand(appointment_key=key, reason="illness", told_channel="online", **values), actor
                )

            with pytest.raises(NotFound):
                asked(foreign)
            host.session.rollback()
            with pytest.raises(Forbidden):
                asked(own, fee="waive", waive_reason="I am nice")
            host.session.rollback()
            with pytest.raises(Forbidden):
                asked(own, told_us=state.clock.now() - 3_600_000_000)
            host.session.rollback()


def test_a_host_that_deletes_shows_clients_what_they_cancelled() -> None:
    with login_host(SESSIONS, 'owner = "patient"') as plain:
        config = plain.app.config["CANCELLATIONS_HOST"]
    config["appointment"]["status"] = {"none": "delete"}
    with login_host(SESSIONS, CANCELLATIONS_HOST=config) as host:
        host.add(*people())
        key, by_clinic = host.visit(patient_id=7), host.visit(patient_id=7, doctor_id=7)
        client = host.browser(patient_id=7)
        page = client.get(f"{MINE}/{key}")
        for _ in range(2):
            assert send(client, page, key).status_code == 303
        assert host.session.get(Visit, int(key)) is None
        assert "Your appointment is cancelled" in text_of(client.get(f"{MINE}/{key}"))
        assert host.browser(patient_id=8).get(f"{MINE}/{key}").status_code == 404
        assert cancel(host.browser(doctor_id=7), by_clinic).status_code == 201
        assert client.get(f"{MINE}/{by_clinic}").status_code == 404  # nothing is left that says whose it was
        host.session.remove()


def test_the_page_speaks_the_clients_language(host: LoginHost) -> None:
    host.add(Patient(id=9, pname="Мария", locale="bg"))
    page = host.browser(patient_id=9).get(f"{MINE}/{host.visit(patient_id=9)}")
    assert 'lang="bg"' in page.text
    assert "сряда, 2 декември 2026" in page.text


def test_addresses_name_the_public_id() -> None:
    with login_host(SESSIONS, 'owner = "patient"\npublic_id = "code"') as host:
        host.add(*people())
        key = host.visit(patient_id=7, code="kx3")
        client = host.browser(patient_id=7)
        assert client.get("/diary").json == {key: [["cancel", f"{MINE}/kx3"]]}
        assert client.get(f"{MINE}/{key}").status_code == 404
        assert send(client, client.get(f"{MINE}/kx3"), "kx3").status_code == 303
        assert host.state_of(key) == "cancelled"


def test_without_an_owner_there_is_nothing_for_clients() -> None:
    with login_host(SESSIONS) as host:
        host.add(*people())
        key = host.visit(patient_id=7)
        client = host.browser(patient_id=7)
        assert client.get("/diary").json == {key: []}
        assert client.get(f"{MINE}/{key}").status_code == 404


@pytest.mark.parametrize(
    ("user", "owner", "fault"),
    [
        (
            'name = "dname"',
            '"patent"',
            "owner: found 'patent', expected an attribute of Visit. Did you mean 'patient'?",
        ),
        ('name = "dname"', '"patient..id"', "owner: found 'patient..id', expected an attribute, or a path"),
        (
            'name = "dname"',
            '"who"',
            "owner: found 'who', a key of no known table, expected a relation or a foreign key",
        ),
        (SESSIONS, '"who"', "owner: found 'who', a key of no known table, expected a relation or a foreign key"),
        (SESSIONS, '{key = "who"}', "owner.model: found nothing, expected this key, which is required"),
        (SESSIONS, '{key = "who", model = "Patent"}', "owner.model: found 'Patent', expected one of the host's models"),
        (SESSIONS, '{key = "patient_id", model = "Doctor"}', "owner.model: found Doctor, expected Patient, where"),
        (
            SESSIONS,
            '{key = "who", model = "Team"}',
            "owner: found 'who', which leads to Team, expected one who can sign",
        ),
        (
            'identity = {session = "id", model = "Doctor"}',
            '"patient"',
            "'patient', which leads to Patient, expected one",
        ),
    ],
)
def test_an_owner_that_cannot_be_is_a_fault(user: str, owner: str, fault: str) -> None:
    with pytest.raises(ConfigError) as refused, login_host(user, f"owner = {owner}"):
        pass
    assert fault in str(refused.value)


def test_a_key_without_a_foreign_key_is_that_of_the_only_login_table() -> None:
    with login_host('identity = {session = "id"}\nmodel = "Patient"\nname = "pname"', 'owner = "who"') as host:
        host.add(*people())
        key = host.visit(who=7)
        assert host.browser(id=7).get(f"{MINE}/{key}").status_code == 200
        assert host.browser(id=8).get(f"{MINE}/{key}").status_code == 404
