"""What the rows of a host's database tell about its values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, String, cast, func, literal, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper, Session

SAMPLES = 200  # texts that a format is recognised by
ROWS = 20_000  # looked at for the values of a column
VALUES = 40  # a column with more distinct values than this is no status and no role


class Database:
    """The host's database, if there is one that can be read; every statement is bounded."""

    def __init__(self, session: Callable[[], Session] | None) -> None:
        self._session = session

    def values(self, mapper: Mapper[Any], name: str) -> list[str]:
        """The texts in a column, the most frequent first; none without a database, a table, or rows."""
        # As stored: a value that the host's Enum lacks could not be read through it.
        value = cast(getattr(mapper.class_, name), String).label("value")
        some = select(value).select_from(mapper).limit(ROWS).subquery()
        counted = select(some.c.value).group_by(some.c.value).order_by(func.count().desc()).limit(VALUES + 1)
        found = self._read(mapper, counted)
        return [text for text in found if text] if len(found) <= VALUES else []

    def samples(self, mapper: Mapper[Any], name: str) -> list[str]:
        """Some of the texts in a column."""
        value = getattr(mapper.class_, name)
        some = select(value).where(value.is_not(None)).limit(SAMPLES)
        return [text.strip() for text in self._read(mapper, some) if text.strip()]

    def has_null(self, mapper: Mapper[Any], name: str) -> bool:
        """Whether some row has nothing in a column."""
        some = select(literal(1)).select_from(mapper).where(getattr(mapper.class_, name).is_(None)).limit(1)
        return bool(self._read(mapper, some))

    def _read(self, mapper: Mapper[Any], statement: Select[Any]) -> list[Any]:
        if self._session is None:
            return []
        session = self._session()
        try:
            return list(session.execute(statement, bind_arguments={"mapper": mapper}).scalars())
        # There is no such database or table yet, or the host's own listeners refuse (a tenant is not chosen): then it
        # has nothing to tell.
        except (SQLAlchemyError, LookupError, ValueError, TypeError, AttributeError, RuntimeError):
            session.rollback()
            return []
