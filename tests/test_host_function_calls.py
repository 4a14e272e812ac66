"""What the host's own function is called with, how it is named, and what does not go together with it."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from typing import Any

import pytest

from flask_cancellations import ConfigError
from flask_cancellations.models import (
    Cancellation,
    Claim,
    Slot,
)
from flask_cancellations.services.actor import job_actor

from . import finance_host as services
from .finance_host import FinanceSite
from .finance_outcomes import (
    FAILED,
    assert_cancelled,
    assert_nothing_happened,
    post,
    post_is,
    replaced,
    states,
)
from .site import ROOT, text_of
from .small_host import NOW, readme_toml

# Hosts without a status.


def status_free(url: str, service: Any, none: str, **cancel: Any) -> FinanceSite:
    mapped = tomllib.loads(readme_toml())["CANCELLATIONS_HOST"]
    mapped["appointment"]["status"] = {"none": none}
    mapped["appointment"]["cancel"] = {"function": service, **cancel}
    return FinanceSite(url, None, CANCELLATIONS_HOST=mapped)


def test_where_cancelling_deletes_the_function_deletes(database_url: str) -> None:
    def delete(visit: Any) -> None:
        session = services.session_of(visit)
        for row in [*visit.bills, visit]:
            session.delete(row)
        session.commit()

    def keep(visit: Any) -> None:
        services.session_of(visit).commit()

    site = status_free(database_url, keep, "delete", commits=True)
    key = site.billed()
    assert post(site, key).status_code == 409
    assert states(site, Claim) == ["booked"]
    site.clinic.state.host.own_cancel = replaced(site, delete)
    assert post(site, key).status_code == 303
    assert (states(site, Claim), states(site, Slot)) == (["cancelled"], ["released", "taken"])
    assert text_of(site.browser().get(f"{ROOT}/cancellation/2")).count("Мария Петрова")
    assert post_is(site, key, 409)


def test_where_our_claim_is_the_status_an_ordinary_function_does_the_rest(database_url: str) -> None:
    site = status_free(database_url, lambda visit: visit.bills[0].__setattr__("state", "void"), "hide")
    key = site.billed()
    assert post(site, key).status_code == 303
    assert (states(site, Claim), site.bills(key)) == (["cancelled"], ["void"])
    refusing = status_free(database_url, lambda _: False, "hide")
    assert post(refusing, other := refusing.billed(start=NOW + timedelta(hours=7))).status_code == 409
    assert [row for row in refusing.rows(Cancellation) if row.appointment_key == other] == []


# What is called, and how.


def test_a_function_gets_the_arguments_that_it_asks_for(sqlite_url: str) -> None:
    given: list[Any] = []

    def note(*arguments: Any) -> None:
        given.extend(arguments)
        services.close_books(arguments[0], "")

    everything = ["row", "key", "reason", "code", "note", "side", "actor", "actor_name"]
    site = FinanceSite(sqlite_url, note, cancel={"arguments": everything, "commits": False}, CANCELLATIONS_LOCALE="bg")
    key, client = site.billed(), site.browser()
    assert site.send(client, key, site.form(client, key, note=" Fever ")).status_code == 303
    assert given[1:] == [int(key), "Заболяване", "illness", "Fever", "client", 1, "Elena Desk"]


def test_a_link_has_no_user_to_hand_over(sqlite_url: str) -> None:
    given: list[Any] = []

    def note(row: Any, actor: Any) -> None:
        given.append(actor)
        services.close_books(row, "")

    site = FinanceSite(sqlite_url, note, cancel={"arguments": ["row", "actor"], "commits": False})
    site.cancel(site.billed(), job_actor("import"))
    assert given == [None]


def method_site(url: str, method: str, **more: Any) -> FinanceSite:
    site = FinanceSite(url, None, cancel={"method": method, "arguments": None, "commits": None, **more})
    visit, patient = site.clinic.Visit, site.clinic.Patient

    def cancel(self: Any, reason: str = "asked for") -> None:
        services.close_books(self, reason)

    def close(self: Any, visit: Any) -> None:
        services.close_books(visit, self.last_name)

    visit.cancel, patient.cancel_visit = cancel, close
    return site


@pytest.mark.parametrize(
    ("method", "arguments", "bill"),
    [("cancel", None, "asked for"), ("cancel", ["reason"], "Ill"), ("patient.cancel_visit", ["row"], "Петрова")],
)
def test_a_method_of_the_row_or_behind_it(sqlite_url: str, method: str, arguments: Any, bill: str) -> None:
    site = method_site(sqlite_url, method, arguments=arguments)
    key = site.billed()
    assert post(site, key).status_code == 303
    assert_cancelled(site, key, f"void: {bill}")


def test_a_row_without_what_the_method_belongs_to_is_not_cancelled(sqlite_url: str) -> None:
    site = method_site(sqlite_url, "patient.cancel_visit", arguments=["row"])
    key = site.billed()
    site.change(key, patient=None)
    answer = post(site, key)
    assert (answer.status_code, FAILED in text_of(answer)) == (500, True)
    assert_nothing_happened(site, key)


async def later(visit: Any) -> None:
    """Nobody would wait for it."""


@pytest.mark.parametrize(
    ("cancel", "fault"),
    [
        ({"function": "tests.finance_host:commit"}, "a name in tests.finance_host. Did you mean 'commits'?"),
        ({"function": "tests.finance_host:ROOT"}, "expected a function"),
        (
            {"function": "tests.test_host_function_calls:later", "arguments": ["row"]},
            "a coroutine, expected an ordinary function",
        ),
        ({"function": "tests.finance_host:commits", "arguments": ["row"]}, "missing a required argument: 'reason'"),
        ({"method": "cancle", "function": None}, "a method of Visit. Did you mean 'cancel'?"),
        ({"method": "state", "function": None}, "expected a method of Visit"),
        ({"method": "cancel", "function": None, "arguments": ["row", "key"]}, "too many positional arguments"),
        ({"method": "bills.cancel", "function": None}, "'bills', a relation to many rows"),
        ({"method": "treatmnt.cancel", "function": None}, "Did you mean 'treatment'?"),
    ],
)
def test_what_cannot_be_called_is_found_before_anybody_cancels(sqlite_url: str, cancel: Any, fault: str) -> None:
    site = FinanceSite(sqlite_url, None, cancel={"arguments": None, "commits": None, **cancel})

    def cancel_method(self: Any, reason: str = "") -> None:
        """As in hosts."""

    site.clinic.Visit.cancel = cancel_method
    with site.clinic.app.app_context(), pytest.raises(ConfigError) as raised:
        site.clinic.cancellations.validate()
    assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("cancel", "host", "fault"),
    [
        ({"method": "cancel"}, {}, "found function and method, expected one of the two"),
        ({"arguments": ["visit"]}, {}, "cancel.arguments[0]"),
        ({"function": None}, {}, "cancel.function: found nothing"),
        ({}, {"write_back": {"reason": "state"}}, "found cancel beside write_back"),
        ({}, {"status": {"none": "hide"}}, "cancel.commits: found true where the status is {none = 'hide'}"),
    ],
)
def test_what_does_not_go_together_is_refused(sqlite_url: str, cancel: Any, host: Any, fault: str) -> None:
    mapped = tomllib.loads(readme_toml())["CANCELLATIONS_HOST"]
    mapped["appointment"] |= host
    table = {"function": services.commits, "arguments": ["row", "reason"], "commits": True, **cancel}
    mapped["appointment"]["cancel"] = {name: value for name, value in table.items() if value is not None}
    with pytest.raises(ConfigError) as raised:
        FinanceSite(sqlite_url, services.commits, CANCELLATIONS_HOST=mapped)
    assert fault in str(raised.value)
