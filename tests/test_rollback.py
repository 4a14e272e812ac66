"""The host's transaction decides: after its rollback there is nothing of ours, and nothing was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from flask_cancellations import Cancelled, InvalidInput, appointment_cancelled, message_stopped
from flask_cancellations.models import Cancellation, Message
from flask_cancellations.services import acceptance, cancel, catalogue, links, messages
from flask_cancellations.services.transaction import announce, transaction
from flask_cancellations.state import State, current_state

from .race_host import FORBIDDEN_START, Clinic, command, desk, open_clinic, today


@pytest.fixture(params=["default bind", "own bind"])
def clinic(database_url: str, request: pytest.FixtureRequest) -> Iterator[Clinic]:
    bind = "records" if request.param == "own bind" else None
    with open_clinic(database_url, bind=bind, strict=True) as clinic:
        yield clinic


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    """Every signal that was sent, with its facts."""
    found: list[dict[str, Any]] = []

    def listen(_app: Any, **facts: Any) -> None:
        found.append(facts)

    with appointment_cancelled.connected_to(listen), message_stopped.connected_to(listen):
        yield found


def claim_a_time(clinic: Clinic, state: State, key: str) -> None:
    clinic.cancellations.slots.claim(today(20), today(20, 30), 1)


def accept_the_policy(clinic: Clinic, state: State, key: str) -> None:
    acceptance.accept_policy(state, state.host.get(state.store.session, key), channel="web", ip="192.0.2.1")


def make_a_link(clinic: Clinic, state: State, key: str) -> None:
    links.new_cancel_link(state, state.host.get(state.store.session, key))


def bring_in_the_configuration(clinic: Clinic, state: State, key: str) -> None:
    catalogue.sync(state)


def cancel_it(clinic: Clinic, state: State, key: str) -> None:
    cancel.cancel(state, command(key), desk())


SERVICES = [cancel_it, claim_a_time, accept_the_policy, make_a_link, bring_in_the_configuration]


@pytest.mark.parametrize("service", SERVICES)
def test_a_rollback_leaves_no_row_of_ours(
    clinic: Clinic, service: Callable[[Clinic, State, str], None], heard: list[Any]
) -> None:
    key = clinic.book()
    with clinic.session() as session:
        service(clinic, current_state(), key)
        session.rollback()
    assert clinic.our_rows() == {}
    assert clinic.status(key) == "booked"
    assert heard == []
    # The same call, committed, does leave something: it was the rollback that took it away.
    with clinic.session() as session:
        service(clinic, current_state(), key)
        session.commit()
    assert clinic.our_rows() != {}


def test_the_hosts_own_changes_share_the_fate_of_ours(clinic: Clinic) -> None:
    key = clinic.book()
    with clinic.session() as session:
        session.get(clinic.patient, 1).name = "Ana Petrova"
        cancel.cancel(current_state(), command(key), desk())
        session.rollback()
        assert session.get(clinic.patient, 1).name == "Ana Ivanova"
        session.get(clinic.patient, 1).name = "Ana Petrova"
        cancel.cancel(current_state(), command(key), desk())
        session.commit()
    with clinic.session() as session:
        assert session.get(clinic.patient, 1).name == "Ana Petrova"
        assert clinic.status(key) == "cancelled"


def test_a_refusal_inside_our_transaction_leaves_nothing(clinic: Clinic, heard: list[Any]) -> None:
    key = clinic.book()
    with clinic.session(), pytest.raises(InvalidInput), transaction(current_state()):
        cancel.cancel(current_state(), command(key, reason="no such reason"), desk())
    assert clinic.our_rows() == {}
    assert heard == []


def test_what_the_host_raises_after_the_service_undoes_it(clinic: Clinic, heard: list[Any]) -> None:
    key = clinic.book()

    def cancel_then_fail() -> None:
        with clinic.cancellations.transaction():
            cancel.cancel(current_state(), command(key), desk())
            raise ZeroDivisionError

    with clinic.session(), pytest.raises(ZeroDivisionError):
        cancel_then_fail()
    assert clinic.our_rows() == {}
    assert clinic.status(key) == "booked"
    assert heard == []


def test_a_savepoint_of_the_host_takes_ours_along(clinic: Clinic, heard: list[Any]) -> None:
    """The host tries the cancellation in a savepoint, gives it up, and commits the rest."""
    key = clinic.book()
    with clinic.session() as session:
        session.get(clinic.patient, 1).name = "Ana Petrova"
        session.flush()
        savepoint = session.begin_nested()
        cancel.cancel(current_state(), command(key), desk())
        savepoint.rollback()
        session.commit()
    assert clinic.our_rows() == {}
    assert clinic.status(key) == "booked"
    assert heard == []


def test_signals_are_sent_after_the_commit_and_not_before(clinic: Clinic, heard: list[Any]) -> None:
    key = clinic.book()
    seen: list[tuple[int, str]] = []

    def look_from_outside(_app: Any, appointment_key: str, **facts: Any) -> None:
        seen.append((clinic.count(Cancellation), clinic.status(appointment_key)))

    with clinic.session(), appointment_cancelled.connected_to(look_from_outside):
        with clinic.cancellations.transaction():
            done = cancel.cancel(current_state(), command(key), desk())
            assert heard == []
        assert seen == [(1, "cancelled")]
        done.publish()
    assert heard == [{"appointment_key": key, "cancellation_id": done.cancellation_id}]


def test_a_host_that_commits_by_itself_publishes_by_itself(clinic: Clinic, heard: list[Any]) -> None:
    key = clinic.book()
    with clinic.session() as session:
        done = cancel.cancel(current_state(), command(key), desk())
        session.commit()
        assert heard == []
        done.publish()
        done.publish()
    assert len(heard) == 1


def test_a_host_that_rolls_back_inside_our_transaction_sends_no_signal(clinic: Clinic, heard: list[Any]) -> None:
    key = clinic.book()
    with clinic.session() as session, clinic.cancellations.transaction():
        cancel.cancel(current_state(), command(key), desk())
        session.rollback()
    assert clinic.our_rows() == {}
    assert heard == []


def test_one_transaction_inside_another_sends_each_signal_once(clinic: Clinic, heard: list[Any]) -> None:
    keys = [clinic.book(), clinic.book()]
    with clinic.session(), clinic.cancellations.transaction():
        with clinic.cancellations.transaction():
            cancel.cancel(current_state(), command(keys[0]), desk())
        cancel.cancel(current_state(), command(keys[1]), desk())
    assert [facts["appointment_key"] for facts in heard] == keys


def test_stopping_a_message_can_be_rolled_back(clinic: Clinic, heard: list[Any]) -> None:
    done = clinic.cancel(clinic.book())
    heard.clear()
    before = clinic.our_rows()
    with clinic.session() as session:
        query = clinic.state.store.execute(Message.__table__.select()).all()
        messages.stop_message(current_state(), query[0].id, desk())
        session.rollback()
    assert clinic.our_rows() == before
    assert clinic.count(Message, state="waiting", cancellation_id=done.cancellation_id) == 2
    assert heard == []


def test_the_hosts_validator_has_the_last_word(clinic: Clinic, heard: list[Any]) -> None:
    key = clinic.book(FORBIDDEN_START)
    with clinic.session(), pytest.raises(ValueError, match="sealed"), transaction(current_state()):
        cancel.cancel(current_state(), command(key), desk())
    assert clinic.our_rows() == {}
    assert clinic.status(key) == "booked"
    assert heard == []


def test_the_hosts_listeners_and_version_counter_run(clinic: Clinic) -> None:
    key = clinic.book()
    heard: list[tuple[str, Any, Any]] = []

    def on_set(visit: Any, value: Any, old: Any, _initiator: Any) -> None:
        heard.append(("set", old, value))

    def on_update(_mapper: Any, _connection: Any, visit: Any) -> None:
        heard.append(("update", visit.version, visit.state))

    event.listen(clinic.visit.state, "set", on_set)
    event.listen(clinic.visit, "before_update", on_update)
    clinic.cancel(key)
    assert heard == [("set", "booked", "cancelled"), ("update", 1, "cancelled")]
    with clinic.session() as session:
        assert session.get(clinic.visit, int(key)).version == 2


def test_a_listener_of_the_host_that_fails_undoes_everything(clinic: Clinic, heard: list[Any]) -> None:
    key = clinic.book()

    def refuse(*_arguments: Any) -> None:
        raise PermissionError("the books of this month are closed")

    event.listen(clinic.visit, "before_update", refuse)
    with clinic.session(), pytest.raises(PermissionError), transaction(current_state()):
        cancel.cancel(current_state(), command(key), desk())
    assert clinic.our_rows() == {}
    assert heard == []


def test_the_outcome_is_typed_and_flushed_before_the_commit(clinic: Clinic) -> None:
    key = clinic.book()
    with clinic.session() as session:
        done = cancel.cancel(current_state(), command(key), desk())
        assert isinstance(done, Cancelled)
        assert not session.dirty
        assert current_state().host.appointment(session, key).status == "cancelled"  # type: ignore[union-attr]
        assert announce(appointment_cancelled).published is False
        session.rollback()
