"""Amounts of money: integers in minor units of an ISO 4217 currency.

The number of decimals of a currency (0, 2 or 3) comes from the Unicode CLDR through Babel.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.core import get_global
from babel.numbers import get_currency_precision


def is_currency(code: str) -> bool:
    """Whether ``code`` is a currency code known to the CLDR, in capitals."""
    return code in get_global("all_currencies")


def precision(currency: str) -> int:
    """The number of decimals of a currency."""
    return int(get_currency_precision(currency))


def to_minor(value: Decimal | float | str, currency: str) -> int:
    """Minor units of an amount in major units, rounded half up.

    A float is read by its shortest decimal text, so 0.1 + 0.2 gives 30 cents. Raises ValueError for anything that is
    not a finite number.
    """
    try:
        amount = Decimal(str(value).strip())
        if amount.is_finite():
            return round_half_up(amount.scaleb(precision(currency)))
    except InvalidOperation:
        pass  # no number, or more digits than an amount of money has
    raise ValueError(f"{value!r} is not an amount of money")


def from_minor(minor: int, currency: str) -> Decimal:
    """The amount in major units, with all the currency's decimals."""
    return Decimal(minor).scaleb(-precision(currency))


def percent_of(minor: int, percent: Decimal) -> int:
    """``percent`` per cent of an amount in minor units, rounded half up to a whole minor unit."""
    return round_half_up(Decimal(minor) * percent / 100)


def round_half_up(value: Decimal) -> int:
    """The nearest integer; a half goes away from zero."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
