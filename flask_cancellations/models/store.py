"""Runs our statements: on the host's session, on our bind, and nowhere else.

Our static metadata knows no bind key, so every statement gets its engine here. Uniqueness is settled by ON CONFLICT
and never by a caught IntegrityError, which would end the caller's transaction on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, Executable, Insert, Result, delete, insert, update
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from flask_cancellations.models.base import Base, table_of


class Store:
    """Our tables, seen through the host's session. It flushes nothing and never commits."""

    def __init__(
        self, session: Callable[[], Session], engine: Callable[[], Engine | None], schema: str | None = None
    ) -> None:
        """``schema`` is the database's schema that our tables lie in, where the host's metadata name one."""
        self.schema = schema
        self._session = session
        self._engine = engine
        self._options = {"schema_translate_map": {None: schema}} if schema else {}

    @property
    def session(self) -> Session:
        """The host's session of this request or job."""
        return self._session()

    @property
    def dialect(self) -> str:
        """``sqlite``, ``postgresql``, ``mysql`` or ``mariadb``."""
        engine = self._engine()
        return (engine or self.session.get_bind()).dialect.name

    @property
    def engine(self) -> Engine:
        """The engine of the database that holds our tables, for what is no part of the host's transaction."""
        return self._engine() or self.session.get_bind().engine

    def execute(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None
    ) -> Result[Any]:
        """Execute a statement over our tables."""
        # On the session's connection: this flushes none of the host's pending rows, and its listeners on statements
        # (those of a host with tenants refuse or narrow down what is read without one) are not there for our tables.
        return self.connection().execute(statement, parameters, execution_options=self._options)

    def connection(self) -> Connection:
        """The connection to the database of our tables, in the session's transaction."""
        engine = self._engine()
        return self.session.connection(bind_arguments={"bind": engine} if engine is not None else {})

    def insert(self, model: type[Base], **values: Any) -> int:
        """Insert one row and return its id."""
        result = self.execute(insert(table_of(model)), values)
        assert isinstance(result, CursorResult)
        key = result.inserted_primary_key
        assert key is not None
        return key[0]  # type: ignore[no-any-return]  # the driver's integer

    def insert_many(self, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that have the same columns, in one round trip."""
        if rows:
            self.execute(insert(table_of(model)), list(rows))

    def insert_many_if_absent(
        self, model: type[Base], unique: Sequence[str], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Insert rows that have the same columns, but those whose ``unique`` columns are there already."""
        if rows:
            self.execute(self._tolerant_insert(model, unique), list(rows))

    def insert_if_absent(self, model: type[Base], unique: Sequence[str], **values: Any) -> None:
        """Insert one row unless its ``unique`` columns are there already; the caller reads what now stands."""
        self.execute(self._tolerant_insert(model, unique).values(values))

    def _tolerant_insert(self, model: type[Base], unique: Sequence[str]) -> Insert:
        table = table_of(model)
        if self.dialect == "postgresql":
            return postgresql.insert(table).on_conflict_do_nothing(index_elements=list(unique))
        if self.dialect == "sqlite":
            return sqlite.insert(table).on_conflict_do_nothing(index_elements=list(unique))
        # MariaDB reports the same row count whether or not it inserted; setting a column to itself changes nothing.
        return mysql.insert(table).on_duplicate_key_update({unique[0]: table.c[unique[0]]})

    def update(self, model: type[Base], *where: ColumnElement[bool], **values: Any) -> int:
        """Update the rows that meet all conditions; returns how many there were."""
        result = self.execute(update(table_of(model)).where(*where).values(values))
        assert isinstance(result, CursorResult)
        return result.rowcount

    def delete(self, model: type[Base], *where: ColumnElement[bool]) -> int:
        """Delete the rows that meet all conditions; returns how many there were."""
        result = self.execute(delete(table_of(model)).where(*where))
        assert isinstance(result, CursorResult)
        return result.rowcount
