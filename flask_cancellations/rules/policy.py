"""Late-fee policies: bands of notice, the version in force, and the fee that follows.

A band is "less than N hours' notice -> fee", or "later than HH:MM on the Nth working day before -> fee". At exactly the
limit the milder band applies. Of all bands that apply the highest fee counts, so that less notice never costs less,
whatever kinds of limits and fees a clinic mixes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal, Self

from flask_cancellations.rules.calendar import Allowance, Calendar, Cutoff
from flask_cancellations.rules.deposit_rule import USUAL, DepositRule
from flask_cancellations.rules.durations import duration_text
from flask_cancellations.rules.money import from_minor, percent_of, to_minor

FeeKind = Literal["none", "fixed", "percent", "full"]
WithinWindow = Literal["none", "grace", "full"]


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
    """Told later than its limit, a cancellation costs ``fee``.

    The limit is ``less_than`` microseconds of notice or ``later_than`` a deadline by the clock; exactly one of them.
    ``deposit`` is what may happen to the rest of the deposit; None leaves it to the policy.
    """

    less_than: int | None
    fee: Fee
    deposit: DepositRule | None = None
    later_than: Cutoff | None = None

    def __post_init__(self) -> None:
        if (self.less_than is None) == (self.later_than is None):
            raise ValueError("a band has one limit: less_than or later_than")

    @property
    def edge(self) -> str:
        """The limit as the configuration writes it, which tells the bands of a policy apart."""
        return duration_text(self.less_than or 0) if self.later_than is None else self.later_than.text

    @property
    def forfeit(self) -> bool:
        """Whether it lets the clinic keep the rest of the deposit when the client cancels."""
        return self.deposit is not None and self.deposit.keeps

    @property
    def costs(self) -> bool:
        """Whether it takes something from the client."""
        return self.fee.kind != "none" or self.forfeit

    def deadline(self, start: int, calendar: Calendar | None) -> int:
        """The last instant (microseconds UTC) at which the band does not apply yet.

        Raises ValueError for a deadline by the clock where there is no ``calendar``.
        """
        if self.later_than is None:
            return start - (self.less_than or 0)
        if calendar is None:
            raise ValueError(f"the deadline {self.edge!r} needs the clinic's calendar")
        return self.later_than.instant(start, calendar)


@dataclass(frozen=True, slots=True)
class MoveRule:
    """What moving an appointment costs instead of the bands for cancelling it.

    A late move beyond ``late_moves`` counts as a cancellation.
    """

    bands: tuple[Band, ...] = ()
    late_moves: Allowance | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of one policy; immutable once it was used.

    ``valid_from`` is the clinic's day from whose start it holds. ``grace`` and ``self_cancel`` are microseconds: a
    cancellation within ``grace`` of the booking costs nothing, and a client may cancel by link up to ``self_cancel``
    before the start. ``cap`` limits the fee (minor units). ``services``, ``staff`` and ``locations`` hold the keys it
    is for; empty means all.

    ``deposit`` holds where no band says otherwise. ``within_window`` is for a booking that was made when the limit of a
    band had passed already: the band never counts (``none``), it counts after the grace time (``grace``), or at once
    (``full``). ``moves`` None: moving costs what cancelling does. Clients of a group in ``exempt`` pay nothing, and
    ``first_free`` late cancellations of a client cost nothing either. ``texts`` are the clinic's own words for the
    policy by language, in place of those made from the bands.
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
    deposit: DepositRule = USUAL
    within_window: WithinWindow = "grace"
    moves: MoveRule | None = None
    exempt: frozenset[str] = field(default_factory=frozenset)
    first_free: Allowance | None = None
    texts: dict[str, str] = field(default_factory=dict)

    def free_until(self, start: int, calendar: Calendar | None) -> int | None:
        """Until when (microseconds UTC) cancelling an appointment is free of charge; None if it always is."""
        return min((b.deadline(start, calendar) for b in self.bands if b.fee.kind != "none"), default=None)

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
    """The policy for an appointment, as it stood on a day of the clinic: the first of :func:`ranked`."""
    return next(iter(ranked(policies, day, service, staff, location)), None)


def ranked(
    policies: Iterable[Policy], day: date, service: str | None, staff: str | None, location: str | None
) -> list[Policy]:
    """The policies that cover an appointment, as they stood on a day of the clinic; the first one wins.

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
    return sorted(candidates, key=lambda p: (p.specificity, p.valid_from, p.name), reverse=True)
