"""Reads ``CANCELLATIONS_POLICIES``."""

from __future__ import annotations

from datetime import date

from flask_cancellations.rules.durations import duration_text
from flask_cancellations.rules.policy import NO_FEE, Band, Policy, find_falling
from flask_cancellations.settings import values
from flask_cancellations.settings.place import Place, Spoiled, Table, read_list

_NEVER = date.max
_Keys = frozenset[str]


def policies(place: Place, value: object) -> tuple[Policy, ...]:
    """The versions of all policies."""
    versions: set[tuple[str, date]] = set()

    def read(here: Place, item: object) -> Policy:
        return _policy(here, item, versions)

    return read_list(place, value, read, "policies")


def _policy(place: Place, value: object, versions: set[tuple[str, date]]) -> Policy:
    table = Table(place, value, (
        "name", "valid_from", "bands", "no_show", "cap", "grace", "self_cancel", "scope",
    ))  # fmt: skip
    name = table.need("name", values.line(100), "")
    valid_from = table.need("valid_from", values.day, _NEVER)
    if name and valid_from != _NEVER:
        if (name, valid_from) in versions:
            place.at("valid_from").note(f"a second {name!r} of {valid_from}", "a later day for each new version")
        versions.add((name, valid_from))
    services, staff, locations = table.get("scope", _scope, (frozenset(), frozenset(), frozenset()))
    policy = Policy(
        name=name,
        valid_from=valid_from,
        currency=place.currency,
        bands=table.get("bands", _bands, ()),
        no_show=table.get("no_show", values.fee, NO_FEE),
        cap=table.get("cap", values.off(values.amount), None),
        grace=table.get("grace", values.optional_duration, 0),
        self_cancel=table.get("self_cancel", values.optional_duration, 0),
        services=services,
        staff=staff,
        locations=locations,
    )
    table.close()
    return policy


def _bands(place: Place, value: object) -> tuple[Band, ...]:
    earlier: list[Band] = []

    def read(here: Place, item: object) -> Band:
        band = _band(here, item)
        edge = duration_text(band.less_than)
        if any(band.less_than == other.less_than for other in earlier):
            raise here.at("less_than").wrong(edge, "another edge than that of a band above")
        earlier.append(band)
        falling = find_falling(earlier)
        if falling is not None:
            earlier.pop()  # each slip is told once
            here.at("fee").note(
                f"a fee that falls to '{falling.fee.text(place.currency)}' for less than "
                f"{duration_text(falling.less_than)}",
                "fees that never fall when the notice gets shorter",
            )
            raise Spoiled
        return band

    return read_list(place, value, read, "bands")


def _band(place: Place, value: object) -> Band:
    table = Table(place, value, ("less_than", "fee", "forfeit"))
    band = Band(
        less_than=table.need("less_than", values.duration, 0),
        fee=table.need("fee", values.fee, NO_FEE),
        forfeit=table.get("forfeit", values.flag, False),
    )
    table.close()
    return band


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
