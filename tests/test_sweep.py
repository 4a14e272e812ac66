"""What was done in the host's own pages, past us, is found once, and nothing is found that was not done."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from flask_cancellations.jobs.sweep import Swept, sweep
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import (
    Cancellation,
    Claim,
    Event,
    Message,
    Movement,
    Review,
    SettlementRow,
    Slot,
    Watched,
)
from flask_cancellations.services.elsewhere import passes
from flask_cancellations.services.elsewhere.passes import last_pass
from flask_cancellations.services.transaction import transaction

from .race_host import Clinic as RaceClinic
from .race_host import at_once, open_clinic
from .small_host import NOW, Clinic, make_clinic


@pytest.fixture
def clinic(database_url: str) -> Iterator[Clinic]:
    made = make_clinic(database_url)
    with made.app.app_context():
        yield made
        made.db.session.remove()


@pytest.fixture
def quick() -> Iterator[Clinic]:
    """For what is the same on every database."""
    made = make_clinic()
    with made.app.app_context():
        yield made
        made.db.session.remove()


def once(clinic: Clinic, **options: Any) -> Swept:
    """One pass, as the worker does it."""
    clinic.db.session.rollback()
    done = sweep(clinic.state, threading.Event(), **options)
    clinic.db.session.rollback()
    assert done is not None
    return done


def found(clinic: Clinic) -> dict[str, int]:
    return dict(once(clinic).found)


def change(clinic: Clinic, visit: Any, **values: Any) -> None:
    """What an old route of the host does."""
    for name, value in values.items():
        setattr(visit, name, value)
    clinic.db.session.commit()


def remove(clinic: Clinic, visit: Any) -> None:
    clinic.db.session.delete(visit)
    clinic.db.session.commit()


def everything(clinic: Clinic) -> dict[str, list[Any]]:
    """All that a pass may not add to or change again."""
    clinic.db.session.rollback()
    models = (Cancellation, Claim, Event, Message, Movement, Review, SettlementRow, Slot)
    return {model.__tablename__: [tuple(row) for row in clinic.rows(model)] for model in models}


def many(clinic: Clinic, count: int, **values: Any) -> list[Any]:
    return [clinic.visit(NOW + timedelta(days=3, hours=number), **values) for number in range(count)]


# -- what is found -------------------------------------------------------------------------------------------------


def test_the_first_pass_is_a_baseline(clinic: Clinic) -> None:
    """Who was cancelled long ago, by whatever page, is not our news."""
    clinic.visit(state="cancelled")
    clinic.visit(NOW - timedelta(hours=3), state="missed")
    clinic.visit()
    first = once(clinic)
    assert (first.baseline, first.watched, dict(first.found)) == (True, 1, {})
    second = once(clinic)
    assert (second.baseline, second.watched, dict(second.found)) == (False, 1, {})
    assert not any(everything(clinic).values())


def test_a_cancellation_by_another_page_is_recorded_once(clinic: Clinic) -> None:
    visit = clinic.visit()
    once(clinic)
    change(clinic, visit, state="cancelled")
    assert found(clinic) == {"cancelled": 1}
    (record,), (settled,), (slot,), (item,) = (
        clinic.rows(model) for model in (Cancellation, SettlementRow, Slot, Review)
    )
    assert (record.source, record.actor_kind, record.actor_name, record.reason_code) == ("host", "unknown", "", "")
    assert (record.status, record.status_before, record.client_name) == ("cancelled", "booked", "Мария Петрова")
    assert (settled.deposit, settled.held, settled.fee, settled.due) == (2000, 2000, 0, 0)
    assert slot.state == "released"
    assert (item.kind, item.state, item.cancellation_id) == ("reason", "open", record.id)
    assert [row.action for row in clinic.rows(Event)] == ["appointment.cancelled"]
    assert clinic.rows(Message) == clinic.rows(Movement) == clinic.rows(Watched) == []
    before = everything(clinic)
    assert found(clinic) == {}
    assert everything(clinic) == before


def test_a_missed_appointment_is_told_from_a_cancelled_one(clinic: Clinic) -> None:
    """It is marked after the start, and its time is nobody's to book."""
    visit = clinic.visit(NOW + timedelta(hours=1))
    once(clinic)
    clinic.clock.forward(hours=5)
    once(clinic)
    change(clinic, visit, state="missed")
    assert found(clinic) == {"noshow": 1}
    (record,), (slot,) = clinic.rows(Cancellation), clinic.rows(Slot)
    assert (record.status, slot.state) == ("noshow", "lapsed")
    assert found(clinic) == {}


def test_a_deleted_row_is_gone_when_two_passes_running_miss_it(clinic: Clinic) -> None:
    visit, other = clinic.visit(therapist=clinic.therapist("Vesela Marinova")), clinic.visit()
    once(clinic)
    start = visit.begins_at
    remove(clinic, visit)
    assert found(clinic) == {}
    assert clinic.rows(Cancellation) == []
    assert found(clinic) == {"gone": 1}
    (record,) = clinic.rows(Cancellation)
    assert (record.staff_name, record.service_name, record.client_name) == (
        "Vesela Marinova",
        "Massage",
        "Мария Петрова",
    )
    assert record.start_us == clinic.state.clock.to_us(start)
    assert clinic.rows(SettlementRow)[0].held == 2000
    assert found(clinic) == {}
    assert [row.appointment_key for row in clinic.rows(Watched)] == [str(other.id)]


def test_a_row_that_is_there_again_was_not_gone(clinic: Clinic) -> None:
    """Some hosts save by deleting and adding again."""
    visit = clinic.visit()
    once(clinic)
    kept = {column.name: getattr(visit, column.key) for column in clinic.Visit.__table__.columns}
    remove(clinic, visit)
    assert found(clinic) == {}
    clinic.db.session.add(clinic.Visit(**kept))
    clinic.db.session.commit()
    assert found(clinic) == found(clinic) == {}
    assert [row.missing for row in clinic.rows(Watched)] == [0]


def test_a_restored_appointment_takes_our_side_back(clinic: Clinic) -> None:
    visit = clinic.visit(deposit="50.00")
    once(clinic)
    cancelled = clinic.cancel(visit, fee="charge", rest="refund")
    once(clinic)
    change(clinic, visit, state="booked")
    assert found(clinic) == {"restored": 1}
    assert [row.state for row in clinic.rows(Claim)] == ["booked"]
    assert {row.state for row in clinic.rows(Message)} == {row.state for row in clinic.rows(Movement)} == {"stopped"}
    assert [row.state for row in clinic.rows(Slot)] == ["taken"]
    (item,), (settled,) = clinic.rows(Review), clinic.rows(SettlementRow)
    assert (item.kind, item.cancellation_id) == ("restored", cancelled.cancellation_id)
    assert (settled.kept, settled.refunded, settled.held) == (3000, 0, 2000)  # whether the fee stays, people say
    actions = [row.action for row in clinic.rows(Event)]
    assert actions == ["appointment.cancelled", "fee.held", "appointment.restored_elsewhere"]
    before = everything(clinic)
    assert found(clinic) == {}
    assert everything(clinic) == before
    clinic.cancel(visit)  # it can be cancelled again


def test_cancelled_and_restored_between_two_passes(clinic: Clinic) -> None:
    visit = clinic.visit()
    once(clinic)
    clinic.cancel(visit)
    change(clinic, visit, state="booked")
    assert found(clinic) == {"restored": 1}


def test_the_message_of_a_restored_appointment_is_not_sent(quick: Clinic) -> None:
    """The worker looks before it sends, also when both are due in one round."""
    visit = quick.visit()
    run_once(quick.state)
    quick.cancel(visit)
    change(quick, visit, state="booked")
    quick.clock.forward(minutes=6)
    done = run_once(quick.state)
    assert (done.found, done.sent, done.errors) == (1, 0, 0)


def test_a_moved_appointment(clinic: Clinic) -> None:
    visit = clinic.visit()
    before_us = clinic.state.clock.to_us(visit.begins_at)
    once(clinic)
    change(clinic, visit, begins_at=visit.begins_at + timedelta(days=1))
    assert found(clinic) == {"moved": 1}
    (item,) = clinic.rows(Review)
    assert (item.kind, item.before_us, item.cancellation_id) == ("moved", before_us, None)
    assert item.start_us == clinic.state.clock.to_us(visit.begins_at)
    assert clinic.rows(Cancellation) == []
    assert found(clinic) == {}
    change(clinic, visit, begins_at=visit.begins_at + timedelta(days=400))  # further than anybody looks
    assert found(clinic) == {"moved": 1}
    (item,) = clinic.rows(Review)  # two moves are one to look at
    assert item.before_us == before_us
    assert [row.action for row in clinic.rows(Event)] == ["appointment.moved_elsewhere"] * 2
    assert found(clinic) == {}
    change(clinic, visit, state="cancelled")
    assert found(clinic) == {"cancelled": 1}


def test_restored_to_another_time_frees_the_time_it_left(clinic: Clinic) -> None:
    visit = clinic.visit()
    clinic.cancel(visit)
    once(clinic)
    change(clinic, visit, state="booked", begins_at=visit.begins_at + timedelta(days=1))
    assert found(clinic) == {"restored": 1}
    assert [row.state for row in clinic.rows(Slot)] == ["released"]
    assert clinic.rows(Review)[0].before_us is not None


def test_what_was_found_and_is_restored_needs_no_reason_any_more(quick: Clinic) -> None:
    visit = quick.visit()
    once(quick)
    change(quick, visit, state="cancelled")
    once(quick)
    change(quick, visit, state="booked")
    assert found(quick) == {"restored": 1}
    assert [(row.kind, row.state) for row in quick.rows(Review)] == [("reason", "closed"), ("restored", "open")]
    change(quick, visit, state="cancelled")
    assert found(quick) == {"cancelled": 1}
    assert [row.generation for row in quick.rows(Cancellation)] == [1, 2]


def test_several_at_once_by_several_routes(clinic: Clinic) -> None:
    visits = many(clinic, 5)
    once(clinic)
    clinic.cancel(visits[0])
    change(clinic, visits[0], state="booked")
    change(clinic, visits[1], state="cancelled")
    change(clinic, visits[2], begins_at=visits[2].begins_at + timedelta(days=2))
    remove(clinic, visits[3])
    assert found(clinic) == {"restored": 1, "cancelled": 1, "moved": 1}
    assert found(clinic) == {"gone": 1}
    assert found(clinic) == {}


# -- what is not found ---------------------------------------------------------------------------------------------


def test_our_own_cancellations_are_no_news(clinic: Clinic) -> None:
    visits = many(clinic, 3)
    once(clinic)
    clinic.cancel(visits[0])
    clinic.cancel(visits[1], reason="therapist_ill", fee=None)
    before = everything(clinic)
    assert found(clinic) == found(clinic) == {}
    assert everything(clinic) == before
    assert [row.appointment_key for row in clinic.rows(Watched)] == [str(visits[2].id)]


def test_a_row_that_we_cancelled_and_the_host_deleted_is_no_news(clinic: Clinic) -> None:
    visit = clinic.visit()
    once(clinic)
    clinic.cancel(visit)
    remove(clinic, visit)
    assert found(clinic) == found(clinic) == {}
    assert len(clinic.rows(Cancellation)) == 1


def test_what_is_past_is_left_in_peace(clinic: Clinic) -> None:
    """Done, or never marked at all; and old rows are tidied away."""
    done, unmarked, tidied = many(clinic, 3)
    once(clinic)
    clinic.clock.forward(days=3, hours=4)
    change(clinic, done, state="done")
    remove(clinic, tidied)
    assert found(clinic) == found(clinic) == {}
    assert [row.appointment_key for row in clinic.rows(Watched)] == [str(unmarked.id)]
    clinic.clock.forward(days=3)
    assert found(clinic) == {}
    assert clinic.rows(Watched) == []
    assert not any(everything(clinic).values())


def test_other_words_are_no_move(clinic: Clinic) -> None:
    """Another client's name, therapist, price or open status; but the snapshot follows."""
    visit = clinic.visit()
    once(clinic)
    change(
        clinic,
        visit,
        patient=clinic.patient(first_name="Ана", last_name="Колева"),
        therapist=clinic.therapist("Vesela Marinova"),
        deposit_paid=30,
        state="confirmed",
    )
    assert found(clinic) == {}
    (row,) = clinic.rows(Watched)
    assert (row.client_name, row.staff_name, row.deposit, row.status) == (
        "Ана Колева",
        "Vesela Marinova",
        3000,
        "confirmed",
    )
    assert not any(everything(clinic).values())


def test_a_status_in_no_group_is_neither_open_nor_over(quick: Clinic) -> None:
    visit = quick.visit()
    once(quick)
    change(quick, visit, state="on ice")
    assert found(quick) == found(quick) == {}
    change(quick, visit, begins_at=None)
    assert found(quick) == {}
    change(quick, visit, begins_at=NOW + timedelta(hours=6), state="cancelled")
    assert found(quick) == {"cancelled": 1}


def test_the_key_of_a_deleted_row_goes_to_the_next_one(clinic: Clinic) -> None:
    """SQLite gives it away at once; here the host does it on every database."""
    first = clinic.visit()
    once(clinic)
    number = first.id
    remove(clinic, first)
    second = clinic.visit(NOW + timedelta(hours=9), booked=NOW - timedelta(hours=1))
    if second.id != number:
        change(clinic, second, id=number)
    assert found(clinic) == {"gone": 1}
    (row,) = clinic.rows(Watched)
    assert (row.appointment_key, row.start_us) == (str(number), clinic.state.clock.to_us(NOW + timedelta(hours=9)))
    assert found(clinic) == {}
    change(clinic, second, state="cancelled")
    assert found(clinic) == {"cancelled": 1}
    assert [row.start_us for row in clinic.rows(Cancellation)] == sorted(
        row.start_us for row in clinic.rows(Cancellation)
    )


def test_a_new_row_under_a_key_that_we_cancelled_is_not_restored(clinic: Clinic) -> None:
    first = clinic.visit()
    clinic.cancel(first)
    number = first.id
    once(clinic)
    remove(clinic, first)
    second = clinic.visit(NOW + timedelta(hours=9), booked=NOW - timedelta(hours=1))
    if second.id != number:
        change(clinic, second, id=number)
    assert found(clinic) == {"another": 1}
    assert {row.state for row in clinic.rows(Message)} == {"waiting"}  # the first client is still told
    assert clinic.rows(Review) == []
    assert found(clinic) == {}
    remove(clinic, second)
    once(clinic)
    assert found(clinic) == {"gone": 1}


def test_a_query_that_fails_counts_for_nothing(quick: Clinic) -> None:
    visit = quick.visit()
    once(quick)
    remove(quick, visit)
    once(quick)  # missing for the first time
    with failing(quick, "visits_book"), pytest.raises(RuntimeError, match="the database is away"):
        once(quick)
    assert quick.rows(Cancellation) == []
    assert [row.missing for row in quick.rows(Watched)] == [1]
    assert found(quick) == {"gone": 1}


@contextmanager
def failing(clinic: Clinic, word: str, after: int = 0) -> Iterator[None]:
    """The database refuses statements about a table, but for the first few of them."""
    left = [after]

    def refuse(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if word in statement:
            left[0] -= 1
            if left[0] < 0:
                raise RuntimeError("the database is away")

    engine = clinic.db.engine
    event.listen(engine, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", refuse)


# -- too much at once ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["empty", "cancelled", "moved"])
def test_too_much_at_once_is_held_back_and_said(quick: Clinic, how: str, caplog: pytest.LogCaptureFixture) -> None:
    """A filter of a tenant that is on, another table, a backup: nothing of it is believed."""
    visits = many(quick, 12)
    once(quick)
    before = [tuple(row) for row in quick.rows(Watched)]
    for visit in visits:
        if how == "empty":
            quick.db.session.delete(visit)
        elif how == "cancelled":
            visit.state = "cancelled"
        else:
            visit.begins_at += timedelta(hours=1)
    quick.db.session.commit()
    for _ in range(3):
        caplog.clear()
        done = once(quick)
        assert (done.held_back, dict(done.found)) == (12, {})
        assert "12 of 12 appointments changed past us at once" in caplog.text
    assert not any(everything(quick).values())
    assert [tuple(row) for row in quick.rows(Watched)] == before
    row = last_pass(quick.state)
    assert row is not None
    assert row.held_back == 12
    if how == "empty":
        once(quick, believe_all=True)
    done = once(quick, believe_all=True)
    assert done.found.total() == 12
    assert found(quick) == {}


def test_what_was_held_back_may_turn_out_to_be_nothing(quick: Clinic) -> None:
    visits = many(quick, 12)
    once(quick)
    for state in ("on hold", "cancelled", "booked"):
        for visit in visits:
            visit.state = state
        quick.db.session.commit()
        assert found(quick) == {}
    row = last_pass(quick.state)
    assert row is not None
    assert row.held_back == 0


def test_a_few_of_many_are_believed(quick: Clinic) -> None:
    visits = many(quick, 44)
    once(quick)
    for visit in visits[:11]:
        visit.state = "cancelled"
    quick.db.session.commit()
    assert found(quick) == {"cancelled": 11}


# -- interrupted, and two at once ----------------------------------------------------------------------------------


def test_a_pass_that_dies_in_the_middle_is_done_by_the_next_one_once(clinic: Clinic) -> None:
    visits = many(clinic, 6)
    once(clinic)
    for visit in visits:
        visit.state = "cancelled"
    clinic.db.session.commit()
    with failing(clinic, "INSERT INTO cancellations_review", after=2):
        done = once(clinic)
    assert (done.found["cancelled"], done.errors) == (2, 4)
    assert found(clinic) == {"cancelled": 4}
    assert [len(clinic.rows(model)) for model in (Cancellation, Event, Review, Slot)] == [6, 6, 6, 6]
    assert found(clinic) == {}


def test_a_pass_that_is_stopped_is_gone_on_with(quick: Clinic) -> None:
    class Soon(threading.Event):
        """Set when it was asked a few times: the worker is stopped in the middle."""

        asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked > 3

    visits = many(quick, 6)
    once(quick)
    for visit in visits:
        visit.state = "cancelled"
    quick.db.session.commit()
    done = sweep(quick.state, Soon())
    assert done is not None
    assert 0 < done.found.total() < 6
    assert found(quick)["cancelled"] == 6 - done.found.total()


def test_a_baseline_that_dies_is_still_a_baseline(quick: Clinic) -> None:
    visits = many(quick, 3)
    with failing(quick, "INSERT INTO cancellations_watch"), pytest.raises(RuntimeError):
        once(quick)
    change(quick, visits[0], state="cancelled")
    assert once(quick).baseline
    assert found(quick) == {}
    assert len(quick.rows(Watched)) == 2


def test_a_worker_that_died_at_it_keeps_the_sweep_for_ten_minutes_at_most(quick: Clinic) -> None:
    visit = quick.visit()
    once(quick)
    with transaction(quick.state):
        assert passes.begin(quick.state, 0) is not None
    change(quick, visit, state="cancelled")
    assert sweep(quick.state, threading.Event()) is None
    quick.clock.forward(minutes=11)
    assert found(quick) == {"cancelled": 1}


def test_passes_keep_their_distance(quick: Clinic) -> None:
    every = 5 * 60 * 1_000_000
    assert once(quick, every=every).baseline
    quick.clock.forward(minutes=4)
    assert sweep(quick.state, threading.Event(), every=every) is None
    quick.clock.forward(minutes=2)
    assert not once(quick, every=every).baseline


@pytest.mark.race
def test_two_workers_and_a_desk_at_once(database_url: str) -> None:
    """Two sweep, one cancels through us what is being found: one record for each appointment."""
    with open_clinic(database_url) as clinic:
        keys = [clinic.book() for _ in range(6)]
        _sweep_in(clinic)
        with clinic.session() as session:
            for key in keys:
                session.get(clinic.visit, int(key)).state = "cancelled"
            session.commit()
        extra = clinic.book()

        def worker(gate: threading.Barrier) -> int:
            gate.wait()
            done = _sweep_in(clinic)
            return 0 if done is None else done.found.total()

        def desk(gate: threading.Barrier) -> int:
            gate.wait()
            clinic.cancel(extra)
            return 0

        counts = at_once([worker, worker, desk])
        assert sum(counts) == 6, counts
        assert clinic.count(Cancellation) == 7
        assert clinic.count(Review) == 6
        assert _sweep_in(clinic).found.total() == 0  # type: ignore[union-attr]  # nobody else is at it now
        assert clinic.count(Cancellation) == 7


@pytest.mark.race
def test_cancelled_through_us_while_a_pass_looks(database_url: str, rounds: int) -> None:
    """Whatever comes first, there is one record, and never a restored one."""
    with open_clinic(database_url) as clinic:
        _sweep_in(clinic)
        for _ in range(max(rounds // 8, 3)):
            key = clinic.book()
            _sweep_in(clinic)

            def desk(gate: threading.Barrier, key: str = key) -> str:
                gate.wait()
                clinic.cancel(key)
                return "cancelled"

            def worker(gate: threading.Barrier) -> Any:
                gate.wait()
                return _sweep_in(clinic)

            outcomes = at_once([desk, worker])
            assert outcomes[0] == "cancelled", outcomes
            assert outcomes[1].found.total() == 0, outcomes
        _sweep_in(clinic)
        assert clinic.count(Review) == 0


def _sweep_in(clinic: RaceClinic) -> Swept | None:
    with clinic.session():
        return sweep(clinic.state, threading.Event())


# -- the worker and the commands -----------------------------------------------------------------------------------


def test_the_worker_sweeps_when_it_is_due(quick: Clinic) -> None:
    visit = quick.visit()
    run_once(quick.state)
    change(quick, visit, state="cancelled")
    assert run_once(quick.state).found == 0  # not due yet
    quick.clock.forward(minutes=5)
    assert run_once(quick.state).found == 1


def test_a_worker_that_is_told_not_to_sweeps_never() -> None:
    clinic = make_clinic(CANCELLATIONS_SWEEP_EVERY=False)
    with clinic.app.app_context():
        clinic.visit()
        run_once(clinic.state)
        assert last_pass(clinic.state) is None


def test_the_command_says_what_it_found(quick: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)

    def command(*options: str, code: int = 0) -> str:
        quick.db.session.rollback()
        done = quick.app.test_cli_runner().invoke(args=["cancellations", "sweep", *options])
        assert done.exit_code == code, done.output
        return done.output

    visits = many(quick, 14)
    assert command() == "First pass: 14 appointments are watched from now on.\n"
    assert command() == "14 appointments watched; by other pages: nothing.\n"
    visits[0].state, visits[1].state = "cancelled", "missed"
    visits[2].begins_at += timedelta(days=1)
    quick.db.session.commit()
    assert command() == "14 appointments watched; by other pages: 1 cancelled, 1 marked as missed, 1 moved.\n"
    for visit in visits[2:]:
        visit.state = "cancelled"
    quick.db.session.commit()
    assert "of 14 appointments changed at once, so nothing was recorded." in command(code=1)
    assert command("--baseline") == "First pass: 0 appointments are watched from now on.\n"
    assert len(quick.rows(Cancellation)) == 2


def test_check_says_how_the_sweep_is(quick: Clinic) -> None:
    def check() -> str:
        quick.db.session.rollback()
        return str(quick.app.test_cli_runner().invoke(args=["cancellations", "check"]).output)

    assert "has never looked" in check()
    visits = many(quick, 12)
    once(quick)
    assert "The last look for changes past us was at 2026-12-02 10:05." in check()
    for visit in visits:
        visit.state = "cancelled"
    quick.db.session.commit()
    once(quick)
    assert "ERROR    12 appointments changed at once past us" in check()
