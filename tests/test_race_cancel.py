"""Eight people cancel one appointment at the same moment: one cancellation, and seven who are told who was faster."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, text

from flask_cancellations import Actor, AlreadyCancelled, Cancelled, NotFound
from flask_cancellations.clock import utc_to_us
from flask_cancellations.models import Cancellation, Claim, Event, Message, Movement, SettlementRow, Slot
from flask_cancellations.services import cancel
from flask_cancellations.services.transaction import run, transaction
from flask_cancellations.state import current_state

from .race_host import NOW, Clinic, at_once, command, desk, open_clinic

pytestmark = pytest.mark.race

PEOPLE = [f"Reception {number}" for number in range(8)]


@pytest.fixture
def clinic(database_url: str) -> Iterator[Clinic]:
    with open_clinic(database_url) as clinic:
        yield clinic


def look_then_cancel(clinic: Clinic, key: str, name: str, gate: threading.Barrier) -> Cancelled:
    """See the appointment open, as everybody does; then cancel it in the same transaction."""
    with clinic.session() as session:
        state = current_state()
        page = session.get(clinic.visit, int(key))  # the session remembers it as long as somebody holds it
        assert page.state == "booked"
        gate.wait()
        with transaction(state):
            return cancel.cancel(state, command(key), desk(name))


def read_check_write(clinic: Clinic, key: str, name: str, gate: threading.Barrier) -> str:
    """What a host does without us, and what must lose the race: the control of the tests here."""
    with clinic.session() as session:
        visit = session.get(clinic.visit, int(key))
        if visit.state != "booked":
            raise AlreadyCancelled(f"{key} is already cancelled")
        gate.wait()
        visit.state = "cancelled"
        session.execute(
            text("INSERT INTO naive_cancellation (visit_id, who) VALUES (:visit, :who)"), {"visit": key, "who": name}
        )
        session.commit()
    return name


def everybody(clinic: Clinic, key: str, does: Any) -> list[Any]:
    return at_once([partial(does, clinic, key, name) for name in PEOPLE])


def one_winner(outcomes: list[Any]) -> str:
    """The name of the one who cancelled; all others must have been told that name and the time."""
    winners = [name for name, outcome in zip(PEOPLE, outcomes, strict=True) if isinstance(outcome, Cancelled)]
    assert len(winners) == 1, outcomes
    refusals = [outcome for outcome in outcomes if not isinstance(outcome, Cancelled)]
    for refusal in refusals:
        assert type(refusal) is AlreadyCancelled, refusal
        assert refusal.status == 409
        assert refusal.cancelled_by == winners[0]
        assert refusal.cancelled_us == utc_to_us(NOW)
        assert str(refusal) == f"{winners[0]} cancelled this appointment on Wednesday, 2 December 2026, 10:05."
    assert len(refusals) == len(PEOPLE) - 1
    return winners[0]


def written_for(clinic: Clinic, key: str) -> dict[str, int]:
    """How many rows of each kind there are about an appointment."""
    with clinic.session():
        query = select(Cancellation.id).where(Cancellation.appointment_key == key)
        ids = list(current_state().store.execute(query).scalars())
    kinds = {"settlement": SettlementRow, "movement": Movement, "slot": Slot, "message": Message}
    return {
        "claim": clinic.count(Claim, appointment_key=key, state="cancelled"),
        "cancellation": len(ids),
        "event": clinic.count(Event, appointment_key=key, action="appointment.cancelled"),
        **{kind: sum(clinic.count(model, cancellation_id=one) for one in ids) for kind, model in kinds.items()},
    }


# An e-mail and an SMS; of the deposit of 40.00 a fee of 30.00 is taken, and 10.00 go back.
ONCE = {"claim": 1, "cancellation": 1, "event": 1, "settlement": 1, "movement": 1, "slot": 1, "message": 2}


def test_of_eight_who_cancel_at_once_one_does(clinic: Clinic, rounds: int) -> None:
    for _ in range(rounds):
        key = clinic.book()
        one_winner(everybody(clinic, key, look_then_cancel))
        assert written_for(clinic, key) == ONCE
        assert clinic.status(key) == "cancelled"
    assert clinic.count(Cancellation) == rounds
    assert clinic.count(Message) == 2 * rounds


def test_an_appointment_restored_in_the_hosts_own_pages_is_cancelled_once_again(clinic: Clinic, rounds: int) -> None:
    """The claim still says cancelled, so nobody wins by it; the host's row and the claim's generation settle it."""
    for _ in range(rounds):
        key = clinic.book()
        clinic.cancel(key)
        with clinic.session() as session:
            session.get(clinic.visit, int(key)).state = "booked"
            session.commit()
        one_winner(everybody(clinic, key, look_then_cancel))
        assert clinic.count(Cancellation, appointment_key=key) == 2
        assert clinic.count(Cancellation, appointment_key=key, generation=2) == 1


def test_cancellations_of_different_appointments_do_not_hinder_one_another(clinic: Clinic, rounds: int) -> None:
    clinic.cancel(clinic.book())  # brings in the reasons, as `flask cancellations sync` does
    for _ in range(max(rounds // 4, 1)):
        keys = [clinic.book() for _ in PEOPLE]
        outcomes = at_once([partial(look_then_cancel, clinic, key, "Reception 1") for key in keys])
        assert [type(outcome) for outcome in outcomes] == [Cancelled] * len(keys), outcomes


def test_the_first_requests_ever_all_succeed_together(database_url: str, rounds: int) -> None:
    """Reasons and policies are not stored yet: each of the eight brings them in, and the database lets one do it."""

    def cancel_with_retry(clinic: Clinic, key: str, gate: threading.Barrier) -> Cancelled:
        with clinic.session():
            state = current_state()
            gate.wait()
            return run(state, lambda: cancel.cancel(state, command(key), desk()))

    with open_clinic(database_url) as clinic:
        for _ in range(max(rounds // 8, 1)):
            keys = [clinic.book() for _ in PEOPLE]
            outcomes = at_once([partial(cancel_with_retry, clinic, key) for key in keys])
            assert [type(outcome) for outcome in outcomes] == [Cancelled] * len(keys), outcomes
            assert [written_for(clinic, key) for key in keys] == [ONCE] * len(keys)
            clinic.forget()


def test_a_therapist_who_has_just_lost_the_appointment_cannot_cancel_it(clinic: Clinic) -> None:
    """It was the therapist's own when the page was opened; the desk has given it to a colleague since."""
    key = clinic.book(staff=1)
    therapist = Actor("staff", "petrova", "Dr Petrova", "web", frozenset({"cancel:own"}), staff_key="1")
    with clinic.session() as session:
        page = session.get(clinic.visit, int(key))  # the session remembers it as long as somebody holds it
        assert page.therapist.name == "Dr Petrova"
        with clinic.session() as desks_session:
            desks_session.get(clinic.visit, int(key)).therapist_id = 2
            desks_session.commit()
        state = current_state()
        with pytest.raises(NotFound), transaction(state):
            cancel.cancel(state, command(key), therapist)
    assert clinic.count(Cancellation) == 0
    assert clinic.status(key) == "booked"


def test_the_control_cancels_more_than_once(clinic: Clinic, rounds: int) -> None:
    """Reading, checking and writing without a claim loses in this very harness; so the tests above can fail."""
    with clinic.session() as session:
        session.execute(text("CREATE TABLE naive_cancellation (visit_id INTEGER, who VARCHAR(80))"))
        session.commit()
    cancellations = [0]
    for _ in range(rounds):
        outcomes = everybody(clinic, clinic.book(), read_check_write)
        cancellations.append(sum(outcome in PEOPLE for outcome in outcomes))
        if cancellations[-1] > 1:
            break
    assert max(cancellations) > 1, cancellations
