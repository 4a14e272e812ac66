"""How many statements lists take, which index answers them, and what other tools have left in the tables."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from flask import Flask
from sqlalchemy import DateTime, String, event, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .host_shapes import (
    CLINIC,
    SALON,
    VET,
    Account,
    Animal,
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
from .host_tools import counting, host_from, open_session, registry_of

DAY = datetime(2026, 12, 2)
NEXT = DAY + timedelta(days=1)


def at(hour, minute=0):
    return DAY + timedelta(hours=hour, minutes=minute)


def visit(start, **values):
    return Visit(**{"begins_at": start, "state": "booked"} | values)


def keys(appointments):
    return [found.key for found in appointments]


def test_the_session_of_flask_sqlalchemy_serves_as_it_is():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db.init_app(app)
    with app.app_context():
        db.create_all()
        db.session.add(visit(at(9), therapist=Therapist(name="Who")))
        db.session.commit()
        host = host_from(CLINIC, registries=[registry_of(db)])
        (found,) = host.between(db.session(), DAY, NEXT)
        assert host.get(db.session(), "1", lock=True) is found.row
        assert host.staff_list(db.session()) == [("1", "Who")]
        db.session.remove()
        db.engine.dispose()


class ZonedBase(DeclarativeBase):
    pass


class Zoned(ZonedBase):
    __tablename__ = "zoned"
    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(String(20), default="a")


def test_a_start_that_keeps_its_zone_is_searched_by_the_clinics_clock(postgresql_url):
    host = host_from("""
    [CANCELLATIONS_HOST.appointment]
    model = "tests.test_host_statements:Zoned"
    start = "begins"
    end = {minutes = 30}
    status = {attribute = "state", open = ["a"], cancelled = ["b"]}
    """)
    with open_session(postgresql_url, ZonedBase.metadata) as session:
        session.execute(text("SET TIME ZONE 'Asia/Tokyo'"))
        session.add_all(Zoned(begins=datetime(2026, 12, 1, hour, tzinfo=UTC)) for hour in (21, 22, 23))
        session.commit()
        session.execute(text("SET TIME ZONE 'America/New_York'"))
        found = host.between(session, DAY, NEXT)
    assert [one.start for one in found] == [at(0), at(1)]


def test_rows_written_by_other_tools_are_found_to_the_second():
    """SQLite compares texts, and only SQLAlchemy writes the microseconds."""
    with open_session("sqlite://", db.metadata) as session:
        session.execute(text("INSERT INTO visits (id, begins_at, state) VALUES (1, '2026-12-02 00:00:00', 'booked')"))
        session.execute(text("INSERT INTO visits (id, begins_at, state) VALUES (2, '2026-12-03 00:00:00', 'booked')"))
        assert keys(host_from(CLINIC).between(session, DAY, NEXT)) == ["1"]
    with open_session("sqlite://", Account.metadata) as session:
        for number, hour in enumerate(("09:00:00", "10:00:00"), 1):
            values = {"id": number, "hour": hour}
            session.execute(
                text("INSERT INTO chair (id, date, start_time, status) VALUES (:id, '2026-12-02', :hour, 'open')"),
                values,
            )
        assert keys(host_from(SALON).between(session, at(9), at(10))) == ["1"]


@pytest.fixture
def salon(database_url):
    with open_session(database_url, Account.metadata) as session:
        yield session


def fill_clinic(session, count):
    for number in range(count):
        who = Therapist(name=f"T{number}")
        client = Patient(first_name=f"P{number}")
        session.add(visit(at(9), therapist=who, patient=client, treatment=Treatment(name="M", minutes=5)))


def fill_salon(session, count):
    for number in range(count):
        session.add(
            Chair(
                date=DAY.date(),
                start_time=time(9),
                shopper=Shopper(name=f"S{number}", mail="x"),
                stylist=Stylist(name="B", nickname=f"N{number}"),
                style=Style(name="Cut", price=1.5),
            )
        )


def fill_vet(session, count):
    for number in range(count):
        session.add(
            Checkup(
                phase=Phase.PENDING,
                animal=Animal(owner=Owner(login=Login(email="x"))),
                kind=Kind(title="K"),
                opening=Opening(start=at(9), vet=Vet(site="S", number=number, name="V")),
            )
        )


@pytest.mark.parametrize(
    ("toml", "metadata", "fill"),
    [
        (CLINIC, db.metadata, fill_clinic),
        (SALON, Account.metadata, fill_salon),
        (VET, Vet.metadata, fill_vet),
    ],
    ids=["clinic", "salon", "vet"],
)
def test_a_list_is_one_statement_however_long(database_url, toml, metadata, fill):
    host = host_from(toml)
    with open_session(database_url, metadata) as session:
        fill(session, 700)
        session.commit()
        session.expunge_all()
        with counting(session) as statements:
            found = host.between(session, DAY, NEXT, open_only=True)
        assert len(found) == 700
        assert all(one.client and one.staff_name and one.service_name for one in found)
        assert len(statements) == 1


def plan(session, toml, *bounds):
    """SQLite's plan for a list."""
    seen = []

    def note(connection, cursor, statement, parameters, context, many):
        seen.append((statement, parameters))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    host_from(toml).between(session, *bounds)
    event.remove(session.get_bind(), "before_cursor_execute", note)
    statement, parameters = seen[0]
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return " | ".join(row[3] for row in rows)


@pytest.mark.parametrize(
    ("toml", "metadata", "index"),
    [(CLINIC, db.metadata, "ix_visits_begins_at"), (SALON, Account.metadata, "ix_chair_date")],
    ids=["one DateTime", "Date and Time"],
)
@pytest.mark.parametrize("bounds", [(DAY, NEXT), (at(9), NEXT + timedelta(hours=9))], ids=["days", "hours"])
def test_a_list_is_answered_from_the_hosts_index(toml, metadata, index, bounds):
    with open_session("sqlite://", metadata) as session:
        found = plan(session, toml, *bounds)
    assert f"USING INDEX {index}" in found
    assert "SCAN visits" not in found
    assert "SCAN chair" not in found


def test_a_filter_by_staff_on_another_row_and_with_a_composite_key(database_url):
    with open_session(database_url, Vet.metadata) as session:
        fill_vet(session, 3)
        session.commit()
        host = host_from(VET)
        assert keys(host.between(session, DAY, NEXT, staff_key='["S",1]', open_only=True)) == ["2"]
        assert keys(host.overlapping(session, at(9, 10), at(9, 15), '["S",2]', lock=True)) == ["3"]
        for nobody in ('["S",9]', "S", '["S"]'):
            assert host.between(session, DAY, NEXT, staff_key=nobody) == []


def test_staff_behind_a_base_class_is_found_by_its_foreign_key(salon):
    fill_salon(salon, 2)
    salon.commit()
    host = host_from(SALON)
    second = host.between(salon, DAY, NEXT)[1]
    with counting(salon) as statements:
        assert keys(host.between(salon, DAY, NEXT, staff_key=second.staff_key)) == [second.key]
    assert "chair.stylist_id = " in statements[0]
