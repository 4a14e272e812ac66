"""Eight people book one free time at the same moment: one booking, and seven who are told to choose another time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from flask_cancellations import Cancelled, SlotTaken
from flask_cancellations.models import Slot
from flask_cancellations.services import cancel
from flask_cancellations.services.transaction import run
from flask_cancellations.state import current_state

from .race_host import PATIENCE, Clinic, at_once, command, desk, open_clinic

pytestmark = pytest.mark.race

PEOPLE = 8
LENGTH = timedelta(minutes=30)


@pytest.fixture
def clinic(database_url: str) -> Iterator[Clinic]:
    with open_clinic(database_url) as clinic:
        yield clinic


@pytest.fixture
def clinic_with_waitlist(database_url: str) -> Iterator[Clinic]:
    with open_clinic(database_url, CANCELLATIONS_WAITLIST={"hold": "30m"}) as clinic:
        yield clinic


def book(clinic: Clinic, start: datetime, gate: threading.Barrier, *, staff: int = 1) -> int:
    """A host's online booking: see that the time is free, claim it, add the row, commit."""
    with clinic.session():
        clinic.cancellations.slots.at(start, start + LENGTH, staff)
        gate.wait()
        return claim_and_add(clinic, start, staff)


def book_now(clinic: Clinic, start: datetime) -> int:
    """The same in one go."""
    with clinic.session():
        return claim_and_add(clinic, start, 1)


def claim_and_add(clinic: Clinic, start: datetime, staff: int) -> int:
    clinic.cancellations.slots.claim(start, start + LENGTH, staff)
    visit = clinic.new_visit(start, staff=staff)
    clinic.db.session.add(visit)
    clinic.db.session.commit()
    return int(visit.id)


def book_without_claim(clinic: Clinic, start: datetime, gate: threading.Barrier) -> int:
    """The same with a look instead of a claim: the control of the tests here."""
    with clinic.session() as session:
        if clinic.cancellations.slots.at(start, start + LENGTH, 1) != "open":
            raise SlotTaken("the time is gone", state="taken")
        gate.wait()
        visit = clinic.new_visit(start)
        session.add(visit)
        session.commit()
        return int(visit.id)


def book_a_time_in_the_moment_it_is_freed(clinic: Clinic, start: datetime, key: str) -> list[Any]:
    """One cancels; seven try to book the time before, meanwhile, and once more when it is over."""
    over = threading.Event()

    def cancel_it(gate: threading.Barrier) -> Cancelled:
        with clinic.session():
            state = current_state()
            gate.wait()
            try:
                return run(state, lambda: cancel.cancel(state, command(key), desk()))
            finally:
                over.set()

    def insist(gate: threading.Barrier) -> int:
        gate.wait()
        while True:
            last = over.is_set()
            try:
                return book_now(clinic, start)
            except SlotTaken as refusal:
                if last or refusal.state != "taken":
                    raise

    outcomes = at_once([cancel_it, *[insist] * (PEOPLE - 1)])
    assert isinstance(outcomes[0], Cancelled), outcomes
    return outcomes[1:]


def bookings_at(clinic: Clinic, start: datetime) -> int:
    """How many open appointments stand at a time."""
    with clinic.session() as session:
        found = select(func.count()).where(clinic.visit.begins_at == start, clinic.visit.state == "booked")
        return int(session.scalar(found))


def refused_as(outcomes: list[Any]) -> set[str]:
    """The states that those who got nothing were told; fails if somebody was told anything else."""
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    taken = [refusal for refusal in refusals if type(refusal) is SlotTaken and refusal.status == 409]
    assert taken == refusals
    return {refusal.state for refusal in taken}


def everybody_books(clinic: Clinic, start: datetime, does: Any = book) -> list[Any]:
    return at_once([partial(does, clinic, start)] * PEOPLE)


def one_booked(outcomes: list[Any]) -> None:
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1, outcomes
    assert refused_as(outcomes) == {"taken"}


def test_a_freed_time_goes_to_one_of_eight(clinic: Clinic, rounds: int) -> None:
    for _ in range(rounds):
        start = next(clinic.visits)
        clinic.cancel(clinic.book(start))
        one_booked(everybody_books(clinic, start))
        assert bookings_at(clinic, start) == 1
    assert clinic.count(Slot, state="taken") == rounds
    assert clinic.count(Slot) == rounds


def test_a_time_that_was_never_cancelled_goes_to_one_of_eight(clinic: Clinic, rounds: int) -> None:
    """No slot row stands for it: the therapist's day settles it."""
    for _ in range(rounds):
        start = next(clinic.visits)
        one_booked(everybody_books(clinic, start))
        assert bookings_at(clinic, start) == 1
    assert clinic.count(Slot) == 0


def test_the_control_books_more_than_once(clinic: Clinic, rounds: int) -> None:
    """A look without a claim loses in this very harness; so the tests above can fail."""
    booked = [0]
    for _ in range(rounds):
        start = next(clinic.visits)
        clinic.cancel(clinic.book(start))
        everybody_books(clinic, start, book_without_claim)
        booked.append(bookings_at(clinic, start))
        if booked[-1] > 1:
            break
    assert max(booked) > 1, booked


def test_nobody_books_a_time_that_is_held_when_it_is_freed(clinic_with_waitlist: Clinic, rounds: int) -> None:
    """Until the cancellation is committed the time is taken, from then on it is held; there is no moment between."""
    clinic = clinic_with_waitlist
    for _ in range(rounds):
        start = next(clinic.visits)
        outcomes = book_a_time_in_the_moment_it_is_freed(clinic, start, clinic.book(start))
        assert refused_as(outcomes) == {"held"}
        assert len(outcomes) == PEOPLE - 1
        assert bookings_at(clinic, start) == 0
    assert clinic.count(Slot, state="held") == rounds


def test_a_time_freed_without_a_hold_goes_to_the_first_of_seven(clinic: Clinic, rounds: int) -> None:
    for _ in range(rounds):
        start = next(clinic.visits)
        outcomes = book_a_time_in_the_moment_it_is_freed(clinic, start, clinic.book(start))
        one_booked(outcomes)
        assert bookings_at(clinic, start) == 1


def test_a_hold_ends_by_time_and_then_the_time_goes_to_one_of_eight(clinic_with_waitlist: Clinic, rounds: int) -> None:
    clinic = clinic_with_waitlist
    for _ in range(max(rounds // 4, 1)):
        start = next(clinic.visits)
        clinic.cancel(clinic.book(start))
        assert refused_as(everybody_books(clinic, start)) == {"held"}
        clinic.clock.advance(timedelta(minutes=29, seconds=59))
        assert refused_as(everybody_books(clinic, start)) == {"held"}
        clinic.clock.advance(timedelta(seconds=1))
        one_booked(everybody_books(clinic, start))


def test_a_time_that_its_reason_closed_is_never_booked(clinic: Clinic, rounds: int) -> None:
    for _ in range(rounds):
        start = next(clinic.visits)
        clinic.cancel(clinic.book(start), reason="therapist_ill")
        assert refused_as(everybody_books(clinic, start)) == {"closed"}
        assert bookings_at(clinic, start) == 0


def test_eight_times_of_one_day_are_all_booked_at_once(clinic: Clinic, rounds: int) -> None:
    """Their claims follow one another; nobody is refused, or thrown out by the database."""
    for _ in range(max(rounds // 4, 1)):
        starts = [next(clinic.visits) for _ in range(PEOPLE)]
        outcomes = at_once([partial(book, clinic, start) for start in starts])
        assert all(isinstance(outcome, int) for outcome in outcomes), outcomes


def test_one_time_of_two_therapists_is_booked_with_both_at_once(clinic: Clinic, rounds: int) -> None:
    for _ in range(max(rounds // 4, 1)):
        start = next(clinic.visits)
        outcomes = at_once([partial(book, clinic, start, staff=staff) for staff in (1, 2)])
        assert all(isinstance(outcome, int) for outcome in outcomes), outcomes


def test_bookings_of_different_therapists_do_not_wait_for_one_another(clinic: Clinic) -> None:
    """Dr Petrova's time is claimed and not yet committed; Dr Stoev's is booked meanwhile."""
    if clinic.db_name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    start = next(clinic.visits)
    claimed, booked = threading.Event(), threading.Event()

    def hold_open(_gate: threading.Barrier) -> bool:
        with clinic.session() as session:
            clinic.cancellations.slots.claim(start, start + LENGTH, 1)
            claimed.set()
            in_time = booked.wait(PATIENCE)
            session.rollback()
            return in_time

    def book_the_other(_gate: threading.Barrier) -> None:
        assert claimed.wait(PATIENCE)
        with clinic.session() as session:
            clinic.cancellations.slots.claim(start, start + LENGTH, 2)
            session.add(clinic.new_visit(start, staff=2))
            session.commit()
        booked.set()

    assert at_once([hold_open, book_the_other]) == [True, None]
