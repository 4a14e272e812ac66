"""Value added tax contained in an amount: net, tax and gross of one document."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask_cancellations.rules.money import round_half_up

HUNDREDTHS = 10_000  # a rate is a whole number of hundredths of a per cent: 20% is 2000


@dataclass(frozen=True, slots=True)
class Vat:
    """One amount divided, in minor units; ``rate`` in hundredths of a per cent. ``net + tax = gross``, always."""

    rate: int
    net: int
    tax: int
    gross: int


def vat_of(gross: int, rate: int) -> Vat:
    """Divide what was paid, tax included. The tax is rounded half up once, for the whole document; the net is the
    rest."""
    tax = round_half_up(Decimal(gross) * rate / (HUNDREDTHS + rate))
    return Vat(rate, gross - tax, tax, gross)
