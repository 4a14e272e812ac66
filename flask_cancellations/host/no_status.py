"""A host without a status column: what stands in our claims is the state, or the row goes when it is cancelled.

``hide``: the host's row stays as it is. It is cancelled while our claim says so, and the host leaves it out of its own
lists by :meth:`Claimed.not_cancelled`. A claim is that of one start and one client: a row that came under an old key,
or was moved by the host, is a new appointment.

``delete``: every row that is there is booked. Cancelling deletes it, last of all; our records outlive it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Dialect, String, Table, Uuid, cast, exists, func, select, true, type_coerce
from sqlalchemy.orm import Session, object_session

from flask_cancellations.errors import Fault
from flask_cancellations.host.keys import MAX_KEY
from flask_cancellations.host.paths import Path, Selection, mapper_of
from flask_cancellations.host.values import Status
from flask_cancellations.models.claim import CANCELLED
from flask_cancellations.rules.reasons import Side

# The start and the client that a claim is about.
Life = tuple[int | None, str | None]
_MOST_KEYS = 5000


@dataclass(frozen=True, slots=True)
class Claimed:
    """In place of a status of the host's; ``deletes`` says which of the two. It reads no path.

    Only claims of the current ``scope`` count; ``claims`` is their table.
    """

    model: type[Any]
    scope: Callable[[], str]
    deletes: bool
    claims: Table
    paths: tuple[Path, ...] = ()
    members: None = None

    def value(self, row: Any) -> Status:  # noqa: ARG002 - a row alone does not tell
        return "booked"

    def raw(self, row: Any) -> str:  # noqa: ARG002 - the host has no word for it
        return ""

    def write_cancelled(self, row: Any, side: Side) -> None:  # noqa: ARG002 - either side deletes
        """Delete the row by the ORM, with its cascades and listeners; or leave it, as our claim is the state."""
        if not self.deletes:
            return
        session = object_session(row)
        assert session is not None  # it was read in one
        session.delete(row)

    def write_raw(self, row: Any, text: str) -> None:
        """Nothing is written. Raises ValueError for a status, which this host has not got."""
        if text:
            raise ValueError(f"{type(row).__name__} has no status to hold {text!r}")

    def is_open(self, selection: Selection) -> ColumnElement[bool]:  # noqa: ARG002 - sorted out when it was read
        return true()

    def missing(self, session: Session) -> dict[str, Any]:  # noqa: ARG002 - no lookup table
        return {}

    def faults(self, session: Session) -> list[Fault]:  # noqa: ARG002 - no lookup table
        return []

    def cancelled(self, session: Session, keys: Iterable[str], *, lock: bool = False) -> dict[str, Life]:
        """Of these appointments those that our claims call cancelled, each with the life that the claim is about.

        With ``lock`` what others have committed meanwhile counts too.
        """
        if self.deletes:
            return {}
        claim, wanted = self.claims.c, list(keys)
        found: dict[str, Life] = {}
        for first in range(0, len(wanted), _MOST_KEYS):
            query = select(claim.appointment_key, claim.start_us, claim.client_key).where(
                claim.scope == self.scope(),
                claim.appointment_key.in_(wanted[first : first + _MOST_KEYS]),
                claim.state == CANCELLED,
            )
            if lock:
                query = query.with_for_update(read=True)
            # On the connection: a host's listener that filters by tenant is there for the host's own statements.
            rows = session.connection(bind_arguments={"mapper": mapper_of(self.model)}).execute(query)
            found |= {row.appointment_key: (row.start_us, row.client_key) for row in rows}
        return found

    def not_cancelled(self, entity: Any, dialect: Dialect) -> ColumnElement[bool]:
        """The condition for the host's own queries, over its model or an alias of it: no claim of ours is cancelled.

        It goes by the key alone, since a database cannot tell the instant of every host's start, and by the scope
        that is current when the condition is made.
        """
        if self.deletes:
            return true()
        claim = self.claims.c
        return ~exists(
            select(claim.id).where(
                claim.scope == self.scope(),
                claim.appointment_key == self._key_text(entity, dialect),
                claim.state == CANCELLED,
            )
        )

    def _key_text(self, entity: Any, dialect: Dialect) -> ColumnElement[str]:
        """The key as the database can write it: the same text as ``key_of``."""
        mapper = mapper_of(self.model)
        (column,) = mapper.primary_key
        attribute = getattr(entity, mapper.get_property_by_column(column).key)
        if isinstance(column.type, Uuid) and not (column.type.native_uuid and dialect.supports_native_uuid):
            digits = func.lower(type_coerce(attribute, String))
            parts = [func.substr(digits, start, size) for start, size in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))]
            text: ColumnElement[str] = type_coerce(parts[0], String)
            for part in parts[1:]:
                text = text + "-" + type_coerce(part, String)
            return text
        if isinstance(column.type, String):
            return type_coerce(attribute, String)
        return cast(attribute, String(MAX_KEY))
