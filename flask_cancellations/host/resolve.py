"""The second phase of reading the configuration: the mapping meets the host's models.

Models are found, relations completed, and every attribute and Enum value looked up. All faults are gathered
and raised as one ConfigError.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.orm import Mapper, registry

from flask_cancellations.clock import Clock
from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.host import checks
from flask_cancellations.host.host import Host
from flask_cancellations.host.lookup import Attempts, Models
from flask_cancellations.host.mapping import Money, Stamp, Total
from flask_cancellations.host.people import USER, Users
from flask_cancellations.host.resolve_related import Parties
from flask_cancellations.host.resolve_status import resolve_status
from flask_cancellations.host.resolve_times import resolve_end, resolve_start
from flask_cancellations.host.write_back import resolve_write_back
from flask_cancellations.settings import Settings
from flask_cancellations.settings.host import (
    AppointmentSettings,
    MoneySpec,
    SumSpec,
)

HOST = "CANCELLATIONS_HOST"
APPOINTMENT = f"{HOST}.appointment"


def resolve(
    settings: Settings,
    *,
    clock: Clock,
    registries: Iterable[registry] = (),
    metadata: MetaData | None = None,
) -> Host:
    """The host that the settings describe.

    ``registries`` are where a bare model name is looked up, ``[db.Model.registry]`` for Flask-SQLAlchemy. Without
    any it is looked up in all modules that are loaded. Of several models with one name, that of ``metadata`` is
    meant. Raises ConfigError with all faults.
    """
    return _Resolver(settings, clock, Models(registries, metadata)).host()


class _Resolver(Attempts):
    def __init__(self, settings: Settings, clock: Clock, models: Models) -> None:
        super().__init__()
        self.settings = settings
        self.clock = clock
        self.models = models

    def host(self) -> Host:
        spec = self.settings.host
        mapper = self.attempt(self.models.find, spec.appointment.model, f"{APPOINTMENT}.model")
        if self.attempt(self.models.configure) is None:
            raise ConfigError(self.faults)  # no model can be looked at
        users = self.users()
        if mapper is None:
            raise ConfigError(self.faults)
        start = resolve_start(self, mapper, spec.appointment.start, self.clock)
        status = resolve_status(self, mapper, spec.appointment.status, self.settings.scope)
        end = resolve_end(self, mapper, spec.appointment.end, self.clock)
        parties = Parties(self, self.models, mapper)
        client = parties.client(spec.appointment.client, spec.client)
        named = {
            name: parties.party(name, getattr(spec.appointment, name), getattr(spec, name))
            for name in ("staff", "service", "location")
        }
        price = self.money(mapper, "price", spec.appointment.price)
        deposit = self.money(mapper, "deposit", spec.appointment.deposit)
        booked = self.booked(mapper, spec.appointment)
        write_back = resolve_write_back(self, mapper, spec.appointment.write_back, self.clock)
        self.bind(mapper)
        if self.faults or start is None or status is None:
            raise ConfigError(self.faults)
        return Host(
            mapper.class_,
            clock=self.clock,
            start=start,
            end=end,
            status=status,
            client=client,
            price=price,
            deposit=deposit,
            booked=booked,
            write_back=write_back,
            users=users,
            **named,
        )

    def users(self) -> Users:
        users = Users(self.settings.host.user)
        model = self.settings.host.user.model
        mapper = self.attempt(self.models.find, model, f"{USER}.model") if model is not None else None
        if mapper is not None:
            self.faults.extend(users.check(mapper))
        return users

    def money(self, mapper: Mapper[Any], name: str, spec: MoneySpec | None) -> Money | None:
        if spec is None:
            return None
        key, minor = f"{APPOINTMENT}.{name}", spec.unit == "minor"
        if isinstance(spec.attribute, SumSpec):
            cut = self.attempt(checks.total, mapper, f"{key}.sum", spec.attribute.sum, checks.AMOUNT)
            return None if cut is None else Money(Total(*cut), self.settings.currency, minor)
        path = self.attempt(checks.scalar, mapper, key, spec.attribute, checks.AMOUNT)
        return None if path is None else Money(path, self.settings.currency, minor)

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
