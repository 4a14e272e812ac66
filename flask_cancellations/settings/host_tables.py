"""Reads ``CANCELLATIONS_HOST``: keys, types and shapes. ``host/`` checks later that the models fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flask_cancellations.settings.host import (
    DEFAULT_NAME,
    AppointmentSettings,
    ColumnsSpec,
    HostSettings,
    NamedSettings,
    PersonSettings,
    StampSpec,
    StampZone,
    UserSettings,
    WriteBackSpec,
)
from flask_cancellations.settings.host_function import check_cancel, own_cancel
from flask_cancellations.settings.host_money import amounts
from flask_cancellations.settings.host_paths import joined, model, path, text
from flask_cancellations.settings.host_status import NO_STATUS, status
from flask_cancellations.settings.host_times import ends, start
from flask_cancellations.settings.host_user import owner, user
from flask_cancellations.settings.place import Place, Table
from flask_cancellations.settings.values import choice, off

_RELATED = ("client", "staff", "service", "location")
_APPOINTMENT = (
    *("model", "start", "end", "status", *_RELATED, "price", "deposit", "booked_at", "write_back"),
    *("cancel", "scope", "public_id", "owner"),
)


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
        user=table.get("user", user, UserSettings()),
    )
    for name in _RELATED:
        if appointment is not nothing and name in table and getattr(appointment, name) is None:
            place.at("appointment").at(name).note("nothing", f"the path that leads to the table {place.key}.{name}")
    if appointment is not nothing and settings.user.scope is not None and appointment.scope is None:
        place.at("appointment").at("scope").note("nothing", f"the path of what {place.key}.user.scope is compared with")
    table.close()
    return settings


def _appointment(place: Place, value: object) -> AppointmentSettings:
    table = Table(place, value, _APPOINTMENT)
    settings = AppointmentSettings(
        model=table.need("model", model, ""),
        start=table.need("start", start, ""),
        end=table.need("end", ends, ()),
        status=table.need("status", status, NO_STATUS),
        client=table.get("client", off(_client), None),
        staff=table.get("staff", off(path), None),
        service=table.get("service", off(path), None),
        location=table.get("location", off(path), None),
        price=table.get("price", amounts, ()),
        deposit=table.get("deposit", amounts, ()),
        booked_at=table.get("booked_at", off(_stamp), None),
        write_back=table.get("write_back", off(_write_back), None),
        cancel=table.get("cancel", off(own_cancel), None),
        owner=table.get("owner", off(owner), None),
        scope=table.get("scope", off(path), None),
        public_id=table.get("public_id", off(path), None),
    )
    check_cancel(place, settings)
    table.close()
    return settings


def _client(place: Place, value: object) -> str | ColumnsSpec:
    if not isinstance(value, Mapping):
        return path(place, value)
    table = Table(place, value, ("name", "email", "phone", "locale", "key", "group"))
    settings = ColumnsSpec(
        name=table.need("name", joined, ()),
        email=table.get("email", off(text), None),
        phone=table.get("phone", off(text), None),
        locale=table.get("locale", off(text), None),
        key=table.get("key", off(path), None),
        group=table.get("group", off(text), None),
    )
    table.close()
    return settings


def _person(place: Place, value: object) -> PersonSettings:
    table = Table(place, value, ("model", "name", "email", "phone", "locale", "group"))
    settings = PersonSettings(
        model=table.get("model", model, None),
        name=table.get("name", joined, DEFAULT_NAME),
        email=table.get("email", off(text), None),
        phone=table.get("phone", off(text), None),
        locale=table.get("locale", off(text), None),
        group=table.get("group", off(text), None),
    )
    table.close()
    return settings


def _named(place: Place, value: object) -> NamedSettings:
    table = Table(place, value, ("model", "name"))
    settings = NamedSettings(
        model=table.get("model", model, None),
        name=table.get("name", joined, DEFAULT_NAME),
    )
    table.close()
    return settings


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
