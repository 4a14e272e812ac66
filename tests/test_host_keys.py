"""Keys: every primary key has one text form, and a text that is no key finds nothing and breaks nothing."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import CHAR, BigInteger, String, TypeDecorator, Uuid, create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from flask_cancellations.host.keys import identity, key_of, key_of_value

A_UUID = uuid.UUID("0B5E9A4C-1D2F-4E6A-8C3B-7F0D1E2A3B4C")


class GUID(TypeDecorator[uuid.UUID]):
    """The recipe that half of the web has copied: it wants a UUID and dies on a text."""

    impl = CHAR(32)
    cache_ok = True

    def load_dialect_impl(self, dialect):
        return dialect.type_descriptor(postgresql.UUID() if dialect.name == "postgresql" else CHAR(32))

    def process_bind_param(self, value, dialect):
        return value if value is None or dialect.name == "postgresql" else value.hex

    def process_result_value(self, value, dialect):
        return value if value is None or isinstance(value, uuid.UUID) else uuid.UUID(value)


class Base(DeclarativeBase):
    pass


class Numbered(Base):
    __tablename__ = "numbered"
    id: Mapped[int] = mapped_column(primary_key=True)


class Big(Base):
    __tablename__ = "big"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class Lettered(Base):
    __tablename__ = "lettered"
    id: Mapped[str] = mapped_column(String(190), primary_key=True)


class Unique(Base):
    __tablename__ = "by_uuid"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class TextUnique(Base):
    __tablename__ = "by_text_uuid"
    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)


class OwnUnique(Base):
    __tablename__ = "by_own_uuid"
    id: Mapped[uuid.UUID] = mapped_column(GUID, primary_key=True)


class Pair(Base):
    __tablename__ = "pair"
    site: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


@pytest.fixture
def engine(database_url):
    engine = create_engine(database_url)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


ROWS = [
    (Numbered(id=7), "7"),
    (Big(id=-(2**40)), "-1099511627776"),
    (Lettered(id="Ä/ b'%"), "Ä/ b'%"),
    (Unique(id=A_UUID), "0b5e9a4c-1d2f-4e6a-8c3b-7f0d1e2a3b4c"),
    (TextUnique(id=str(A_UUID)), "0b5e9a4c-1d2f-4e6a-8c3b-7f0d1e2a3b4c"),
    (OwnUnique(id=A_UUID), "0b5e9a4c-1d2f-4e6a-8c3b-7f0d1e2a3b4c"),
    (Pair(site='No"rd', number=3), '["No\\"rd",3]'),
]

# What people and scanners put into an address.
RUBBISH = [
    "", "0x7", "07", "+7", " 7", "7 ",
    "7.0", "٧", "²", "--7", "-0", "seven", "1e3", "2147483648", "9223372036854775808",
    "9" * 189, "7" * 191, "a\x00b",
    "\ud800", "0b5e9a4c1d2f4e6a8c3b7f0d1e2a3b4c", "0B5E9A4C-1D2F-4E6A-8C3B-7F0D1E2A3B4C",
    "[1]", "[", '["Nord"]', '["Nord",3,4]', '["Nord","3"]', '["Nord",null]', '["Nord",true]', '["Nord", 3]', "[" * 190,
    "1 OR 1=1",
]  # fmt: skip


@pytest.mark.parametrize(("row", "key"), ROWS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_key_finds_its_row_again(engine, row, key):
    model = type(row)
    with Session(engine) as session:
        session.merge(row)
        session.commit()
        found = session.get(model, identity(model, key, engine.dialect))
        assert key_of(found) == key


@pytest.mark.parametrize("model", [Numbered, Big, Lettered, Unique, TextUnique, OwnUnique, Pair])
def test_rubbish_in_an_address_neither_finds_a_row_nor_ends_the_transaction(engine, model):
    with Session(engine) as session:
        for text in RUBBISH:
            values = identity(model, text, engine.dialect)
            assert values is None or session.get(model, values) is None
        session.add(Numbered())
        session.commit()


def test_a_key_of_a_row_that_was_never_flushed_is_refused():
    with pytest.raises(ValueError, match="Numbered has no primary key yet"):
        key_of(Numbered())


def test_an_expired_row_tells_its_key_without_a_statement(engine):
    with Session(engine) as session:
        row = Numbered()
        session.add(row)
        session.commit()
    assert key_of(row) == "1"  # the session is closed: a statement would raise


def test_values_without_a_text_form_are_refused():
    for value in (True, 1.5, None, b"x"):
        with pytest.raises(TypeError, match="has no key"):
            key_of_value(value)
    with pytest.raises(ValueError, match="longer than the 190"):
        key_of_value("x" * 191)
