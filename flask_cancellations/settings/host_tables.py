"""Reads ``CANCELLATIONS_HOST``: keys, types and shapes. ``host/`` checks later that the models fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from flask_cancellations.settings.host import (
    DEFAULT_NAME,
    AppointmentSettings,
    ColumnsSpec,
    HostSettings,
    Model,
    MoneySpec,
    NamedSettings,
    PersonSettings,
    StampSpec,
    StampZone,
    SumSpec,
    Unit,
    UserSettings,
    WriteBackSpec,
)
from flask_cancellations.settings.host_paths import joined, path, paths, text
from flask_cancellations.settings.host_status import NO_STATUS, status
from flask_cancellations.settings.host_times import ends, start
from flask_cancellations.settings.place import Place, Table
from flask_cancellations.settings.values import choice, off

_RELATED = ("client", "staff", "service", "location")
_APPOINTMENT = ("model", "start", "end", "status", *_RELATED, "price", "deposit", "booked_at", "write_back")
_MODEL = re.compile(r"\w+|\w+(\.\w+)*:\w+(\.\w+)*")


def host(place: Place, value: object) -> HostSettings:
    """All mapped tables. Raises Spoiled after the last one if any had a fault."""
    table = Table(place, value, ("appointment", *_RELATED, "user"))
    nothing = AppointmentSettings("", "", (), NO_STATUS)
    appointment = table.need("appointment", _appointment, nothing)
    settings = HostSettings(
        appointment=appointment,
        client=table.get("client", _person, PersonSettings()),
        staff=table.get("staff", _named, NamedSettings()),
        service=table.get("service", _named, NamedSettings()),
        location=table.get("location", _named, NamedSettings()),
        user=table.get("user", _user, UserSettings()),
    )
    for name in _RELATED:
        if appointment is not nothing and name in table and getattr(appointment, name) is None:
            place.at("appointment").at(name).note("nothing", f"the path that leads to the table {place.key}.{name}")
    table.close()
    return settings


def _appointment(place: Place, value: object) -> AppointmentSettings:
    table = Table(place, value, _APPOINTMENT)
    settings = AppointmentSettings(
        model=table.need("model", _model, ""),
        start=table.need("start", start, ""),
        end=table.need("end", ends, ()),
        status=table.need("status", status, NO_STATUS),
        client=table.get("client", off(_client), None),
        staff=table.get("staff", off(path), None),
        service=table.get("service", off(path), None),
        location=table.get("location", off(path), None),
        price=table.get("price", off(_money), None),
        deposit=table.get("deposit", off(_money), None),
        booked_at=table.get("booked_at", off(_stamp), None),
        write_back=table.get("write_back", off(_write_back), None),
    )
    table.close()
    return settings


def _client(place: Place, value: object) -> str | ColumnsSpec:
    if not isinstance(value, Mapping):
        return path(place, value)
    table = Table(place, value, ("name", "email", "phone", "locale", "key"))
    settings = ColumnsSpec(
        name=table.need("name", joined, ()),
        email=table.get("email", off(text), None),
        phone=table.get("phone", off(text), None),
        locale=table.get("locale", off(text), None),
        key=table.get("key", off(path), None),
    )
    table.close()
    return settings


def _person(place: Place, value: object) -> PersonSettings:
    table = Table(place, value, ("model", "name", "email", "phone", "locale"))
    settings = PersonSettings(
        model=table.get("model", _model, None),
        name=table.get("name", joined, DEFAULT_NAME),
        email=table.get("email", off(text), None),
        phone=table.get("phone", off(text), None),
        locale=table.get("locale", off(text), None),
    )
    table.close()
    return settings


def _named(place: Place, value: object) -> NamedSettings:
    table = Table(place, value, ("model", "name"))
    settings = NamedSettings(
        model=table.get("model", _model, None),
        name=table.get("name", joined, DEFAULT_NAME),
    )
    table.close()
    return settings


def _user(place: Place, value: object) -> UserSettings:
    table = Table(place, value, ("model", "name", "role", "staff"))
    settings = UserSettings(
        model=table.get("model", _model, None),
        name=table.get("name", paths, ()),
        role=table.get("role", off(_role), None),
        staff=table.get("staff", off(path), None),
    )
    table.close()
    return settings


def _model(place: Place, value: object) -> Model:
    if isinstance(value, type):
        return value
    if isinstance(value, str) and _MODEL.fullmatch(value):
        return value
    meant = ":".join(value.rsplit(".", 1)) if isinstance(value, str) else ""
    raise place.wrong(
        value,
        "a model: its class, its name, or 'package.module:Name'",
        [meant] if _MODEL.fullmatch(meant) else (),
    )


def _money(place: Place, value: object) -> MoneySpec:
    if isinstance(value, str):
        return MoneySpec(path(place, value))
    if not isinstance(value, Mapping):
        raise place.wrong(value, "an attribute, a path, or a table with attribute and unit")
    of_many = "sum" in value and "attribute" not in value
    table = Table(place, value, ("sum" if of_many else "attribute", "unit"))
    attribute: str | SumSpec = SumSpec(table.need("sum", path, "")) if of_many else table.need("attribute", path, "")
    unit = cast(Unit, table.get("unit", choice("major", "minor"), "major"))
    table.close()
    return MoneySpec(attribute, unit)


def _stamp(place: Place, value: object) -> StampSpec:
    if not isinstance(value, Mapping):
        raise place.wrong(
            value, "a table such as {attribute = 'created_at', zone = 'utc'}, zone being 'utc' or 'local'"
        )
    table = Table(place, value, ("attribute", "zone"))
    attribute = table.need("attribute", path, "")
    zone = cast(StampZone, table.need("zone", choice("utc", "local"), "utc"))
    table.close()
    return StampSpec(attribute, zone)


def _write_back(place: Place, value: object) -> WriteBackSpec:
    table = Table(place, value, ("reason", "cancelled_at", "cancelled_by", "active"))
    settings = WriteBackSpec(
        reason=table.get("reason", path, None),
        cancelled_at=table.get("cancelled_at", _stamp, None),
        cancelled_by=table.get("cancelled_by", path, None),
        active=table.get("active", path, None),
    )
    table.close()
    return settings


def _role(place: Place, value: object) -> str | Callable[[Any], Any]:
    return value if callable(value) else path(place, value)
