"""What all our tables share: metadata, column kinds, the copy into the host's metadata.

Only core column types are used, so that a host's ``flask db migrate`` can write them down. Instants are BIGINT
microseconds UTC, amounts BIGINT minor units, codes short strings. Keys of host rows and tokens are compared byte by
byte: MariaDB would otherwise take ``abc``, ``ABC`` and an accented form for one.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import BigInteger, Integer, MetaData, String, Table
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase

PREFIX = "cancellations_"
KEY_LENGTH = 190


class Base(DeclarativeBase):
    """Our own declarative base: our tables never share a registry with the host's models."""

    metadata = MetaData()


def big_id() -> Any:
    """A 64-bit key that the database counts up (on SQLite only INTEGER does)."""
    return BigInteger().with_variant(Integer(), "sqlite")


def binary_text(length: int) -> Any:
    """A text compared by bytes on every database."""
    return String(length).with_variant(mysql.VARCHAR(length, collation="utf8mb4_bin"), "mysql", "mariadb")


def key_text() -> Any:
    """The type of a host row's key."""
    return binary_text(KEY_LENGTH)


def copy_into(metadata: MetaData, bind: str | None) -> None:
    """Copy our tables into the host's metadata, so that its ``create_all`` and migrations make them.

    A table that is already there is left alone: a second app on the same metadata must not disturb the first.
    ``bind`` is the name of the Flask-SQLAlchemy bind the metadata belongs to, or None. Metadata with a schema take the
    tables into that schema, beside the host's own.
    """
    prefix = f"{metadata.schema}." if metadata.schema else ""
    for table in Base.metadata.sorted_tables:
        if prefix + table.name not in metadata.tables:
            copied = table.to_metadata(metadata)
            if bind is not None:
                copied.info["bind_key"] = bind


def table_of(model: type[Base]) -> Table:
    """The table of one of our models, for Core statements."""
    return cast(Table, model.__table__)


def table_in(model: type[Base], schema: str | None) -> Table:
    """The table of one of our models as statements of the host's see it, in this schema."""
    table = table_of(model)
    return table if schema is None else table.to_metadata(MetaData(), schema=schema)


def tables() -> list[Table]:
    """All our tables, those that others point at first."""
    return list(Base.metadata.sorted_tables)
