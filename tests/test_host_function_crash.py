"""The host's own function, with two people at once, the same request twice, and a process that dies in between."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flask_cancellations import appointment_cancelled
from flask_cancellations.clock import MINUTE
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import (
    Cancellation,
    Event,
    Message,
    Movement,
    Pending,
    Slot,
)

from . import finance_host as services
from .finance_host import FinanceSite
from .finance_outcomes import (
    assert_cancelled,
    assert_nothing_happened,
    assert_taken_back,
    post,
    post_is,
    replaced,
    states,
)
from .race_host import at_once
from .site import ROOT, text_of
from .small_host import NOW

PROJECT = Path(__file__).resolve().parent.parent


# Two at once, and the same request twice.


@pytest.mark.race
@pytest.mark.parametrize("service", [services.commits, services.commits_twice])
def test_of_two_at_once_one_cancels_and_the_other_is_told(database_url: str, service: Any) -> None:
    site = FinanceSite(database_url, service)
    for number in range(3):
        key = site.billed(start=NOW + timedelta(hours=5 + number))
        people = [site.browser(name=name) for name in ("Elena Desk", "Ivan Desk")]
        forms = [site.form(person, key) for person in people]

        def attempt(gate: threading.Barrier, who: int, key: str = key, forms: Any = forms, people: Any = people) -> Any:
            gate.wait()
            return site.send(people[who], key, forms[who])

        answers = at_once([partial(attempt, who=0), partial(attempt, who=1)])
        assert sorted(answer.status_code for answer in answers) == [303, 409], answers
        assert (site.state_of(key), site.bills(key)) == ("cancelled", ["void: Ill"])
        assert len([row for row in site.rows(Cancellation) if row.appointment_key == key]) == 1
    assert site.rows(Pending) == []


@pytest.mark.race
def test_a_form_that_is_sent_twice_at_once_is_answered_twice_and_done_once(database_url: str) -> None:
    calls: list[str] = []

    def count(visit: Any, reason: str) -> None:
        calls.append(visit.state)
        services.commits(visit, reason)

    site = FinanceSite(database_url, count)
    for number in range(3):
        key, client = site.billed(start=NOW + timedelta(hours=5 + number)), site.browser()
        form = site.form(client, key)

        def attempt(gate: threading.Barrier, key: str = key, form: Any = form, client: Any = client) -> Any:
            gate.wait()
            return site.send(client, key, form)

        answers = at_once([attempt, attempt])
        assert [answer.status_code for answer in answers] == [303, 303], [text_of(answer) for answer in answers]
        assert answers[0].location == answers[1].location
        assert len(calls) == number + 1
    assert states(site, Slot) == ["released"] * 3
    assert site.rows(Pending) == []


# Killed in between.


def killed(site: FinanceSite, url: str, service: Any, path: str, account: int, **sends: Any) -> None:
    """A process that asks the service to cancel, and does not survive it."""
    told = {"url": url, "service": service.__name__, "account": account, "path": path, "sends": sends}
    done = subprocess.run(
        [sys.executable, "-m", "tests.finance_host", json.dumps(told)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -9, done.stderr


class Killed:
    """A visit whose cancellation by the API was begun by a process that is dead now, or by a request that is."""

    def __init__(self, url: str, service: Any, *, process: bool = False) -> None:
        self.site = FinanceSite(url, services.commits)
        self.key = self.site.billed()
        with self.site.clinic.app.app_context():
            self.account = int(self.site.clinic.account("manager", "Elena Desk").id)
        self.path = f"{ROOT}/api/appointments/{self.key}/cancel"
        self.sends = {
            "json": {"reason": "illness", "fee": "charge"},
            "headers": {"Idempotency-Key": "the only key", "Sec-Fetch-Site": "same-origin"},
        }
        if process:
            killed(self.site, url, service, self.path, self.account, **self.sends)
            return
        self.site.clinic.state.host.own_cancel = replaced(self.site, service)
        with pytest.raises(services.Death):
            self.repeat()
        self.site.clinic.state.host.own_cancel = replaced(self.site, services.commits)

    def repeat(self) -> Any:
        """The same request by the same person, who got no answer."""
        client = self.site.stranger()
        assert client.post(f"/sign-in/{self.account}").status_code == 204
        return client.post(self.path, **self.sends)

    def work(self, **later: float) -> Any:
        """A round of the worker, later on."""
        self.site.clinic.clock.forward(**later)
        with self.site.clinic.app.app_context():
            return run_once(self.site.clinic.state)


def test_killed_after_the_hosts_commit_the_worker_sets_it_going(database_url: str) -> None:
    case = Killed(database_url, services.dies_after_the_commit, process=True)
    site = case.site
    assert site.state_of(case.key) == "cancelled"
    assert (states(site, Message), states(site, Movement)) == (["pending_host"] * 2, ["pending_host"])
    assert states(site, Slot) == ["pending"]
    page = text_of(site.browser().get(f"{ROOT}/cancellation/1"))
    assert "Waiting for the clinic's program" in page
    assert "This time waits for the clinic's own program" in page
    assert (case.work(seconds=50).decided, states(site, Slot)) == (0, ["pending"])  # it might only be slow
    assert post_is(site, case.key, 409)
    heard: list[int] = []

    def listen(_app: Any, cancellation_id: int, **_facts: Any) -> None:
        heard.append(cancellation_id)

    with appointment_cancelled.connected_to(listen):
        assert case.work(seconds=10).decided == 1
    assert heard == [1]
    assert_cancelled(site, case.key)
    assert {row.not_before_us for row in site.rows(Message)} == {site.clinic.state.clock.now() + 3 * MINUTE}
    assert case.work(seconds=1).decided == 0
    assert case.work(minutes=3).sent == 2
    answer = case.repeat()
    assert (answer.status_code, answer.json["cancellation_id"]) == (201, 1)
    assert answer.headers["Idempotent-Replayed"] == "true"


def test_killed_before_the_host_cancelled_the_worker_takes_it_back(database_url: str) -> None:
    case = Killed(database_url, services.dies_before_the_visit_is_cancelled, process=True)
    site = case.site
    assert (site.state_of(case.key), states(site, Slot)) == ("booked", ["pending"])
    assert case.work(seconds=61).decided == 1
    assert_taken_back(site, case.key, "unknown")
    assert site.rows(Event)[-1].actor_key == "worker"
    assert case.repeat().status_code == 201  # a new request by now
    assert site.state_of(case.key) == "cancelled"


def test_killed_before_any_commit_nothing_is_left(database_url: str) -> None:
    case = Killed(database_url, services.dies_before_any_commit)
    assert_nothing_happened(case.site, case.key)
    assert case.repeat().status_code == 201


def test_a_repeated_request_learns_what_the_dead_process_did(database_url: str) -> None:
    case = Killed(database_url, services.dies_after_the_commit)
    answer = case.repeat()
    assert (answer.status_code, answer.json["cancellation_id"], answer.json["slot"]) == (201, 1, "released")
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert_cancelled(case.site, case.key)
    assert case.repeat().json == answer.json


def test_a_repeated_request_waits_while_the_first_may_be_at_work_and_then_does_it_anew(database_url: str) -> None:
    case = Killed(database_url, services.dies_before_the_visit_is_cancelled)
    early = case.repeat()
    assert (early.status_code, early.json["code"]) == (409, "conflict")
    assert early.json["detail"] == "This appointment is being cancelled at this moment. Look again in a minute."
    case.site.clinic.clock.forward(seconds=61)
    answer = case.repeat()
    assert (answer.status_code, answer.json["cancellation_id"]) == (201, 2)
    assert [(row.id, row.generation) for row in case.site.rows(Cancellation)] == [(1, 1), (2, 2)]
    assert case.site.rows(Pending) == []
    assert states(case.site, Slot) == ["released", "taken"]


def test_without_a_worker_whoever_cancels_after_a_minute_clears_the_way(database_url: str) -> None:
    case = Killed(database_url, services.dies_before_the_visit_is_cancelled)
    answer = post(case.site, case.key)
    assert (answer.status_code, "is being cancelled at this moment" in text_of(answer)) == (409, True)
    case.site.clinic.clock.forward(seconds=61)
    assert post(case.site, case.key).status_code == 303
    assert [event.action for event in case.site.rows(Event)] == [
        "appointment.cancelled",
        "fee.undone",
        "cancellation.reversed",
        "appointment.cancelled",
    ]
