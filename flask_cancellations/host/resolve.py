"""The second phase of reading the configuration: the mapping meets the host's models.

Models are found, relations completed, and every attribute and Enum value looked up. All faults are gathered
and raised as one ConfigError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum as PythonEnum
from typing import Any, TypeVar

from sqlalchemy import DateTime, Enum, MetaData
from sqlalchemy.orm import Mapper, registry

from flask_cancellations.clock import Clock
from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.host import checks
from flask_cancellations.host.host import Host
from flask_cancellations.host.lookup import Faulty, Models, full_name
from flask_cancellations.host.mapping import (
    DayAndTime,
    End,
    Minutes,
    Moment,
    Money,
    Stamp,
    Start,
    Until,
    Words,
)
from flask_cancellations.host.paths import Path
from flask_cancellations.host.people import USER, Client, Named, Users
from flask_cancellations.host.status import StatusMap, Writes, find_member
from flask_cancellations.host.values import Status
from flask_cancellations.settings import Settings
from flask_cancellations.settings.host import (
    AppointmentSettings,
    Model,
    MoneySpec,
    NamedSettings,
    PairSpec,
    PersonSettings,
    StatusSpec,
)
from flask_cancellations.settings.place import nearest

HOST = "CANCELLATIONS_HOST"
APPOINTMENT = f"{HOST}.appointment"
T = TypeVar("T")


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


class _Resolver:
    def __init__(self, settings: Settings, clock: Clock, models: Models) -> None:
        self.settings = settings
        self.clock = clock
        self.models = models
        self.faults: list[Fault] = []

    def attempt(self, work: Callable[..., T], *args: Any, **options: Any) -> T | None:
        """The result of ``work``, or None after noting why there is none."""
        try:
            return work(*args, **options)
        except Faulty as faulty:
            self.faults.append(faulty.fault)
            return None

    def host(self) -> Host:
        spec = self.settings.host
        mapper = self.attempt(self.models.find, spec.appointment.model, f"{APPOINTMENT}.model")
        if self.attempt(self.models.configure) is None:
            raise ConfigError(self.faults)  # no model can be looked at
        users = self.users()
        if mapper is None:
            raise ConfigError(self.faults)
        start = self.start(mapper, spec.appointment)
        status = self.status(mapper, spec.appointment.status)
        end = End(tuple(filter(None, (self.end(mapper, n, way) for n, way in enumerate(spec.appointment.end)))))
        client = self.client(mapper, spec.appointment.client, spec.client)
        named = {
            name: self.named(mapper, name, getattr(spec.appointment, name), getattr(spec, name))
            for name in ("staff", "service", "location")
        }
        price = self.money(mapper, "price", spec.appointment.price)
        deposit = self.money(mapper, "deposit", spec.appointment.deposit)
        booked = self.booked(mapper, spec.appointment)
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

    def start(self, mapper: Mapper[Any], spec: AppointmentSettings) -> Start | None:
        key = f"{APPOINTMENT}.start"
        if isinstance(spec.start, PairSpec):
            day = self.attempt(checks.scalar, mapper, f"{key}.date", spec.start.date, checks.DATE, in_sql=True)
            time = self.attempt(checks.scalar, mapper, f"{key}.time", spec.start.time, checks.TIME, in_sql=True)
            return DayAndTime(day, time) if day is not None and time is not None else None
        path = self.attempt(checks.scalar, mapper, key, spec.start, checks.DATE_TIME, in_sql=True)
        if path is None:
            return None
        kind = checks.column_type(*checks.end_of(mapper, path))
        return Moment(path, self.clock, isinstance(kind, DateTime) and kind.timezone)

    def end(self, mapper: Mapper[Any], number: int, way: Any) -> Minutes | Until | None:
        many = len(self.settings.host.appointment.end) > 1
        key = f"{APPOINTMENT}.end[{number}]" if many else f"{APPOINTMENT}.end"
        if isinstance(way, str):
            path = self.attempt(checks.scalar, mapper, key, way, checks.END)
            return None if path is None else Until(path, self.clock)
        if isinstance(way.minutes, int):
            return Minutes(way.minutes)
        path = self.attempt(checks.scalar, mapper, f"{key}.minutes", way.minutes, checks.LENGTH)
        return None if path is None else Minutes(path)

    def words(self, mapper: Mapper[Any], key: str, texts: Iterable[str]) -> Words:
        paths = [self.attempt(checks.scalar, mapper, key, text, below=True) for text in texts]
        return Words(tuple(path for path in paths if path is not None))

    def related(
        self, mapper: Mapper[Any], name: str, text: str | None, model: Model | None
    ) -> tuple[Path, Mapper[Any]] | None:
        """The relation called ``name`` in the mapping, and the model behind it, as configured or as related."""
        if text is None:
            return None
        found = self.attempt(checks.related, mapper, f"{APPOINTMENT}.{name}", text)
        if found is None or model is None:
            return found
        key = f"{HOST}.{name}.model"
        named = self.attempt(self.models.find, model, key)
        if named is None:
            return None
        if not (named.isa(found[1]) or found[1].isa(named)):
            target = full_name(found[1].class_)
            self.faults.append(Fault(key, full_name(named.class_), f"{target}, where {text!r} leads"))
            return None
        return found[0], named

    def client(self, mapper: Mapper[Any], text: str | None, spec: PersonSettings) -> Client | None:
        found = self.related(mapper, "client", text, spec.model)
        if found is None:
            return None
        path, target = found

        def words(name: str, texts: tuple[str, ...]) -> Words:
            return self.words(target, f"{HOST}.client.{name}", texts)

        return Client(
            path,
            target.class_,
            name=words("name", spec.name),
            email=words("email", _one(spec.email)),
            phone=words("phone", _one(spec.phone)),
            locale=words("locale", _one(spec.locale)),
        )

    def named(self, mapper: Mapper[Any], name: str, text: str | None, spec: NamedSettings) -> Named | None:
        found = self.related(mapper, name, text, spec.model)
        if found is None:
            return None
        path, target = found
        return Named(path, target.class_, self.words(target, f"{HOST}.{name}.name", spec.name))

    def money(self, mapper: Mapper[Any], name: str, spec: MoneySpec | None) -> Money | None:
        if spec is None:
            return None
        path = self.attempt(checks.scalar, mapper, f"{APPOINTMENT}.{name}", spec.attribute, checks.AMOUNT)
        return None if path is None else Money(path, self.settings.currency, spec.unit == "minor")

    def booked(self, mapper: Mapper[Any], spec: AppointmentSettings) -> Stamp | None:
        if spec.booked_at is None:
            return None
        key = f"{APPOINTMENT}.booked_at"
        path = self.attempt(checks.scalar, mapper, key, spec.booked_at.attribute, checks.DATE_TIME)
        return None if path is None else Stamp(path, self.clock, spec.booked_at.zone == "local")

    def status(self, mapper: Mapper[Any], spec: StatusSpec) -> StatusMap | None:
        key = f"{APPOINTMENT}.status"
        path = self.attempt(checks.scalar, mapper, f"{key}.attribute", spec.attribute, checks.STATUS, in_sql=True)
        if path is None:
            return None
        owner, name = checks.end_of(mapper, path)
        if not checks.is_settable(owner, name):
            self.faults.append(
                Fault(f"{key}.attribute", f"{spec.attribute!r}, which cannot be set", "an attribute to write")
            )
        value = _StatusValues(checks.column_type(owner, name))
        groups: dict[Any, Status] = {}
        texts: dict[str, tuple[Status, tuple[str, ...]]] = {
            "open": ("booked", spec.open),
            "cancelled": ("cancelled", spec.cancelled),
            "no_show": ("noshow", spec.no_show),
            "done": ("fulfilled", spec.done),
        }
        for group, (status, members) in texts.items():
            for text in members:
                found = self.attempt(value.read, text, f"{key}.{group}")
                if found is None:
                    continue
                if groups.setdefault(found, status) != status:
                    self.faults.append(Fault(f"{key}.{group}", repr(text), "a value that is in no other group"))
        written = {
            name: self.attempt(value.read, text, f"{key}.write.{name}")
            for name in ("cancelled", "client", "clinic", "restored", "no_show")
            if (text := getattr(spec.write, name)) is not None
        }
        return StatusMap(path, groups, Writes(**written), value.members)

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


class _StatusValues:
    """The values of a status column: members of an Enum, a list of texts, or any text."""

    def __init__(self, kind: Any) -> None:
        self.members: type[PythonEnum] | None = kind.enum_class if isinstance(kind, Enum) else None
        self._texts: list[str] | None = kind.enums if isinstance(kind, Enum) and self.members is None else None

    def read(self, text: str, key: str) -> Any:
        if self.members is not None:
            found = find_member(self.members, text)
            if found is not None:
                return found
            known = [*self.members.__members__, *(str(member.value) for member in self.members)]
            expected = f"a name or value of {self.members.__name__}"
        elif self._texts is not None and text not in self._texts:
            known, expected = self._texts, f"one of {', '.join(self._texts)}"
        else:
            return text
        raise Faulty(Fault(key, repr(text), expected, nearest(text, known)))


def _one(text: str | None) -> tuple[str, ...]:
    return () if text is None else (text,)
