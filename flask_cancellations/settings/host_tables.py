"""Reads ``CANCELLATIONS_HOST``: keys, types and shapes. ``host/`` checks later that the models fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from flask_cancellations.settings.host import (
    DEFAULT_NAME,
    AppointmentSettings,
    HostSettings,
    MinutesSpec,
    Model,
    MoneySpec,
    NamedSettings,
    PairSpec,
    PersonSettings,
    StampSpec,
    StampZone,
    StatusSpec,
    Unit,
    UserSettings,
    WriteSpec,
)
from flask_cancellations.settings.place import Place, Table, read_list
from flask_cancellations.settings.values import choice, off

_RELATED = ("client", "staff", "service", "location")
_APPOINTMENT = ("model", "start", "end", "status", *_RELATED, "price", "deposit", "booked_at")
_GROUPS = ("open", "cancelled", "no_show", "done")
# What is written must be read back as the same group.
_WRITES = {
    "cancelled": "cancelled",
    "client": "cancelled",
    "clinic": "cancelled",
    "restored": "open",
    "no_show": "no_show",
}
_MODEL = re.compile(r"\w+|\w+(\.\w+)*:\w+(\.\w+)*")
_LONGEST = 24 * 60
_NO_STATUS = StatusSpec("", (), (), WriteSpec("", "", "", ""))


def host(place: Place, value: object) -> HostSettings:
    """All mapped tables. Raises Spoiled after the last one if any had a fault."""
    table = Table(place, value, ("appointment", *_RELATED, "user"))
    nothing = AppointmentSettings("", "", (), _NO_STATUS)
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
        start=table.need("start", _start, ""),
        end=table.need("end", _ends, ()),
        status=table.need("status", _status, _NO_STATUS),
        client=table.get("client", off(_path), None),
        staff=table.get("staff", off(_path), None),
        service=table.get("service", off(_path), None),
        location=table.get("location", off(_path), None),
        price=table.get("price", off(_money), None),
        deposit=table.get("deposit", off(_money), None),
        booked_at=table.get("booked_at", off(_stamp), None),
    )
    table.close()
    return settings


def _person(place: Place, value: object) -> PersonSettings:
    table = Table(place, value, ("model", "name", "email", "phone", "locale"))
    settings = PersonSettings(
        model=table.get("model", _model, None),
        name=table.get("name", _paths, DEFAULT_NAME),
        email=table.get("email", off(_path), None),
        phone=table.get("phone", off(_path), None),
        locale=table.get("locale", off(_path), None),
    )
    table.close()
    return settings


def _named(place: Place, value: object) -> NamedSettings:
    table = Table(place, value, ("model", "name"))
    settings = NamedSettings(
        model=table.get("model", _model, None),
        name=table.get("name", _paths, DEFAULT_NAME),
    )
    table.close()
    return settings


def _user(place: Place, value: object) -> UserSettings:
    table = Table(place, value, ("model", "name", "role", "staff"))
    settings = UserSettings(
        model=table.get("model", _model, None),
        name=table.get("name", _paths, ()),
        role=table.get("role", off(_role), None),
        staff=table.get("staff", off(_path), None),
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


def _path(place: Place, value: object) -> str:
    if isinstance(value, str) and all(part.isidentifier() for part in value.split(".")):
        return value
    raise place.wrong(value, "an attribute, or a path such as 'treatment.minutes'")


def _paths(place: Place, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_path(place, value),)
    if not value:
        raise place.wrong(value, "an attribute, or a list of them")
    return read_list(place, value, _path, "attributes")


def _start(place: Place, value: object) -> str | PairSpec:
    if isinstance(value, Mapping):
        table = Table(place, value, ("date", "time"))
        pair = PairSpec(date=table.need("date", _path, ""), time=table.need("time", _path, ""))
        table.close()
        return pair
    if isinstance(value, str):
        return _path(place, value)
    raise place.wrong(value, "the attribute of a DateTime, or a table with date and time")


def _ends(place: Place, value: object) -> tuple[str | MinutesSpec, ...]:
    if not isinstance(value, (list, tuple)):
        return (_end(place, value),)
    if not value:
        raise place.wrong(value, "at least one way to find the end, such as {minutes = 60}")
    return read_list(place, value, _end, "ways to find the end")


def _end(place: Place, value: object) -> str | MinutesSpec:
    if isinstance(value, Mapping):
        table = Table(place, value, ("minutes",))
        minutes = table.need("minutes", _minutes, 0)
        table.close()
        return MinutesSpec(minutes)
    if isinstance(value, str):
        return _path(place, value)
    raise place.wrong(value, "an attribute, a table such as {minutes = 60}, or a list of these")


def _minutes(place: Place, value: object) -> str | int:
    if isinstance(value, str):
        return _path(place, value)
    if type(value) is int and 0 < value <= _LONGEST:
        return value
    raise place.wrong(value, f"an attribute, a path, or a whole number from 1 to {_LONGEST}")


def _money(place: Place, value: object) -> MoneySpec:
    if isinstance(value, str):
        return MoneySpec(_path(place, value))
    if not isinstance(value, Mapping):
        raise place.wrong(value, "an attribute, a path, or a table with attribute and unit")
    table = Table(place, value, ("attribute", "unit"))
    attribute = table.need("attribute", _path, "")
    unit = cast(Unit, table.get("unit", choice("major", "minor"), "major"))
    table.close()
    return MoneySpec(attribute, unit)


def _stamp(place: Place, value: object) -> StampSpec:
    if not isinstance(value, Mapping):
        raise place.wrong(
            value, "a table such as {attribute = 'created_at', zone = 'utc'}, zone being 'utc' or 'local'"
        )
    table = Table(place, value, ("attribute", "zone"))
    attribute = table.need("attribute", _path, "")
    zone = cast(StampZone, table.need("zone", choice("utc", "local"), "utc"))
    table.close()
    return StampSpec(attribute, zone)


def _role(place: Place, value: object) -> str | Callable[[Any], Any]:
    return value if callable(value) else _path(place, value)


def _status(place: Place, value: object) -> StatusSpec:
    table = Table(place, value, ("attribute", *_GROUPS, "write"))
    attribute = table.need("attribute", _path, "")
    groups = {
        "open": table.need("open", _some_statuses, ()),
        "cancelled": table.need("cancelled", _some_statuses, ()),
        "no_show": table.get("no_show", _statuses, ()),
        "done": table.get("done", _statuses, ()),
    }
    seen: dict[str, str] = {}
    for group, names in groups.items():
        for name in names:
            if name in seen:
                place.at(group).note(f"{name!r}, which is in {seen[name]} too", "each status in one group")
            seen[name] = group
    table.close()  # what is written can only be compared with sound groups

    def read_write(here: Place, item: object) -> WriteSpec:
        return _write(here, item, groups)

    write = table.get("write", read_write, _NO_STATUS.write) if "write" in table else _write(place, {}, groups)
    table.close()
    return StatusSpec(attribute, groups["open"], groups["cancelled"], write, groups["no_show"], groups["done"])


def _statuses(place: Place, value: object) -> tuple[str, ...]:
    if value is False:
        return ()
    return (value,) if isinstance(value, str) and value else read_list(place, value, _status_value, "statuses")


def _some_statuses(place: Place, value: object) -> tuple[str, ...]:
    found = _statuses(place, value)
    if found:
        return found
    raise place.wrong(value, "at least one status")


def _status_value(place: Place, value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise place.wrong(value, "a status as text, or the name of a member of the Enum")


def _write(place: Place, value: object, groups: Mapping[str, tuple[str, ...]]) -> WriteSpec:
    """What to write, by default the first of each group. It must lie in its group, to be read back."""
    table = Table(place, value, tuple(_WRITES))

    def written(name: str, default: str) -> str:
        group = _WRITES[name]

        def read(here: Place, item: object) -> str:
            if isinstance(item, str) and item in groups[group]:
                return item
            raise here.wrong(item, f"one of the statuses in {group}", groups[group])

        return table.get(name, read, default)

    cancelled = written("cancelled", groups["cancelled"][0])
    settings = WriteSpec(
        cancelled=cancelled,
        client=written("client", cancelled),
        clinic=written("clinic", cancelled),
        restored=written("restored", groups["open"][0]),
        no_show=written("no_show", next(iter(groups["no_show"]), "")) or None,
    )
    table.close()
    return settings
