"""Reads ``CANCELLATIONS_POLICIES``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import cast

from flask_cancellations.rules.calendar import Allowance
from flask_cancellations.rules.deposit_rule import USUAL
from flask_cancellations.rules.policy import NO_FEE, MoveRule, Policy, WithinWindow
from flask_cancellations.rules.presets import PRESETS, Preset
from flask_cancellations.settings import values
from flask_cancellations.settings.bands import bands, deposit
from flask_cancellations.settings.place import Place, Read, Table, read_list, read_table

_NEVER = date.max
_Keys = frozenset[str]
_NO_PRESET = Preset((), NO_FEE)
_LONGEST_TEXT = 4000


def policies(place: Place, value: object) -> tuple[Policy, ...]:
    """The versions of all policies."""
    versions: set[tuple[str, date]] = set()

    def read(here: Place, item: object) -> Policy:
        return policy(here, item, versions)

    return read_list(place, value, read, "policies")


def policy(place: Place, value: object, versions: set[tuple[str, date]]) -> Policy:
    """One version, as a table of the configuration or from the editor; ``versions`` are those read before it."""
    table = Table(place, value, (
        "name", "valid_from", "preset", "bands", "deposit", "no_show", "cap", "grace", "within_window", "self_cancel",
        "reschedule", "exempt", "first_free", "scope", "text",
    ))  # fmt: skip
    name = table.need("name", values.line(100), "")
    valid_from = table.need("valid_from", values.day, _NEVER)
    if name and valid_from != _NEVER:
        if (name, valid_from) in versions:
            place.at("valid_from").note(f"a second {name!r} of {valid_from}", "a later day for each new version")
        versions.add((name, valid_from))
    preset = table.get("preset", _preset, _NO_PRESET)
    services, staff, locations = table.get("scope", _scope, (frozenset(), frozenset(), frozenset()))
    found = Policy(
        name=name,
        valid_from=valid_from,
        currency=place.currency,
        bands=table.get("bands", bands, preset.bands),
        no_show=table.get("no_show", values.fee, preset.no_show),
        cap=table.get("cap", values.off(values.amount), None),
        grace=table.get("grace", values.optional_duration, 0),
        self_cancel=table.get("self_cancel", values.optional_duration, 0),
        services=services,
        staff=staff,
        locations=locations,
        deposit=table.get("deposit", deposit, USUAL),
        within_window=cast(WithinWindow, table.get("within_window", values.choice("none", "grace", "full"), "grace")),
        moves=table.get("reschedule", values.off(_moves), None),
        exempt=table.get("exempt", _groups, frozenset()),
        first_free=table.get("first_free", values.off(_allowance), None),
        texts=table.get("text", _texts, {}),
    )
    table.close()
    return found


def _preset(place: Place, value: object) -> Preset:
    return PRESETS[values.choice(*PRESETS)(place, value)]


def _moves(place: Place, value: object) -> MoveRule:
    table = Table(place, value, ("bands", "late_moves"))
    rule = MoveRule(
        bands=table.get("bands", bands, ()),
        late_moves=table.get("late_moves", values.off(_allowance), None),
    )
    table.close()
    return rule


def _allowance(place: Place, value: object) -> Allowance:
    table = Table(place, value, ("times", "months"))
    allowance = Allowance(table.need("times", _whole(100), 0), table.need("months", _whole(120), 0))
    table.close()
    return allowance


def _whole(most: int) -> Read[int]:
    def read(place: Place, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most:
            return value
        raise place.wrong(value, f"a whole number from 1 to {most}")

    return read


def _groups(place: Place, value: object) -> _Keys:
    if isinstance(value, str):
        return frozenset({values.text(place, value)})
    return frozenset(read_list(place, value, values.text, "client groups"))


def _texts(place: Place, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise place.wrong(value, "a table of texts by language, such as {en = '...'}")
    return read_table(place, value, _long_text, "texts by language", values.language)


def _long_text(place: Place, value: object) -> str:
    if isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST_TEXT:
        return value.strip()
    raise place.wrong(value, f"a text of up to {_LONGEST_TEXT} characters")


def _scope(place: Place, value: object) -> tuple[_Keys, _Keys, _Keys]:
    table = Table(place, value, ("service", "staff", "location"))
    services = table.get("service", _keys, frozenset())
    staff = table.get("staff", _keys, frozenset())
    locations = table.get("location", _keys, frozenset())
    table.close()
    return services, staff, locations


def _keys(place: Place, value: object) -> _Keys:
    if not isinstance(value, (list, tuple)):
        return frozenset({values.key_text(place, value)})
    if not value:  # it would mean "for all", the opposite of what it looks like
        raise place.wrong(value, "at least one key")
    return frozenset(read_list(place, value, values.key_text, "keys"))
