"""A host without a status: what our claims say, in Python and in the host's own queries, whatever its keys are."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import CHAR, String, Uuid, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column

from flask_cancellations.errors import ConfigError
from flask_cancellations.host.keys import key_of
from flask_cancellations.host.no_status import Claimed
from flask_cancellations.models import Claim, copy_into
from flask_cancellations.models.base import table_of

from .host_tools import counting, host_from, open_session

DAY, NEXT = datetime(2026, 12, 2), datetime(2026, 12, 3)


class Base(DeclarativeBase):
    pass


class Number(Base):
    __tablename__ = "by_number"
    number: Mapped[int] = mapped_column("nr", primary_key=True)
    begins: Mapped[datetime]


class Text(Base):
    __tablename__ = "by_text"
    code: Mapped[str] = mapped_column(String(45), primary_key=True)
    begins: Mapped[datetime]


class Unique(Base):
    __tablename__ = "by_uuid"
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    begins: Mapped[datetime]


class Hex(Base):
    __tablename__ = "by_hex"
    id: Mapped[UUID] = mapped_column(Uuid(native_uuid=False), primary_key=True, default=uuid4)
    begins: Mapped[datetime]


class Fixed(Base):
    __tablename__ = "by_char"
    id: Mapped[str] = mapped_column(CHAR(36), primary_key=True, default=lambda: str(uuid4()))
    begins: Mapped[datetime]


class Pair(Base):
    __tablename__ = "by_pair"
    first: Mapped[int] = mapped_column(primary_key=True)
    second: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[datetime]


copy_into(Base.metadata, None)


def host(model, none="hide"):
    toml = f"""
[CANCELLATIONS_HOST.appointment]
model = "{model}"
start = "begins"
end = {{minutes = 30}}
status = {{none = "{none}"}}
"""
    return host_from(toml, registries=[Base.registry])


def claim(session, key, start_us, *, scope="default", state="cancelled", client=None):
    session.execute(
        insert(table_of(Claim)),
        {
            "scope": scope,
            "appointment_key": key,
            "state": state,
            "generation": 1,
            "start_us": start_us,
            "client_key": client,
            "changed_us": 1,
        },
    )


@pytest.mark.parametrize(
    ("model", "keys"),
    [
        (Number, {"number": [7, 70, 700]}),
        (Text, {"code": ["a/1", "b/1 ", "а/1 ö"]}),
        (Unique, {"id": [uuid4(), uuid4(), UUID(int=1)]}),
        (Hex, {"id": [uuid4(), uuid4(), UUID(int=1)]}),
        (Fixed, {"id": [str(uuid4()), str(uuid4()), str(uuid4())]}),
    ],
)
def test_a_row_is_found_by_its_key_whatever_the_database_makes_of_it(database_url, model, keys):
    with open_session(database_url, Base.metadata) as session:
        ((name, values),) = keys.items()
        rows = [model(**{name: value, "begins": DAY.replace(hour=9 + n)}) for n, value in enumerate(values)]
        session.add_all(rows)
        session.flush()
        mapped = host(model.__name__)
        status: Any = mapped.status
        assert isinstance(status, Claimed)
        read = [mapped.read(row) for row in rows]
        claim(session, read[0].key, read[0].start_us)
        claim(session, read[1].key, read[1].start_us, state="booked")
        claim(session, read[2].key, read[2].start_us, scope="another clinic")
        session.commit()
        dialect = session.get_bind().dialect
        assert set(status.cancelled(session, [one.key for one in read])) == {read[0].key}
        for entity in (model, aliased(model)):
            left = session.scalars(select(entity).where(status.not_cancelled(entity, dialect)))
            assert {key_of(row) for row in left} == {read[1].key, read[2].key}
        with counting(session) as statements:
            found = mapped.between(session, DAY, NEXT)
        assert {one.key: one.status for one in found} == dict(
            zip([one.key for one in read], ("cancelled", "booked", "booked"), strict=True)
        )
        assert len(statements) == 2
        assert len(mapped.between(session, DAY, NEXT, open_only=True)) == 2
        assert mapped.overlapping(session, read[0].start, read[0].end, None) == []


def test_a_claim_about_another_start_is_about_another_appointment(sqlite_url):
    with open_session(sqlite_url, Base.metadata) as session:
        session.add_all([Number(number=n, begins=DAY.replace(hour=9)) for n in (1, 2)])
        mapped = host("Number")
        session.flush()
        seen = mapped.appointment(session, "1")
        claim(session, "1", seen.start_us - 1)
        claim(session, "2", seen.start_us, client="somebody")
        assert [one.status for one in mapped.between(session, DAY, NEXT)] == ["booked", "booked"]


def test_many_appointments_are_asked_about_at_once(sqlite_url):
    with open_session(sqlite_url, Base.metadata) as session, counting(session) as statements:
        assert host("Number").status.cancelled(session, [str(n) for n in range(12000)]) == {}
        assert len(statements) == 3


def test_hiding_needs_a_key_that_the_database_can_write_as_text():
    with pytest.raises(ConfigError, match=r"status.none: found 'hide' for Pair, expected a primary key of one column"):
        host("Pair")
    assert host("Pair", "delete").deletes
    with pytest.raises(ConfigError, match=r"status.none: found 'remove', expected 'hide' or 'delete'"):
        host("Number", "remove")


def test_a_host_without_a_status_can_be_given_none_back(sqlite_url):
    with open_session(sqlite_url, Base.metadata) as session:
        row = Number(number=1, begins=DAY)
        session.add(row)
        session.flush()
        mapped = host("Number")
        assert mapped.status_value(row) == ""
        mapped.write_status(row, "")
        with pytest.raises(ValueError, match="Number has no status to hold 'booked'"):
            mapped.write_status(row, "booked")
