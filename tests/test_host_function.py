"""The host's own function cancels, in our transaction or with commits of its own: what stands, and who learns it."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest

from flask_cancellations import ConfigError, Conflict, HostFailed, HostRefused, appointment_cancelled
from flask_cancellations.clock import MINUTE
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import (
    AnsweredRequest,
    Cancellation,
    Message,
    Movement,
    Slot,
)
from flask_cancellations.services.actor import job_actor
from flask_cancellations.services.transaction import transaction

from . import finance_host as services
from .finance_host import FinanceSite
from .finance_outcomes import (
    FAILED,
    REFUSED,
    assert_cancelled,
    assert_nothing_happened,
    assert_taken_back,
    post,
    replaced,
    states,
)
from .site import ROOT, hidden, text_of

# An ordinary function, in our transaction.


def test_an_ordinary_function_cancels_instead_of_our_status(database_url: str) -> None:
    site = FinanceSite(database_url, services.writes, cancel={"commits": False})
    key = site.billed()
    assert post(site, key).status_code == 303
    assert_cancelled(site, key)


@pytest.mark.parametrize(
    ("service", "status", "text"),
    [
        (services.refuses, 409, REFUSED),
        (services.does_nothing, 409, REFUSED),
        (services.raises, 500, FAILED),
        (services.rolls_back_and_refuses, 409, REFUSED),
        (services.rolls_back_and_raises, 500, FAILED),
    ],
)
@pytest.mark.parametrize("commits", [False, True])
def test_where_nothing_was_committed_nothing_has_happened(
    database_url: str, service: Any, status: int, text: str, commits: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether or not it may commit; and the page says so, with a way on."""
    site = FinanceSite(database_url, service, cancel={"commits": commits})
    key = site.billed()
    with caplog.at_level(logging.ERROR):
        answer = post(site, key)
    assert answer.status_code == status
    assert text in text_of(answer)
    assert "Not cancelled" in text_of(answer)
    assert_nothing_happened(site, key)
    if status == 500:
        assert "RuntimeError: the books of this month are closed" in caplog.text  # with its traceback
    # The next try is a new one.
    assert post(site, key).status_code == status


def test_a_program_gets_the_same_as_problem_details(sqlite_url: str) -> None:
    for service, status, code in ((services.refuses, 409, "host_refused"), (services.raises, 500, "host_failed")):
        site = FinanceSite(sqlite_url, service)
        key = site.billed()
        client = site.browser()
        sent = {"reason": "illness", "fee": "charge"}
        answer = client.post(
            f"{ROOT}/api/appointments/{key}/cancel", json=sent, headers={"Idempotency-Key": f"key-{code}"}
        )
        told = answer.json or {}
        assert (answer.status_code, told["code"]) == (status, code)


def test_the_host_may_refuse_in_its_own_words(database_url: str) -> None:
    def refuse(visit: Any, reason: str) -> None:
        raise Conflict("Credit the invoice first.")

    def refuse_after_a_commit(visit: Any, reason: str) -> None:
        services.commits_nothing_of_it(visit, reason)
        raise Conflict("Credit the invoice first.")

    site = FinanceSite(database_url, refuse)
    key = site.billed()
    answer = post(site, key)
    assert (answer.status_code, "Credit the invoice first." in text_of(answer)) == (409, True)
    assert_nothing_happened(site, key)
    site.clinic.state.host.own_cancel = replaced(site, refuse_after_a_commit)
    answer = post(site, key)
    assert (answer.status_code, "Credit the invoice first." in text_of(answer)) == (409, True)
    assert_taken_back(site, key, "failed")


def test_what_the_function_left_to_be_flushed_is_its_own_fault(database_url: str) -> None:
    def breaks_a_constraint(visit: Any, reason: str) -> None:
        services.close_books(visit, reason)
        services.session_of(visit).add(site.clinic.Bill(visit_id=10**6, state="of no visit"))

    site = FinanceSite(database_url, breaks_a_constraint, cancel={"commits": False})
    key = site.billed()
    assert post(site, key).status_code == 500
    assert_nothing_happened(site, key)


# A function that commits by itself.


@pytest.mark.parametrize("service", [services.commits, services.writes, services.commits_twice])
def test_a_function_that_commits_cancels(database_url: str, service: Any) -> None:
    """Also one that is allowed to and does not; and everything counts from the moment when it is certain."""
    site = FinanceSite(database_url, service)
    key = site.billed()
    answer = post(site, key)
    assert answer.status_code == 303
    assert_cancelled(site, key)
    page = text_of(site.browser().get(answer.location))
    assert "This time is free and can be booked online." in page
    stored = [json.loads(row.answer) for row in site.rows(AnsweredRequest)]
    assert stored == [{"cancellation_id": site.rows(Cancellation)[0].id}]


@pytest.mark.parametrize(
    "service",
    [services.commits_then_raises, services.commits_then_says_no, services.loses_the_connection_at_its_commit],
)
def test_what_was_cancelled_stays_so_whatever_the_function_says_afterwards(
    database_url: str, service: Any, caplog: pytest.LogCaptureFixture
) -> None:
    site = FinanceSite(database_url, service)
    key = site.billed()
    with caplog.at_level(logging.ERROR):
        assert post(site, key).status_code == 303
    assert_cancelled(site, key)
    assert "the cancellation stands" in caplog.text


@pytest.mark.parametrize(
    ("service", "status", "why"),
    [
        (services.commits_nothing_of_it, 409, "unchanged"),
        (services.commits_nothing_and_says_no, 409, "refused"),
        (services.commits_nothing_and_raises, 500, "failed"),
    ],
)
def test_what_the_function_committed_without_cancelling_is_taken_back(
    database_url: str, service: Any, status: int, why: str
) -> None:
    site = FinanceSite(database_url, service)
    key = site.billed()
    answer = post(site, key)
    assert answer.status_code == status
    assert "It stands as before" in text_of(answer) or "The appointment stands as before" in text_of(answer)
    assert_taken_back(site, key, why)
    assert site.bills(key) == ["to be voided"]  # the host's own commit
    history = text_of(site.browser().get(f"{ROOT}/appointment/{key}"))
    assert "Taken back: the clinic's own program did not cancel the appointment" in history
    # Nothing leaves, and the appointment can be cancelled once the program is mended.
    site.clinic.clock.forward(hours=1)
    with site.clinic.app.app_context():
        assert run_once(site.clinic.state).sent == 0
    site.clinic.state.host.own_cancel = replaced(site, services.commits)
    assert post(site, key).status_code == 303
    assert (site.state_of(key), site.rows(Cancellation)[-1].generation) == ("cancelled", 2)


def test_the_same_form_may_be_sent_again_with_other_values_after_that(database_url: str) -> None:
    """Back in the browser: the request that came to nothing does not stand in the way of its key."""
    site = FinanceSite(database_url, services.commits_nothing_of_it)
    key, client = site.billed(), site.browser()
    form = site.form(client, key)
    assert site.send(client, key, form).status_code == 409
    site.clinic.state.host.own_cancel = replaced(site, services.commits)
    assert site.send(client, key, {**form, "note": "second try"}).status_code == 303


def test_a_function_that_rolls_back_and_says_yes_is_not_believed(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = FinanceSite(database_url, services.rolls_back_and_says_yes)
    key = site.billed()
    with caplog.at_level(logging.ERROR):
        answer = post(site, key)
    assert (answer.status_code, "Look at the appointment there before you try again." in text_of(answer)) == (500, True)
    assert "rolled our rows back" in caplog.text
    assert_nothing_happened(site, key)


def test_the_time_cannot_be_booked_while_the_function_works(database_url: str) -> None:
    seen: list[Any] = []

    def look(visit: Any, reason: str) -> None:
        services.commits(visit, reason)
        start, staff = visit.begins_at, visit.therapist_id
        slots = site.clinic.cancellations.slots
        seen.append(slots.at(start, start + timedelta(hours=1), staff))
        seen.append([time.state for time in slots.blocked(start, start + timedelta(hours=1), staff)])
        seen.append([states(site, Message), states(site, Movement)])
        services.session_of(visit).rollback()

    site = FinanceSite(database_url, look)
    key = site.billed()
    assert post(site, key).status_code == 303
    assert seen == ["closed", ["closed"], [["pending_host", "pending_host"], ["pending_host"]]]
    assert_cancelled(site, key)


def test_waiting_starts_when_it_is_certain(database_url: str) -> None:
    """The undo delay and the hold of the waiting list count from then, however long the function took."""

    def slow(visit: Any, reason: str) -> None:
        services.commits(visit, reason)
        site.clinic.clock.forward(seconds=50)

    site = FinanceSite(database_url, slow, CANCELLATIONS_WAITLIST={"hold": "30m"})
    key = site.billed()
    assert post(site, key).status_code == 303
    now = site.clinic.state.clock.now()
    assert {row.not_before_us for row in [*site.rows(Message), *site.rows(Movement)]} == {now + 3 * MINUTE}
    assert [(slot.state, slot.held_until_us) for slot in site.rows(Slot)] == [("held", now + 30 * MINUTE)]


def test_the_function_may_give_up_the_session(database_url: str) -> None:
    def closes(visit: Any, reason: str) -> None:
        services.commits(visit, reason)
        site.clinic.db.session.remove()

    site = FinanceSite(database_url, closes)
    key = site.billed()
    assert post(site, key).status_code == 303
    assert_cancelled(site, key)


def test_the_signal_is_sent_once_and_after_the_commit(database_url: str) -> None:
    site = FinanceSite(database_url, services.commits)
    key, heard = site.billed(), []

    def listen(_app: Any, appointment_key: str, cancellation_id: int) -> None:
        heard.append((appointment_key, cancellation_id, states(site, Message)))

    with appointment_cancelled.connected_to(listen):
        assert post(site, key).status_code == 303
    assert heard == [(key, site.rows(Cancellation)[0].id, ["waiting", "waiting"])]


@pytest.mark.parametrize(
    ("service", "stands"),
    [
        (services.commits, False),
        (services.commits_then_raises, False),
        (services.commits_nothing_of_it, True),
        (services.rolls_back_and_says_yes, None),
    ],
)
def test_a_commit_that_was_not_declared_is_named(database_url: str, service: Any, stands: bool | None) -> None:
    """Our rows agree with the host's all the same, so that nobody has to mend them."""
    site = FinanceSite(database_url, service, cancel={"commits": False})
    key = site.billed()
    with pytest.raises(ConfigError, match=r"cancel\.commits: found false, but .* ended the transaction") as raised:
        post(site, key)
    assert "expected true" in str(raised.value)
    if stands is None:
        assert_nothing_happened(site, key)
    elif stands:
        assert_taken_back(site, key, "unchanged")
    else:
        assert_cancelled(site, key)


# By a client's link, and from the host's own code.


def test_a_clients_link_works_again_after_it_came_to_nothing(database_url: str) -> None:
    site = FinanceSite(database_url, services.commits_nothing_of_it, CANCELLATIONS_PUBLIC_URL="https://clinic.example")
    key = site.billed()
    link, client = site.link(key), site.stranger()

    def send() -> Any:
        page = client.get(link)
        assert page.status_code == 200, text_of(page)
        fields = {name: hidden(page, name) for name in ("idempotency_key", "seen")}
        return client.post(link, data={"reason": "illness", **fields})

    answer = send()
    assert answer.status_code == 409
    assert "Your appointment could not be cancelled online, so it stands. Please call us." in text_of(answer)
    site.clinic.state.host.own_cancel = replaced(site, services.commits)
    assert send().status_code == 303
    assert "Your appointment is cancelled" in text_of(client.get(link))


def test_called_from_the_hosts_own_code_the_rollback_promise_is_void(database_url: str) -> None:
    """As the documentation says: the function has committed, and the worker does what the rollback left undone."""
    site = FinanceSite(database_url, services.commits)
    key = site.billed()
    with site.clinic.app.app_context():
        clinic = site.clinic
        visit = clinic.db.session.get(clinic.Visit, int(key))
        clinic.cancellations.cancel(clinic.command(visit), job_actor("import"))
        clinic.db.session.rollback()
    assert (site.state_of(key), states(site, Message)) == ("cancelled", ["pending_host"] * 2)
    site.clinic.clock.forward(seconds=61)
    with site.clinic.app.app_context():
        assert run_once(site.clinic.state).decided == 1
    assert_cancelled(site, key)


def test_called_from_the_hosts_own_code_the_errors_are_ours(sqlite_url: str) -> None:
    for service, kind, cause in ((services.raises, HostFailed, RuntimeError), (services.refuses, HostRefused, None)):
        site = FinanceSite(sqlite_url, service)
        key = site.billed()
        with site.clinic.app.app_context():
            clinic = site.clinic
            command = clinic.command(clinic.db.session.get(clinic.Visit, int(key)))
            with pytest.raises(kind) as raised, transaction(clinic.state):
                clinic.cancellations.cancel(command, job_actor("import"))
            assert type(raised.value.__cause__) is (cause or type(None))
