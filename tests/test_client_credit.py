"""Client credit: what it comes from, redeeming it once and in order, voiding, paying out, and its numbered notes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from flask_cancellations import Actor, Conflict, CreditNoteFacts, Forbidden, HostAdapter, InvalidInput, NotFound
from flask_cancellations.errors import RequestReused
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import Cancellation, CreditEntry, CreditLot, CreditNote, Event
from flask_cancellations.rules.rights import RIGHTS
from flask_cancellations.services import credit, credit_notes, desk, fees, history, payments
from flask_cancellations.services.reopen import reopen
from flask_cancellations.services.transaction import run

from .money_host import DESK, Till, assert_books_agree, moving, settled, staff
from .small_host import NOW, Clinic, make_clinic

TAXED = {
    "credit": "20%",
    "number": "BG123456789",
    "name": "Sunny Clinic Ltd",
    "address": "1 Main Street, Sofia",
    "series": "CN-",
}


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    made = make_clinic("sqlite://", CANCELLATIONS_CREDIT_EXPIRES="365d", CANCELLATIONS_VAT=TAXED)
    with made.app.app_context():
        yield made
        assert_books_agree(made)


@pytest.fixture
def any_clinic(database_url: str) -> Iterator[Clinic]:
    made = make_clinic(database_url, CANCELLATIONS_VAT=TAXED)
    with made.app.app_context():
        yield made
        assert_books_agree(made)


def credited(clinic: Clinic, patient: Any, deposit: str = "40.00", **more: Any) -> int:
    """Cancel, the rest of the deposit (10.00 of 40.00) becoming credit; the cancellation's id."""
    with clinic.cancellations.transaction():
        visit = clinic.visit(deposit=deposit, patient=patient)
        done = clinic.cancellations.cancel(clinic.command(visit, rest="credit", **more), DESK)
    return int(done.cancellation_id)


def issued(clinic: Clinic, patient: Any, deposit: str = "40.00", **more: Any) -> int:
    """The same, with the worker's part."""
    made = credited(clinic, patient, deposit, **more)
    clinic.clock.forward(minutes=3)
    clinic.db.session.rollback()
    assert run_once(clinic.state).errors == 0
    return made


def entries(clinic: Clinic) -> list[tuple[str, int]]:
    clinic.db.session.rollback()
    return [(row.kind, row.amount) for row in clinic.rows(CreditEntry)]


def test_a_deposit_becomes_credit_that_is_redeemed_in_parts(any_clinic: Clinic) -> None:
    clinic = any_clinic
    patient = clinic.patient()
    credited(clinic, patient)
    assert clinic.cancellations.credit(patient.id).balance == 0  # not before the undo delay is over
    clinic.clock.forward(minutes=3)
    run_once(clinic.state)
    mine = clinic.cancellations.credit(patient.id)
    assert (mine.balance, mine.currency, [lot.origin for lot in mine.lots]) == (1000, "EUR", ["cancel"])

    first = clinic.cancellations.redeem(patient.id, 400, DESK, reference="visit 9")
    assert (first.amount, first.left, first.parts) == (400, 600, ((1, 400),))
    clinic.db.session.rollback()  # the host gives its booking up
    assert clinic.cancellations.credit(patient.id).balance == 1000
    clinic.cancellations.redeem(patient.id, 400, DESK, reference="visit 9")
    clinic.db.session.commit()
    with pytest.raises(InvalidInput, match=r"6\.00") as refused:
        clinic.cancellations.redeem(patient.id, 601, DESK)
    assert list(refused.value.fields) == ["amount"]
    clinic.cancellations.redeem(patient.id, 600, DESK)
    clinic.db.session.commit()
    assert clinic.cancellations.credit(patient.id).balance == 0
    assert entries(clinic) == [("issue", 1000), ("redeem", -400), ("redeem", -600)]
    assert [event.action for event in clinic.rows(Event)].count("credit.redeem") == 2


def test_the_same_request_redeems_once(clinic: Clinic) -> None:
    patient = clinic.patient()
    issued(clinic, patient)
    first = clinic.cancellations.redeem(patient.id, 300, DESK, key="k1")
    clinic.db.session.commit()
    again = clinic.cancellations.redeem(patient.id, 300, DESK, key="k1")
    clinic.db.session.commit()
    assert (first.parts, first.left) == (again.parts, again.left) == (((1, 300),), 700)
    for who, amount in ((patient.id, 301), (4711, 300)):
        with pytest.raises(RequestReused):
            clinic.cancellations.redeem(who, amount, DESK, key="k1")
        clinic.db.session.rollback()
    clinic.cancellations.redeem(patient.id, 300, DESK, key="k2")
    clinic.db.session.commit()
    assert clinic.cancellations.credit(patient.id).balance == 400


@pytest.mark.race
@pytest.mark.parametrize("keyed", [True, False])
def test_eight_redeem_at_once_and_the_balance_holds(any_clinic: Clinic, keyed: bool) -> None:
    """With one key all eight are one request; with none the ten euros are enough for three of them."""
    clinic = any_clinic
    patient = clinic.patient()
    issued(clinic, patient)
    number = patient.id
    clinic.db.session.commit()
    gate = threading.Barrier(8, timeout=60)

    def redeem() -> str:
        with clinic.app.app_context():
            gate.wait()
            try:
                run(
                    clinic.state,
                    lambda: clinic.cancellations.redeem(number, 300, DESK, key="booking-1" if keyed else ""),
                    attempts=8,
                )
            except InvalidInput:
                return "refused"
            return "redeemed"

    with ThreadPoolExecutor(8) as pool:
        done = [future.result(60) for future in [pool.submit(redeem) for _ in range(8)]]
    assert done.count("redeemed") == (8 if keyed else 3)
    clinic.db.session.rollback()
    assert clinic.cancellations.credit(number).balance == (700 if keyed else 100)
    assert len(entries(clinic)) == (2 if keyed else 4)


def test_a_booking_that_looked_before_somebody_else_redeemed_sees_what_is_left(any_clinic: Clinic) -> None:
    """MariaDB would show it the balance of its first look to the end."""
    clinic = any_clinic
    patient = clinic.patient()
    issued(clinic, patient)
    number = patient.id
    clinic.db.session.commit()
    with clinic.app.app_context():
        assert clinic.cancellations.credit(number).balance == 1000
        with clinic.app.app_context():
            clinic.cancellations.redeem(number, 700, DESK)
            clinic.db.session.commit()
        with pytest.raises(InvalidInput, match=r"3\.00"):
            clinic.cancellations.redeem(number, 400, DESK)
        clinic.db.session.rollback()
        assert clinic.cancellations.redeem(number, 300, DESK).left == 0
        clinic.db.session.commit()


def test_another_scope_sees_and_touches_nothing(sqlite_url: str) -> None:
    clinic = make_clinic(sqlite_url)
    with clinic.app.app_context():
        patient = clinic.patient()
        issued(clinic, patient)
        clinic.cancel(clinic.visit(deposit="0", patient=patient))
        number, before = patient.id, settled(clinic, 2)
        clinic.db.session.commit()
    other = make_clinic(sqlite_url, create=False, CANCELLATIONS_SCOPE="other")
    with other.app.app_context():
        state = other.state
        works: list[Any] = [
            lambda: fees.waive(state, 2, DESK, reason="why"),
            lambda: credit.void(state, 1, DESK, reason="why"),
            lambda: payments.settle_by_hand(state, 2, DESK),
            lambda: payments.retry(state, 2, DESK),
            lambda: other.cancellations.credit_note(1),
            lambda: other.cancellations.evidence(1, DESK),
        ]
        for foreign in works:
            with pytest.raises(NotFound):
                foreign()
            other.db.session.rollback()
        assert (other.cancellations.credit(number).balance, other.cancellations.owed(number).due) == (0, 0)
        assert desk.to_settle(state, DESK) == []
        assert credit_notes.documents(state, 1) == []
        other.clock.forward(hours=9)
        assert run_once(state).movements == 0
        assert settled(other, 2) == before


def test_what_expires_first_is_used_first_and_what_is_over_is_written_off(clinic: Clinic) -> None:
    patient = clinic.patient()
    issued(clinic, patient)
    clinic.clock.forward(hours=24 * 30)
    with clinic.cancellations.transaction():
        visit = clinic.visit(clinic.clock.wall + timedelta(hours=5), deposit="40.00", patient=patient)
        clinic.cancellations.cancel(clinic.command(visit, rest="credit"), DESK)
    clinic.clock.forward(minutes=3)
    run_once(clinic.state)
    assert clinic.cancellations.redeem(patient.id, 1200, DESK).parts == ((1, 1000), (2, 200))
    clinic.db.session.rollback()
    clinic.clock.forward(hours=24 * 335)  # a year after the first
    assert clinic.cancellations.credit(patient.id).balance == 1000
    run_once(clinic.state)
    assert entries(clinic) == [("issue", 1000), ("issue", 1000), ("expire", -1000)]
    assert [(lot.id, lot.balance) for lot in clinic.rows(CreditLot)] == [(1, 0), (2, 1000)]
    assert run_once(clinic.state).errors == 0


def test_a_client_redeems_own_credit_only_and_staff_need_the_right(clinic: Clinic) -> None:
    patient = clinic.patient()
    issued(clinic, patient)
    me, other = (Actor("client", str(key), "Maria", "web") for key in (patient.id, 4711))
    clinic.cancellations.redeem(patient.id, 100, me)
    with pytest.raises(Forbidden):
        clinic.cancellations.redeem(patient.id, 100, other)
    without = staff(rights=set(RIGHTS) - {"money"})
    with pytest.raises(Forbidden):
        clinic.cancellations.redeem(patient.id, 100, without)
    with pytest.raises(Forbidden):
        credit.void(clinic.state, 1, without, reason="why")
    with pytest.raises(Forbidden):
        credit.pay_out(clinic.state, str(patient.id), without)
    for amount in (0, -5):
        with pytest.raises(InvalidInput):
            clinic.cancellations.redeem(patient.id, amount, DESK)
    clinic.db.session.rollback()


def test_credit_made_by_mistake_is_voided_and_its_note_reversed(clinic: Clinic) -> None:
    patient = clinic.patient()
    issued(clinic, patient)
    clinic.cancellations.redeem(patient.id, 300, DESK)
    with pytest.raises(InvalidInput):
        credit.void(clinic.state, 1, DESK, reason=" ")
    assert credit.void(clinic.state, 1, DESK, reason="Wrong client") == 700
    clinic.db.session.commit()
    note, reversal = credit_notes.documents(clinic.state, 1)
    assert (note.label, note.vat.gross, reversal.label, reversal.reverses) == ("CN-1", 1000, "CN-2", "CN-1")
    assert (reversal.vat.net, reversal.vat.tax, reversal.vat.gross) == (583, 117, 700)
    with pytest.raises(Conflict):
        credit.void(clinic.state, 1, DESK, reason="again")
    with pytest.raises(NotFound):
        credit.void(clinic.state, 2, DESK, reason="none such")
    clinic.db.session.rollback()


def test_credit_is_paid_out_the_oldest_expiry_first(clinic: Clinic) -> None:
    patient = clinic.patient()
    issued(clinic, patient)
    issued(clinic, patient, "42.00")
    assert credit.pay_out(clinic.state, str(patient.id), DESK, amount=1500) == 1500
    clinic.db.session.commit()
    assert moving(clinic)[-2:] == [("refund", "created", 1000), ("refund", "created", 500)]
    assert credit.pay_out(clinic.state, str(patient.id), DESK) == 700
    clinic.db.session.commit()
    with pytest.raises(InvalidInput):
        credit.pay_out(clinic.state, str(patient.id), DESK)
    clinic.db.session.rollback()
    run_once(clinic.state)
    assert moving(clinic)[-1] == ("refund", "manual", 700)  # nobody carries it out for us


# -- notes -----------------------------------------------------------------------------------------------------------


def test_a_note_says_all_that_a_tax_document_needs(clinic: Clinic) -> None:
    issued(clinic, clinic.patient())
    (note,) = credit_notes.documents(clinic.state, 1)
    assert (note.number, note.label, note.tax_document, note.local_day) == (1, "CN-1", True, "2026-12-02")
    assert (note.vat.rate, note.vat.net, note.vat.tax, note.vat.gross) == (2000, 833, 167, 1000)
    assert note.facts["seller"]["vat_number"] == "BG123456789"
    assert note.facts["buyer"] == {"name": "Мария Петрова", "key": "1"}
    assert note.facts["original"]["appointment"] == "1"
    assert note.facts["original"]["start"] == "2026-12-02T15:05"
    assert (note.facts["reason"], note.facts["origin"]) == ("illness", "cancel")
    assert clinic.cancellations.credit_note(1) == note
    with pytest.raises(NotFound):
        clinic.cancellations.credit_note(2)


def test_without_the_clinics_data_a_note_is_no_tax_document() -> None:
    clinic = make_clinic("sqlite://")
    with clinic.app.app_context():
        issued(clinic, clinic.patient())
        (note,) = credit_notes.documents(clinic.state, 1)
        assert (note.tax_document, note.label, note.vat.tax, note.vat.net) == (False, "1", 0, 1000)


def test_the_host_may_number_the_notes() -> None:
    seen: list[CreditNoteFacts] = []

    class Books(HostAdapter):
        def credit_note_number(self, note: CreditNoteFacts) -> str | None:
            seen.append(note)
            return f"HOST/{len(seen)}"

    clinic = make_clinic("sqlite://", CANCELLATIONS_ADAPTER=Books)
    with clinic.app.app_context():
        issued(clinic, clinic.patient())
        credit.void(clinic.state, 1, DESK, reason="why")
        clinic.db.session.commit()
        note, reversal = credit_notes.documents(clinic.state, 1)
        assert (note.label, note.number, reversal.label, reversal.reverses) == ("HOST/1", 1, "HOST/2", "HOST/1")
        assert [(facts.gross, facts.reverses) for facts in seen] == [(1000, ""), (1000, "HOST/1")]


# -- undone ----------------------------------------------------------------------------------------------------------


def stand_again(clinic: Clinic, cancellation_id: int) -> int | None:
    record = history.record_of(clinic.state, cancellation_id)
    done = reopen(clinic.state, record, DESK)
    clinic.db.session.commit()
    return None if done is None else done.movements


def test_an_undo_before_the_delay_is_over_leaves_no_number_and_no_credit(clinic: Clinic) -> None:
    made = credited(clinic, clinic.patient())
    assert stand_again(clinic, made) == 1
    clinic.clock.forward(minutes=3)
    run_once(clinic.state)
    assert clinic.rows(CreditNote) == clinic.rows(CreditLot) == []
    now = settled(clinic)
    assert (now.deposit, now.held, now.taken, now.dropped, now.kept, now.credited) == (4000, 4000, 0, 3000, 0, 0)
    assert moving(clinic) == [("credit", "stopped", 1000)]


def test_a_later_undo_reverses_the_note_over_what_was_not_redeemed(any_clinic: Clinic) -> None:
    clinic = any_clinic
    patient = clinic.patient()
    made = issued(clinic, patient)
    clinic.cancellations.redeem(patient.id, 300, DESK)
    clinic.db.session.commit()
    assert stand_again(clinic, made) == 1
    note, reversal = credit_notes.documents(clinic.state, made)
    assert (note.vat.gross, reversal.vat.gross, reversal.number, reversal.reverses) == (1000, 700, 2, "CN-1")
    now = settled(clinic)
    assert (now.credited, now.held, now.taken) == (300, 3700, 0)
    assert clinic.cancellations.credit(patient.id).balance == 0
    assert stand_again(clinic, made) is None
    assert len(credit_notes.documents(clinic.state, made)) == 2
    actions = [event.action for event in clinic.rows(Event)]
    assert {"credit.undo", "credit_note.reversed", "fee.undone"} <= set(actions)


def test_an_undo_calls_off_a_pending_fee_and_what_the_desk_has_not_paid() -> None:
    clinic = make_clinic("sqlite://", CANCELLATIONS_PENDING="2h")
    with clinic.app.app_context():
        clinic.cancel(clinic.visit(deposit="50.00"))
        clinic.clock.forward(minutes=3)
        run_once(clinic.state)
        assert moving(clinic) == [("refund", "manual", 2000)]
        assert stand_again(clinic, 1) == 1
        now = settled(clinic)
        assert (now.pending, now.dropped, now.held, now.refunded) == (0, 3000, 5000, 0)
        clinic.clock.forward(hours=3)
        assert run_once(clinic.state).fees == 0
        assert_books_agree(clinic)


def test_an_undo_leaves_what_has_moved_and_gives_back_what_was_paid_for_the_fee() -> None:
    clinic = make_clinic("sqlite://", CANCELLATIONS_ADAPTER=Till())
    with clinic.app.app_context():
        clinic.cancel(clinic.visit(deposit="50.00"), rest="refund")
        clinic.cancel(clinic.visit(deposit="0"))
        clinic.clock.forward(minutes=3)
        run_once(clinic.state)
        assert stand_again(clinic, 1) == 0
        assert (settled(clinic).refunded, settled(clinic).held, settled(clinic).taken) == (2000, 3000, 0)
        assert stand_again(clinic, 2) == 0
        assert (settled(clinic, 2).kept, settled(clinic, 2).given_back) == (0, 3000)
        run_once(clinic.state)
        assert [(p.kind, p.amount, p.reference) for p in clinic.state.adapter.moved] == [  # type: ignore[attr-defined]
            ("refund", 2000, ""),
            ("charge", 3000, ""),
            ("refund", 3000, "c-2"),
        ]
        assert_books_agree(clinic)


def test_a_fee_given_back_as_credit_survives_an_undo(clinic: Clinic) -> None:
    patient = clinic.patient()
    clinic.cancel(clinic.visit(deposit="30.00", patient=patient))
    fees.give_back(clinic.state, 1, DESK, reason="Goodwill", amount=1000, way="credit")
    clinic.db.session.commit()
    clinic.clock.forward(minutes=3)
    run_once(clinic.state)
    assert clinic.cancellations.credit(patient.id).balance == 1000
    stand_again(clinic, 1)
    assert clinic.cancellations.credit(patient.id).balance == 1000
    now = settled(clinic)
    assert (now.held, now.given_back, now.taken, now.kept) == (2000, 1000, 1000, 0)
    assert clinic.rows(Cancellation)[0].start_us == clinic.state.clock.to_us(NOW + timedelta(hours=5))
