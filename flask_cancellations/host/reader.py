"""Reads a row of the host's appointments by the mapping."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session, object_session

from flask_cancellations.clock import Clock
from flask_cancellations.errors import NotOpen
from flask_cancellations.host.function import OwnCancel
from flask_cancellations.host.keys import key_of
from flask_cancellations.host.mapping import End, Stamp, Start, paths_of
from flask_cancellations.host.money import UNKNOWN, Amount
from flask_cancellations.host.no_status import Claimed
from flask_cancellations.host.owner import Owner
from flask_cancellations.host.paths import eager_options, mapper_of, relation
from flask_cancellations.host.people import Users
from flask_cancellations.host.public_id import PublicId
from flask_cancellations.host.related import ById, Client, Party
from flask_cancellations.host.scope import Scoping
from flask_cancellations.host.several import Several
from flask_cancellations.host.status import StatusMap
from flask_cancellations.host.values import Appointment, Status
from flask_cancellations.host.write_back import WriteBack
from flask_cancellations.i18n import fcx_


class Reader:
    """The parts of the mapping, and what they make of one row. It holds no session and no row."""

    def __init__(
        self,
        model: type[Any],
        *,
        clock: Clock,
        start: Start,
        end: End,
        status: StatusMap | Claimed,
        users: Users,
        scope: Scoping,
        public_id: PublicId | None = None,
        client: Client | None = None,
        staff: Party | None = None,
        service: Party | Several | None = None,
        location: Party | None = None,
        price: Amount | None = None,
        deposit: Amount | None = None,
        booked: Stamp | None = None,
        write_back: WriteBack | None = None,
        owner: Owner | None = None,
        own_cancel: OwnCancel | None = None,
    ) -> None:
        self.model = model
        self.status = status
        self.own_cancel = own_cancel
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
        self._owner = owner
        self._scope = scope
        self._public_id = public_id
        parts = [start, end, status, client, staff, service, location, price, deposit, booked, scope, public_id]
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
            "owner": self._owner,
            "scope": self._scope if self._scope.path is not None else None,
            "public_id": self._public_id,
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
        price = self._price.read(row) if self._price else UNKNOWN
        key = key_of(row)
        return Appointment(
            key=key,
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
            price=price.minor,
            deposit=self._deposit.paid(row) if self._deposit else 0,
            booked_us=self._booked.value(row) if self._booked else None,
            status=self.status.value(row),
            scope=self._scope.of(row) or "",
            public_id=self._public_id.value(row) if self._public_id else key,
            row=row,
            other_currency=price.other_currency,
        )

    def client_key(self, row: Any) -> str | None:
        """The key of the client of an appointment's row."""
        return self._client.key(row) if self._client else None

    def scope_of(self, row: Any) -> str | None:
        """The scope that a row of the host belongs to, whichever is current; None if it belongs to none."""
        return self._scope.of(row)

    @property
    def has_public_id(self) -> bool:
        """Whether addresses show another id than the key."""
        return self._public_id is not None
