"""Clients in columns of the appointment, rows found by a bare key, texts in place of rows, sums over many rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Column, ForeignKey, Interval, Numeric, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from flask_cancellations.errors import ConfigError
from flask_cancellations.host.values import Person

from .host_tools import counting, host_from, open_session

DAY, NEXT = datetime(2026, 12, 2), datetime(2026, 12, 3)


class Base(DeclarativeBase):
    pass


extras = Table(
    "extras", Base.metadata, Column("cut_id", ForeignKey("cut.id")), Column("extra_id", ForeignKey("extra.id"))
)


class Extra(Base):
    __tablename__ = "extra"
    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    minutes: Mapped[int | None]
    span: Mapped[timedelta | None] = mapped_column(Interval)


class City(Base):
    __tablename__ = "city"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))


class Guest(Base):
    __tablename__ = "guest"
    code: Mapped[str] = mapped_column(String(45), primary_key=True)
    full_name: Mapped[str] = mapped_column(String(40))
    email: Mapped[str | None] = mapped_column(String(80))
    city_id: Mapped[int | None] = mapped_column(ForeignKey("city.id"))
    city: Mapped[City | None] = relationship()


class Cut(Base):
    __tablename__ = "cut"
    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20), default="open")
    who: Mapped[str | None] = mapped_column(String(80))
    mail: Mapped[str | None] = mapped_column(String(80))
    mobile: Mapped[str | None] = mapped_column(String(80))
    barber: Mapped[str | None] = mapped_column(String(300))
    guest_code: Mapped[str | None] = mapped_column(String(45))
    linked_code: Mapped[str | None] = mapped_column(ForeignKey("guest.code"))
    guest: Mapped[Guest | None] = relationship()
    extras: Mapped[list[Extra]] = relationship(secondary=extras)


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "Cut"
start = "begins"
end = {minutes = 30}
status = {attribute = "state", open = ["open"], cancelled = ["gone"]}
"""
COLUMNS = 'client = {name = "who", email = "mail", phone = "mobile"}\n'
GUEST = '[CANCELLATIONS_HOST.client]\nmodel = "Guest"\nname = ["full_name", "city.name"]\nemail = "email"\n'


def host(more="", toml=TOML):
    return host_from(toml + more, registries=[Base.registry])


@pytest.fixture
def session(database_url):
    with open_session(database_url, Base.metadata) as opened:
        yield opened


def add(session, *rows):
    session.add_all(rows)
    session.commit()
    session.expunge_all()


def cut(hour=9, **values):
    return Cut(begins=DAY.replace(hour=hour), **values)


def listed(session, mapped, **options):
    return mapped.between(session, DAY, NEXT, **options)


def test_a_client_in_columns_of_the_appointment(session):
    add(
        session,
        cut(9, who="Ada Byron", mail="Ada@example.com", mobile="0888 123"),
        cut(10, who="A. Byron", mail=" ada@example.com "),
        cut(11, who="Bo", mobile="0888-999"),
        cut(12, who="Bo", mobile="(0888) 999"),
        cut(13, who="Cy"),
        cut(14, who="Cy"),
        cut(15, who="", mail=" "),
    )
    found = listed(session, host(COLUMNS))
    keys = [one.client_key for one in found]
    assert keys[0] == keys[1]
    assert keys[2] == keys[3]
    assert len(set(keys)) == 5  # who left only a name is nobody else
    assert keys[6] is None
    assert found[0].client == Person(keys[0], "Ada Byron", "Ada@example.com", "0888 123", None)
    assert not any("ada" in str(key).lower() or "888" in str(key) for key in keys)
    assert host(COLUMNS).client_key(found[4].row) == keys[4]


def test_a_clients_group_in_either_place(session):
    add(session, cut(9, who="Ada", mobile="1", barber="vip", guest=Guest(code="G1", full_name="Bo", email="staff")))
    columns = 'client = {name = "who", phone = "mobile", group = "barber"}\n'
    (on_the_row,) = listed(session, host(columns))
    assert on_the_row.client == Person(on_the_row.client_key, "Ada", None, "1", None, "vip")
    with counting(session) as statements:
        (related,) = listed(
            session, host('client = "guest"\n[CANCELLATIONS_HOST.client]\nname = "full_name"\ngroup = "email"\n')
        )
    assert related.client == Person("G1", "Bo", None, None, None, "staff")
    assert len(statements) == 1


def test_a_client_that_is_a_row_or_else_columns(session):
    add(
        session,
        cut(
            9,
            guest=Guest(code="G1", full_name="Ada Byron", email=None, city=City(name="Varna")),
            who="Mrs B",
            mail="b@x.org",
        ),
        cut(10, who="Walk-in", mobile="1"),
        cut(11),
    )
    more = """
[CANCELLATIONS_HOST.appointment.client]
key = "guest"
name = {first_of = [["guest.full_name", "guest.city.name"], "who"]}
email = {first_of = ["guest.email", "mail"]}
phone = "mobile"
"""
    with counting(session) as statements:
        found = listed(session, host(more))
    assert len(statements) == 1
    assert found[0].client == Person("G1", "Ada Byron Varna", "b@x.org", None, None)
    assert found[1].client is not None
    assert (found[1].client.name, found[1].client.phone) == ("Walk-in", "1")
    assert found[2].client is None


def test_a_bare_key_and_the_model_it_belongs_to(session):
    guests = [
        Guest(code=f"G{n}", full_name=f"Guest {n}", email=f"{n}@x.org", city=City(name="Ruse")) for n in range(20)
    ]
    add(session, *guests, *(cut(9, guest_code=f"G{n % 20}") for n in range(60)), cut(10, guest_code="nobody"), cut(11))
    mapped = host(
        'client = "guest_code"\nstaff = "guest_code"\n'
        + GUEST
        + '[CANCELLATIONS_HOST.staff]\nmodel = "Guest"\nname = "full_name"'
    )
    with counting(session) as statements:
        found = listed(session, mapped)
    assert len(statements) == 3  # the list, its clients, its staff
    assert {one.client.name for one in found[:60] if one.client} == {f"Guest {n} Ruse" for n in range(20)}
    assert [one.client for one in found[60:]] == [None, None]
    assert mapped.client_key(found[0].row) == "G0"
    session.expunge_all()
    single = mapped.appointment(session, "4")
    assert single is not None
    assert (single.client_key, single.staff_name) == ("G3", "Guest 3")
    assert len(listed(session, mapped, staff_key="G7")) == 3
    assert listed(session, mapped, staff_key="G77") == []
    assert ("G5", "Guest 5") in mapped.staff_list(session)
    assert all(name.startswith("Guest") for _, name in mapped.staff_list(session))


def test_a_text_in_place_of_a_row(session):
    long = "x" * 250
    add(
        session,
        cut(9, barber="Al %"),
        cut(10, barber="Al _"),
        cut(11, barber=None),
        cut(12, barber=" "),
        cut(13, barber=long),
        cut(14, barber="al %"),
    )
    mapped = host('staff = "barber"\nservice = "barber"')
    found = listed(session, mapped)
    assert [(one.staff_key, one.service_name) for one in found[:4]] == [
        ("Al %", "Al %"),
        ("Al _", "Al _"),
        (None, ""),
        (None, ""),
    ]
    for key, hours in (("Al %", [9]), ("Al _", [10]), (long[:190], [13]), ("nobody", []), ("a\x00", [])):
        assert [one.start.hour for one in listed(session, mapped, staff_key=key)] == hours
    assert [one.start.hour for one in mapped.overlapping(session, DAY, NEXT, None)] == [11, 12]
    known = [key for key, _ in mapped.staff_list(session)]
    assert known[0] == "Al %"
    assert set(known) - {"al %"} == {"Al %", "Al _", long[:190]}  # MariaDB takes two spellings for one


def test_sums_over_many_rows(session):
    add(
        session,
        cut(9, extras=[Extra(price=Decimal("10.10"), minutes=20), Extra(price=Decimal("5.20"), minutes=25)]),
        cut(10, extras=[Extra(price=Decimal(7), minutes=None), Extra(price=None, minutes=10)]),
        cut(11),
    )
    toml = TOML.replace("end = {minutes = 30}", 'end = [{minutes = {sum = "extras.minutes"}}, {minutes = 30}]')
    mapped = host('price = {sum = "extras.price"}', toml)
    with counting(session) as statements:
        found = listed(session, mapped)
    assert len(statements) == 2
    assert [one.price for one in found] == [1530, None, None]
    assert [one.end - one.start for one in found] == [timedelta(minutes=m) for m in (45, 30, 30)]
    locked = mapped.get(session, found[0].key, lock=True, fresh=True)
    assert mapped.read(locked).price == 1530


def test_sums_of_intervals_and_of_minor_units(session):
    add(
        session,
        cut(9, extras=[Extra(minutes=300, span=timedelta(minutes=5)), Extra(minutes=33, span=timedelta(minutes=50))]),
    )
    toml = TOML.replace("{minutes = 30}", '{minutes = {sum = "extras.span"}}')
    (found,) = listed(session, host('price = {sum = "extras.minutes", unit = "minor"}', toml))
    assert (found.price, found.end - found.start) == (333, timedelta(minutes=55))


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        (
            'price = {sum = "guest.city_id"}',
            "price.sum: found 'guest.city_id', on the way of which nothing leads to many",
        ),
        ('price = {sum = "extras"}', "price.sum: found 'extras', on the way of which nothing leads to many"),
        ('price = {sum = "extras.cost"}', "price.sum: found 'cost', expected an attribute of Extra"),
        ('price = "extras.price"', "'extras', which leads to many rows"),
        ('price = {sum = "extras.price", attribute = "x"}', "price.sum: found an unknown key"),
        ('client = "mobile"', "client: found 'mobile', which is no relation"),
        ('client = {email = "mail"}', "client.name: found nothing, expected this key"),
        ('client = {name = {first_of = []}, telephone = "x"}', "client.telephone: found an unknown key"),
        ('client = {name = {first_of = ["who", "whom"]}}', "client.name: found 'whom', expected an attribute of Cut"),
        ('staff = "stylist"', "staff: found 'stylist', expected an attribute of Cut"),
        ('staff = "linked_code"', "staff: found 'linked_code', which is no relation"),
        ('client = "guest_code"\n[CANCELLATIONS_HOST.client]\nmodel = "Guests"', "expected one of the host's models"),
    ],
)
def test_what_does_not_fit_is_one_fault(more, fault):
    with pytest.raises(ConfigError) as refused:
        host(more)
    assert fault in str(refused.value)
    assert len(refused.value.faults) == 1
