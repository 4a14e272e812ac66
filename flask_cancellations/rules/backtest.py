"""A draft policy applied to cancellations of the past: what it would have charged, by band."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from flask_cancellations.clock import DAY, Clock
from flask_cancellations.rules.policy import Band, Policy
from flask_cancellations.rules.quote import FIRST_TIME, Facts, Why, quote
from flask_cancellations.rules.reasons import Reason


@dataclass(frozen=True, slots=True)
class PastCase:
    """One cancellation of the past. ``charged`` is the fee that it brought (minor units), waived or not.

    What ``facts`` say of earlier first-time waivers is not used: the draft grants its own.
    """

    facts: Facts
    reason: Reason
    charged: int
    client_key: str | None = None


@dataclass(slots=True)
class Line:
    """The cases that one band decided, or with ``band`` None those that were free for one reason (``why``).

    ``fees`` and ``otherwise`` are sums in minor units, ``charged`` what these cases brought in fact, ``kept`` what
    would have been kept of deposits beyond the fees. ``unknown`` counts those whose fee somebody would have had to
    enter; nothing is summed for them.
    """

    band: Band | None
    why: Why
    count: int = 0
    fees: int = 0
    otherwise: int = 0
    kept: int = 0
    charged: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Backtest:
    """All lines: the bands of the policy from the mildest, then what was free.

    Cases in another currency than the policy's are left out, and counted in ``foreign``.
    """

    lines: tuple[Line, ...]
    foreign: int

    @property
    def count(self) -> int:
        """How many cases were quoted."""
        return sum(line.count for line in self.lines)

    @property
    def fees(self) -> int:
        """What the draft would have charged in all, in minor units."""
        return sum(line.fees for line in self.lines)

    @property
    def charged(self) -> int:
        """What was charged in fact, in minor units."""
        return sum(line.charged for line in self.lines)


def backtest(policy: Policy, cases: Iterable[PastCase], clock: Clock) -> Backtest:
    """Quote each case by the draft, in the order in which the clinic was told.

    The draft counts as in force and accepted for every booking. ``clock`` tells the days of first-time waivers.
    """
    lines: dict[str, Line] = {band.edge: Line(band, "band") for band in policy.bands}
    granted: dict[str, list[date]] = {}
    foreign = 0
    for case in sorted(cases, key=lambda case: case.facts.told):
        if case.facts.currency != policy.currency:
            foreign += 1
            continue
        day = clock.to_wall(case.facts.told).date()
        earlier = granted.setdefault(case.client_key, []) if case.client_key is not None else None
        known = None
        if policy.first_free is not None and earlier is not None:
            since = policy.first_free.since(day)
            known = sum(moment >= since for moment in earlier)
        found = quote(replace(case.facts, proven=True, entered=None, granted=known), policy, case.reason)
        decisive = found.why[0]
        if decisive == FIRST_TIME and earlier is not None:
            earlier.append(day)
        edge = found.band.edge if found.band is not None and decisive == "band" else decisive
        line = lines.setdefault(edge, Line(None, decisive))
        line.count += 1
        line.fees += found.fee
        line.otherwise += found.otherwise
        line.charged += case.charged
        line.unknown += found.needs_amount
        if found.rests[0] == "keep" and not found.needs_amount:
            line.kept += found.deposit - min(found.fee, found.deposit)
    bands = [line for line in lines.values() if line.band is not None]
    free = sorted((line for line in lines.values() if line.band is None), key=lambda line: line.why)
    return Backtest((*_mildest_first(bands), *free), foreign)


def _mildest_first(lines: list[Line]) -> list[Line]:
    """By the notice that the bands ask for, a working day counted as a day."""

    def notice(line: Line) -> int:
        assert line.band is not None
        cut = line.band.later_than
        return line.band.less_than or 0 if cut is None else cut.days * DAY

    return sorted(lines, key=notice, reverse=True)
