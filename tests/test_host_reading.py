"""One appointment, read from hosts of several shapes, with everything that may be NULL in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from flask_cancellations.clock import MINUTE, utc_to_us
from flask_cancellations.errors import NotOpen

from .host_shapes import (
    BARBER,
    CLINIC,
    SALON,
    VET,
    Account,
    Animal,
    Booking,
    Chair,
    Checkup,
    Kind,
    Login,
    Opening,
    Owner,
    Patient,
    Phase,
    Shopper,
    Style,
    Stylist,
    Therapist,
    Treatment,
    Vet,
    Visit,
    db,
)
from .host_tools import ZONE, host_from, open_session

TEN = datetime(2026, 12, 2, 10)


@pytest.fixture
def clinic_session(database_url):
    with open_session(database_url, db.metadata) as session:
        yield session


def visit(**values):
    return Visit(**{"begins_at": TEN, "state": "booked"} | values)


def first(session, toml) -> Any:
    """The appointment with key 1."""
    found = host_from(toml).appointment(session, "1")
    assert found is not None
    return found


def us(year, month, day, hour, minute=0):
    return utc_to_us(datetime(year, month, day, hour, minute, tzinfo=UTC))


def test_an_appointment_of_the_clinic_is_read_whole(clinic_session):
    row = visit(
        patient=Patient(first_name="Ada", last_name="Byron", email="ada@x.test", mobile="0888", language="bg"),
        therapist=Therapist(name="Dr. Who"),
        treatment=Treatment(name="Massage", minutes=50, price=Decimal("59.90")),
        deposit_paid=20.1,
        created_at=datetime(2026, 11, 20, 9),
    )
    clinic_session.add(row)
    clinic_session.commit()
    read = first(clinic_session, CLINIC)
    assert (read.key, read.start, read.end) == ("1", TEN, TEN + timedelta(minutes=50))
    assert (read.start_us, read.end_us) == (us(2026, 12, 2, 8), us(2026, 12, 2, 8, 50))
    assert (read.client.key, read.client.name) == ("1", "Ada Byron")
    assert (read.client.email, read.client.phone, read.client.locale) == ("ada@x.test", "0888", "bg")
    assert (read.staff_key, read.staff_name) == ("1", "Dr. Who")
    assert (read.service_key, read.service_name) == ("1", "Massage")
    assert (read.price, read.deposit) == (5990, 2010)
    assert read.booked_us == us(2026, 11, 20, 9)
    assert (read.status, read.row) == ("booked", row)


def test_an_appointment_of_nobody_for_nothing_is_read_too(clinic_session):
    clinic_session.add(visit(state=None))
    clinic_session.commit()
    read = first(clinic_session, CLINIC)
    assert (read.client, read.client_key, read.price, read.deposit, read.booked_us) == (None, None, None, 0, None)
    assert (read.staff_key, read.staff_name, read.service_key, read.service_name) == (None, "", None, "")
    assert (read.location_key, read.location_name) == (None, "")
    assert read.status == "unknown"
    assert read.end == TEN + timedelta(minutes=60)


def test_a_client_of_whom_hardly_anything_is_known(clinic_session):
    client = Patient(first_name=None, last_name=" Byron ", email="", mobile=None, language="tlhIngan Hol / 7")
    clinic_session.add(visit(patient=client))
    clinic_session.commit()
    read = first(clinic_session, CLINIC).client
    assert (read.name, read.email, read.phone, read.locale) == ("Byron", None, None, "tlhIngan Hol / 7")


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("booked", "booked"),
        ("confirmed", "booked"),
        ("cancelled", "cancelled"),
        ("by us", "cancelled"),
        ("missed", "noshow"),
        ("done", "fulfilled"),
        ("Booked", "unknown"),
        ("", "unknown"),
    ],
)
def test_status_values_count_exactly_as_they_are_spelled(clinic_session, state, status):
    row = visit(state=state)
    clinic_session.add(row)
    clinic_session.commit()
    host = host_from(CLINIC)
    assert host.read(row).status == status
    assert host.status_value(row) == state


@pytest.mark.parametrize("deposit", [float("nan"), float("inf"), -5.0, 1e14])
def test_a_deposit_that_is_no_amount_counts_as_none_and_is_logged(caplog, deposit):
    row = visit(id=1, deposit_paid=deposit)
    assert host_from(CLINIC).read(row).deposit == 0
    assert "deposit_paid of Visit" in caplog.text


def test_floats_are_read_as_they_are_written():
    host = host_from(CLINIC)
    assert [host.read(visit(id=1, deposit_paid=paid)).deposit for paid in (0.1 + 0.2, 1.005, 19.99)] == [30, 101, 1999]


def test_a_row_without_a_start_says_so():
    with pytest.raises(NotOpen, match="no date yet"):
        host_from(CLINIC).read(visit(id=1, begins_at=None))


def test_times_around_both_clock_changes():
    host = host_from(BARBER)

    def read(*start):
        row = Booking(appt_id="a", appointment_date=datetime(*start), duration_minutes=30, status="Scheduled")
        return host.read(row)

    spring = read(2027, 3, 28, 2, 45)
    assert (spring.start_us, spring.end_us) == (us(2027, 3, 28, 0, 45), us(2027, 3, 28, 1, 15))
    autumn = read(2027, 10, 31, 3, 30)
    assert autumn.start_us == us(2027, 10, 31, 0, 30)
    assert autumn.end_us == us(2027, 10, 31, 2)
    skipped = read(2027, 3, 28, 3, 45)
    assert skipped.end_us >= skipped.start_us


def test_a_stamp_in_local_time_and_a_start_with_a_zone_are_told_apart():
    host = host_from(BARBER)
    row = Booking(appt_id="a", appointment_date=TEN.replace(tzinfo=UTC), status="Scheduled")
    row.created_at = datetime(2026, 7, 1, 9)
    read = host.read(row)
    assert read.start == datetime(2026, 12, 2, 12)
    assert read.booked_us == us(2026, 7, 1, 6)
    row.created_at = datetime(2026, 7, 1, 9, tzinfo=ZONE)
    assert host.read(row).booked_us == us(2026, 7, 1, 6)


@pytest.mark.parametrize(("minutes", "length"), [(90, 90), (None, 45), (0, 45), (-10, 45)])
def test_the_first_end_after_the_start_counts(minutes, length):
    row = Booking(appt_id="a", appointment_date=TEN, duration_minutes=minutes, status="Scheduled")
    read = host_from(BARBER).read(row)
    assert read.end_us - read.start_us == length * MINUTE


@pytest.mark.parametrize(
    ("begins", "ends", "start", "end"),
    [
        (time(10), time(10, 40), TEN, TEN + timedelta(minutes=40)),
        (time(10), None, TEN, TEN + timedelta(minutes=30)),
        (time(23), time(0, 30), datetime(2026, 12, 2, 23), datetime(2026, 12, 3, 0, 30)),
        (None, None, datetime(2026, 12, 2), datetime(2026, 12, 2, 0, 30)),
    ],
)
def test_a_date_with_two_times(database_url, begins, ends, start, end):
    with open_session(database_url, Account.metadata) as session:
        session.add(
            Chair(
                date=date(2026, 12, 2),
                start_time=begins,
                end_time=ends,
                shopper=Shopper(name="Ann", mail="ann@x.test"),
                stylist=Stylist(name="Bob Barker", nickname="Bobby"),
                style=Style(name="Cut", price=29.9),
            )
        )
        session.commit()
        session.expunge_all()
        read = first(session, SALON)
        assert (read.start, read.end) == (start, end)
        assert (read.client.name, read.client.email, read.staff_name, read.price) == (
            "Ann",
            "ann@x.test",
            "Bobby",
            2990,
        )


def test_a_plain_account_as_client_lacks_only_what_its_subclass_has(database_url):
    with open_session(database_url, Account.metadata) as session:
        session.add(Chair(date=date(2026, 12, 2), shopper=Account(name="Walk-in")))
        session.commit()
        read = first(session, SALON)
        assert (read.client.name, read.client.email) == ("Walk-in", None)


def test_an_enum_a_start_on_another_row_and_a_client_two_steps_away(database_url):
    with open_session(database_url, Vet.metadata) as session:
        vet = Vet(site="Nord", number=3, name="Dr. Dolittle")
        owner = Owner(login=Login(email="owner@x.test"))
        session.add(
            Checkup(
                phase=Phase.PENDING,
                animal=Animal(owner=owner),
                kind=Kind(title="Vaccination", cents=4250),
                opening=Opening(start=TEN, finish=TEN + timedelta(minutes=15), vet=vet),
            )
        )
        session.commit()
        host, read = host_from(VET), first(session, VET)
        assert (read.start, read.end) == (TEN, TEN + timedelta(minutes=15))
        assert (read.client.name, read.client.email) == ("owner 1", "owner@x.test")
        assert (read.staff_key, read.staff_name) == ('["Nord",3]', "Dr. Dolittle")
        assert (read.service_name, read.price, read.status) == ("Vaccination", 4250, "booked")
        statuses = []
        for phase in Phase:
            read.row.phase = phase
            statuses.append(host.read(read.row).status)
        assert statuses == ["booked", "booked", "cancelled", "noshow", "fulfilled"]
        read.row.phase = "CONFIRMED"  # as hosts do: SQLAlchemy takes the name too
        assert (host.read(read.row).status, host.status_value(read.row)) == ("booked", "CONFIRMED")
