"""Starts and ends that a host keeps as text, in a format of its own."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from flask_cancellations.errors import ConfigError, NotOpen

from .host_tools import counting, host_from, open_session

DAY, NEXT = datetime(2026, 12, 2), datetime(2026, 12, 3)


class Base(DeclarativeBase):
    pass


class Meeting(Base):
    __tablename__ = "meeting"
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[str | None] = mapped_column(String(20), index=True)
    hour: Mapped[str | None] = mapped_column(String(20))
    until: Mapped[str | None] = mapped_column(String(20))
    real_day: Mapped[date | None]
    real_hour: Mapped[time | None]
    when: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20), default="open")


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "Meeting"
start = {date = "day", time = "hour", date_format = "%d.%m.%Y", time_format = "%H:%M"}
end = [{attribute = "until", format = "%H:%M"}, {minutes = 30}]
status = {attribute = "state", open = ["open"], cancelled = ["gone"]}
"""
PAIR = 'start = {date = "day", time = "hour", date_format = "%d.%m.%Y", time_format = "%H:%M"}'


def host(start=PAIR):
    return host_from(TOML.replace(PAIR, start), registries=[Base.registry])


@pytest.fixture
def session(database_url):
    with open_session(database_url, Base.metadata) as opened:
        yield opened


def add(session, *rows):
    session.add_all(rows)
    session.commit()


def starts(found):
    return [(one.start.day, one.start.hour, one.start.minute) for one in found]


def test_a_day_and_a_time_as_text(session):
    add(
        session,
        Meeting(day="02.12.2026", hour="14:30", until="15:10"),
        Meeting(day="2.12.2026", hour="9:05", until="whenever"),
        Meeting(day="02.12.2026", hour=None),
        Meeting(day="02.12.2026", hour="in the morning"),
        Meeting(day="03.12.2026", hour="00:00"),
        Meeting(day="12.02.2026", hour="10:00"),
        Meeting(day="soon", hour="10:00"),
        Meeting(day=None, hour="10:00"),
    )
    mapped = host()
    found = mapped.between(session, DAY, NEXT)
    assert starts(found) == [(2, 0, 0), (2, 0, 0), (2, 9, 5), (2, 14, 30)]
    assert [one.end - one.start for one in found[2:]] == [timedelta(minutes=30), timedelta(minutes=40)]
    assert starts(mapped.between(session, DAY.replace(hour=9, minute=5), DAY.replace(hour=14, minute=30))) == [
        (2, 9, 5)
    ]
    assert starts(mapped.between(session, DAY.replace(hour=14), NEXT + timedelta(minutes=1))) == [
        (2, 14, 30),
        (3, 0, 0),
    ]
    assert starts(mapped.overlapping(session, DAY.replace(hour=15), NEXT, None)) == [(2, 14, 30)]
    assert len(mapped.between(session, datetime(2020, 1, 1), datetime(2030, 1, 1))) == 6
    with pytest.raises(NotOpen, match="no date yet"):
        mapped.appointment(session, "7")


@pytest.mark.parametrize(
    ("start", "columns"),
    [
        ('start = {date = "real_day", time = "hour", time_format = "%I:%M %p"}', ("real_day", "hour")),
        ('start = {date = "day", time = "real_hour", date_format = "%Y/%m/%d"}', ("day", "real_hour")),
    ],
)
def test_one_of_the_two_may_be_a_text(session, start, columns):
    for day, hour in ((1, 23), (2, 0), (2, 14), (3, 0), (3, 9)):
        add(
            session,
            Meeting(
                day=f"2026/12/{day:02}",
                hour=time(hour, 15).strftime("%I:%M %p"),
                real_day=date(2026, 12, day),
                real_hour=time(hour, 15),
            ),
        )
    mapped = host(start)
    assert starts(mapped.between(session, DAY, NEXT)) == [(2, 0, 15), (2, 14, 15)]
    assert starts(mapped.between(session, DAY.replace(hour=1), NEXT.replace(hour=9))) == [(2, 14, 15), (3, 0, 15)]


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        ("%d.%m.%Y %H:%M", ["02.12.2026 14:30", "2.12.2026 9:05", "01.12.2026 10:00", "12.02.2026 10:00", "x"]),
        ("%Y-%m-%dT%H:%M:%S", ["2026-12-02T14:30:00", "2026-12-02T09:05:00", "2026-12-03T00:00:00", None]),
        ("%H:%M, 100%% %d_%m_%y", ["14:30, 100% 02_12_26", "09:05, 100% 02_12_26", "14:30, 100x 02_12_26"]),
    ],
)
def test_day_and_time_in_one_text(session, form, texts):
    add(session, *(Meeting(when=text) for text in texts))
    mapped = host(f'start = {{attribute = "when", format = "{form}"}}')
    with counting(session) as statements:
        assert starts(mapped.between(session, DAY, NEXT)) == [(2, 9, 5), (2, 14, 30)]
    assert len(statements) == 1
    assert starts(mapped.between(session, datetime(2020, 1, 1), NEXT))[-2:] == [(2, 9, 5), (2, 14, 30)]


def test_an_index_on_the_days_text_is_used(sqlite_url):
    with open_session(sqlite_url, Base.metadata) as session:
        with counting(session) as statements:
            host().between(session, DAY, NEXT + timedelta(days=30))
        assert "meeting.day IN (" in statements[0]


@pytest.mark.parametrize(
    ("start", "fault"),
    [
        (
            'start = {attribute = "when", format = "%d.%m %H:%M"}',
            "start.format: found '%d.%m %H:%M', expected a format",
        ),
        ('start = {attribute = "when", format = "%d.%m.%Y %I:%M"}', "tells day and time, such as '%d.%m.%Y %H:%M'"),
        ('start = {attribute = "when"}', "start.format: found nothing, expected this key"),
        (
            'start = {attribute = "real_day", format = "%d.%m.%Y %H:%M"}',
            "of type Date, expected a column of type String",
        ),
        (PAIR.replace("%H:%M", "%I:%M"), "start.time_format: found '%I:%M', expected a format of strptime"),
        (PAIR.replace("%d.%m.%Y", "%-d.%m.%Y"), "start.date_format: found '%-d.%m.%Y'"),
        (PAIR.replace('"%H:%M"', "24"), "start.time_format: found 24"),
        (
            PAIR.replace('date = "day"', 'date = "real_day"'),
            "'real_day' of type Date, expected a column of type String",
        ),
    ],
)
def test_a_format_that_loses_something_is_refused(start, fault):
    with pytest.raises(ConfigError) as refused:
        host(start)
    assert fault in str(refused.value)
