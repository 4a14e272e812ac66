"""Late-fee policies: bands of notice, the version in force, and the fee that follows.

A band is "less than N hours' notice -> fee". At exactly N hours the milder band applies. Of all bands that apply the
highest fee counts, so that less notice never costs less, whatever kinds of fee a clinic mixes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal, Self

from flask_cancellations.rules.money import from_minor, percent_of, to_minor

FeeKind = Literal["none", "fixed", "percent", "full"]


@dataclass(frozen=True, slots=True)
class Fee:
    """How much: nothing, a fixed amount (``minor``, minor units), a percentage of the price, or all of it."""

    kind: FeeKind
    minor: int = 0
    percent: Decimal = Decimal(0)

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Read ``"none"``, ``"full"``, ``"50%"`` or ``"30.00"``. Raises ValueError with the mend."""
        word = text.strip()
        if word in ("none", "full"):
            return cls("none") if word == "none" else cls("full", percent=Decimal(100))
        if word.endswith("%"):
            try:
                percent = Decimal(word[:-1].strip())
            except InvalidOperation:
                raise ValueError(f"{text!r} is not a percentage such as '50%'") from None
            if not (percent.is_finite() and 0 < percent <= 100):
                raise ValueError(f"{text!r} is not a percentage above 0 and up to 100")
            return cls("percent", percent=percent)
        minor = to_minor(word, currency)
        if minor <= 0:
            raise ValueError(f"{text!r} is not a positive amount; write 'none' for no fee")
        return cls("fixed", minor=minor)

    def text(self, currency: str) -> str:
        """The text that :meth:`parse` reads back as this fee."""
        if self.kind == "percent":
            return f"{self.percent.normalize():f}%"
        return str(from_minor(self.minor, currency)) if self.kind == "fixed" else self.kind

    def amount(self, price: int | None) -> int | None:
        """The fee in minor units, or None if it depends on a price that is unknown or 0."""
        if self.kind == "none":
            return 0
        if self.kind == "fixed":
            return self.minor
        return percent_of(price, self.percent) if price else None


NO_FEE = Fee("none")


@dataclass(frozen=True, slots=True)
class Band:
    """Less than ``less_than`` microseconds of notice costs ``fee``.

    ``forfeit`` lets the clinic keep the rest of the deposit beyond the fee.
    """

    less_than: int
    fee: Fee
    forfeit: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of one policy; immutable once it was used.

    ``valid_from`` is the clinic's day from whose start it holds. ``grace`` and ``self_cancel`` are microseconds: a
    cancellation within ``grace`` of the booking costs nothing, and a client may cancel by link up to ``self_cancel``
    before the start. ``cap`` limits the fee (minor units). ``services``, ``staff`` and ``locations`` hold the keys it
    is for; empty means all.
    """

    name: str
    valid_from: date
    currency: str
    bands: tuple[Band, ...] = ()
    no_show: Fee = NO_FEE
    cap: int | None = None
    grace: int = 0
    self_cancel: int = 0
    services: frozenset[str] = field(default_factory=frozenset)
    staff: frozenset[str] = field(default_factory=frozenset)
    locations: frozenset[str] = field(default_factory=frozenset)

    def applying(self, notice: int) -> tuple[Band, ...]:
        """The bands that a notice (microseconds) falls into, the tightest first."""
        return tuple(sorted((b for b in self.bands if notice < b.less_than), key=lambda b: b.less_than))

    def covers(self, service: str | None, staff: str | None, location: str | None) -> bool:
        """Whether this policy is for an appointment with these keys."""
        return all(
            not keys or key in keys
            for keys, key in ((self.services, service), (self.staff, staff), (self.locations, location))
        )

    @property
    def specificity(self) -> tuple[int, bool, bool, bool]:
        """Orders policies that cover the same appointment: more dimensions first, then staff, service, location."""
        flags = (bool(self.staff), bool(self.services), bool(self.locations))
        return (sum(flags), *flags)


def in_force(
    policies: Iterable[Policy], day: date, service: str | None, staff: str | None, location: str | None
) -> Policy | None:
    """The policy for an appointment, as it stood on a day of the clinic.

    Policies of one name are versions of one another: the latest that had begun by ``day`` stands for the name. Of
    those that cover the appointment the most specific wins; between equals the one that began later, then by name.
    """
    latest: dict[str, Policy] = {}
    for policy in policies:
        if policy.valid_from <= day:
            known = latest.get(policy.name)
            if known is None or known.valid_from < policy.valid_from:
                latest[policy.name] = policy
    candidates = [p for p in latest.values() if p.covers(service, staff, location)]
    return max(candidates, key=lambda p: (p.specificity, p.valid_from, p.name), default=None)


def find_falling(bands: Iterable[Band]) -> Band | None:
    """The first band that asks for less than a milder one of the same kind, or None.

    Such a band could never take effect, since the highest applying fee counts: it is a slip of the pen.
    """
    seen: list[Band] = []
    for band in sorted(bands, key=lambda b: b.less_than, reverse=True):
        for milder in seen:
            fixed = milder.fee.kind == band.fee.kind == "fixed" and band.fee.minor < milder.fee.minor
            share = (
                milder.fee.kind in ("percent", "full")
                and band.fee.kind in ("percent", "full")
                and band.fee.percent < milder.fee.percent
            )
            nothing = band.fee.kind == "none" and milder.fee.kind != "none"
            if fixed or share or nothing:
                return band
        seen.append(band)
    return None
