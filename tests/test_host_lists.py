"""Lists of appointments: which they are, in what order, with how many statements, and by which index."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete
from sqlalchemy.orm import Session

from .host_shapes import (
    BARBER,
    CLINIC,
    SALON,
    Account,
    Booking,
    Chair,
    Customer,
    Shopper,
    Stylist,
    Therapist,
    Treatment,
    Visit,
    db,
)
from .host_tools import counting, host_from, open_session

DAY = datetime(2026, 12, 2)


NEXT = DAY + timedelta(days=1)


def at(hour, minute=0):
    return DAY + timedelta(hours=hour, minutes=minute)


def visit(start, **values):
    return Visit(**{"begins_at": start, "state": "booked"} | values)


def keys(appointments):
    return [found.key for found in appointments]


@pytest.fixture
def clinic(database_url):
    with open_session(database_url, db.metadata) as session:
        yield session


@pytest.fixture
def salon(database_url):
    with open_session(database_url, Account.metadata) as session:
        yield session


def test_a_day_holds_what_starts_in_it_in_order(clinic):
    starts = [at(23, 59), at(0), NEXT, DAY - timedelta(microseconds=1_000_000), at(9), at(9)]
    clinic.add_all(visit(start, id=10 + number) for number, start in enumerate(starts))
    clinic.commit()
    assert keys(host_from(CLINIC).between(clinic, DAY, NEXT)) == ["11", "14", "15", "10"]


def test_one_therapist_and_only_what_is_open(clinic):
    who, other = Therapist(name="Who"), Therapist(name="Other")
    clinic.add_all([who, other])
    clinic.add_all(
        [
            visit(at(9), id=1, therapist=who),
            visit(at(10), id=2, therapist=other),
            visit(at(11), id=3, therapist=who, state="cancelled"),
            visit(at(12), id=4),
            visit(at(13), id=5, therapist=who, state="confirmed"),
            visit(at(14), id=6, therapist=who, state=None),
        ]
    )
    clinic.commit()
    host = host_from(CLINIC)
    mine = str(who.id)
    assert keys(host.between(clinic, DAY, NEXT, staff_key=mine)) == ["1", "3", "5", "6"]
    assert keys(host.between(clinic, DAY, NEXT, staff_key=mine, open_only=True)) == ["1", "5"]
    assert keys(host.between(clinic, DAY, NEXT, open_only=True)) == ["1", "2", "4", "5"]
    for nobody in ("99", "who", "' OR 1=1", "99999999999999"):
        assert host.between(clinic, DAY, NEXT, staff_key=nobody) == []
    assert len(host.between(clinic, DAY, NEXT)) == 6


def test_a_status_in_another_case_is_not_open_whatever_the_collation(clinic):
    clinic.add_all([Therapist(id=1, name="Who"), visit(at(9), id=1, therapist_id=1, state="Booked")])
    clinic.add(visit(at(9), id=2, therapist_id=1))
    clinic.commit()
    assert keys(host_from(CLINIC).between(clinic, DAY, NEXT, open_only=True)) == ["2"]
    assert overlaps(clinic, at(9), at(10)) == ["2"]


def test_a_filter_by_staff_finds_nothing_where_the_host_has_no_staff(database_url):
    with open_session(database_url, Customer.metadata) as session:
        session.add(Booking(appt_id="a", appointment_date=at(9), status="Scheduled"))
        session.commit()
        host = host_from(BARBER)
        assert host.between(session, DAY, NEXT, staff_key="1") == []
        assert host.overlapping(session, at(9), at(10), "1") == []
        assert keys(host.overlapping(session, at(9), at(10), None)) == ["a"]
        assert host.staff_list(session) == []


@pytest.fixture(scope="module")
def chairs():
    engine = create_engine("sqlite://")
    Account.metadata.create_all(engine)
    yield engine
    engine.dispose()


quarters = st.integers(0, 4 * 24 - 1).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))


moments = st.builds(datetime.combine, st.dates(date(2026, 12, 1), date(2026, 12, 4)), st.one_of(quarters, st.times()))


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.dates(date(2026, 12, 1), date(2026, 12, 4)), st.one_of(st.none(), quarters, st.times()))),
    moments,
    moments,
)
def test_a_date_and_a_time_are_searched_as_if_they_were_one(chairs, days, first, before):
    with Session(chairs) as session:
        session.execute(delete(Chair))
        session.add_all(Chair(id=number, date=day, start_time=hour) for number, (day, hour) in enumerate(days, 1))
        session.flush()
        found = host_from(SALON).between(session, first, before)
    wanted = [
        (start, str(number))
        for number, (day, hour) in enumerate(days, 1)
        if first <= (start := datetime.combine(day, hour or time.min)) < before
    ]
    assert [(one.start, one.key) for one in found] == sorted(wanted)


@pytest.mark.parametrize(
    ("first", "before", "found"),
    [
        (DAY, NEXT, ["1", "2", "3"]),
        (at(0), at(0, 1), ["1"]),
        (at(0, 1), NEXT, ["2", "3"]),
        (at(9), at(10), ["2"]),
        (at(9), at(10, 1), ["2", "3"]),
        (at(9, 1), at(10), []),
        (at(9), NEXT + 10 * timedelta(hours=1), ["2", "3", "4"]),
    ],
)
def test_a_missing_time_is_the_start_of_the_day(salon, first, before, found):
    for hour in (None, time(9), time(10)):
        salon.add(Chair(date=DAY.date(), start_time=hour))
        salon.flush()
    salon.add(Chair(date=NEXT.date(), start_time=time(9)))
    salon.add(Chair(date=None, start_time=time(9)))
    salon.commit()
    assert keys(host_from(SALON).between(salon, first, before)) == found


def overlaps(session, start, end, **options):
    return keys(host_from(CLINIC).overlapping(session, start, end, "1", **options))


def test_overlapping_knows_the_ends_that_no_column_holds(clinic):
    who = Therapist(id=1, name="Who")
    hour, night = Treatment(name="H", minutes=60), Treatment(name="N", minutes=600)
    clinic.add_all(
        [
            visit(at(9), id=1, therapist=who, treatment=hour),
            visit(at(10), id=2, therapist=who, treatment=hour),
            visit(at(10), id=3, therapist=who, treatment=hour, state="cancelled"),
            visit(at(10), id=4, treatment=hour),
            visit(at(20) - timedelta(days=1), id=5, therapist=who, treatment=night),
        ]
    )
    clinic.commit()
    assert overlaps(clinic, at(9, 59), at(10)) == ["1"]
    assert overlaps(clinic, at(10), at(11)) == ["2"]
    assert overlaps(clinic, at(9, 59), at(10, 1)) == ["1", "2"]
    assert overlaps(clinic, at(9, 59), at(10, 1), exclude="1", lock=True) == ["2"]
    assert overlaps(clinic, at(5, 59), at(9)) == ["5"]
    assert overlaps(clinic, at(6), at(9)) == []
    assert overlaps(clinic, at(11), at(12)) == []
    assert keys(host_from(CLINIC).overlapping(clinic, at(10), at(11), None)) == ["4"]


def test_overlapping_with_lock_sees_what_was_committed_after_we_began(mariadb_url):
    with open_session(mariadb_url, db.metadata) as session:
        session.add(Therapist(id=1, name="Who"))
        session.commit()
        assert overlaps(session, at(9), at(10)) == []
        with Session(session.get_bind()) as other:
            other.add(visit(at(9), therapist_id=1))
            other.commit()
        assert overlaps(session, at(9), at(10)) == []
        assert overlaps(session, at(9), at(10), lock=True) == ["1"]


def test_staff_by_name(clinic):
    clinic.add_all([Therapist(id=1, name="zoe"), Therapist(id=2, name="Ann"), Therapist(id=3, name=None)])
    clinic.commit()
    assert host_from(CLINIC).staff_list(clinic) == [("3", ""), ("2", "Ann"), ("1", "zoe")]


def test_staff_who_share_a_table_with_clients_are_those_with_appointments(salon):
    salon.add_all([Account(id=1, name="Ann"), Account(id=2, name="Bob"), Account(id=3, name="Cyd")])
    salon.add_all([Chair(date=DAY.date(), shopper_id=1, stylist_id=2), Chair(date=DAY.date(), stylist_id=None)])
    salon.commit()
    toml = SALON.replace('model = "tests.host_shapes:Stylist"\nname = "nickname"', 'name = "name"')
    assert host_from(toml).staff_list(salon) == [("2", "Bob")]


def test_staff_of_a_class_of_their_own_need_no_appointment(salon):
    salon.add_all([Stylist(id=1, name="B", nickname="Bobby"), Shopper(id=2, name="Ann")])
    salon.commit()
    with counting(salon) as statements:
        assert host_from(SALON).staff_list(salon) == [("1", "Bobby")]
    assert len(statements) == 1
