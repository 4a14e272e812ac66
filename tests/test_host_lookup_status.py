"""A status in a lookup table: by the value of the foreign key, or by a column of the row it leads to."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import ForeignKey, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, synonym

from flask_cancellations.errors import ConfigError

from .host_tools import counting, host_from, open_session

DAY, NEXT = datetime(2026, 12, 2), datetime(2026, 12, 3)


class Base(DeclarativeBase):
    pass


class Label(Base):
    """Localised descriptions of statuses."""

    __tablename__ = "label"
    id: Mapped[int] = mapped_column(primary_key=True)
    description: Mapped[str] = mapped_column(String(40))


class Treat(Base):
    __tablename__ = "treat"
    id: Mapped[int] = mapped_column(primary_key=True)
    begins: Mapped[datetime]
    status_id: Mapped[int | None] = mapped_column(ForeignKey("label.id"))
    status: Mapped[Label | None] = relationship()
    label = synonym("status")
    called_off: Mapped[bool | None]


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "Treat"
start = "begins"
end = {minutes = 30}
"""
BY_ID = TOML + "status = {attribute = 'status_id', open = [1, 2], cancelled = [3, 4], done = [5], write = {client = 4}}"
BY_ROW = (
    TOML
    + """
[CANCELLATIONS_HOST.appointment.status]
attribute = 'status.description'
open = ['Насрочен', 'Потвърден']
cancelled = ['Отменен', 'Отказан']
done = ['Минал']
write = {client = 'Отказан'}
"""
)
BY_TRUTH = TOML + "status = {attribute = 'called_off', open = [false], cancelled = [true]}"
WORDS = ["Насрочен", "Потвърден", "Отменен", "Отказан", "Минал"]


def host(toml):
    return host_from(toml, registries=[Base.registry])


@pytest.fixture
def session(database_url):
    with open_session(database_url, Base.metadata) as opened:
        opened.add_all([Label(id=number, description=word) for number, word in enumerate(WORDS, 1)])
        opened.flush()
        opened.add_all([Treat(begins=DAY.replace(hour=8 + n), status_id=n, called_off=False) for n in (1, 2, 3, 4, 5)])
        opened.add(Treat(begins=DAY.replace(hour=14), status_id=None, called_off=None))
        opened.commit()
        yield opened


@pytest.mark.parametrize("toml", [BY_ID, BY_ROW, BY_ROW.replace("status.d", "label.d")], ids=["id", "row", "synonym"])
def test_every_group_is_read_searched_and_written_back(session, toml):
    mapped = host(toml)
    with counting(session) as statements:
        found = mapped.between(session, DAY, NEXT)
    assert [one.status for one in found] == ["booked", "booked", "cancelled", "cancelled", "fulfilled", "unknown"]
    assert len(statements) == 1
    assert [one.start.hour for one in mapped.between(session, DAY, NEXT, open_only=True)] == [9, 10]
    row, before = found[1].row, mapped.status_value(found[1].row)
    for side, number in (("clinic", 3), ("client", 4), ("other", 3)):
        mapped.write_cancelled(row, side)
        session.commit()
        assert row.status_id == number
    mapped.write_status(row, before)
    session.commit()
    assert row.status_id == 2
    assert [label.description for label in session.query(Label).order_by(Label.id)] == WORDS


def test_a_lookup_row_that_is_missing_is_a_fault_when_the_mapping_is_validated(session):
    host(BY_ROW).check_rows(session)
    assert not session.in_transaction()
    session.query(Label).filter_by(id=4).update({"description": "ОТКАЗАН"})
    session.commit()
    with pytest.raises(ConfigError) as refused:
        host(BY_ROW).check_rows(session)
    assert len(refused.value.faults) == 1
    assert "'Отказан', which no row of Label has, expected a row of it whose description is that" in str(refused.value)
    # Whoever writes nevertheless is stopped, and no other row is taken for it.
    row = session.query(Treat).filter_by(status_id=1).one()
    with pytest.raises(LookupError, match="Label has no row whose description is 'Отказан'"):
        host(BY_ROW).write_cancelled(row, "client")


def test_a_database_that_is_not_made_or_filled_yet_has_no_faults(session, sqlite_url):
    session.query(Treat).delete()
    session.query(Label).delete()
    host(BY_ROW).check_rows(session)
    assert session.in_transaction()  # the deletion is the caller's own, and still to be decided
    with open_session(sqlite_url, MetaData()) as bare:
        host(BY_ROW).check_rows(bare)


def test_a_flag_is_a_status_too(session):
    mapped = host(BY_TRUTH)
    found = mapped.between(session, DAY, NEXT, open_only=True)
    assert len(found) == 5
    mapped.write_cancelled(found[0].row, "client")
    session.commit()
    assert found[0].row.called_off is True
    assert len(mapped.between(session, DAY, NEXT, open_only=True)) == 4
    mapped.write_status(found[0].row, "False")
    assert found[0].row.called_off is False


@pytest.mark.parametrize(
    ("toml", "right", "wrong", "fault"),
    [
        (BY_ID, "[1, 2]", "['Насрочен']", "status.open: found 'Насрочен', expected a whole number"),
        (BY_ID, "[1, 2]", "[true]", "status.open: found True, expected a whole number"),
        (BY_ROW, "['Насрочен', 'Потвърден']", "[1]", "status.open: found 1, expected a text"),
        (BY_TRUTH, "[false]", "['no']", "status.open: found 'no', expected true or false"),
    ],
)
def test_values_that_the_column_cannot_hold_are_faults(toml, right, wrong, fault):
    assert right in toml
    with pytest.raises(ConfigError) as refused:
        host(toml.replace(right, wrong))
    assert fault in str(refused.value)
