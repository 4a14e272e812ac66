"""Where in a database our tables lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text


@contextmanager
def within(connection: Connection, schema: str | None) -> Iterator[None]:
    """Have names without a schema mean those of this one. Until the end, or until the transaction is rolled back.

    Only PostgreSQL keeps several schemas in one database.
    """
    if schema is None or connection.dialect.name != "postgresql":
        yield
        return
    change = text("SELECT set_config('search_path', :path, true)")
    before = connection.scalar(text("SELECT current_setting('search_path')"))
    connection.execute(change, {"path": connection.dialect.identifier_preparer.quote(schema)})
    yield
    connection.execute(change, {"path": before})
