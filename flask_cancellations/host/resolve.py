"""The second phase of reading the configuration: the mapping meets the host's models.

Models are found, relations completed, and every attribute and Enum value looked up. All faults are gathered
and raised as one ConfigError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.orm import Mapper, registry

from flask_cancellations.clock import Clock
from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.host import checks
from flask_cancellations.host.function import resolve_cancel
from flask_cancellations.host.host import Host
from flask_cancellations.host.lookup import Attempts, Models
from flask_cancellations.host.mapping import Stamp
from flask_cancellations.host.owner import resolve_owner
from flask_cancellations.host.people import resolve_users
from flask_cancellations.host.public_id import resolve_public_id
from flask_cancellations.host.related import Named
from flask_cancellations.host.resolve_money import resolve_amount
from flask_cancellations.host.resolve_related import Parties
from flask_cancellations.host.resolve_status import resolve_status
from flask_cancellations.host.resolve_times import resolve_end, resolve_start
from flask_cancellations.host.scope import resolve_scope
from flask_cancellations.host.write_back import resolve_write_back
from flask_cancellations.settings import Settings
from flask_cancellations.settings.host import AppointmentSettings

HOST = "CANCELLATIONS_HOST"
APPOINTMENT = f"{HOST}.appointment"


def resolve(
    settings: Settings,
    *,
    clock: Clock,
    registries: Iterable[registry] = (),
    metadata: MetaData | None = None,
    scope: Callable[[], str] | None = None,
) -> Host:
    """The host that the settings describe.

    ``registries`` are where a bare model name is looked up, ``[db.Model.registry]`` for Flask-SQLAlchemy. Without
    any it is looked up in all modules that are loaded. Of several models with one name, that of ``metadata`` is
    meant. ``scope`` tells the current scope each time it is asked; without it that of the settings is the only one.
    Raises ConfigError with all faults.
    """
    return _Resolver(settings, clock, Models(registries, metadata), scope or (lambda: settings.scope)).host()


class _Resolver(Attempts):
    def __init__(self, settings: Settings, clock: Clock, models: Models, scope: Callable[[], str]) -> None:
        super().__init__()
        self.settings = settings
        self.clock = clock
        self.models = models
        self.scope = scope

    def host(self) -> Host:
        spec = self.settings.host
        mapper = self.attempt(self.models.find, spec.appointment.model, f"{APPOINTMENT}.model")
        if self.attempt(self.models.configure) is None:
            raise ConfigError(self.faults)  # no model can be looked at
        if mapper is None:
            resolve_users(self, self.models, spec.user, None)  # for its faults
            raise ConfigError(self.faults)
        start = resolve_start(self, mapper, spec.appointment.start, self.clock)
        status = resolve_status(self, mapper, spec.appointment.status, self.scope, self.models.schema)
        end = resolve_end(self, mapper, spec.appointment.end, self.clock)
        parties = Parties(self, self.models, mapper)
        client = parties.client(spec.appointment.client, spec.client)
        staff = parties.party("staff", spec.appointment.staff, spec.staff)
        service = parties.service(spec.appointment.service, spec.service)
        location = parties.party("location", spec.appointment.location, spec.location)
        currency = self.settings.currency
        price = resolve_amount(self, mapper, f"{APPOINTMENT}.price", spec.appointment.price, currency)
        deposit = resolve_amount(self, mapper, f"{APPOINTMENT}.deposit", spec.appointment.deposit, currency)
        booked = self.booked(mapper, spec.appointment)
        write_back = resolve_write_back(self, mapper, spec.appointment.write_back, self.clock)
        users = resolve_users(self, self.models, spec.user, staff.model if isinstance(staff, Named) else None)
        owner = resolve_owner(self, self.models, mapper, spec.appointment.owner, users)
        scope = resolve_scope(self, mapper, spec.appointment.scope, self.scope)
        public_id = resolve_public_id(self, mapper, spec.appointment.public_id)
        own_cancel = resolve_cancel(self, mapper, spec.appointment.cancel)
        self.bind(mapper)
        if self.faults or start is None or status is None or scope is None:
            raise ConfigError(self.faults)
        return Host(
            mapper.class_,
            clock=self.clock,
            start=start,
            end=end,
            status=status,
            client=client,
            staff=staff,
            service=service,
            location=location,
            price=price,
            deposit=deposit,
            booked=booked,
            write_back=write_back,
            users=users,
            owner=owner,
            scope=scope,
            public_id=public_id,
            own_cancel=own_cancel,
        )

    def booked(self, mapper: Mapper[Any], spec: AppointmentSettings) -> Stamp | None:
        if spec.booked_at is None:
            return None
        key = f"{APPOINTMENT}.booked_at"
        path = self.attempt(checks.scalar, mapper, key, spec.booked_at.attribute, checks.DATE_TIME)
        return None if path is None else Stamp(path, self.clock, spec.booked_at.zone == "local")

    def bind(self, mapper: Mapper[Any]) -> None:
        """Our rows and the appointment change in one transaction, so they live on one bind."""
        bind = mapper.local_table.metadata.info.get("bind_key") if hasattr(mapper.local_table, "metadata") else None
        if bind != self.settings.bind:
            self.faults.append(
                Fault(
                    "CANCELLATIONS_BIND",
                    repr(self.settings.bind),
                    f"{bind!r}, the bind of {mapper.class_.__name__}",
                )
            )
