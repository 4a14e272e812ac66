"""Reads ``CANCELLATIONS_VAT`` and the percentages of money."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from flask_cancellations.settings import values
from flask_cancellations.settings.place import Place, Table


@dataclass(frozen=True, slots=True)
class VatSettings:
    """Rates in hundredths of a per cent of what a fee, a kept deposit and a credit contain, and the seller's data.

    A credit note is a tax document only if number, name, address and series are all there.
    """

    fee: int = 0
    kept: int = 0
    credit: int = 0
    number: str = ""
    name: str = ""
    address: str = ""
    series: str = ""

    @property
    def complete(self) -> bool:
        """Whether credit notes are tax documents."""
        return all((self.number, self.name, self.address, self.series))


def rate(place: Place, value: object) -> int:
    """A percentage from 0 to 100 with up to two decimals, in hundredths of a per cent."""
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            hundredths = Decimal(value.strip().removesuffix("%").strip()) * 100
        except InvalidOperation:
            hundredths = Decimal(-1)
        if hundredths.is_finite() and 0 <= hundredths <= 10_000 and hundredths == int(hundredths):
            return int(hundredths)
    raise place.wrong(value, "a percentage from '0%' to '100%', such as '20%' or '5.5%'")


def whole_percent(place: Place, value: object) -> int:
    """A whole percentage from 0 to 100."""
    hundredths = rate(place, value)
    if hundredths % 100:
        raise place.wrong(value, "a whole percentage such as '30%'")
    return hundredths // 100


def vat(place: Place, value: object) -> VatSettings:
    """The table of ``CANCELLATIONS_VAT``; the seller's data come all four together or not at all."""
    if value is False:
        return VatSettings()
    texts = ("number", "name", "address", "series")
    table = Table(place, value, ("fee", "kept", "credit", *texts))
    found = VatSettings(
        fee=table.get("fee", rate, 0),
        kept=table.get("kept", rate, 0),
        credit=table.get("credit", rate, 0),
        number=table.get("number", values.line(40), ""),
        name=table.get("name", values.line(200), ""),
        address=table.get("address", values.line(300), ""),
        series=table.get("series", values.line(10), ""),
    )
    given = [name for name in texts if name in table]
    if given and len(given) < len(texts):
        for name in texts:
            if name not in given:
                place.at(name).note("nothing", f"this key, since {' and '.join(given)} make a tax document")
    table.close()
    return found
