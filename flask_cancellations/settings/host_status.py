"""Reads the status of the mapping: the host's own values in groups, and which of them are written back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from flask_cancellations.settings.host import Group, NoStatusSpec, StatusSpec, StatusValue, WriteSpec
from flask_cancellations.settings.host_paths import path
from flask_cancellations.settings.place import Place, Table, read_list
from flask_cancellations.settings.values import choice, off

_GROUPS = ("open", "cancelled", "no_show", "done")
# What is written must be read back as the same group.
_WRITES = {
    "cancelled": "cancelled",
    "client": "cancelled",
    "clinic": "cancelled",
    "restored": "open",
    "no_show": "no_show",
}
NO_STATUS = StatusSpec("", (), (), WriteSpec("", "", "", ""))
Groups = Mapping[str, tuple[StatusValue, ...]]


def status(place: Place, value: object) -> StatusSpec | NoStatusSpec:
    """The status, or what is done without one. Raises Spoiled after the last fault."""
    if isinstance(value, Mapping) and "none" in value:
        table = Table(place, value, ("none",))
        behaviour = cast(Literal["hide", "delete"], table.need("none", choice("hide", "delete"), "hide"))
        table.close()
        return NoStatusSpec(behaviour)
    return _column(place, value)


def _column(place: Place, value: object) -> StatusSpec:
    table = Table(place, value, ("attribute", *_GROUPS, "null", "write"))
    attribute = table.need("attribute", path, "")
    groups = {
        "open": table.need("open", _some_statuses, ()),
        "cancelled": table.need("cancelled", _some_statuses, ()),
        "no_show": table.get("no_show", _statuses, ()),
        "done": table.get("done", _statuses, ()),
    }
    null = cast(Group | None, table.get("null", off(choice(*_GROUPS)), None))
    seen: dict[StatusValue, str] = {}
    for group, names in groups.items():
        for name in names:
            if name in seen:
                place.at(group).note(f"{name!r}, which is in {seen[name]} too", "each status in one group")
            seen[name] = group
    table.close()  # what is written can only be compared with sound groups

    def read_write(here: Place, item: object) -> WriteSpec:
        return _write(here, item, groups)

    write = table.get("write", read_write, NO_STATUS.write) if "write" in table else _write(place, {}, groups)
    table.close()
    return StatusSpec(attribute, groups["open"], groups["cancelled"], write, groups["no_show"], groups["done"], null)


def _statuses(place: Place, value: object) -> tuple[StatusValue, ...]:
    if value is False:
        return ()
    return (value,) if isinstance(value, str) and value else read_list(place, value, _status_value, "statuses")


def _some_statuses(place: Place, value: object) -> tuple[StatusValue, ...]:
    found = _statuses(place, value)
    if found:
        return found
    raise place.wrong(value, "at least one status")


def _status_value(place: Place, value: object) -> StatusValue:
    if (isinstance(value, str) and value) or isinstance(value, int):
        return value
    raise place.wrong(value, "a status as text, the name of a member of the Enum, a number, or true or false")


def _write(place: Place, value: object, groups: Groups) -> WriteSpec:
    """What to write, by default the first of each group. It must lie in its group, to be read back."""
    table = Table(place, value, tuple(_WRITES))

    def written(name: str, default: StatusValue | None) -> StatusValue | None:
        group = _WRITES[name]

        def read(here: Place, item: object) -> StatusValue:
            if isinstance(item, str | int) and item in groups[group]:
                return item
            raise here.wrong(item, f"one of the statuses in {group}", [str(known) for known in groups[group]])

        return table.get(name, read, default)

    cancelled = written("cancelled", groups["cancelled"][0])
    client, clinic = written("client", cancelled), written("clinic", cancelled)
    restored = written("restored", groups["open"][0])
    no_show = written("no_show", next(iter(groups["no_show"]), None))
    table.close()
    assert cancelled is not None and client is not None and clinic is not None and restored is not None  # noqa: PT018
    return WriteSpec(cancelled, client, clinic, restored, no_show)
