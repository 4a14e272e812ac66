"""Reads ``CANCELLATIONS_REASONS`` over the seeded set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from flask_cancellations.rules.reasons import CODE, SEEDED, SIDES, Reason, Side
from flask_cancellations.settings import values
from flask_cancellations.settings.place import Place, Table, read_list, read_table

_FLAGS = ("staff", "client", "note", "fee", "tell", "frees", "counts", "archived")
_FIELDS = ("code", "side", "label", "order", *_FLAGS, "fhir", "ihe")


def reasons(place: Place, value: object) -> tuple[Reason, ...]:
    """The seeded reasons with the clinic's own changes and additions, in their order."""
    known = {one.code: one for one in SEEDED}
    changed: set[str] = set()

    def read(here: Place, item: object) -> Reason:
        return reason(here, item, known, changed)

    known.update((one.code, one) for one in read_list(place, value, read, "reasons"))
    return tuple(sorted(known.values(), key=lambda one: (one.position, one.code)))


def reason(place: Place, value: object, seeded: Mapping[str, Reason], changed: set[str]) -> Reason:
    """One reason, as a table of the configuration or from its page: a change of a ``seeded`` one, or a new one.

    ``changed`` holds the codes that were read before it.
    """
    table = Table(place, value, _FIELDS)
    code = table.need("code", _code, "")
    if code and code in changed:
        place.at("code").note(f"a second {code!r}", "each code once")
    changed.add(code)
    known = seeded.get(code)
    if known is None:
        side = cast(Side, table.need("side", values.choice(*SIDES), "other"))
        labels = table.need("label", _label, {})
        # As in the seeded set, clients see the reasons of their own side.
        base = Reason(code, side, client=side == "client", labels=labels)
    else:
        side = cast(Side, table.get("side", values.choice(*SIDES), known.side))
        # Our English stands in for languages that the clinic gave no label for.
        given = table.get("label", _label, {}) if known.title else table.need("label", _label, {})
        labels = {"en": known.title, **given} if given and known.title else given
        base = replace(known, side=side, labels=labels)
    if side == "clinic":
        base = replace(base, fee=False)
    flags: dict[str, Any] = {name: table.get(name, values.flag, getattr(base, name)) for name in _FLAGS}
    found = replace(
        base,
        position=table.get("order", _order, base.position),
        fhir=table.get("fhir", values.line(40), base.fhir),
        ihe=table.get("ihe", values.line(40), base.ihe),
        **flags,
    )
    if found.side == "clinic" and found.fee:
        place.at("fee").note("true", "false: the clinic's own cancellation never costs a fee")
    table.close()
    return found


def _code(place: Place, value: object) -> str:
    if isinstance(value, str) and CODE.fullmatch(value):
        return value
    raise place.wrong(value, "a code of up to 40 small letters, digits and underscores, such as 'holiday'")


def _order(place: Place, value: object) -> int:
    if type(value) is int and 0 <= value <= 100_000:
        return value
    raise place.wrong(value, "a whole number from 0 to 100000")


def _label(place: Place, value: object) -> dict[str, str]:
    """Labels by language. A single text is kept as English, which stands in for every other language."""
    if isinstance(value, str):
        return {"en": values.text(place, value)}
    if not isinstance(value, Mapping) or not value:
        raise place.wrong(value, "a text, or a table of labels such as {en = 'Holiday', bg = 'Почивка'}")
    return read_table(place, value, values.text, "labels by language", values.language)
