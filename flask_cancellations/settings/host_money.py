"""Reads the price and the deposit of the mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from flask_cancellations.settings.host import FixedSpec, MoneySpec, SumSpec, Unit
from flask_cancellations.settings.host_paths import path
from flask_cancellations.settings.place import Place, Table, read_list
from flask_cancellations.settings.values import amount, choice


def amounts(place: Place, value: object) -> tuple[MoneySpec | FixedSpec, ...]:
    """The ways to find an amount, to be tried in turn; none where it is switched off."""
    if value is False or value == "":
        return ()
    if not isinstance(value, (list, tuple)):
        return (_money(place, value),)
    if not value:
        raise place.wrong(value, "at least one way to find the amount, such as {fixed = '60.00'}")
    return read_list(place, value, _money, "ways to find the amount")


def _money(place: Place, value: object) -> MoneySpec | FixedSpec:
    if isinstance(value, str):
        return MoneySpec(path(place, value))
    if not isinstance(value, Mapping):
        raise place.wrong(value, "an attribute, a path, a table with attribute, sum or fixed, or a list of these")
    if "fixed" in value:
        table = Table(place, value, ("fixed",))
        fixed = FixedSpec(table.need("fixed", amount, 0))
        table.close()
        return fixed
    of_many = "sum" in value and "attribute" not in value
    table = Table(place, value, ("sum", "unit") if of_many else ("attribute", "unit", "currency"))
    attribute: str | SumSpec = SumSpec(table.need("sum", path, "")) if of_many else table.need("attribute", path, "")
    unit = cast(Unit, table.get("unit", choice("major", "minor"), "major"))
    currency = None if of_many else table.get("currency", path, None)
    table.close()
    return MoneySpec(attribute, unit, currency)
