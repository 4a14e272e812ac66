"""What may come of a cancellation by a host's own function, for tests: all of it, nothing, or taken back again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from flask_cancellations.models import (
    AnsweredRequest,
    Cancellation,
    Claim,
    Event,
    Message,
    Movement,
    Pending,
    SettlementRow,
    Slot,
)

from .finance_host import FinanceSite

OURS = (Cancellation, Claim, Event, Message, Movement, Pending, SettlementRow, Slot, AnsweredRequest)
REFUSED = "The clinic's own program did not cancel this appointment. It stands as before."
FAILED = "The clinic's own program broke off while it cancelled. The appointment stands as before."


def post(site: FinanceSite, key: str) -> Any:
    """Somebody of the desk fills the form in and sends it."""
    client = site.browser()
    return site.send(client, key, site.form(client, key))


def states(site: FinanceSite, model: type[Any]) -> list[str]:
    return sorted(row.state for row in site.rows(model))


def assert_nothing_happened(site: FinanceSite, key: str) -> None:
    assert {model.__name__: len(site.rows(model)) for model in OURS} == dict.fromkeys((m.__name__ for m in OURS), 0)
    assert (site.state_of(key), site.bills(key)) == ("booked", ["open"])


def assert_cancelled(site: FinanceSite, key: str, bills: str = "void: Ill") -> None:
    """All that a cancellation is, and nothing left pending."""
    assert (site.state_of(key), site.bills(key)) == ("cancelled", [bills])
    assert states(site, Claim) == ["cancelled"]
    assert states(site, Message) == ["waiting", "waiting"]
    assert states(site, Movement) == ["created"]
    assert states(site, Slot) == ["released"]
    assert site.rows(Pending) == []
    assert [event.action for event in site.rows(Event)] == ["appointment.cancelled"]


def assert_taken_back(site: FinanceSite, key: str, why: str) -> None:
    """The appointment stands, and whoever looks learns that it was tried."""
    assert site.state_of(key) == "booked"
    assert [(claim.state, claim.generation) for claim in site.rows(Claim)] == [("booked", 2)]
    assert states(site, Message) == ["stopped", "stopped"]
    assert states(site, Movement) == ["stopped"]
    assert states(site, Slot) == ["taken"]
    assert site.rows(Pending) == []
    assert site.rows(AnsweredRequest) == []
    last = site.rows(Event)[-1]
    assert last.action == "cancellation.reversed"
    assert json.loads(last.body)["after"]["why"] == why
    settled = site.rows(SettlementRow)[-1]
    assert (settled.deposit, settled.held, settled.taken, settled.due, settled.dropped) == (2000, 2000, 0, 0, 3000)


def replaced(site: FinanceSite, service: Any) -> Any:
    """The same mapping with another function behind it, as after a deployment."""
    with site.clinic.app.app_context():
        own = site.clinic.state.host.own_cancel
    assert own is not None
    return replace(own, function=service)


def post_is(site: FinanceSite, key: str, status: int) -> bool:
    """What somebody else gets who wants to cancel it too."""
    client = site.browser()
    form = {"reason": "illness", "told_channel": "phone", "fee": "charge", "idempotency_key": "another"}
    answer = site.send(client, key, form)
    return bool(answer.status_code == status)
