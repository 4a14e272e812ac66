"""Prices and deposits: what an appointment costs, as its row or the rows around it say."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from flask_cancellations.host.mapping import Total, text_of
from flask_cancellations.host.paths import Path
from flask_cancellations.rules.money import round_half_up, to_minor

log = logging.getLogger(__name__)

# More than this (minor units) is a slip, and would fit neither our columns nor the audit log's integers.
_MOST = 10**15


class Found(NamedTuple):
    """An amount in minor units of the clinic's currency; or None and the code of another one that it is in."""

    minor: int | None
    other_currency: str = ""


UNKNOWN = Found(None)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a Decimal, float or integer, of major units or, with ``minor``, of minor units.

    ``currency`` is the clinic's, and ``told`` the path of the amount's own, which is the clinic's where it is empty.
    """

    path: Path | Total
    currency: str
    minor: bool = False
    told: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        own = (self.path,) if isinstance(self.path, Path) else self.path.paths
        return own if self.told is None else (*own, self.told)

    def read(self, row: Any) -> Found:
        """Unknown where the host has none, or nothing that could be an amount."""
        found: Any = None
        try:
            found = self.path.value(row)
            if found is None:
                return UNKNOWN
            told = text_of(self.told.value(row)).upper() if self.told is not None else ""
            if told and told != self.currency:
                return Found(None, told)
            amount = round_half_up(Decimal(str(found))) if self.minor else to_minor(found, self.currency)
        except (ArithmeticError, ValueError):
            amount = -1
        if not 0 <= amount <= _MOST:
            log.warning("%s of %s: %r is no amount of money", self.path, type(row).__name__, found)
            return UNKNOWN
        return Found(amount)


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same amount for every appointment, in minor units of the clinic's currency."""

    minor: int
    paths: tuple[Path, ...] = ()

    def read(self, row: Any) -> Found:  # noqa: ARG002 - it says the same of each
        return Found(self.minor)


@dataclass(frozen=True, slots=True)
class Amount:
    """Several ways to tell an amount, tried in turn: the first that gives one, in whatever currency."""

    ways: tuple[Money | Fixed, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for way in self.ways for path in way.paths)

    def read(self, row: Any) -> Found:
        return next((found for way in self.ways if (found := way.read(row)) != UNKNOWN), UNKNOWN)

    def paid(self, row: Any) -> int:
        """Minor units, 0 where there is none. What was paid in another currency cannot be settled here."""
        found = self.read(row)
        if found.other_currency:
            log.warning("an amount of %s in %s counts as none", type(row).__name__, found.other_currency)
        return found.minor or 0
