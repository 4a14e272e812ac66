"""The life of a fee: what the desk decides, what the worker decides, what the client is told, who may."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest

from flask_cancellations import Conflict, Deposit, Forbidden, InvalidInput, NotFound
from flask_cancellations.jobs.fees import Fees
from flask_cancellations.jobs.summary import Summary
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import Event as Recorded
from flask_cancellations.models import FeeStep, Message, Movement, SettlementRow, Waiver
from flask_cancellations.rules.rights import RIGHTS
from flask_cancellations.services import fees, payments
from flask_cancellations.services.messages import stop_message
from flask_cancellations.services.transaction import run

from .money_host import DESK, Till, assert_books_agree, moving, settled, staff
from .servers import SmtpCatcher
from .small_host import NOW, Clinic, make_clinic


@contextmanager
def opened(url: str, smtp_catcher: SmtpCatcher, **config: Any) -> Iterator[Clinic]:
    made = make_clinic(url, CANCELLATIONS_MAIL_URL=smtp_catcher.url, CANCELLATIONS_ADAPTER=Till(), **config)
    with made.app.app_context():
        yield made
        assert_books_agree(made)


WAITING = {"CANCELLATIONS_PENDING": "2h", "CANCELLATIONS_VAT": {"fee": "20%", "kept": "9%"}}


@pytest.fixture
def clinic(smtp_catcher: SmtpCatcher) -> Iterator[Clinic]:
    """A clinic whose fees wait."""
    with opened("sqlite://", smtp_catcher, **WAITING) as made:
        yield made


@pytest.fixture
def any_clinic(database_url: str, smtp_catcher: SmtpCatcher) -> Iterator[Clinic]:
    """The same on each database."""
    with opened(database_url, smtp_catcher, **WAITING) as made:
        yield made


@pytest.fixture
def at_once(smtp_catcher: SmtpCatcher) -> Iterator[Clinic]:
    """A clinic that charges at once."""
    with opened("sqlite://", smtp_catcher) as made:
        yield made


def work(clinic: Clinic) -> Any:
    clinic.db.session.rollback()
    done = run_once(clinic.state)
    assert done.errors == 0
    return done


def actions(clinic: Clinic) -> list[str]:
    return [event.action for event in clinic.rows(Recorded)]


def letter(mail: Any) -> str:
    body = mail.message.get_body(("plain",))
    return str(body.get_content())


# -- pending ---------------------------------------------------------------------------------------------------------


def test_a_fee_waits_and_is_charged_when_its_time_is_over(any_clinic: Clinic, smtp_catcher: SmtpCatcher) -> None:
    clinic = any_clinic
    clinic.cancel(clinic.visit(deposit="20.00", patient=clinic.patient(mobile=None, language="en")))
    waiting = settled(clinic)
    assert (waiting.fee, waiting.pending, waiting.held, waiting.kept, waiting.due) == (3000, 3000, 2000, 0, 0)
    assert moving(clinic) == []

    clinic.clock.forward(minutes=3)
    assert work(clinic).fees == 0
    (told,) = smtp_catcher.mails
    assert "A cancellation fee of 30.00\xa0EUR may apply. If someone else takes the time, we drop it." in letter(told)
    assert "We will write to you by Wednesday, 2 December 2026, 12:05." in letter(told)
    assert "20.00\xa0EUR of your deposit stays with us for now." in letter(told)

    clinic.clock.forward(minutes=116)
    assert work(clinic).fees == 0
    clinic.clock.forward(minutes=1)
    assert work(clinic).fees == 1
    charged = settled(clinic)
    assert (charged.pending, charged.held, charged.taken, charged.kept, charged.due) == (0, 0, 2000, 3000, 0)
    decided = smtp_catcher.mails[-1]
    assert (
        decided.message["Subject"].strip()
        == "The fee for your cancelled appointment on Wednesday, 2 December 2026, 15:05"
    )
    assert "The cancellation fee is 30.00\xa0EUR: 20.00\xa0EUR from your deposit, 10.00\xa0EUR" in letter(decided)
    assert moving(clinic) == [("charge", "done", 1000)]
    assert {"fee.charged", "charge.sent", "charge.done", "fee.paid"} <= set(actions(clinic))
    (row,) = clinic.rows(SettlementRow)
    assert (row.version, row.pending_until_us, row.fee_vat_rate, row.kept_vat_rate) == (2, None, 2000, 900)
    assert work(clinic).fees == 0
    assert len(smtp_catcher.mails) == 2


def test_a_fee_is_decided_at_the_latest_when_the_appointment_would_begin(clinic: Clinic) -> None:
    clinic.cancel(clinic.visit(NOW + timedelta(minutes=30), deposit="0"))
    clinic.clock.forward(minutes=29)
    assert work(clinic).fees == 0
    clinic.clock.forward(minutes=1)
    assert work(clinic).fees == 1
    assert settled(clinic).kept == 6000


def test_a_fee_is_dropped_when_somebody_else_takes_the_time(any_clinic: Clinic, smtp_catcher: SmtpCatcher) -> None:
    clinic = any_clinic
    visit = clinic.visit(deposit="20.00", patient=clinic.patient(mobile=None, language="en"))
    start, therapist = visit.begins_at, visit.therapist_id
    clinic.cancel(visit)
    clinic.cancellations.slots.claim(start, start + timedelta(minutes=60), therapist)
    clinic.db.session.commit()
    clinic.clock.forward(minutes=3)
    assert work(clinic).fees == 1
    now = settled(clinic)
    assert (now.dropped, now.held, now.refunded, now.pending) == (3000, 0, 2000, 0)
    assert moving(clinic) == [("refund", "done", 2000)]
    assert "We drop the cancellation fee of 30.00\xa0EUR." in letter(smtp_catcher.mails[0]) + letter(
        smtp_catcher.mails[1]
    )


def test_the_clinics_own_diary_is_asked_before_anybody_is_charged(clinic: Clinic) -> None:
    """Booked again past our pages: nothing of ours says so."""
    visit = clinic.visit(deposit="0")
    start = visit.begins_at
    clinic.cancel(visit)
    worker, done = Fees(clinic.state), Summary()
    worker.decide(Event(), done)
    clinic.visit(start, minutes=30)
    clinic.clock.forward(minutes=4)
    worker.decide(Event(), done)
    assert done.fees == 0  # looked at four minutes ago
    clinic.clock.forward(minutes=1)
    worker.decide(Event(), done)
    assert done.fees == 1
    assert (settled(clinic).dropped, settled(clinic).due) == (3000, 0)


def test_what_remains_of_a_fee_once_the_time_is_taken_can_be_set() -> None:
    clinic = make_clinic("sqlite://", CANCELLATIONS_PENDING="2h", CANCELLATIONS_REFILLED_FEE="40%")
    with clinic.app.app_context():
        visit = clinic.visit(deposit="20.00")
        clinic.cancel(visit, rest="credit")
        clinic.visit(visit.begins_at)
        assert work(clinic).fees == 1
        now = settled(clinic)
        assert (now.dropped, now.taken, now.due, now.credited) == (1800, 1200, 0, 800)
        assert_books_agree(clinic)


def test_a_client_without_email_gets_a_text_message_that_names_no_amount(clinic: Clinic) -> None:
    clinic.cancel(clinic.visit(patient=clinic.patient(email=None, language="en")))
    fees.drop(clinic.state, 1, DESK, reason="Kind")
    clinic.db.session.commit()
    clinic.clock.forward(minutes=3)
    work(clinic)
    texts = [message.sent_text for message in clinic.rows(Message)]
    assert texts[1].startswith("Sunny Clinic: The fee for your cancelled appointment on Wed 2 Dec at 15:05 has been")
    assert "30" not in texts[1].replace("15:05", "")


def test_a_decision_never_arrives_before_the_cancellation_itself(clinic: Clinic) -> None:
    clinic.cancel(clinic.visit(patient=clinic.patient(mobile=None)))
    fees.drop(clinic.state, 1, DESK, reason="Kind")
    clinic.db.session.commit()
    assert (work(clinic).sent, [message.template for message in clinic.rows(Message)]) == (
        0,
        ["cancelled_client", "fee_decided"],
    )
    clinic.clock.forward(minutes=3)
    assert work(clinic).sent == 2


def test_no_letter_follows_a_message_that_was_stopped(clinic: Clinic) -> None:
    clinic.cancel(clinic.visit(patient=clinic.patient(mobile=None)))
    stop_message(clinic.state, 1, DESK)
    fees.drop(clinic.state, 1, DESK, reason="Kind")
    clinic.db.session.commit()
    assert [message.state for message in clinic.rows(Message)] == ["stopped"]


def test_whoever_was_not_told_on_purpose_gets_no_letter_later(clinic: Clinic) -> None:
    clinic.cancel(clinic.visit(), tell=False, silent_reason="In hospital")
    fees.charge(clinic.state, 1, DESK)
    clinic.db.session.commit()
    assert clinic.rows(Message) == []


# -- the desk --------------------------------------------------------------------------------------------------------


def test_parts_of_a_fee_are_waived_dropped_and_charged(any_clinic: Clinic) -> None:
    clinic = any_clinic
    clinic.cancel(clinic.visit(deposit="20.00"))
    state = clinic.state
    fees.waive(state, 1, DESK, reason="First time", amount=500)
    fees.drop(state, 1, DESK, reason="Half the hour was taken", amount=1000, rest="credit")
    fees.charge(state, 1, DESK, amount=700)
    clinic.db.session.commit()
    now = settled(clinic)
    assert (now.waived, now.dropped, now.taken, now.pending, now.held, now.credited) == (500, 1000, 700, 800, 800, 500)
    fees.charge(state, 1, DESK)
    clinic.db.session.commit()
    assert (settled(clinic).kept, settled(clinic).pending) == (1500, 0)
    assert [(row.amount, row.reason, row.actor_key) for row in clinic.rows(Waiver)] == [(500, "First time", "7")]
    bodies = [json.loads(event.body) for event in clinic.rows(Recorded) if event.action == "fee.waived"]
    assert bodies[0]["after"]["amount"] == 500
    assert "First time" not in json.dumps(bodies)  # what people write is no part of the log
    assert clinic.cancellations.history("1")[1].private == {"actor": "Elena Desk", "reason": "First time"}


def test_what_is_due_is_waived_and_the_rest_asked_for_anew(at_once: Clinic) -> None:
    clinic = at_once
    clinic.cancel(clinic.visit(deposit="0"))
    fees.waive(clinic.state, 1, DESK, reason="Ill child", amount=1000)
    clinic.db.session.commit()
    assert moving(clinic) == [("charge", "stopped", 3000), ("charge", "created", 2000)]
    assert (settled(clinic).due, settled(clinic).waived) == (2000, 1000)
    clinic.clock.forward(minutes=3)
    work(clinic)
    assert [payment.amount for payment in clinic.state.adapter.moved] == [2000]  # type: ignore[attr-defined]


def test_a_payment_under_way_is_not_waived(at_once: Clinic) -> None:
    clinic = at_once
    clinic.cancel(clinic.visit(deposit="0"))
    clinic.clock.forward(minutes=3)
    sent = payments.begin(clinic.state, 1, DESK)
    assert sent is not None
    with pytest.raises(Conflict, match="under way"):
        fees.waive(clinic.state, 1, DESK, reason="Too late")
    clinic.db.session.rollback()


def test_a_fee_is_given_back_to_the_payments_it_came_from() -> None:
    till = Till([Deposit(1500, "EUR", used=500, reference="dep-1"), Deposit(1200, "EUR", reference="dep-2")])
    clinic = make_clinic("sqlite://", CANCELLATIONS_ADAPTER=till)
    with clinic.app.app_context():
        clinic.cancel(clinic.visit())  # 22.00 of two deposits, 8.00 by card
        clinic.clock.forward(minutes=3)
        work(clinic)
        fees.give_back(clinic.state, 1, DESK, reason="The clinic was wrong", amount=2500)
        clinic.db.session.commit()
        work(clinic)
        charged, *back = [(payment.kind, payment.amount, payment.reference) for payment in till.moved]
        assert charged == ("charge", 800, "")
        assert back == [("refund", 800, "c-1"), ("refund", 1200, "dep-2"), ("refund", 500, "dep-1")]
        assert (settled(clinic).given_back, settled(clinic).kept) == (2500, 500)
        fees.give_back(clinic.state, 1, DESK, reason="All of it")
        clinic.db.session.commit()
        work(clinic)
        last = till.moved[-1]
        assert (last.amount, last.reference) == (500, "dep-1")  # no payment gives back more than it was
        assert len({payment.key for payment in till.moved}) == 5
        assert_books_agree(clinic)


def test_a_refund_goes_back_to_the_deposits_it_came_from() -> None:
    till = Till([Deposit(1000, "EUR", reference="a"), Deposit(5000, "EUR", used=1000, reference="b")])
    clinic = make_clinic("sqlite://", CANCELLATIONS_ADAPTER=till)
    with clinic.app.app_context():
        clinic.cancel(clinic.visit(), reason="therapist_ill", fee=None)
        clinic.clock.forward(minutes=3)
        work(clinic)
        assert [(payment.amount, payment.reference) for payment in till.moved] == [(4000, "b"), (1000, "a")]


def test_a_deposit_in_another_currency_is_refused() -> None:
    clinic = make_clinic("sqlite://", CANCELLATIONS_ADAPTER=Till([Deposit(1000, "USD")]))
    with clinic.app.app_context():
        with pytest.raises(InvalidInput, match="is in USD, but prices are in EUR") as refused:
            clinic.cancel(clinic.visit())
        assert list(refused.value.fields) == ["deposit"]
        clinic.state.adapter.paid = [Deposit(1000, "USD", used=1000), Deposit(300, "EUR")]  # type: ignore[attr-defined]
        clinic.cancel(clinic.visit())
        assert settled(clinic).deposit == 300


def test_the_rest_of_a_deposit_goes_several_ways(at_once: Clinic) -> None:
    at_once.cancel(at_once.visit(deposit="50.00"), rest=None, split={"refund": 1500, "credit": 500})
    assert moving(at_once) == [("refund", "created", 1500), ("credit", "created", 500)]


@pytest.mark.parametrize("split", [{"refund": 1999}, {"refund": 1000, "keep": 1000}, {"refund": 2500, "credit": -500}])
def test_a_split_that_is_not_the_rest_or_not_allowed_is_refused(at_once: Clinic, split: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        at_once.cancel(at_once.visit(deposit="50.00"), split=split)
    assert list(refused.value.fields) == ["rest"]


STEPS: dict[str, Callable[..., Any]] = {
    "charge": lambda state, actor, **more: fees.charge(state, 1, actor, **more),
    "drop": lambda state, actor, **more: fees.drop(state, 1, actor, reason="why", **more),
    "waive": lambda state, actor, **more: fees.waive(state, 1, actor, reason="why", **more),
    "give_back": lambda state, actor, **more: fees.give_back(state, 1, actor, reason="why", **more),
}
BOOKS = (FeeStep, Movement, Waiver, Message, Recorded)
NEEDS = {"charge": "money", "drop": "money", "waive": "waive", "give_back": "give_back"}


@pytest.mark.parametrize("step", STEPS)
def test_each_step_needs_its_right_an_amount_there_is_and_the_right_scope(clinic: Clinic, step: str) -> None:
    clinic.cancel(clinic.visit(deposit="20.00"))
    if step == "give_back":
        fees.charge(clinic.state, 1, DESK)
        clinic.db.session.commit()
    before = settled(clinic)
    with pytest.raises(Forbidden):
        STEPS[step](clinic.state, staff(rights=set(RIGHTS) - {NEEDS[step]}))
    with pytest.raises(Forbidden):
        STEPS[step](clinic.state, staff(rights={NEEDS[step]}))
    with pytest.raises(NotFound):
        STEPS[step](clinic.state, staff(rights={"cancel:own", NEEDS[step]}))
    for amount in (0, -1, 3001):
        with pytest.raises(InvalidInput) as refused:
            STEPS[step](clinic.state, DESK, amount=amount)
        assert list(refused.value.fields) == ["amount"]
        clinic.db.session.rollback()
    assert settled(clinic) == before
    on_file = [len(clinic.rows(model)) for model in BOOKS]
    STEPS[step](clinic.state, DESK)
    clinic.db.session.rollback()  # the caller decides: nothing of it is left
    assert (settled(clinic), [len(clinic.rows(model)) for model in BOOKS]) == (before, on_file)
    STEPS[step](clinic.state, DESK)
    clinic.db.session.commit()
    with pytest.raises(Conflict, match="nothing left"):
        STEPS[step](clinic.state, DESK)
    clinic.db.session.rollback()


def test_what_needs_a_reason_is_not_done_without(clinic: Clinic) -> None:
    clinic.cancel(clinic.visit())
    for step in (fees.waive, fees.drop, fees.give_back):
        with pytest.raises(InvalidInput) as refused:
            step(clinic.state, 1, DESK, reason="  ")
        assert list(refused.value.fields) == ["reason"]
    clinic.db.session.rollback()
    with pytest.raises(NotFound):
        fees.charge(clinic.state, 2, DESK)


def test_a_deposit_set_free_is_kept_only_by_who_may(clinic: Clinic) -> None:
    clinic.cancel(clinic.visit(deposit="20.00"))
    with pytest.raises(Forbidden):
        fees.waive(clinic.state, 1, staff(rights=set(RIGHTS) - {"keep_deposit"}), reason="why", rest={"keep": 2000})
    with pytest.raises(InvalidInput) as refused:
        fees.waive(clinic.state, 1, DESK, reason="why", rest={"keep": 1999})
    assert list(refused.value.fields) == ["rest"]
    fees.waive(clinic.state, 1, DESK, reason="why", rest={"keep": 1500, "refund": 500})
    clinic.db.session.commit()
    assert (settled(clinic).forfeited, settled(clinic).refunded) == (1500, 500)


def test_a_role_may_waive_up_to_its_limit_also_in_parts() -> None:
    clinic = make_clinic(
        "sqlite://",
        CANCELLATIONS_PENDING="2h",
        CANCELLATIONS_ROLES={"reception": ["cancel", "waive"], "lead": ["*"], "desk": ["cancel"]},
        CANCELLATIONS_WAIVER_LIMITS={"reception": "10.00", "lead": "20.00"},
    )
    with clinic.app.app_context():
        clinic.cancel(clinic.visit())
        reception, lead = staff("reception"), staff("desk", "lead", key="9")
        with pytest.raises(InvalidInput, match=r"10\.00"):
            fees.waive(clinic.state, 1, reception, reason="why", amount=1001)
        fees.waive(clinic.state, 1, reception, reason="why", amount=600)
        with pytest.raises(InvalidInput):
            fees.waive(clinic.state, 1, reception, reason="again", amount=500)
        fees.waive(clinic.state, 1, reception, reason="again", amount=400)
        with pytest.raises(InvalidInput, match=r"20\.00"):
            fees.waive(clinic.state, 1, lead, reason="all of it", amount=2001)
        fees.waive(clinic.state, 1, lead, reason="all of it")
        clinic.db.session.commit()
        assert settled(clinic).waived == 3000


@pytest.mark.race
def test_eight_waive_a_part_at_once_and_no_more_is_waived_than_there_is(any_clinic: Clinic) -> None:
    clinic = any_clinic
    clinic.cancel(clinic.visit(deposit="20.00"))
    gate = Barrier(8, timeout=60)

    def waive(_number: int) -> bool:
        with clinic.app.app_context():
            gate.wait()
            try:
                run(clinic.state, lambda: fees.waive(clinic.state, 1, DESK, reason="why", amount=900), attempts=8)
            except (InvalidInput, Conflict):
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(waive, range(8))).count(True) == 3
    assert (settled(clinic).waived, settled(clinic).pending) == (2700, 300)


# -- owed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "warns", "blocks"), [("ignore", 0, False), ("warn", 1, False), ("block", 1, True)])
def test_the_booking_page_learns_what_a_client_owes(rule: str, warns: int, blocks: bool) -> None:
    clinic = make_clinic("sqlite://", CANCELLATIONS_OWING=rule)
    with clinic.app.app_context():
        patient = clinic.patient()
        clinic.cancel(clinic.visit(deposit="10.00", patient=patient))
        clinic.cancel(clinic.visit(deposit="0", patient=patient))
        clinic.cancel(clinic.visit(deposit="0", patient=clinic.patient()))
        owed = clinic.cancellations.owed(patient.id)
        assert (owed.due, owed.pending, owed.currency, len(owed.rows)) == (5000, 0, "EUR", 2)
        assert (bool(owed.warning), owed.blocked) == (bool(warns), blocks)
        if blocks:
            with pytest.raises(Conflict, match=r"50\.00"):
                owed.refuse()
        else:
            owed.refuse()
        assert clinic.cancellations.owed(4711).due == 0


def test_what_is_settled_or_waived_is_no_longer_owed(at_once: Clinic) -> None:
    clinic, patient = at_once, at_once.patient()
    clinic.cancel(clinic.visit(deposit="0", patient=patient))
    assert clinic.cancellations.owed(patient.id).due == 3000
    fees.waive(clinic.state, 1, DESK, reason="why", amount=1000)
    clinic.db.session.commit()
    assert clinic.cancellations.owed(patient.id).due == 2000
    clinic.clock.forward(minutes=3)
    work(clinic)
    assert clinic.cancellations.owed(patient.id).due == 0


def test_a_movement_of_a_first_version_without_a_key_is_carried_out(at_once: Clinic) -> None:
    at_once.cancel(at_once.visit(deposit="0"))
    at_once.state.store.update(Movement, Movement.id == 1, uid=None)
    at_once.db.session.commit()
    at_once.clock.forward(minutes=3)
    work(at_once)
    assert [payment.key for payment in at_once.state.adapter.moved] == ["movement-1"]  # type: ignore[attr-defined]


def test_the_pages_of_today_stand_a_fee_that_waits_is_dropped_or_given_back(clinic: Clinic) -> None:
    """They show more of it later; none of them may break meanwhile."""
    manager = clinic.client(clinic.account("manager"))
    clinic.cancel(clinic.visit(deposit="20.00"))
    pages = (
        "/cancellations/cancellation/1",
        "/cancellations/appointment/1",
        "/cancellations/api/appointments/1/history",
    )

    def look() -> None:
        assert [manager.get(page).status_code for page in pages] == [200, 200, 200]

    look()
    for step in (
        lambda: fees.drop(clinic.state, 1, DESK, reason="why", amount=2500, rest="credit"),
        lambda: fees.charge(clinic.state, 1, DESK),
        lambda: fees.give_back(clinic.state, 1, DESK, reason="why", way="credit"),
    ):
        step()
        clinic.db.session.commit()
        look()
        clinic.clock.forward(minutes=3)
        work(clinic)
        look()
