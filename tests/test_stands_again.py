"""The money of a cancellation whose appointment stands again: held until somebody decides, or undone as a whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from flask_cancellations import Conflict, Deposit, Forbidden, InvalidInput
from flask_cancellations.jobs.sweep import sweep
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import Cancellation, Event, FeeStep, Message, Pending, Review, SettlementRow
from flask_cancellations.rules.rights import RIGHTS
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.services import fees
from flask_cancellations.services.actor import job_actor
from flask_cancellations.services.elsewhere import review
from flask_cancellations.services.transaction import transaction

from . import finance_host as services
from .finance_host import finance_clinic
from .money_host import DESK, Till, assert_books_agree, moving, settled, staff
from .servers import SmtpCatcher
from .small_host import Clinic, make_clinic

WAITING: dict[str, Any] = {"CANCELLATIONS_PENDING": "2h"}
Open = Callable[..., Clinic]


@contextmanager
def opened(clinic: Clinic) -> Iterator[Clinic]:
    with clinic.app.app_context():
        yield clinic
        assert_books_agree(clinic)


@pytest.fixture
def clinic(database_url: str) -> Iterator[Clinic]:
    """A clinic whose fees wait, and whose open appointments the worker knows."""
    with opened(make_clinic(database_url, CANCELLATIONS_ADAPTER=Till(), **WAITING)) as made:
        yield made


@pytest.fixture
def at_once() -> Iterator[Clinic]:
    """A clinic that charges at once."""
    with opened(make_clinic(CANCELLATIONS_ADAPTER=Till())) as made:
        yield made


def work(clinic: Clinic) -> Any:
    clinic.db.session.rollback()
    done = run_once(clinic.state)
    assert done.errors == 0
    clinic.db.session.rollback()
    return done


def swept(clinic: Clinic) -> dict[str, int]:
    """One pass, whether or not one is due."""
    clinic.db.session.rollback()
    done = sweep(clinic.state, threading.Event())
    assert done is not None
    clinic.db.session.rollback()
    return dict(done.found)


def change(clinic: Clinic, visit: Any, **values: Any) -> None:
    """What an old page of the host does."""
    for name, value in values.items():
        setattr(visit, name, value)
    clinic.db.session.commit()


def restored(clinic: Clinic, *, after: float = 0, **values: Any) -> Any:
    """A visit that was cancelled through us and opened again in the host's own pages so many minutes later."""
    rest = values.pop("rest", None)
    visit = clinic.visit(**values)
    swept(clinic)
    clinic.cancel(visit, rest=rest)
    if after:
        clinic.clock.forward(minutes=after)
        work(clinic)
    change(clinic, visit, state="booked")
    assert swept(clinic) == {"restored": 1}
    return visit


def close(clinic: Clinic, fee: str = "", number: int = 1) -> None:
    review.close(clinic.state, number, DESK, fee=fee)
    clinic.db.session.commit()


def amounts(now: Settlement) -> dict[str, int]:
    names = ("taken", "forfeited", "refunded", "held", "kept", "given_back", "due", "dropped", "pending")
    return {name: getattr(now, name) for name in names if getattr(now, name)}


def actions(clinic: Clinic) -> list[str]:
    return [event.action for event in clinic.rows(Event)]


# -- restored past us ------------------------------------------------------------------------------------------------


def test_a_fee_that_waits_is_nobodys_but_peoples_once_the_appointment_stands_again(clinic: Clinic) -> None:
    visit = restored(clinic, deposit="50.00", rest="refund")
    assert amounts(settled(clinic)) == {"pending": 3000, "held": 5000}
    assert moving(clinic) == [("refund", "stopped", 2000)]
    # Neither the end of its wait decides it, nor that its time is taken: by the appointment itself.
    clinic.clock.forward(hours=8)
    assert work(clinic).fees == 0
    for step in (fees.charge_overdue, fees.refill):
        assert step(clinic.state, 1, job_actor("worker")) is None
    assert amounts(settled(clinic)) == {"pending": 3000, "held": 5000}
    assert "fee.held" in actions(clinic)
    assert "fee.charged" not in actions(clinic)
    assert clinic.cancellations.owed(visit.patient_id).due == 0


def test_it_is_kept_and_then_charged_the_deposit_first(clinic: Clinic) -> None:
    restored(clinic, deposit="20.00")
    with pytest.raises(InvalidInput):
        review.close(clinic.state, 1, DESK)
    clinic.db.session.rollback()
    close(clinic, "keep")
    assert amounts(settled(clinic)) == {"taken": 2000, "kept": 2000, "due": 1000}
    clinic.clock.forward(minutes=3)
    work(clinic)
    assert amounts(settled(clinic)) == {"taken": 2000, "kept": 3000}
    assert moving(clinic) == [("charge", "done", 1000)]


def test_it_is_dropped_and_the_whole_deposit_stays_for_the_appointment(clinic: Clinic) -> None:
    restored(clinic, deposit="50.00")
    close(clinic, "drop")
    assert amounts(settled(clinic)) == {"dropped": 3000, "held": 5000}
    clinic.clock.forward(hours=8)
    assert work(clinic).fees == 0
    assert ("refund", "created", 2000) not in moving(clinic)


def test_a_fee_that_was_asked_for_is_asked_for_again_only_if_it_is_kept(at_once: Clinic) -> None:
    clinic = at_once
    restored(clinic, deposit="20.00")
    assert amounts(settled(clinic)) == {"taken": 2000, "kept": 2000, "pending": 1000}
    assert moving(clinic) == [("charge", "stopped", 1000)]
    clinic.clock.forward(hours=8)
    assert work(clinic).fees == 0
    close(clinic, "keep")
    assert amounts(settled(clinic)) == {"taken": 2000, "kept": 2000, "due": 1000}
    assert moving(clinic) == [("charge", "stopped", 1000), ("charge", "created", 1000)]


def test_what_was_paid_stays_paid_until_somebody_drops_it(at_once: Clinic) -> None:
    clinic = at_once
    restored(clinic, after=5, deposit="20.00")
    assert amounts(settled(clinic)) == {"taken": 2000, "kept": 3000}
    close(clinic, "drop")
    assert amounts(settled(clinic)) == {"held": 2000, "given_back": 1000, "dropped": 2000}
    work(clinic)
    assert [(payment.kind, payment.amount) for payment in clinic.state.adapter.moved] == [  # type: ignore[attr-defined]
        ("charge", 1000),
        ("refund", 1000),
    ]


def test_a_deposit_that_was_kept_is_asked_about_too() -> None:
    forfeit = [{"name": "strict", "valid_from": "2026-01-01", "bands": [{"less_than": "24h", "fee": "10%"}]}]
    forfeit[0]["bands"][0]["deposit"] = {"client": ["keep"]}  # type: ignore[index]
    with opened(make_clinic(CANCELLATIONS_POLICIES=forfeit)) as clinic:
        restored(clinic, deposit="50.00", rest="keep")
        assert amounts(settled(clinic)) == {"taken": 600, "kept": 600, "forfeited": 4400}
        close(clinic, "drop")
        assert amounts(settled(clinic)) == {"held": 5000, "dropped": 600}


def test_who_was_promised_a_letter_gets_one(smtp_catcher: SmtpCatcher) -> None:
    for fate, told in (("drop", "We drop the cancellation fee of 30.00\xa0EUR."), ("keep", "The cancellation fee is")):
        smtp_catcher.mails.clear()
        with opened(make_clinic(CANCELLATIONS_MAIL_URL=smtp_catcher.url, **WAITING)) as clinic:
            english = clinic.patient(mobile=None, language="en")
            restored(clinic, after=5, deposit="20.00", patient=english)
            assert "We will write to you by" in letter(smtp_catcher)
            close(clinic, fate)
            work(clinic)
            assert len(smtp_catcher.mails) == 2
            assert told in letter(smtp_catcher)


def test_who_was_told_nothing_is_told_nothing_more(smtp_catcher: SmtpCatcher) -> None:
    with opened(make_clinic(CANCELLATIONS_MAIL_URL=smtp_catcher.url, **WAITING)) as clinic:
        restored(clinic)
        close(clinic, "drop")
        clinic.clock.forward(hours=3)
        work(clinic)
        assert smtp_catcher.mails == []
        assert {row.state for row in clinic.rows(Message)} == {"stopped"}


def letter(smtp_catcher: SmtpCatcher) -> str:
    body: Any = smtp_catcher.mails[-1].message.get_body(("plain",))
    return str(body.get_content())


def test_the_desk_decides_about_such_a_fee_where_it_is_listed_and_nowhere_else(clinic: Clinic) -> None:
    restored(clinic, deposit="50.00")
    for step in (
        lambda: fees.charge(clinic.state, 1, DESK),
        lambda: fees.waive(clinic.state, 1, DESK, reason="why"),
        lambda: fees.drop(clinic.state, 1, DESK, reason="why"),
        lambda: fees.release(clinic.state, 1, DESK, reason="why"),
    ):
        with pytest.raises(Conflict, match="The appointment stands again"):
            step()
    clinic.db.session.rollback()
    assert amounts(settled(clinic)) == {"pending": 3000, "held": 5000}


def test_what_is_waived_of_a_fee_that_was_kept_lets_no_deposit_go(clinic: Clinic) -> None:
    """The deposit belongs to the appointment, which stands."""
    visit = restored(clinic, deposit="20.00")
    close(clinic, "keep")
    fees.waive(clinic.state, 1, DESK, reason="They are old friends.")
    clinic.db.session.commit()
    assert amounts(settled(clinic)) == {"taken": 2000, "kept": 2000}
    assert clinic.cancellations.owed(visit.patient_id).rows == ()


def test_restored_and_cancelled_again_before_the_worker_looks(clinic: Clinic) -> None:
    """What the first cancellation has not done yet does not happen beside the second."""
    visit = clinic.visit(deposit="50.00")
    clinic.cancel(visit, rest="refund")
    change(clinic, visit, state="booked")
    clinic.cancel(visit, rest="refund")
    assert [(row.generation, row.appointment_key) for row in clinic.rows(Cancellation)] == [
        (1, str(visit.id)),
        (2, str(visit.id)),
    ]
    assert moving(clinic) == [("refund", "stopped", 2000), ("refund", "created", 2000)]
    assert amounts(settled(clinic, 1)) == {"pending": 3000, "held": 5000}
    assert [row.state for row in clinic.rows(Message)][:2] == ["stopped", "stopped"]
    assert [(row.kind, row.cancellation_id) for row in clinic.rows(Review)] == [("restored", 1)]
    clinic.clock.forward(hours=5)
    assert work(clinic).fees == 1  # the second one's
    close(clinic, "drop")
    assert amounts(settled(clinic, 1)) == {"dropped": 3000, "held": 5000}
    assert amounts(settled(clinic, 2)) == {"taken": 3000, "kept": 3000, "refunded": 2000}
    assert_books_agree(clinic)


@pytest.mark.parametrize("fee", ["taken by itself", "overdue"])
def test_restored_where_nobody_sweeps(database_url: str, fee: str) -> None:
    """Nobody else has booked its time, nor is its fee due: whoever would decide looks at the host's row first."""
    with opened(make_clinic(database_url, CANCELLATIONS_SWEEP_EVERY=False, **WAITING)) as clinic:
        visit = clinic.visit(deposit="50.00")
        clinic.cancel(visit)
        moved = {"begins_at": visit.begins_at + timedelta(days=3)} if fee == "overdue" else {}
        change(clinic, visit, state="booked", **moved)
        if moved:
            clinic.clock.forward(hours=2)
        assert work(clinic).fees == 0
        assert amounts(settled(clinic)) == {"pending": 3000, "held": 5000}
        assert [row.kind for row in clinic.rows(Review)] == ["restored"]
        assert work(clinic).fees == 0


def test_another_appointment_under_the_same_key_leaves_the_first_ones_fee_alone() -> None:
    with opened(make_clinic(**WAITING)) as clinic:
        visit = clinic.visit(deposit="20.00")
        clinic.cancel(visit)
        values = {column.name: getattr(visit, column.key) for column in clinic.Visit.__table__.columns}
        clinic.db.session.delete(visit)
        clinic.db.session.commit()
        later = {name: values[name] + timedelta(hours=1) for name in ("created_at", "begins_at")}
        values |= {"state": "booked", **later}
        clinic.db.session.add(clinic.Visit(**values))
        clinic.db.session.commit()
        clinic.cancel(clinic.db.session.get(clinic.Visit, values["id"]))
        clinic.clock.forward(hours=3)
        assert work(clinic).fees == 2
        assert amounts(settled(clinic, 1)) == amounts(settled(clinic, 2)) == {"taken": 2000, "kept": 2000, "due": 1000}
        assert clinic.rows(Review) == []


# -- cancelled past us -----------------------------------------------------------------------------------------------


def found_cancelled(clinic: Clinic, **values: Any) -> None:
    visit = clinic.visit(**values)
    swept(clinic)
    change(clinic, visit, state="cancelled")
    assert swept(clinic) == {"cancelled": 1}


def test_the_deposit_of_a_found_cancellation_is_held_until_the_desk_lets_it_go(clinic: Clinic) -> None:
    clinic.state.adapter.paid = [  # type: ignore[attr-defined]
        Deposit(3000, "EUR", used=1000, reference="card-1"),
        Deposit(500, "EUR", reference="card-2"),
        Deposit(900, "USD", reference="dollars"),
    ]
    found_cancelled(clinic)
    (row,) = clinic.rows(SettlementRow)
    assert (row.version, row.fee_vat_rate, row.kept_vat_rate, row.rest, row.pending_until_us) == (
        0,
        0,
        0,
        "refund",
        None,
    )
    assert amounts(settled(clinic)) == {"held": 2500}
    with pytest.raises(InvalidInput):
        fees.release(clinic.state, 1, DESK, reason=" ")
    with pytest.raises(InvalidInput):
        fees.release(clinic.state, 1, DESK, reason="why", amount=2501)
    with pytest.raises(InvalidInput):
        fees.release(clinic.state, 1, DESK, reason="why", amount=100, rest={"refund": 99})
    with pytest.raises(Forbidden):
        fees.release(clinic.state, 1, staff(rights={"cancel"}), reason="why")
    with pytest.raises(Forbidden):
        fees.release(clinic.state, 1, staff(rights=RIGHTS.keys() - {"keep_deposit"}), reason="why", rest="keep")
    clinic.db.session.rollback()

    fees.release(clinic.state, 1, DESK, reason="agreed by phone", amount=700, rest={"keep": 400, "refund": 300})
    fees.release(clinic.state, 1, DESK, reason="the rest goes back")
    clinic.db.session.commit()
    assert amounts(settled(clinic)) == {"forfeited": 400, "refunded": 2100}
    clinic.clock.forward(minutes=3)
    work(clinic)
    assert [(payment.amount, payment.reference) for payment in clinic.state.adapter.moved] == [  # type: ignore[attr-defined]
        (300, "card-2"),
        (200, "card-2"),
        (1600, "card-1"),
    ]
    assert [(step.step, step.amount) for step in clinic.rows(FeeStep)] == [("release", 700), ("release", 1800)]
    assert actions(clinic).count("deposit.released") == 2
    with pytest.raises(Conflict, match="nothing left"):
        fees.release(clinic.state, 1, DESK, reason="once more")


def test_of_a_deleted_row_the_deposit_is_what_was_last_seen(at_once: Clinic) -> None:
    clinic = at_once
    clinic.state.adapter.paid = [Deposit(3000, "EUR")]  # type: ignore[attr-defined]
    visit = clinic.visit(deposit="20.00")
    swept(clinic)
    clinic.db.session.delete(visit)
    clinic.db.session.commit()
    swept(clinic)
    assert swept(clinic) == {"gone": 1}
    assert amounts(settled(clinic)) == {"held": 2000}


# -- a host function that commits by itself --------------------------------------------------------------------------


def dies(clinic: Clinic, visit: Any) -> None:
    """Cancel by a function of the host's whose process ends with it."""
    with pytest.raises(services.Death), transaction(clinic.state):
        clinic.cancellations.cancel(clinic.command(visit), job_actor("desk"))
    clinic.db.session.rollback()
    assert len(clinic.rows(Pending)) == 1


def billed(clinic: Clinic) -> Any:
    visit = clinic.visit(deposit="50.00")
    clinic.db.session.add(clinic.Bill(visit_id=visit.id, state="open"))
    clinic.db.session.commit()
    return visit


def test_a_fee_does_not_begin_to_wait_before_the_host_has_cancelled(database_url: str) -> None:
    hasty: dict[str, Any] = {"CANCELLATIONS_PENDING": "1m", "CANCELLATIONS_UNDO_DELAY": "0m"}
    made = finance_clinic(database_url, services.dies_after_the_commit, CANCELLATIONS_ADAPTER=Till(), **hasty)
    with opened(made) as clinic:
        dies(clinic, billed(clinic))
        assert moving(clinic) == [("refund", "pending_host", 2000)]
        with pytest.raises(Conflict, match="being cancelled at this moment"):
            fees.waive(clinic.state, 1, DESK, reason="why")
        clinic.clock.forward(seconds=59)
        done = work(clinic)
        assert (done.decided, done.fees, done.movements, len(clinic.rows(Pending))) == (0, 0, 0, 1)
        clinic.clock.forward(seconds=31)
        done = work(clinic)
        assert (done.decided, done.fees, done.movements) == (1, 1, 1)
        assert amounts(settled(clinic)) == {"taken": 3000, "kept": 3000, "refunded": 2000}


def test_what_the_host_has_not_cancelled_is_undone_with_all_its_money(database_url: str) -> None:
    service = services.dies_before_the_visit_is_cancelled
    with opened(finance_clinic(database_url, service, CANCELLATIONS_ADAPTER=Till(), **WAITING)) as clinic:
        dies(clinic, billed(clinic))
        clinic.clock.forward(minutes=2)
        assert work(clinic).decided == 1
        clinic.clock.forward(hours=8)
        done = work(clinic)
        assert (done.fees, done.sent, done.movements) == (0, 0, 0)
        assert amounts(settled(clinic)) == {"dropped": 3000, "held": 5000}
        assert moving(clinic) == [("refund", "stopped", 2000)]
        assert [(step.step, step.actor_key) for step in clinic.rows(FeeStep)] == [("undo", "worker")]
        assert actions(clinic)[-2:] == ["fee.undone", "cancellation.reversed"]
