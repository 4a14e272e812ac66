"""Rows found by key, read again, locked and written back, so that nothing of the host is lost."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .host_shapes import (
    BARBER,
    CLINIC,
    VET,
    Booking,
    Checkup,
    Customer,
    Patient,
    Phase,
    Therapist,
    Treatment,
    Visit,
    db,
)
from .host_tools import counting, host_from, open_session

TEN = datetime(2026, 12, 2, 10)


@pytest.fixture
def clinic_session(database_url):
    with open_session(database_url, db.metadata) as session:
        yield session


def visit(**values):
    return Visit(**{"begins_at": TEN, "state": "booked"} | values)


def again(host, session, **how) -> Any:
    """The row with key "a"."""
    return host.get(session, "a", **how)


def test_writing_a_cancellation_lets_the_hosts_own_rules_run(database_url):
    with open_session(database_url, Customer.metadata) as session:
        row = Booking(appt_id="a-1", appointment_date=TEN, status="Scheduled")
        session.add(row)
        session.commit()
        host = host_from(BARBER)
        host.write_cancelled(row, "client")
        session.commit()
        assert (row.status, row.version) == ("Cancelled", 2)
        host.write_status(row, "Scheduled")
        session.commit()
        assert (row.status, row.version) == ("Scheduled", 3)
        with pytest.raises(ValueError, match="Lost is no status"):
            host.write_status(row, "Lost")


def test_each_side_has_its_own_word_where_the_host_has_one():
    clinic, row = host_from(CLINIC), visit()
    written = []
    for side in ("client", "clinic", "other"):
        clinic.write_cancelled(row, side)
        written.append(row.state)
    assert written == ["cancelled", "by us", "cancelled"]
    vet, checkup = host_from(VET), Checkup()
    vet.write_cancelled(checkup, "clinic")
    phases = [checkup.phase]
    vet.write_status(checkup, "PENDING")
    assert [*phases, checkup.phase] == [Phase.CANCELLED, Phase.PENDING]
    with pytest.raises(ValueError, match="Phase has no member 'Pending'"):
        vet.write_status(checkup, "Pending")


def test_a_key_in_another_case_is_another_key(database_url):
    with open_session(database_url, Customer.metadata) as session:
        session.add(Booking(appt_id="a-1", appointment_date=TEN, status="Scheduled"))
        session.commit()
        host = host_from(BARBER)
        assert host.get(session, "a-1") is not None
        for key in ("A-1", "a-1 ", "a-2", "", "á-1", "a\x00"):
            assert host.get(session, key) is None
            assert host.get(session, key, lock=True) is None


def test_relations_that_must_not_be_loaded_late_are_loaded_at_once(database_url):
    with open_session(database_url, Customer.metadata) as session:
        customer = Customer(first_name="Ada", last_name="Byron")
        session.add(Booking(appt_id="a", appointment_date=TEN, status="Scheduled", customer=customer))
        session.commit()
        session.expunge_all()
        host = host_from(BARBER)
        for options in ({}, {"fresh": True}, {"lock": True}):
            assert host.client_key(row := again(host, session, **options)) == host.read(row).client_key == "1"
            session.expunge_all()


@pytest.mark.parametrize("how", [{"fresh": True}, {"lock": True}, {"lock": True, "fresh": True}])
def test_reading_again_sees_what_others_have_committed(database_url, how):
    with open_session(database_url, Customer.metadata) as session:
        session.add(Booking(appt_id="a", appointment_date=TEN, status="Scheduled"))
        session.commit()
        host = host_from(BARBER)
        session.expire_on_commit = False
        row = again(host, session)
        session.commit()
        with Session(session.get_bind()) as other:
            other.execute(update(Booking).values(status="Completed", version=2))
            other.commit()
        assert again(host, session).status == "Scheduled"
        assert again(host, session, **how) is row
        assert row.status == "Completed"


def test_reading_again_keeps_what_the_host_has_not_written_yet(database_url):
    with open_session(database_url, Customer.metadata) as session:
        session.add(Booking(appt_id="a", appointment_date=TEN, status="Scheduled"))
        session.commit()
        host = host_from(BARBER)
        with session.no_autoflush:
            row = again(host, session)
            row.duration_minutes = 25
            assert again(host, session, lock=True).duration_minutes == 25


def test_a_locked_row_brings_its_relations_without_another_statement(clinic_session):
    clinic_session.add(visit(patient=Patient(last_name="Byron"), therapist=Therapist(name="W"), treatment=Treatment()))
    clinic_session.commit()
    clinic_session.expunge_all()
    host = host_from(CLINIC)
    with counting(clinic_session) as seen:
        seen_first = host.appointment(clinic_session, "1")
    assert len(seen) == 1
    with counting(clinic_session) as seen:
        row = host.get(clinic_session, "1", lock=True, fresh=True)
        assert host.read(row) == seen_first
    assert len(seen) == 1


def test_two_sessions_lock_one_row_in_turn(postgresql_url):
    with open_session(postgresql_url, Customer.metadata) as session:
        session.add(Booking(appt_id="a", appointment_date=TEN, status="Scheduled"))
        session.commit()
        host = host_from(BARBER)
        again(host, session, lock=True)
        with Session(session.get_bind()) as other:
            assert other.scalars(select(Booking).with_for_update(skip_locked=True)).all() == []
