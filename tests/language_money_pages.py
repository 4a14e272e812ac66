"""The walk through the pages of money: the desk's list, the steps of a fee, client credit, the credit note."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from flask_cancellations import Deposit, PaymentRefused
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import Cancellation, CreditNote, Movement, Review
from flask_cancellations.services import credit, desk, fees, payments

from .language_walk import DESK, TYPED, Walk, run_worker
from .money_host import Till
from .site import Site, at

WAITING = {"CANCELLATIONS_PENDING": "2h", "CANCELLATIONS_WAIVER_LIMITS": {"reception": "5.00"}}


@dataclass
class Desk(Till):
    """A host that knows its payments by name, and moves money only while it has an `answer`."""

    answer: Exception | str | None = None

    def refund(self, payment: Any) -> str | None:  # type: ignore[override]  # None: the desk does it
        return self.charge(payment)

    def charge(self, payment: Any) -> str | None:  # type: ignore[override]  # the same
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def _do(site: Site, deed: Any, *args: Any, **values: Any) -> None:
    with site.clinic.app.app_context(), site.clinic.cancellations.transaction():
        deed(site.clinic.state, *args, DESK, **values)


def _soon(walk: Walk, site: Site, **values: Any) -> str:
    """A visit in five hours."""
    return walk.visit(site, site.clock.wall + timedelta(hours=5), **values)


def _late(site: Site, minutes: float = 4) -> None:
    site.clock.forward(minutes=minutes)
    with site.clinic.app.app_context():
        run_once(site.clinic.state)


def money_list(walk: Walk) -> None:
    """The list: empty, of every kind, wrongly and rightly settled, too long."""
    host = Desk([Deposit(4000, "EUR", reference=TYPED)])
    site = walk.site(CANCELLATIONS_ADAPTER=host)
    manager = site.browser()
    walk.look(manager, "/money")
    site.cancel(_soon(walk, site), DESK, rest="refund")
    site.cancel(_soon(walk, site), DESK, rest="credit")
    host.paid = []
    site.cancel(_soon(walk, site), DESK)
    _late(site)
    _do(site, lambda state, actor: credit.pay_out(state, _client(site, 2), actor))
    _late(site)
    host.answer = PaymentRefused(TYPED)
    site.cancel(_soon(walk, site), DESK)
    _late(site)
    walk.look(manager, "/credit-note/1")
    walk.look(manager, "/")
    walk.look(manager, "/money")
    for kind in ("charge", "refund", "pay_out", "failed"):
        walk.look(manager, f"/money?kind={kind}")
    rows = {(row.kind, row.state): row.id for row in site.rows(Movement)}
    refund, failed = rows["refund", "manual"], rows["charge", "failed"]
    for number, fields in enumerate(({}, {"how": "other"}, {"how": "cash", "note": "7" * 501})):
        walk.send(manager, f"/money/{refund}/settle", 422, idempotency_key=f"no {number}", **fields)
    for number, how in enumerate(payments.HOW):
        row = next(row.id for row in site.rows(Movement) if row.state in ("manual", "failed"))
        on = {"on": "record"} if number == 3 else {}
        walk.send(manager, f"/money/{row}/settle", 200, idempotency_key=how, how=how, note=TYPED, **on)
        walk.look(manager, f"/appointment/{_of_movement(site, row)}")
    walk.look(manager, "/cancellation/1")
    walk.send(manager, f"/money/{refund}/settle", 409, idempotency_key="late", how="cash")
    walk.send(manager, "/money/777/settle", 404, idempotency_key="none", how="cash")
    walk.send(manager, f"/money/{failed}/retry", 409, idempotency_key="again")
    _payments(walk, site, host)
    site.cancel(_soon(walk, site), DESK)
    site.cancel(_soon(walk, site), DESK)
    host.answer = None
    _late(site)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk, "MOST", 2)
        walk.look(manager, "/money")


def _payments(walk: Walk, site: Site, host: Desk) -> None:
    """What the payment provider did, as the pages tell it: nothing certain, no, tried again, done."""
    manager = site.browser()
    done = []
    for deposit in ([], [Deposit(4000, "EUR")]):
        host.paid, host.answer = deposit, TimeoutError(TYPED)
        number = site.cancel(_soon(walk, site), DESK, **({"rest": "refund"} if deposit else {}))
        _late(site)
        walk.look(manager, f"/cancellation/{number}")
        host.answer = PaymentRefused(TYPED)
        _late(site, 60)
        movement = next(row for row in site.rows(Movement) if row.cancellation_id == number and row.state == "failed")
        walk.send(manager, f"/money/{movement.id}/retry", 200, idempotency_key=f"retry {number}")
        host.answer = TimeoutError(TYPED)
        for _ in range(9):
            _late(site, 60)
        walk.look(manager, "/money?kind=failed")
        walk.look(manager, f"/cancellation/{number}")
        walk.send(manager, f"/money/{movement.id}/retry", 200, idempotency_key=f"record {number}", on="record")
        host.answer = TYPED
        _late(site)
        walk.look(manager, f"/cancellation/{number}")
        done.append(number)
    for row in site.rows(Cancellation):
        if row.id in done:
            walk.look(manager, f"/appointment/{row.appointment_key}")


def _client(site: Site, cancellation_id: int) -> str:
    return next(str(row.client_key) for row in site.rows(Cancellation) if row.id == cancellation_id)


def _of_movement(site: Site, movement_id: int) -> str:
    number = next(row.cancellation_id for row in site.rows(Movement) if row.id == movement_id)
    return next(str(row.appointment_key) for row in site.rows(Cancellation) if row.id == number)


def fee_steps(walk: Walk) -> None:
    """Every step of a fee and of a held deposit, wrongly and rightly."""
    site = walk.site(**WAITING)
    manager = site.browser()
    number = site.cancel(_soon(walk, site), DESK)
    page = f"/cancellation/{number}"
    walk.look(manager, page)
    walk.look(site.browser("reception"), page)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("charge", {"amount": "x"}),
        ("charge", {"amount": "7.777"}),
        ("charge", {"amount": "77"}),
        ("waive", {"amount": "7"}),
        ("waive", {"amount": "7", "reason": "7" * 501}),
        ("waive", {"amount": "7", "reason": TYPED, "way": "7"}),
    ]
    for turn, (step, fields) in enumerate(wrong):
        walk.send(manager, f"{page}/{step}", 422, idempotency_key=f"wrong {turn}", seen=0, **fields)
    walk.send(manager, f"{page}/charge", 422, seen=0, amount="7")
    right = [("waive", "7", "refund"), ("drop", "7", "credit"), ("charge", "16", ""), ("give_back", "7", "credit")]
    for turn, (step, amount, way) in enumerate(right):
        fields = {"seen": turn, "amount": amount, "reason": TYPED, "way": way}
        walk.send(manager, f"{page}/{step}", 200, idempotency_key=f"right {turn}", **fields)
    walk.send(manager, f"{page}/give_back", 200, idempotency_key="more", seen=4, amount="7", reason=TYPED, way="refund")
    walk.send(manager, f"{page}/charge", 409, idempotency_key="late", seen=0, amount="7")
    walk.look(manager, "/appointment/1")
    refilled = walk.visit(site, at(17))
    site.cancel(refilled, DESK)
    walk.visit(site, at(17))
    _late(site)
    walk.look(manager, f"/appointment/{refilled}")
    _past_us(walk, site)


def _past_us(walk: Walk, site: Site) -> None:
    """The deposit of what was cancelled in the host's own pages; the fee of what stands again."""
    manager, found, restored = site.browser(), walk.visit(site, at(18)), walk.visit(site, at(19), deposit="50.00")
    soon = walk.visit(site, at(20), deposit="50.00")
    runner = site.clinic.app.test_cli_runner()
    runner.invoke(args=["cancellations", "sweep", "--baseline"])
    number = site.cancel(restored, DESK, rest="credit")
    site.clock.forward(minutes=4)
    run_worker(site)
    site.cancel(soon, DESK, rest="credit")
    site.set_state(found, "cancelled")
    for key in (restored, soon):
        site.set_state(key, "booked")
    runner.invoke(args=["cancellations", "sweep", "--accept"])
    page = f"/cancellation/{number + 2}"
    walk.look(manager, page)
    fields = {"seen": 0, "amount": "7", "reason": TYPED, "way": "refund"}
    walk.send(manager, f"{page}/release", 200, idempotency_key="release", **fields)
    walk.look(manager, f"/cancellation/{number}")
    walk.send(manager, f"/cancellation/{number}/charge", 409, idempotency_key="stands", seen=1, amount="7")
    item = next(row.id for row in site.rows(Review) if row.cancellation_id == number)
    walk.send(manager, f"/review/{item}/close", 200, idempotency_key="drop", fee="drop")
    for key in (restored, soon):
        walk.look(manager, f"/appointment/{key}")
    papers = [row.number for row in site.rows(CreditNote) if row.reverses_id is not None]
    walk.look(manager, f"/credit-note/{papers[-1]}")
    walk.look(manager, f"/client/{_client(site, number)}/credit")


def client_credit(walk: Walk) -> None:
    """Credit that is on its way, used in every way, expired; and the papers for it."""
    vat = {"credit": "20%", "number": "777", "name": "777", "address": "777", "series": "7-"}
    site = walk.site(CANCELLATIONS_CREDIT_EXPIRES="365d", CANCELLATIONS_VAT=vat, CANCELLATIONS_CLINIC_TAX_ID="777")
    manager = site.browser()
    number = site.cancel(_soon(walk, site, deposit="50.00"), DESK, rest="credit")
    page = f"/client/{_client(site, number)}/credit"
    walk.look(manager, page)
    _late(site)
    walk.look(manager, page)
    for turn, fields in enumerate(
        ({"amount": "77"}, {"amount": "x", "reference": "7" * 191}, {"amount": "0", "reference": "7"}, {"currency": ""})
    ):
        sent = {"currency": "EUR", "amount": "7", **fields}
        walk.send(manager, f"{page}/redeem", 422, idempotency_key=f"wrong {turn}", **sent)
    walk.send(manager, f"{page}/1/void", 422, idempotency_key="no reason", seen=2000)
    walk.send(manager, f"{page}/1/void", 409, idempotency_key="late", seen=7, reason=TYPED)
    walk.send(manager, f"{page}/redeem", 200, idempotency_key="redeem", currency="EUR", amount="7", reference=TYPED)
    walk.send(manager, f"{page}/pay-out", 200, idempotency_key="pay", currency="EUR", amount="7")
    walk.send(manager, f"{page}/1/void", 200, idempotency_key="void", seen=600, reason=TYPED)
    walk.send(manager, f"{page}/777/void", 404, idempotency_key="none", seen=600, reason=TYPED)
    walk.look(manager, "/client/777/credit", 404)
    walk.look(manager, "/appointment/1")
    for paper in (1, 2):
        walk.look(manager, f"/credit-note/{paper}")
    walk.look(manager, "/credit-note/777", 404)
    second = site.cancel(_soon(walk, site, deposit="50.00"), DESK, rest="credit")
    _do(site, lambda state, actor: fees.give_back(state, second, actor, reason=TYPED, way="credit"))
    owing = site.cancel(_soon(walk, site, deposit="0"), DESK)
    walk.look(manager, f"/client/{_client(site, owing)}/credit")
    _late(site)
    walk.look(manager, f"/client/{_client(site, second)}/credit")
    walk.look(manager, f"/cancellation/{second}")
    for paper in (3, 4):
        walk.look(manager, f"/credit-note/{paper}")
    site.clock.forward(days=366)
    walk.look(manager, f"/client/{_client(site, second)}/credit")
    _late(site)
    walk.look(manager, f"/client/{_client(site, second)}/credit")
    walk.look(manager, f"/appointment/{second}")
    lasting = walk.site(**WAITING)
    kept = lasting.cancel(_soon(walk, lasting, deposit="50.00"), DESK, rest="credit")
    _late(lasting)
    for path in (f"/client/{_client(lasting, kept)}/credit", "/credit-note/1"):
        walk.look(lasting.browser(), path)
    gone = lasting.cancel(_soon(walk, lasting, client={"first_name": "", "last_name": ""}), DESK)
    walk.look(lasting.browser(), f"/client/{_client(lasting, gone)}/credit")


STEPS = (money_list, fee_steps, client_credit)
