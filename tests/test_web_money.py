"""Money to settle and the steps of a fee through HTTP: what the desk sees, does, gets wrong, and may not."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from flask_cancellations import PaymentRefused
from flask_cancellations.models import Event, FeeStep, Movement, Waiver
from flask_cancellations.services import credit, fees

from .money_host import DESK, Till
from .money_site import WRONG_AMOUNTS, MoneySite, send
from .site import ROOT, at, hidden, text_of
from .tenant_host import run


@pytest.fixture
def site() -> Iterator[MoneySite]:
    """A clinic whose fees wait two hours, without a payment provider."""
    made = MoneySite(CANCELLATIONS_PENDING="2h", CANCELLATIONS_WAIVER_LIMITS={"reception": "5.00"})
    yield made
    made.books_agree()


@pytest.fixture
def at_once() -> Iterator[MoneySite]:
    """A clinic that charges at once."""
    made = MoneySite()
    yield made
    made.books_agree()


@dataclass
class Moody(Till):
    """A provider that says no, or nothing at all, until it has no such `answer`."""

    answer: Exception | None = None

    def refund(self, payment: Any) -> str:
        return self._ask(payment)

    def charge(self, payment: Any) -> str:
        return self._ask(payment)

    def _ask(self, payment: Any) -> str:
        if self.answer is not None:
            raise self.answer
        self.moved.append(payment)
        return "r-1"


# -- the list ------------------------------------------------------------------------------------------------------


def test_nothing_waits(at_once: MoneySite) -> None:
    desk = at_once.browser()
    assert "Nothing waits to be settled." in text_of(desk.get(f"{ROOT}/money"))
    assert f"{ROOT}/money" not in desk.get(f"{ROOT}/").text


def test_from_the_day_list_to_a_settled_payment(at_once: MoneySite) -> None:
    site = at_once
    site.cancelled(at(15), deposit="20.00")
    site.cancelled(at(16), deposit="40.00", client={"first_name": "Ана"})
    site.work()
    desk = site.browser()
    day = desk.get(f"{ROOT}/")
    assert "2 payments to settle" in text_of(day)
    assert f'href="{ROOT}/money"' in day.text
    page = text_of(desk.get(f"{ROOT}/money"))
    assert "All 2 To collect 1 To pay back 1 In all To collect 10.00 EUR To pay back 10.00 EUR" in page
    assert "10.00 EUR Wednesday, 2 December 2026, 15:00 · Massage · Dr Ivan Kolev To collect since Wednesday" in page
    assert "10:08 Collect this from the client. Settled by hand : Мария Петрова, 10.00 EUR" in page
    assert "Try again" not in page
    only = text_of(desk.get(f"{ROOT}/money?kind=refund"))
    assert "Pay this back to the client." in only
    assert "Collect this" not in only
    assert "In all To pay back 10.00 EUR Payments" in only

    answer = send(desk, "/money/1/settle", page="/money", how="card", note="terminal 2", kind="charge")
    assert (answer.status_code, answer.location) == (303, f"{ROOT}/money?did=settled&kind=charge")
    assert "It is settled, and off the list." in text_of(desk.get(answer.location))
    assert site.states() == [("charge", "done", 1000), ("refund", "manual", 1000)]
    row = site.rows(Movement)[0]
    assert (row.settled_by, row.settled_how, row.note) == ("Elena Desk", "card", "terminal 2")
    assert site.settled().kept == 3000
    story = text_of(desk.get(f"{ROOT}/appointment/1"))
    assert "Collected at the desk: 10.00 EUR" in story
    assert "By Elena Desk Settled by Card Note (staff only) terminal 2" in story
    assert "Fee paid: 10.00 EUR" in story
    record = text_of(desk.get(f"{ROOT}/cancellation/1"))
    assert "Paid from the deposit 20.00 EUR Paid by the client 10.00 EUR" in record
    assert "1 payment to settle" in text_of(desk.get(f"{ROOT}/"))


def test_credit_that_is_paid_out_is_a_kind_of_its_own(at_once: MoneySite) -> None:
    site = at_once
    site.cancelled(deposit="40.00", rest="credit")
    site.work()
    site.do(lambda state, actor: credit.pay_out(state, site.client_key(1), actor, amount=400))
    site.work()
    page = text_of(site.browser().get(f"{ROOT}/money?kind=pay_out"))
    assert "All 1 Credit to pay out 1 In all Credit to pay out 4.00 EUR" in page
    assert "Pay this credit out to the client." in page


@pytest.mark.parametrize(
    ("fields", "name", "sentence"),
    [
        ({}, "how", "Choose one of the possibilities offered."),
        ({"how": "shells"}, "how", "Choose one of the possibilities offered."),
        ({"how": "other"}, "note", "Say how."),
        ({"how": "cash", "note": "n" * 501}, "note", "This text is too long: 500 characters at most."),
    ],
)
@pytest.mark.parametrize("on", ["list", "record"])
def test_a_wrong_entry_is_named_at_its_field_and_what_was_typed_stays(
    at_once: MoneySite, fields: dict[str, str], name: str, sentence: str, on: str
) -> None:
    at_once.cancelled()
    at_once.work()
    desk = at_once.browser()
    answer = send(desk, "/money/1/settle", on=on, **fields)
    assert answer.status_code == 422
    assert text_of(answer).count(sentence) == 2  # in the summary and at the field
    assert f'href="#fcx-{name}-1"' in answer.text
    assert f'id="fcx-{name}-1-errors"' in answer.text
    assert "<details" in answer.text
    assert ' open">' not in answer.text
    if fields.get("note"):
        assert fields["note"] in answer.text
    assert ("Money to settle" in text_of(answer)) == (on == "list")
    assert at_once.states() == [("charge", "manual", 1000)]


def test_sent_twice_it_is_settled_once_and_the_slower_of_two_is_told(at_once: MoneySite) -> None:
    at_once.cancelled()
    at_once.work()
    desk, other = at_once.browser(), at_once.browser(name="Vera Front")
    key = hidden(desk.get(f"{ROOT}/money"), "idempotency_key")
    late = hidden(other.get(f"{ROOT}/money"), "idempotency_key")
    for _ in range(2):
        assert send(desk, "/money/1/settle", key=key, how="cash").status_code == 303
    assert send(desk, "/money/1/settle", key=key, how="card").status_code == 422
    slow = send(other, "/money/1/settle", key=late, how="card")
    assert slow.status_code == 409
    assert "This payment is no longer to be settled." in text_of(slow)
    assert "Nothing waits to be settled." in text_of(slow)
    assert send(other, "/money/1/settle", how="card", on="record").status_code == 409
    assert send(other, "/money/1/settle", key="", how="card").status_code in (409, 422)
    assert [event.action for event in at_once.rows(Event)].count("charge.done") == 1
    assert at_once.settled().kept == 3000


@pytest.mark.parametrize(("doubt", "sentence"), [(False, "no money has moved"), (True, "Nobody knows whether money")])
def test_a_failed_payment_says_what_is_known_and_is_tried_again(doubt: bool, sentence: str) -> None:
    till = Moody(answer=TimeoutError("no answer") if doubt else PaymentRefused("card declined"))
    site = MoneySite(CANCELLATIONS_ADAPTER=till)
    site.cancelled(deposit="0")
    for _ in range(9 if doubt else 1):
        site.work(60)
    desk = site.browser()
    page = text_of(desk.get(f"{ROOT}/money?kind=failed"))
    assert "To collect: failed" in page
    assert sentence in page
    assert f"What it answered: {'TimeoutError: no answer' if doubt else 'card declined'}" in page
    assert ("Trying again asks about the same payment" in page) == doubt
    assert "the payment failed, see below" in text_of(desk.get(f"{ROOT}/cancellation/1"))
    till.answer = None
    answer = send(desk, "/money/1/retry", on="record")
    assert (answer.status_code, answer.location) == (303, f"{ROOT}/cancellation/1?did=retried#money")
    assert send(desk, "/money/1/retry", key="again").status_code == 409
    site.work(1)
    assert site.states() == [("charge", "done", 3000)]
    story = text_of(desk.get(f"{ROOT}/appointment/1"))
    for text in ("given to the payment provider", "failed", "to be tried again", "made by the payment provider"):
        assert f"Charge {text}: 30.00 EUR" in story


# -- the fee ---------------------------------------------------------------------------------------------------------


def test_a_pending_fee_is_charged_waived_and_dropped_in_parts(site: MoneySite) -> None:
    site.cancelled(at(15), deposit="20.00")
    desk = site.browser()
    page = text_of(desk.get(f"{ROOT}/cancellation/1"))
    assert "Pending charged on Wednesday, 2 December 2026, 12:05, unless the time is booked again before" in page
    assert "Held as long as the fee is pending 20.00 EUR" in page
    assert "What else can be done Charge now" in page
    assert "Evidence for this fee (ZIP)" in page

    def step(name: str, **fields: str) -> str:
        answer = send(desk, f"/cancellation/1/{name}", seen=site.version(), **fields)
        assert (answer.status_code, answer.location) == (303, f"{ROOT}/cancellation/1?did={name}#money")
        return text_of(desk.get(answer.location))

    assert "The fee is waived." in step("waive", amount="5", reason="Loyal client", way="credit")
    assert "The fee is dropped." in step("drop", amount="15,00", reason="Half a loss", way="refund")
    page = step("charge", amount="10.00")
    assert "Waived Loyal client 5.00 EUR Paid from the deposit 10.00 EUR Dropped no longer asked for 15.00 EUR" in page
    assert "What became of it Fee waived: 5.00 EUR Wednesday, 2 December 2026, 10:05 · from the clinic's pages" in page
    assert "By Elena Desk Reason Loyal client" in page
    assert "Fee dropped: 15.00 EUR" in page
    assert "Fee charged: 10.00 EUR" in page
    assert "Charge now" not in page
    page = step("give_back", amount="4", reason="Our mistake", way="credit")
    assert "The fee will be given back." in page
    assert "Given back as credit" in page
    assert [row.step for row in site.rows(FeeStep)] == ["waive", "drop", "charge", "give_back"]
    site.work()
    assert site.states() == [("refund", "manual", 1000), ("credit", "done", 400)]


def test_a_deposit_that_nothing_waits_for_is_let_go(site: MoneySite) -> None:
    site.cancelled(deposit="50.00", rest="refund")
    key = site.visit()
    site.clinic.app.test_cli_runner().invoke(args=["cancellations", "sweep", "--baseline"])
    site.set_state(key, "cancelled")
    site.clinic.app.test_cli_runner().invoke(args=["cancellations", "sweep", "--accept"])
    desk = site.browser()
    assert "Decide about the deposit" in text_of(desk.get(f"{ROOT}/cancellation/2"))
    wrong = send(desk, "/cancellation/2/release", seen=0, amount="20", reason="", way="")
    assert wrong.status_code == 422
    assert "Say why." in text_of(wrong)
    answer = send(desk, "/cancellation/2/release", seen=0, amount="20", reason="No fee for this", way="refund")
    assert answer.status_code == 303
    page = text_of(desk.get(answer.location))
    assert "Decided about the deposit that was held: 20.00 EUR" in page
    assert "Reason No fee for this" in page
    assert site.settled(2).refunded == 2000


@pytest.mark.parametrize("step", ["charge", "waive", "drop", "give_back"])
def test_an_amount_that_is_none_changes_nothing(site: MoneySite, step: str) -> None:
    site.cancelled(deposit="40.00")
    if step == "give_back":
        site.do(lambda state, actor: fees.charge(state, 1, actor))
    before, desk = site.settled(), site.browser()
    for amount in WRONG_AMOUNTS:
        fields = {"amount": amount, "reason": "Because", "way": "refund", "back": "/x"}
        answer = send(desk, f"/cancellation/1/{step}", seen=site.version(), **fields)
        assert answer.status_code == 422, amount
        assert f'href="#fcx-amount-{step}"' in answer.text
        assert f'id="fcx-amount-{step}-errors"' in answer.text
        assert f'name="amount" type="text" value="{amount}"' in answer.text
        assert 'value="Because"' in answer.text or step == "charge"
    assert site.settled() == before


@pytest.mark.parametrize(
    ("step", "fields", "name", "sentence"),
    [
        ("waive", {"reason": " "}, "reason", "Say why."),
        ("waive", {"reason": "x" * 501}, "reason", "This text is too long"),
        ("waive", {"reason": "x", "way": "mine"}, "way", "Choose one of the possibilities offered."),
        ("drop", {"reason": ""}, "reason", "Say why."),
        ("drop", {"reason": "x", "amount": "0"}, "amount", "Enter an amount above 0 and up to 30.00 EUR."),
        ("charge", {"amount": "30.01"}, "amount", "Enter an amount above 0 and up to 30.00 EUR."),
    ],
)
def test_what_else_is_wrong_is_named_at_its_field(
    site: MoneySite, step: str, fields: dict[str, str], name: str, sentence: str
) -> None:
    site.cancelled()
    answer = send(site.browser(), f"/cancellation/1/{step}", seen=0, **{"amount": "30", **fields})
    assert answer.status_code == 422
    assert text_of(answer).count(sentence) == 2
    assert f'id="fcx-{name}-{step}-errors"' in answer.text
    assert site.rows(FeeStep) == []


def test_each_role_waives_up_to_its_limit_and_keeps_no_deposit_without_the_right(site: MoneySite) -> None:
    site.cancelled(deposit="20.00")
    reception = site.browser("reception")
    page = reception.get(f"{ROOT}/cancellation/1")
    assert "You may waive 5.00 EUR of a fee at most." in text_of(page)
    assert 'name="amount" type="text" value="5.00"' in page.text
    assert "The clinic keeps it" not in page.text
    assert "Charge now" not in page.text
    assert "Evidence" not in page.text
    assert send(reception, "/cancellation/1/waive", seen=0, amount="5.01", reason="Kind").status_code == 422
    kept = send(reception, "/cancellation/1/waive", seen=0, amount="5", reason="Kind", way="keep")
    assert kept.status_code == 422
    assert send(reception, "/cancellation/1/waive", seen=0, amount="5", reason="Kind", way="refund").status_code == 303
    assert send(reception, "/cancellation/1/waive", seen=1, amount="1", reason="More", way="refund").status_code == 422
    assert [row.amount for row in site.rows(Waiver)] == [500]
    keeper = site.browser()
    assert send(keeper, "/cancellation/1/drop", seen=1, amount="25", reason="So", way="keep").status_code == 303
    assert site.settled().forfeited == 2000


def test_two_at_one_fee_the_second_sees_how_it_stands_now(site: MoneySite) -> None:
    site.cancelled()
    desk, other = site.browser(), site.browser(name="Vera Front")
    assert send(desk, "/cancellation/1/waive", key="w", seen=0, amount="10", reason="Kind").status_code == 303
    assert send(desk, "/cancellation/1/waive", key="w", seen=0, amount="10", reason="Kind").status_code == 303
    reused = send(desk, "/cancellation/1/waive", key="w", seen=0, amount="11", reason="Kind")
    assert reused.status_code == 422
    slow = send(other, "/cancellation/1/charge", seen=0, amount="30")
    assert slow.status_code == 409
    assert "Somebody else has changed something about this fee meanwhile." in text_of(slow)
    assert "Fee waived: 10.00 EUR" in text_of(slow)
    assert 'name="seen" value="1"' in slow.text
    assert send(other, "/cancellation/1/charge", seen="", amount="20").status_code == 409
    assert send(other, "/cancellation/1/charge", seen=1, amount="20").status_code == 303
    assert [row.step for row in site.rows(FeeStep)] == ["waive", "charge"]


def test_where_the_appointment_stands_again_the_review_list_decides(site: MoneySite) -> None:
    key = site.visit()
    site.clinic.app.test_cli_runner().invoke(args=["cancellations", "sweep", "--baseline"])
    site.cancel(key, DESK)
    site.set_state(key, "booked")
    site.clinic.app.test_cli_runner().invoke(args=["cancellations", "sweep", "--accept"])
    desk = site.browser()
    page = text_of(desk.get(f"{ROOT}/cancellation/1"))
    assert "the appointment stands again; somebody has to say what becomes of it" in page
    assert "Charge now" not in page
    answer = send(desk, "/cancellation/1/charge", seen=site.version(), amount="30")
    assert answer.status_code == 409
    assert "The appointment stands again. Decide about its fee" in text_of(answer)
    with site.clinic.app.app_context():  # the client still owes it, and nobody asks: as the review list left it
        assert site.settled().pending == 3000


# -- the evidence ------------------------------------------------------------------------------------------------------


def test_the_evidence_is_a_file_whose_name_tells_nothing(site: MoneySite) -> None:
    site.cancelled()
    answer = site.browser().get(f"{ROOT}/cancellation/1/evidence")
    assert (answer.status_code, answer.content_type) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="evidence-1.zip"'
    assert answer.headers["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert "6 money.txt" in archive.namelist()
    assert site.browser("reception").get(f"{ROOT}/cancellation/1/evidence").status_code == 403
    assert site.browser().get(f"{ROOT}/cancellation/2/evidence").status_code == 404
    assert site.stranger().get(f"{ROOT}/cancellation/1/evidence").status_code == 401


# -- who may -----------------------------------------------------------------------------------------------------------


def test_without_the_right_nothing_is_shown_and_nothing_is_done(site: MoneySite) -> None:
    site.cancelled(deposit="0")
    site.do(lambda state, actor: fees.charge(state, 1, actor))
    site.work()
    desk, cleaner, stranger = site.browser("desk"), site.browser("cleaner"), site.stranger()
    record = desk.get(f"{ROOT}/cancellation/1")
    assert "<details" not in record.text
    assert f"{ROOT}/money" not in desk.get(f"{ROOT}/").text
    paths = ["/money/1/settle", "/money/1/retry", *(f"/cancellation/1/{step}" for step in ("charge", "waive", "drop"))]
    for path in (*paths, "/cancellation/1/give_back", "/cancellation/1/release"):
        fields: dict[str, Any] = {"how": "cash", "amount": "1", "reason": "x", "way": "refund", "seen": 1}
        assert send(desk, path, **fields).status_code == 403, path
        assert send(cleaner, path, **fields).status_code == 403, path
        assert send(stranger, path, **fields).status_code == 401, path
        assert site.browser().get(ROOT + path).status_code in (404, 405), path
    assert desk.get(f"{ROOT}/money").status_code == 403
    assert stranger.get(f"{ROOT}/money").status_code == 401
    assert site.states() == [("charge", "manual", 3000)]


def test_therapists_see_the_money_of_their_own_appointments_with_the_right_only(at_once: MoneySite) -> None:
    at_once.cancelled(therapist="Vesela Marinova")
    at_once.cancelled()
    at_once.work()
    own = at_once.browser("lead", "Vesela", "Vesela Marinova")
    page = text_of(own.get(f"{ROOT}/money"))
    assert page.count("Collect this from the client.") == 1
    assert "Dr Ivan Kolev" not in page
    assert "1 payment to settle" in text_of(own.get(f"{ROOT}/"))
    for path in ("/money/2/settle", "/money/2/retry", "/cancellation/2/waive"):
        assert send(own, path, how="cash", amount="1", reason="x", seen=0).status_code == 404
    assert send(own, "/money/1/settle", how="cash").status_code == 303
    plain = at_once.browser("therapist", "Vesela", "Vesela Marinova")
    assert plain.get(f"{ROOT}/money").status_code == 403
    assert "<details" not in plain.get(f"{ROOT}/cancellation/1").text


def test_from_another_site_without_a_key_and_what_does_not_exist(at_once: MoneySite) -> None:
    at_once.cancelled()
    at_once.work()
    desk = at_once.browser()
    for path in ("/money/1/settle", "/cancellation/1/waive"):
        fields = {"idempotency_key": "k", "how": "cash", "amount": "1", "reason": "x", "seen": "0"}
        forged = desk.post(ROOT + path, data=fields, headers={"Sec-Fetch-Site": "cross-site"})
        assert forged.status_code == 403
        keyless = desk.post(ROOT + path, data={**fields, "idempotency_key": ""})
        assert keyless.status_code == 422
        assert "Send a key of 1 to 64 characters" in text_of(keyless)
    for path in ("/money/2/settle", "/money/2/retry", "/money/9223372036854775808/settle", "/cancellation/2/waive"):
        assert send(desk, path, how="cash").status_code == 404
    assert send(desk, "/cancellation/1/undo").status_code == 404  # no step that people make here
    assert at_once.states() == [("charge", "manual", 1000)]


def test_another_clinic_of_the_same_database_has_none_of_it(sqlite_url: str) -> None:
    host = run(sqlite_url)
    key = host.visit("east")
    east, west = host.desk("east"), host.desk("west")
    done = east.post(
        f"{ROOT}/api/appointments/{key}/cancel",
        json={"reason": "family", "fee": "charge", "told_channel": "phone"},
        headers={"Idempotency-Key": uuid4().hex},
    )
    assert done.status_code == 201
    host.clock.forward(minutes=4)
    assert host.app.test_cli_runner().invoke(args=["cancellations", "worker", "--once"]).exit_code == 0
    assert "30.00 EUR" in text_of(east.get(f"{ROOT}/money"))
    assert "Nothing waits to be settled." in text_of(west.get(f"{ROOT}/money"))
    for path in ("/money/1/settle", "/cancellation/1/waive"):
        assert send(west, path, how="cash", amount="1", reason="x", seen=0).status_code == 404
    assert west.get(f"{ROOT}/cancellation/1/evidence").status_code == 404
    assert send(east, "/money/1/settle", how="cash").status_code == 303
    host.close()


def test_what_people_typed_is_text(at_once: MoneySite) -> None:
    at_once.cancelled(client={"first_name": "<img src=x>"})
    at_once.work()
    desk = at_once.browser()
    assert "<img" not in desk.get(f"{ROOT}/money").text
    assert "<img" not in send(desk, "/money/1/settle", how="", note="<img src=y>").text
    assert send(desk, "/money/1/settle", how="cash", note="<img src=y>\x00").status_code == 303
    assert at_once.rows(Movement)[0].note == "<img src=y>"
    for path in ("/appointment/1", "/cancellation/1"):
        assert "<img" not in desk.get(ROOT + path).text


def test_looking_changes_nothing_and_the_list_costs_the_same_however_long_it_is(at_once: MoneySite) -> None:
    at_once.cancelled()
    at_once.work()
    desk = at_once.browser()
    paths = (f"{ROOT}/money", f"{ROOT}/", f"{ROOT}/cancellation/1")
    few = [at_once.statements(desk, path) for path in paths]
    for _ in range(4):
        at_once.cancelled()
    at_once.work()
    many = [at_once.statements(desk, path) for path in paths]
    assert [len(found) for found in many[:2]] == [len(found) for found in few[:2]]
    assert [sql for found in many for sql in found if not sql.startswith("SELECT")] == []
