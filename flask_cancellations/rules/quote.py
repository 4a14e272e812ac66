"""The one computed decision: which fee, by which band, what may happen to the deposit, and why.

Preview, page, rows, message and API all use the same :class:`Quote`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from flask_cancellations.rules.calendar import Calendar
from flask_cancellations.rules.deposit_rule import USUAL, Rests, harshest
from flask_cancellations.rules.policy import Band, Policy
from flask_cancellations.rules.reasons import Reason, Side

Why = Literal[
    "no_policy",  # no policy covered this appointment when it was booked
    "no_proof",  # nothing proves which policy was accepted, and the clinic charges only with proof
    "clinic_side",  # the clinic cancels
    "reason_free",  # this reason carries no fee
    "grace",  # cancelled shortly after booking
    "within_window",  # the limits had passed when it was booked, and the policy does not charge for that
    "exempt",  # the client belongs to a group that pays nothing
    "clinic_caused",  # the client cancels because of what the clinic did
    "first_time",  # one of the late cancellations that the policy lets every client off
    "enough_notice",  # no band applies
    "band",  # a band applies
    "moves_used",  # a late move beyond those allowed, which counts as a cancellation
    "capped",  # the policy's cap limits the fee
    "no_price",  # the band asks for a share of a price that is unknown or 0
    "other_currency",  # the policy names amounts in a currency that the clinic has left since
    "price_currency",  # the band asks for a share of a price that is in another currency than the clinic's
]
FIRST_TIME: Why = "first_time"
# Why a client is let off a fee that the notice alone would bring.
FREED: tuple[Why, ...] = ("clinic_side", "reason_free", "exempt", "clinic_caused", FIRST_TIME)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a quote is computed from. Amounts in minor units, instants in microseconds UTC.

    ``proven`` tells whether it is known which policy was in force at booking; ``entered`` is a fee that staff typed in
    because the price is unknown, and ``other_currency`` the code of the one that a price which is unknown for it is in.
    ``calendar`` may only be missing where no band has a deadline by the clock. ``group`` is the client's. ``granted``
    counts the late cancellations that the client was let off within the policy's months, ``late_moves`` the late moves
    likewise; None where nobody knows who the client is. ``clinic_caused``: the client cancels because of what the
    clinic did, such as moving the appointment.
    """

    currency: str
    start: int
    told: int
    booked: int | None
    price: int | None
    deposit: int
    proven: bool
    entered: int | None = None
    other_currency: str = ""
    calendar: Calendar | None = None
    group: str = ""
    granted: int | None = None
    late_moves: int | None = None
    clinic_caused: bool = False


@dataclass(frozen=True, slots=True)
class Considered:
    """One band as it stood for this appointment.

    ``deadline`` is an instant (microseconds UTC), ``wall`` the clinic's wall clock then, where the calendar is known;
    ``amount`` is in minor units, None where it depends on what is unknown. ``applies`` says that the clinic was told
    later, ``booked_late`` that the booking itself was made later.
    """

    band: Band
    deadline: int
    wall: datetime | None
    amount: int | None
    applies: bool
    booked_late: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """The decision. Amounts in minor units, ``notice`` in microseconds (negative after the start).

    ``fee`` is 0 while ``needs_amount``; ``otherwise`` is the fee had nothing freed the client from it. ``rests`` is
    what may happen to the deposit beyond the fee, the preselected first. ``late`` is kept apart from money: the notice
    fell into a band that costs something, whoever cancelled. ``considered`` are all bands, the mildest first, and
    ``facts`` what it was computed from; a quote that is read back from its row has no facts and at most one band.
    """

    currency: str
    notice: int
    price: int | None
    deposit: int
    fee: int
    otherwise: int
    needs_amount: bool
    limit: int | None
    rests: Rests
    late: bool
    clinic_side: bool
    policy: str | None
    band: Band | None
    why: tuple[Why, ...]
    considered: tuple[Considered, ...] = ()
    facts: Facts | None = None

    @property
    def forfeit(self) -> bool:
        """Whether the clinic may keep the rest of the deposit."""
        return "keep" in self.rests

    def fingerprint(self) -> str:
        """Changes when a number or option that a person decided on changes; time alone does not change it."""
        decisive = (
            self.currency,
            self.fee,
            self.deposit,
            self.band.edge if self.band else None,
            self.needs_amount,
            self.rests,
            self.clinic_side,
            # Which of several reasons lets the client off is decisive too: the first time comes only once.
            [why for why in self.why if why in FREED],
        )
        return hashlib.sha256(repr(decisive).encode()).hexdigest()[:16]


def quote(facts: Facts, policy: Policy | None, reason: Reason | None) -> Quote:
    """Decide. ``reason`` is None while none is chosen; the quote then stands as for a client's ordinary reason."""
    side: Side = reason.side if reason else "client"
    free = reason is not None and not reason.fee
    return _decide(facts, policy, policy.bands if policy else (), side, free)


def quote_move(facts: Facts, policy: Policy | None, *, side: Side = "client") -> Quote:
    """Decide about moving the appointment instead; the deposit goes along, so ``rests`` is empty.

    A policy without a rule of its own for moves charges what it charges for cancelling. Where it allows so many late
    moves, one more counts as a cancellation; both kinds of bands then apply, and the highest fee counts.
    """
    rule = policy.moves if policy else None
    if policy is None or rule is None:
        return replace(_decide(facts, policy, policy.bands if policy else (), side, False), rests=())
    used_up = rule.late_moves is not None and (facts.late_moves or 0) >= rule.late_moves.times
    bands = (*rule.bands, *policy.bands) if used_up else rule.bands
    decided = replace(_decide(facts, policy, bands, side, False), rests=())
    if used_up and "band" in decided.why:
        return replace(decided, why=(*decided.why, "moves_used"))
    return decided


def is_late_move(facts: Facts, policy: Policy) -> bool:
    """Whether moving the appointment now counts as one of the late moves that a policy limits."""
    rule = policy.moves
    bands = (*rule.bands, *policy.bands) if rule else policy.bands
    return _decide(facts, policy, bands, "client", False).late


def _decide(facts: Facts, policy: Policy | None, bands: tuple[Band, ...], side: Side, reason_free: bool) -> Quote:
    rule = policy.deposit if policy else USUAL
    considered = _consider(facts, bands)
    base = Quote(
        currency=facts.currency,
        notice=facts.start - facts.told,
        price=facts.price,
        deposit=facts.deposit,
        fee=0,
        otherwise=0,
        needs_amount=False,
        limit=None,
        rests=rule.of(side),
        late=False,
        clinic_side=side == "clinic",
        policy=policy.name if policy else None,
        band=None,
        why=("clinic_side",),
        considered=considered,
        facts=facts,
    )
    if policy is None:
        return base if side == "clinic" else replace(base, why=("no_policy" if facts.proven else "no_proof",))
    applying = [c for c in considered if c.applies and (c.band.fee.kind != "none" or c.band.deposit is not None)]
    counting, milder = _counting(facts, policy, applying)
    if not counting:
        return base if side == "clinic" else replace(base, why=(milder,))

    dearest, amount = _dearest(counting, facts, policy)
    fee = facts.entered or 0 if amount is None else amount
    cap = policy.cap if policy.currency == facts.currency else None
    capped = cap is not None and fee > cap
    if cap is not None:
        fee = min(fee, cap)
    late = replace(base, band=dearest.band, late=any(c.band.costs for c in counting), otherwise=fee)
    freed = _freed(facts, policy, side, reason_free, late.late)
    if freed is not None:
        return replace(late, why=(freed,))
    why: list[Why] = ["band"]
    if amount is None:
        why.append(_unknown(dearest.band, facts))
    if capped:
        why.append("capped")
    return replace(
        late,
        fee=fee,
        needs_amount=amount is None,
        limit=cap,
        rests=_rests(counting, rule.of(side), side),
        why=tuple(why),
    )


def _unknown(band: Band, facts: Facts) -> Why:
    """Why the amount of a band is unknown."""
    if band.fee.amount(facts.price) is not None:
        return "other_currency"
    return "price_currency" if facts.other_currency else "no_price"


def _consider(facts: Facts, bands: tuple[Band, ...]) -> tuple[Considered, ...]:
    """All bands by their deadline for this appointment, the mildest first."""
    clock = facts.calendar.clock if facts.calendar else None
    found = []
    for band in bands:
        deadline = band.deadline(facts.start, facts.calendar)
        wall = clock.to_wall(deadline) if clock else None
        booked_late = facts.booked is not None and facts.booked > deadline
        amount = band.fee.amount(facts.price)
        found.append(Considered(band, deadline, wall, amount, facts.told > deadline, booked_late))
    return tuple(sorted(found, key=lambda c: c.deadline))


def _counting(facts: Facts, policy: Policy, applying: list[Considered]) -> tuple[list[Considered], Why]:
    """The bands that count, and why there is no fee if none does."""
    if not applying:
        return [], "enough_notice"
    at_once = policy.within_window == "full" and any(c.booked_late for c in applying)
    within_grace = facts.booked is not None and policy.grace > 0 and facts.told - facts.booked <= policy.grace
    if within_grace and not at_once:
        return [], "grace"
    if policy.within_window == "none":
        return [c for c in applying if not c.booked_late], "within_window"
    return applying, "band"


def _freed(facts: Facts, policy: Policy, side: Side, reason_free: bool, late: bool) -> Why | None:
    """What lets the client off, if anything does. The first time comes last, so that it is not used up for nothing."""
    if side == "clinic":
        return "clinic_side"
    if reason_free:
        return "reason_free"
    if facts.group and facts.group in policy.exempt:
        return "exempt"
    if facts.clinic_caused:
        return "clinic_caused"
    free = policy.first_free
    if late and free is not None and facts.granted is not None and facts.granted < free.times:
        return FIRST_TIME
    return None


def _rests(counting: list[Considered], usual: Rests, side: Side) -> Rests:
    """The harshest of the deposit rules of the bands and of the policy; of equals the tightest band's."""
    return harshest([*(c.band.deposit.of(side) for c in reversed(counting) if c.band.deposit is not None), usual])


def _dearest(counting: list[Considered], facts: Facts, policy: Policy) -> tuple[Considered, int | None]:
    """The band whose fee is highest, the tightest of equals.

    The amount is None if any depends on an unknown price, or on an amount in a currency that the clinic has left.
    """
    other_currency = policy.currency != facts.currency
    best: tuple[Considered, int] | None = None
    for candidate in reversed(counting):
        kind, amount = candidate.band.fee.kind, candidate.amount
        if amount is None or (other_currency and (kind == "fixed" or policy.cap is not None)):
            return candidate, None
        if best is None or amount > best[1]:
            best = (candidate, amount)
    assert best is not None  # counting is never empty here
    return best
