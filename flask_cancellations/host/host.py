"""The host as the rest of the package uses it: appointments read, found, locked and written back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from flask_cancellations.errors import ConfigError
from flask_cancellations.host.keys import identity, key_of
from flask_cancellations.host.lists import Lists
from flask_cancellations.host.no_status import Claimed
from flask_cancellations.host.paths import mapper_of
from flask_cancellations.host.values import Appointment, User
from flask_cancellations.host.write_back import Deed
from flask_cancellations.rules.reasons import Side


class Host(Lists):
    """The host's models behind the mapping; made by :func:`flask_cancellations.host.resolve.resolve`.

    It holds no session and no row, so one object serves all threads. Times are naive wall clock of the
    clinic. Only the appointments of the current scope are there: one of another scope is as unknown as none.
    """

    def user(self, app_user: Any) -> User:
        """The signed-in person, from the host's own object. Raises ConfigError if the mapping does not fit."""
        return self._users.read(app_user)

    def signed_in(self, session: Session) -> Any | None:
        """The host's own object for whom the mapping says to be signed in, or None."""
        return self._users.signed_in(session)

    def owns(self, user: User, appointment: Appointment) -> bool:
        """Whether the appointment is the user's own, as a client. Not once its row is gone, nor without a mapping."""
        if self._owner is None or appointment.row is None or user.row is None:
            return False
        return self._owner.owns(appointment.row, user.row)

    def get(self, session: Session, key: str, *, lock: bool = False, fresh: bool = False) -> Any | None:
        """The host's row with this key in the current scope, or None.

        ``fresh`` reads it from the database even if the session has it already. ``lock`` also keeps it from
        being changed by others until the transaction ends, where the database can (SQLite locks as a whole,
        at the first write). What the session has not written yet is written before, so nothing of the host's
        is lost.
        """
        mapper = mapper_of(self.model)
        values = identity(self.model, key, session.get_bind(mapper).dialect)
        if values is None:
            return None
        if lock or fresh:
            row = self._read_again(session, values, lock=lock)
        else:
            row = session.get(self.model, values, options=self._eager)
        # A collation may take "A1" for "a1".
        return row if row is not None and key_of(row) == key and self._scope.mine([row]) else None

    def _read_again(self, session: Session, values: tuple[Any, ...], *, lock: bool) -> Any | None:
        session.flush()
        mapper = mapper_of(self.model)
        known = session.identity_map.get(mapper.identity_key_from_primary_key(values))
        # Reading a row again makes it let go of its client, staff and service. Held here until it has asked
        # for them again, they are found in the session, without a statement for each.
        loaded = {} if known is None else known.__dict__
        held = {name: loaded[name] for name in self._relations if name in loaded}
        # PostgreSQL locks no outer join, so a locking statement reads the row alone.
        statement = select(self.model).options(*(self._alone if lock else self._eager))
        for column, value in zip(mapper.primary_key, values, strict=True):
            statement = statement.where(column == value)
        if lock:
            statement = statement.with_for_update()
        options = {"populate_existing": True}
        row = session.scalars(statement, execution_options=options).unique().one_or_none()
        if row is not None:
            for name in held:
                getattr(row, name)
        return row

    def appointment(self, session: Session, key: str) -> Appointment | None:
        """The appointment with this key, or None."""
        row = self.get(session, key)
        return None if row is None else self.read(row)

    def called(self, session: Session, public_id: str) -> Appointment | None:
        """The appointment that addresses call so: by its public id, or by its key in a host without one; or None."""
        if self._public_id is None:
            return self.appointment(session, public_id)
        selection = self.selection(session)
        if selection is None or not self._public_id.limit(selection, public_id):
            return None
        found = session.scalars(selection.statement.options(*self._eager)).unique()
        row = self._public_id.only(self._scope.mine(found), public_id)
        return None if row is None else self.read(row)

    def user_scope(self, app_user: Any) -> str | None:
        """The scope of the signed-in person, from the host's own object. Raises ConfigError as :meth:`user` does."""
        return self._users.scope(app_user)

    def check_rows(self, session: Session) -> None:
        """Look for the rows that the mapping needs, those of a lookup table of statuses. Raises ConfigError.

        Nothing is looked for before the host's tables are made and filled.
        """
        began = not session.in_transaction()
        with session.no_autoflush:
            try:
                faults = self.status.faults(session)
            finally:
                if began:
                    session.rollback()  # only what was read here
        if faults:
            raise ConfigError(faults)

    @property
    def has_no_status(self) -> bool:
        """Whether our claims are the state, or the row goes when it is cancelled."""
        return isinstance(self.status, Claimed)

    @property
    def deletes(self) -> bool:
        """Whether cancelling deletes the host's row."""
        return isinstance(self.status, Claimed) and self.status.deletes

    def status_value(self, row: Any) -> str:
        """The host's own status as text, for our records: an Enum by name, NULL as an empty text."""
        return self.status.raw(row)

    def write_status(self, row: Any, value: str) -> None:
        """Set a status that :meth:`status_value` gave, by attribute. ValueError if the Enum lacks it."""
        self.status.write_raw(row, value)

    def write_cancelled(self, row: Any, side: Side, deed: Deed | None = None) -> None:
        """Set the status for a cancellation of this side, by attribute, so that the host's listeners run.

        ``deed`` is written into the columns that the host has for it. A host that deletes has its row deleted.
        """
        if self._write_back is not None and deed is not None and not self.deletes:
            self._write_back.write(row, deed)
        self.status.write_cancelled(row, side)
