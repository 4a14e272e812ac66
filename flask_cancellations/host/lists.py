"""Lists of the host's appointments: chosen and ordered by the database, read here."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from flask_cancellations.host.keys import key_of
from flask_cancellations.host.paths import Selection, mapper_of
from flask_cancellations.host.reader import Reader
from flask_cancellations.host.related import Named, Party, RelatedClient, at_hand
from flask_cancellations.host.several import Several
from flask_cancellations.host.values import Appointment


class Lists(Reader):
    """Times are naive wall clock of the clinic. Each list is of the current scope only."""

    def selection(self, session: Session) -> Selection | None:
        """The appointments of the current scope, to be narrowed down; None if there can be none."""
        selection = Selection(self.model, session.get_bind(mapper_of(self.model)).dialect)
        return selection if self._scope.limit(selection) else None

    def between(
        self,
        session: Session,
        start: datetime,
        end: datetime,
        *,
        staff_key: str | None = None,
        open_only: bool = False,
        limit: int | None = None,
    ) -> list[Appointment]:
        """Appointments that start from ``start`` until just before ``end``, in order, by one statement.

        ``staff_key`` keeps those of one member of staff; of ``limit`` the database takes the first.
        """
        selection = self._select(session, start, end)
        if selection is None or (
            staff_key is not None and not (self._staff and self._staff.where(selection, staff_key))
        ):
            return []
        if open_only:
            selection.where(self.status.is_open(selection))
        found = self._read_all(session, selection.statement.options(*self._eager).limit(limit), start, end)
        # Again in Python: a collation may take "Booked" for "booked".
        return [
            one
            for one in found
            if (staff_key is None or one.staff_key == staff_key) and (not open_only or one.status == "booked")
        ]

    def overlapping(
        self,
        session: Session,
        start: datetime,
        end: datetime,
        staff_key: str | None,
        *,
        exclude: str | None = None,
        lock: bool = False,
    ) -> list[Appointment]:
        """Open appointments of one member of staff that share time with ``start`` .. ``end``, in order.

        Without ``staff_key`` those that belong to nobody; in a host without staff, all. ``exclude`` is the
        key of an appointment to leave out. With ``lock`` MariaDB and MySQL read what others have committed
        since this transaction began, and keep it from changing; PostgreSQL and SQLite see it anyway.

        Ends are computed here, over the day and the one before it, because most hosts store none; so an
        appointment is taken to last less than a day.
        """
        first = datetime.combine(start.date(), time.min) - timedelta(days=1)
        selection = self._select(session, first, end)
        if selection is None or (self._staff and not self._staff.where(selection, staff_key)):
            return []
        if staff_key is not None and not self._staff:
            return []
        selection.where(self.status.is_open(selection))
        statement = selection.statement.options(*self._eager)
        if lock and selection.dialect.name in ("mysql", "mariadb"):
            session.flush()
            statement = selection.statement.options(*self._alone).with_for_update(read=True)
            statement = statement.execution_options(populate_existing=True)
        found = self._read_all(session, statement, first, end, lock=lock)
        return [
            one
            for one in found
            if one.end > start and one.key != exclude and one.staff_key == staff_key and one.status == "booked"
        ]

    def staff_list(self, session: Session) -> list[tuple[str, str]]:
        """Key and name of the staff, by name.

        Where staff and clients share a table, or several scopes have theirs in one, those are staff who have had an
        appointment in this scope.
        """
        return self._everyone(session, self._staff)

    def service_list(self, session: Session) -> list[tuple[str, str]]:
        """Key and name of the services, by name; empty where an appointment has several of them."""
        return [] if isinstance(self._service, Several) else self._everyone(session, self._service)

    def location_list(self, session: Session) -> list[tuple[str, str]]:
        """Key and name of the locations, by name."""
        return self._everyone(session, self._location)

    def _everyone(self, session: Session, party: Party | None) -> list[tuple[str, str]]:
        used = self.selection(session)
        if party is None or used is None:
            return []
        shared = (
            isinstance(party, Named)
            and isinstance(self._client, RelatedClient)
            and mapper_of(self._client.model).isa(mapper_of(party.model))
        )
        only_used = shared or self._scope.path is not None
        return sorted(party.everyone(session, used, only_used=only_used), key=_by_name)

    def scopes(self, session: Session, start: datetime, end: datetime) -> set[str]:
        """The scopes of the open appointments that start in this time, by one statement; whichever is current.

        It is read on the connection, past the listeners by which a host keeps its tenants apart: it is asked for all of
        them, and reads nothing else.
        """
        selection = Selection(self.model, session.get_bind(mapper_of(self.model)).dialect)
        selection.where(self._start.between(selection, start, end))
        selection.where(self.status.is_open(selection))
        columns = self._scope.columns(selection)
        connection = session.connection(bind_arguments={"mapper": mapper_of(self.model)})
        found = connection.execute(selection.statement.with_only_columns(*columns).distinct())
        return self._scope.keys(found)

    def _select(self, session: Session, start: datetime, end: datetime) -> Selection | None:
        selection = self.selection(session)
        if selection is None:
            return None
        selection.where(self._start.between(selection, start, end))
        selection.statement = selection.statement.order_by(*self._start.order_by(selection))
        return selection

    def _read_all(
        self, session: Session, statement: Select[Any], start: datetime, end: datetime, *, lock: bool = False
    ) -> list[Appointment]:
        # A text that is no date may stand among those looked for.
        found_rows = self._scope.mine(session.scalars(statement).unique())
        rows = [row for row in found_rows if self._start.value(row) is not None]
        with at_hand(session, self._by_id, rows):
            found = [self._read(row) for row in rows]
        # In order already, but for rows without a time, which databases put first or last.
        ordered = sorted((one for one in found if start <= one.start < end), key=lambda one: (one.start, one.key))
        return self._by_claims(session, ordered, lock=lock)

    def read_selected(self, session: Session, selection: Selection) -> dict[str, Appointment | None]:
        """The appointments of a selection by key, as the database has them now; None for a row that has no start."""
        statement = selection.statement.options(*self._eager)
        found = session.scalars(statement, execution_options={"populate_existing": True})
        rows = self._scope.mine(found.unique())
        dated = [row for row in rows if self._start.value(row) is not None]
        with at_hand(session, self._by_id, dated):
            read = self._by_claims(session, [self._read(row) for row in dated])
        return {key_of(row): None for row in rows} | {one.key: one for one in read}


def _by_name(staff: tuple[str, str]) -> tuple[str, str]:
    return (staff[1].casefold(), staff[0])
