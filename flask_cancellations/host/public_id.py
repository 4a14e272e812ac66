"""What addresses and JSON call an appointment: its key, or the public id that the host has for it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Mapper

from flask_cancellations.host.keys import key_of_value, value_for
from flask_cancellations.host.lookup import Attempts
from flask_cancellations.host.paths import Path, Selection
from flask_cancellations.host.scope import key_column

log = logging.getLogger(__name__)

KEY = "CANCELLATIONS_HOST.appointment.public_id"
# It should be one. Where a collation takes several spellings for one, these few are told apart here.
_MOST = 20
# It should be one. Where a collation takes several spellings for one, these few are told apart here.
_MOST = 20


@dataclass(frozen=True, slots=True)
class PublicId:
    """A column of the appointment's that its addresses show in place of the primary key."""

    path: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def value(self, row: Any) -> str:
        """The public id as text; empty for a row without one, which then has no page of its own."""
        found = self.path.value(row)
        return "" if found is None else key_of_value(found)

    def limit(self, selection: Selection, text: str) -> bool:
        """Keep the rows that have this public id. False if none can have it."""
        column = selection.attribute(self.path)
        value = value_for(column, text, selection.dialect)
        if value is None:
            return False
        selection.where(column == value)
        selection.statement = selection.statement.limit(_MOST)
        return True

    def only(self, rows: list[Any], text: str) -> Any | None:
        """The row with exactly this public id, if there is one and only one."""
        found = [row for row in rows if self.value(row) == text]
        if len(found) > 1:
            log.error("%s of %s is not unique: %r", self.path, self.path.model.__name__, text)
        return found[0] if len(found) == 1 else None


def resolve_public_id(attempts: Attempts, mapper: Mapper[Any], text: str | None) -> PublicId | None:
    """The public id of the mapping; None where there is none, or after noting what is wrong with it."""
    path = attempts.attempt(key_column, mapper, KEY, text) if text is not None else None
    return None if path is None else PublicId(path)
