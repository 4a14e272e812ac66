"""The host as the rest of the package uses it: appointments read, found, locked and written back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, object_session

from flask_cancellations.clock import Clock
from flask_cancellations.errors import ConfigError, NotOpen
from flask_cancellations.host.keys import identity, key_of
from flask_cancellations.host.mapping import End, Money, Stamp, Start, paths_of
from flask_cancellations.host.no_status import Claimed
from flask_cancellations.host.paths import Selection, eager_options, mapper_of, relation
from flask_cancellations.host.people import Users
from flask_cancellations.host.related import ById, Client, Named, Party, RelatedClient, at_hand
from flask_cancellations.host.status import StatusMap
from flask_cancellations.host.values import Appointment, Status, User
from flask_cancellations.host.write_back import Deed, WriteBack
from flask_cancellations.i18n import fcx_
from flask_cancellations.rules.reasons import Side


class Host:
    """The host's models behind the mapping; made by :func:`flask_cancellations.host.resolve.resolve`.

    It holds no session and no row, so one object serves all threads. Times are naive wall clock of the
    clinic.
    """

    def __init__(
        self,
        model: type[Any],
        *,
        clock: Clock,
        start: Start,
        end: End,
        status: StatusMap | Claimed,
        users: Users,
        client: Client | None = None,
        staff: Party | None = None,
        service: Party | None = None,
        location: Party | None = None,
        price: Money | None = None,
        deposit: Money | None = None,
        booked: Stamp | None = None,
        write_back: WriteBack | None = None,
    ) -> None:
        self.model = model
        self.status = status
        self._clock = clock
        self._start = start
        self._end = end
        self._client = client
        self._staff = staff
        self._service = service
        self._location = location
        self._price = price
        self._deposit = deposit
        self._booked = booked
        self._write_back = write_back
        self._users = users
        parts = [start, end, status, client, staff, service, location, price, deposit, booked]
        paths = paths_of(parts)
        self._by_id = [path for path in paths if isinstance(path, ById)]
        self._eager = eager_options(model, paths)
        self._relations = {path.steps[0] for path in paths if relation(mapper_of(model), path.steps[0]) is not None}
        self._alone = eager_options(model, ())

    @property
    def parts(self) -> dict[str, Any]:
        """The parts of the mapping by the configuration's names for them; None for what is not mapped."""
        return {
            "start": self._start,
            "end": self._end,
            "status": self.status,
            "client": self._client,
            "staff": self._staff,
            "service": self._service,
            "location": self._location,
            "price": self._price,
            "deposit": self._deposit,
            "booked_at": self._booked,
            "write_back": self._write_back,
        }

    def read(self, row: Any, *, status: Status | None = None, lock: bool = False) -> Appointment:
        """The appointment that a row of the host stands for. Raises NotOpen for a row that has no start.

        Where the host keeps no status our claim is asked, with ``lock`` as it is now, unless the caller says what
        the ``status`` is.
        """
        appointment = self._read(row)
        if isinstance(self.status, Claimed) and status is None:
            session = object_session(row)
            assert session is not None  # without a session there is no claim to ask
            return self._by_claims(session, [appointment], lock=lock)[0]
        return appointment

    def _by_claims(self, session: Session, appointments: list[Appointment], *, lock: bool = False) -> list[Appointment]:
        """In a host without a status: with the status that our claims say, by one statement."""
        if not isinstance(self.status, Claimed) or not appointments:
            return appointments
        cancelled = self.status.cancelled(session, [one.key for one in appointments], lock=lock)
        return [
            replace(one, status="cancelled") if cancelled.get(one.key) == (one.start_us, one.client_key) else one
            for one in appointments
        ]

    def _read(self, row: Any) -> Appointment:
        start = self._start.value(row)
        if start is None:
            raise NotOpen(fcx_("This appointment has no date yet."))
        end = self._end.value(row, start)
        start_us = self._clock.to_us(start)
        staff_key, staff_name = self._staff.value(row) if self._staff else (None, "")
        service_key, service_name = self._service.value(row) if self._service else (None, "")
        location_key, location_name = self._location.value(row) if self._location else (None, "")
        return Appointment(
            key=key_of(row),
            start=start,
            end=end,
            start_us=start_us,
            # A start inside the hour that the clock skips lies, as an instant, after the end of that hour.
            end_us=max(self._clock.to_us(end), start_us),
            client=self._client.value(row) if self._client else None,
            staff_key=staff_key,
            staff_name=staff_name,
            service_key=service_key,
            service_name=service_name,
            location_key=location_key,
            location_name=location_name,
            price=self._price.value(row) if self._price else None,
            deposit=(self._deposit.value(row) or 0) if self._deposit else 0,
            booked_us=self._booked.value(row) if self._booked else None,
            status=self.status.value(row),
            row=row,
        )

    def client_key(self, row: Any) -> str | None:
        """The key of the client of an appointment's row."""
        return self._client.key(row) if self._client else None

    def user(self, app_user: Any) -> User:
        """The signed-in person, from the host's own object. Raises ConfigError if the mapping does not fit."""
        return self._users.read(app_user)

    def get(self, session: Session, key: str, *, lock: bool = False, fresh: bool = False) -> Any | None:
        """The host's row with this key, or None.

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
        return row if row is not None and key_of(row) == key else None

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
        if staff_key is not None and not (self._staff and self._staff.where(selection, staff_key)):
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
        if self._staff and not self._staff.where(selection, staff_key):
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

        Where staff and clients share a table, only those who have had an appointment are staff.
        """
        if self._staff is None:
            return []
        shared = (
            isinstance(self._staff, Named)
            and isinstance(self._client, RelatedClient)
            and mapper_of(self._client.model).isa(mapper_of(self._staff.model))
        )
        return sorted(self._staff.everyone(session, self.model, only_used=shared), key=_by_name)

    def _select(self, session: Session, start: datetime, end: datetime) -> Selection:
        selection = Selection(self.model, session.get_bind(mapper_of(self.model)).dialect)
        selection.where(self._start.between(selection, start, end))
        selection.statement = selection.statement.order_by(*self._start.order_by(selection))
        return selection

    def _read_all(
        self, session: Session, statement: Select[Any], start: datetime, end: datetime, *, lock: bool = False
    ) -> list[Appointment]:
        # A text that is no date may stand among those looked for.
        rows = [row for row in session.scalars(statement).unique() if self._start.value(row) is not None]
        with at_hand(session, self._by_id, rows):
            found = [self._read(row) for row in rows]
        # In order already, but for rows without a time, which databases put first or last.
        ordered = sorted((one for one in found if start <= one.start < end), key=lambda one: (one.start, one.key))
        return self._by_claims(session, ordered, lock=lock)

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


def _by_name(staff: tuple[str, str]) -> tuple[str, str]:
    return (staff[1].casefold(), staff[0])
