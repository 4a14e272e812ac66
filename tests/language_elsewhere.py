"""The walk through what the host's own pages did, past us: the list, every answer to it, the history."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from flask_cancellations import Conflict
from flask_cancellations.models import Cancellation, Movement, Review, SettlementRow
from flask_cancellations.services import fees, payments
from flask_cancellations.services.transaction import transaction

from .language_walk import DESK, TYPED, Walk, run_worker
from .site import Site, at

WAIVED: dict[str, Any] = {"fee": "waive", "waive_reason": TYPED}


def swept(site: Site, times: int = 1) -> None:
    """Passes of the sweep."""
    for _ in range(times):
        done = site.clinic.app.test_cli_runner().invoke(args=["cancellations", "sweep", "--accept"])
        assert done.exit_code == 0, done.output


def past_us(walk: Walk) -> None:
    """All kinds of items, looked at, answered wrongly, and answered."""
    site = walk.site()
    manager = site.browser()
    swept(site)
    walk.look(manager, "/review")
    keys = done_past_us(walk, site)
    walk.look(manager, "/")
    walk.look(manager, "/review")
    first = "/review/1/explain"
    for number, (status, fields) in enumerate(
        [
            (422, {}),
            (422, {"reason": "other"}),
            (422, {"reason": "other", "note": "7" * 2001}),
            (200, {"reason": "therapist_ill", "note": TYPED}),
            (409, {"reason": "illness"}),
        ]
    ):
        walk.send(manager, first, status, idempotency_key=f"entry {number}", **fields)
    walk.send(manager, first, 422, idempotency_key="entry 3", reason="work")
    walk.send(manager, first, 422, reason="work")
    walk.send(manager, "/review/777/explain", 404, idempotency_key="none", reason="work")
    items = {row.id: row for row in site.rows(Review)}
    reason = next(number for number, row in items.items() if row.kind == "reason" and row.state == "open")
    walk.send(manager, f"/review/{reason}/close", 404, idempotency_key="not to be closed")
    others = [number for number, row in items.items() if row.kind != "reason"]
    walk.send(manager, f"/review/{others[0]}/explain", 404, idempotency_key="not to be explained", reason="work")
    charged = next(number for number in others if items[number].kind == "restored")
    walk.send(manager, f"/review/{charged}/close", 422, idempotency_key="no choice")
    refused_at_the_desk(walk, site)
    for number in others:
        fee = "keep" if number % 2 else "drop"
        walk.send(manager, f"/review/{number}/close", 200, idempotency_key=f"close {number}", fee=fee)
    site.set_state(items[reason].appointment_key, "booked")
    swept(site)
    walk.send(manager, f"/review/{reason}/explain", 409, idempotency_key="pointless", reason="work")
    for key in keys:
        walk.look(manager, f"/appointment/{key}")
    for row in site.rows(Cancellation):
        walk.look(manager, f"/cancellation/{row.id}")


def refused_at_the_desk(walk: Walk, site: Site) -> None:
    """What is decided where it is listed, and not with the fee."""
    state = site.clinic.state
    waiting = next(row for row in site.rows(SettlementRow) if row.stood_again_us and row.pending)
    for step in (fees.charge, partial(fees.release, reason=TYPED)):
        with site.clinic.app.app_context():
            with pytest.raises(Conflict) as refusal:
                step(state, waiting.cancellation_id, DESK)
            site.clinic.db.session.rollback()
        walk.say("money of an appointment that stands again", str(refusal.value))


def settle_by_hand(site: Site) -> None:
    """The desk has paid out and taken in all that waits for it."""
    state = site.clinic.state
    for movement in site.rows(Movement):
        if movement.state == "manual":
            with site.clinic.app.app_context(), transaction(state):
                payments.settle_by_hand(state, movement.id, DESK, how="cash")


def done_past_us(walk: Walk, site: Site) -> list[str]:
    """Appointments that were cancelled, missed, deleted, moved and restored by the host's own pages; their keys."""
    deposits = ["20.00"] * 9 + ["50.00", "50.00"]
    keys = [walk.visit(site, at(15, number), deposit=deposit) for number, deposit in enumerate(deposits)]
    one, two, missed, deleted, nobodys, moved, restored, soon, elsewhere, refunded, credited = keys
    site.change(nobodys, patient=None)
    swept(site)
    for key, values in (
        (restored, {}),
        (elsewhere, {}),
        (refunded, {**WAIVED, "rest": "refund"}),
        (credited, {**WAIVED, "rest": "credit"}),
    ):
        site.cancel(key, DESK, **values)
    site.clock.forward(minutes=5)
    run_worker(site)
    settle_by_hand(site)
    site.cancel(soon, DESK)
    for key in (one, two, nobodys):
        site.set_state(key, "cancelled")
    site.set_state(missed, "missed")
    site.delete(deleted)
    site.change(moved, begins_at=at(9, day=4))
    for key in (restored, soon, refunded, credited):
        site.set_state(key, "booked")
    site.change(elsewhere, state="booked", begins_at=at(9, day=5))
    swept(site, 2)
    return keys
