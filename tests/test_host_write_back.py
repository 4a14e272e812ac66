"""Columns that a host has for a cancellation: reason, moment, person, a flag."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Date, DateTime, ForeignKey, String, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from flask_cancellations.errors import ConfigError
from flask_cancellations.host.write_back import Deed

from .host_tools import host_from, open_session

AT_US = 1_796_198_400_000_000  # 10:00 at the clinic, 08:00 UTC
SOMEBODY = UUID("00000000-0000-0000-0000-00000000002a")


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)


class Row(Base):
    __tablename__ = "row"
    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="open")
    reason: Mapped[str | None] = mapped_column(String(5))
    naive: Mapped[datetime | None]
    zoned: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    day: Mapped[date | None] = mapped_column(Date)
    by_name: Mapped[str | None] = mapped_column(String(8))
    by_number: Mapped[int | None] = mapped_column("who")
    by_code: Mapped[str | None] = mapped_column(ForeignKey("person.code"))
    by_uuid: Mapped[UUID | None] = mapped_column(Uuid)
    active: Mapped[bool] = mapped_column(default=True)
    shown: Mapped[int] = mapped_column(default=1)


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "Row"
start = "begins"
end = {minutes = 30}
status = {attribute = "state", open = ["open"], cancelled = ["gone"]}
write_back = {%s}
"""


def written(url, columns, **deed):
    """A row as the database has it after a cancellation."""
    host = host_from(TOML % columns, registries=[Base.registry])
    with open_session(url, Base.metadata) as session:
        row: Any = Row(begins=datetime(2026, 12, 3, 9))
        session.add(row)
        if session.get(Person, 42) is None:
            session.add(Person(id=42, code="42"))
        session.commit()
        told: dict[str, Any] = {
            "reason": "Семейни причини",
            "at_us": AT_US,
            "by": "Elena Desk",
            "user_key": "42",
        } | deed
        host.write_cancelled(row, "client", Deed(**told))
        session.commit()
        session.refresh(row)
        session.expunge(row)
        assert row.state == "gone"
        return row


@pytest.mark.parametrize(
    ("columns", "attribute", "value"),
    [
        ('reason = "reason"', "reason", "Семей"),
        ('cancelled_at = {attribute = "naive", zone = "utc"}', "naive", datetime(2026, 12, 2, 8)),
        ('cancelled_at = {attribute = "naive", zone = "local"}', "naive", datetime(2026, 12, 2, 10)),
        ('cancelled_at = {attribute = "day", zone = "local"}', "day", date(2026, 12, 2)),
        ('cancelled_by = "by_name"', "by_name", "Elena De"),
        ('cancelled_by = "by_number"', "by_number", 42),
        ('cancelled_by = "by_code"', "by_code", "42"),
        ('active = "active"', "active", False),
        ('active = "shown"', "shown", 0),
    ],
)
def test_each_column_gets_what_it_can_hold(database_url, columns, attribute, value):
    assert getattr(written(database_url, columns), attribute) == value


def test_a_column_that_keeps_zones_gets_the_instant(postgresql_url):
    row = written(postgresql_url, 'cancelled_at = {attribute = "zoned", zone = "local"}')
    assert row.zoned == datetime(2026, 12, 2, 8, tzinfo=UTC)


def test_a_person_that_is_no_user_of_the_host_has_no_key_there(sqlite_url):
    assert written(sqlite_url, 'cancelled_by = "by_number"', user_key=None, by="worker").by_number is None
    assert written(sqlite_url, 'cancelled_by = "by_number"', user_key="text").by_number is None
    assert written(sqlite_url, 'cancelled_by = "by_uuid"', user_key=str(SOMEBODY)).by_uuid == SOMEBODY


def test_what_is_not_mapped_is_not_touched(sqlite_url):
    row = written(sqlite_url, 'active = "active"')
    assert (row.reason, row.naive, row.by_name, row.shown) == (None, None, None, 1)


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        (
            'reason = "reasons"',
            "write_back.reason: found 'reasons', expected an attribute of Row. Did you mean 'reason'",
        ),
        ('reason = "naive"', "write_back.reason: found 'naive' of type DateTime, expected a column of type String"),
        ('cancelled_at = "naive"', "write_back.cancelled_at: found 'naive', expected a table such as"),
        ('cancelled_at = {attribute = "reason", zone = "utc"}', "'reason' of type String, expected a column of type"),
        ('cancelled_by = "naive"', "write_back.cancelled_by: found 'naive' of type DateTime"),
        ('active = "reason"', "write_back.active: found 'reason' of type String"),
        ('when = "naive"', "write_back.when: found an unknown key"),
    ],
)
def test_a_column_that_cannot_hold_it_is_a_fault(columns, fault):
    with pytest.raises(ConfigError) as refused:
        host_from(TOML % columns, registries=[Base.registry])
    assert fault in str(refused.value)
