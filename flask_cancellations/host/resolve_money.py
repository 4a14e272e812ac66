"""The price and the deposit of the mapping meet the host's models."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapper

from flask_cancellations.host import checks
from flask_cancellations.host.lookup import Attempts
from flask_cancellations.host.mapping import Total
from flask_cancellations.host.money import Amount, Fixed, Money
from flask_cancellations.settings.host import FixedSpec, MoneySpec, SumSpec


def resolve_amount(
    attempts: Attempts, mapper: Mapper[Any], key: str, ways: tuple[MoneySpec | FixedSpec, ...], currency: str
) -> Amount | None:
    """An amount, by those of its ways that fit; None where nothing is mapped. ``currency`` is the clinic's."""
    keys = [f"{key}[{number}]" if len(ways) > 1 else key for number in range(len(ways))]
    found = [_way(attempts, mapper, here, way, currency) for here, way in zip(keys, ways, strict=True)]
    return Amount(tuple(way for way in found if way is not None)) if ways else None


def _way(
    attempts: Attempts, mapper: Mapper[Any], key: str, way: MoneySpec | FixedSpec, currency: str
) -> Money | Fixed | None:
    if isinstance(way, FixedSpec):
        return Fixed(way.amount)
    minor = way.unit == "minor"
    if isinstance(way.attribute, SumSpec):
        cut = attempts.attempt(checks.total, mapper, f"{key}.sum", way.attribute.sum, checks.AMOUNT)
        return None if cut is None else Money(Total(*cut), currency, minor)
    path = attempts.attempt(checks.scalar, mapper, key, way.attribute, checks.AMOUNT)
    told = None
    if way.currency is not None:
        told = attempts.attempt(checks.scalar, mapper, f"{key}.currency", way.currency, checks.CODE)
    return None if path is None else Money(path, currency, minor, told)
