"""What is wrong with the bands of a policy, for the configuration and for the editor alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from flask_cancellations.clock import MINUTE
from flask_cancellations.i18n import fcx_
from flask_cancellations.rules.deposit_rule import harshness
from flask_cancellations.rules.policy import Band
from flask_cancellations.rules.policy_text import fee_text
from flask_cancellations.rules.wording import edge_text, limit_text

Code = Literal["duplicate", "gap", "overlap", "fee_falls", "deposit_falls"]


@dataclass(frozen=True, slots=True)
class BandRow:
    """A band as it was entered. ``at_least`` is where it ends (microseconds of notice), for those who say it."""

    band: Band
    at_least: int | None = None


@dataclass(frozen=True, slots=True)
class BandFault:
    """One fault: the row counted from 0, its field, a stable code, and in the language in force what to mend."""

    index: int
    field: str
    code: Code
    found: str
    expected: str

    @property
    def text(self) -> str:
        """The fault as one sentence, for the row of a page."""
        return fcx_("Found %(found)s, expected %(expected)s.", found=self.found, expected=self.expected)


def band_faults(rows: Sequence[BandRow | None], currency: str) -> list[BandFault]:
    """All faults of the bands of one policy, in the order of the rows.

    None stands for a row that could not be read; it keeps its number. Amounts of fees are in ``currency``.
    """
    known = [(index, row) for index, row in enumerate(rows) if row is not None]
    faults: dict[int, BandFault] = {}
    for index, row in known:
        earlier = [(i, r) for i, r in known if i < index and i not in faults]
        fault = _duplicate(index, row, earlier) or _falls(index, row, earlier, currency)
        if fault is not None:
            faults[index] = fault
    sound = [(index, row) for index, row in known if index not in faults]
    for index, row in sound:
        fault = _ends(index, row, [r for _, r in sound])
        if fault is not None:
            faults[index] = fault
    return [faults[index] for index in sorted(faults)]


def _duplicate(index: int, row: BandRow, earlier: list[tuple[int, BandRow]]) -> BandFault | None:
    if all(other.band.edge != row.band.edge for _, other in earlier):
        return None
    field = "less_than" if row.band.later_than is None else "later_than"
    found = fcx_("a second band for %(limit)s", limit=edge_text(row.band))
    return BandFault(index, field, "duplicate", found, fcx_("one band for each limit"))


def _falls(index: int, row: BandRow, earlier: list[tuple[int, BandRow]], currency: str) -> BandFault | None:
    """Whether this band asks for less than a milder one, or a tighter one of those above for less than this.

    Such a band could never take effect, since the highest applying fee counts: it is a slip of the pen.
    """
    for _, other in earlier:
        for milder, tighter in _ordered(row.band, other.band):
            if _cheaper(tighter, milder):
                found = _falling(tighter, currency)
                expected = fcx_("fees that never fall when the notice gets shorter")
                return BandFault(index, "fee", "fee_falls", found, expected)
            if _leaves_more(tighter, milder):
                found = fcx_("a milder rule for the deposit for %(limit)s", limit=edge_text(tighter))
                expected = fcx_("rules for the deposit that never get milder when the notice gets shorter")
                return BandFault(index, "deposit", "deposit_falls", found, expected)
    return None


def _falling(tighter: Band, currency: str) -> str:
    limit = edge_text(tighter)
    if tighter.fee.kind == "none":
        return fcx_("no fee for %(limit)s", limit=limit)
    return fcx_("a fee that falls to %(fee)s for %(limit)s", fee=fee_text(tighter.fee, currency), limit=limit)


def _ordered(one: Band, other: Band) -> Iterator[tuple[Band, Band]]:
    """The two as (milder, tighter), if that holds for every appointment.

    A deadline by the clock is the milder one if it always leaves more notice than the other asks for. The opposite
    never holds: a row of holidays can move such a deadline any distance ahead.
    """
    if one.later_than is None and other.later_than is None:
        yield (one, other) if (one.less_than or 0) > (other.less_than or 0) else (other, one)
    elif one.later_than is not None and other.later_than is not None:
        first, second = ((cut.days, -cut.at.hour * 60 - cut.at.minute) for cut in (one.later_than, other.later_than))
        yield (one, other) if first > second else (other, one)
    else:
        clock, hours = (one, other) if one.later_than is not None else (other, one)
        assert clock.later_than is not None
        if clock.later_than.least_notice * MINUTE >= (hours.less_than or 0):
            yield clock, hours


def _cheaper(tighter: Band, milder: Band) -> bool:
    kinds = {tighter.fee.kind, milder.fee.kind}
    if kinds == {"fixed"}:
        return tighter.fee.minor < milder.fee.minor
    if kinds <= {"percent", "full"}:
        return tighter.fee.percent < milder.fee.percent
    return tighter.fee.kind == "none" and milder.fee.kind != "none"


def _leaves_more(tighter: Band, milder: Band) -> bool:
    if tighter.deposit is None or milder.deposit is None:
        return False
    pairs = ((tighter.deposit.of(side), milder.deposit.of(side)) for side in ("client", "other"))
    return any(harshness(less) < harshness(more) for less, more in pairs)


def _ends(index: int, row: BandRow, rows: list[BandRow]) -> BandFault | None:
    """Whether the next tighter band begins where this one says that it ends."""
    if row.at_least is None or row.band.less_than is None:
        return None
    ends = limit_text(row.at_least)
    if row.at_least >= row.band.less_than:
        found = fcx_("a band that ends at %(end)s", end=ends)
        return BandFault(index, "at_least", "gap", found, fcx_("an end below its limit"))
    tighter = [r.band.less_than for r in rows if r.band.less_than is not None and r.band.less_than < row.band.less_than]
    follows = max(tighter, default=0)
    if follows == row.at_least:
        return None
    if follows < row.at_least:
        found = fcx_("no band for less than %(limit)s", limit=ends)
        expected = fcx_("a band that begins where this one ends, or no end")
        return BandFault(index, "at_least", "gap", found, expected)
    begins = limit_text(follows)
    found = fcx_("an end at %(end)s inside the next band, which begins at %(limit)s", end=ends, limit=begins)
    return BandFault(index, "at_least", "overlap", found, fcx_("an end where the next band begins"))
