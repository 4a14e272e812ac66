"""The one computed decision: which fee, by which band, what may happen to the deposit, and why.

Preview, page, rows, message and API all use the same :class:`Quote`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

from flask_cancellations.rules.policy import Band, Policy
from flask_cancellations.rules.reasons import Reason

Why = Literal[
    "no_policy",  # no policy covered this appointment when it was booked
    "no_proof",  # nothing proves which policy was accepted, and the clinic charges only with proof
    "clinic_side",  # the clinic cancels
    "reason_free",  # this reason carries no fee
    "grace",  # cancelled shortly after booking
    "enough_notice",  # no band applies
    "band",  # a band applies
    "capped",  # the policy's cap limits the fee
    "no_price",  # the band asks for a share of a price that is unknown or 0
    "other_currency",  # the policy names amounts in a currency that the clinic has left since
    "price_currency",  # the band asks for a share of a price that is in another currency than the clinic's
]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a quote is computed from. Amounts in minor units, instants in microseconds UTC.

    ``proven`` tells whether it is known which policy was in force at booking; ``entered`` is a fee that staff typed in
    because the price is unknown, and ``other_currency`` the code of the one that a price which is unknown for it is in.
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


@dataclass(frozen=True, slots=True)
class Quote:
    """The decision. Amounts in minor units, ``notice`` in microseconds (negative after the start).

    ``fee`` is 0 while ``needs_amount``; ``otherwise`` is the fee had the reason not freed the client from it. ``late``
    is kept apart from money: the notice fell into a band that costs something, whoever cancelled.
    """

    currency: str
    notice: int
    price: int | None
    deposit: int
    fee: int
    otherwise: int
    needs_amount: bool
    limit: int | None
    forfeit: bool
    late: bool
    clinic_side: bool
    policy: str | None
    band: Band | None
    why: tuple[Why, ...]

    def fingerprint(self) -> str:
        """Changes when a number or option that a person decided on changes; time alone does not change it."""
        decisive = (
            self.currency,
            self.fee,
            self.deposit,
            self.band.less_than if self.band else None,
            self.needs_amount,
            self.forfeit,
            self.clinic_side,
        )
        return hashlib.sha256(repr(decisive).encode()).hexdigest()[:16]


def quote(facts: Facts, policy: Policy | None, reason: Reason | None) -> Quote:
    """Decide. ``reason`` is None while none is chosen; the quote then stands as for a client's ordinary reason."""
    notice = facts.start - facts.told
    clinic_side = reason is not None and reason.side == "clinic"
    base = Quote(
        currency=facts.currency,
        notice=notice,
        price=facts.price,
        deposit=facts.deposit,
        fee=0,
        otherwise=0,
        needs_amount=False,
        limit=None,
        forfeit=False,
        late=False,
        clinic_side=clinic_side,
        policy=policy.name if policy else None,
        band=None,
        why=(),
    )
    if policy is None:
        return replace(base, why=("clinic_side",) if clinic_side else ("no_policy" if facts.proven else "no_proof",))
    applying = [band for band in policy.applying(notice) if band.fee.kind != "none" or band.forfeit]
    within_grace = facts.booked is not None and policy.grace > 0 and facts.told - facts.booked <= policy.grace
    if not applying or within_grace:
        milder: Why = "grace" if applying else "enough_notice"
        return replace(base, why=("clinic_side",) if clinic_side else (milder,))

    band, amount = _dearest(applying, facts, policy)
    unknown = amount is None
    fee = facts.entered or 0 if amount is None else amount
    cap = policy.cap if policy.currency == facts.currency else None
    capped = cap is not None and fee > cap
    if cap is not None:
        fee = min(fee, cap)
    late = replace(base, band=band, late=any(b.fee.kind != "none" for b in applying), otherwise=fee)
    if clinic_side:
        return replace(late, why=("clinic_side",))
    if reason is not None and not reason.fee:
        return replace(late, why=("reason_free",))
    why: list[Why] = ["band"]
    if unknown:
        why.append(_unknown(band, facts))
    if capped:
        why.append("capped")
    return replace(
        late,
        fee=fee,
        needs_amount=unknown,
        limit=cap,
        forfeit=any(b.forfeit for b in applying),
        why=tuple(why),
    )


def _unknown(band: Band, facts: Facts) -> Why:
    """Why the amount of a band is unknown."""
    if band.fee.amount(facts.price) is not None:
        return "other_currency"
    return "price_currency" if facts.other_currency else "no_price"


def _dearest(applying: list[Band], facts: Facts, policy: Policy) -> tuple[Band, int | None]:
    """The band whose fee is highest, the tightest of equals.

    The amount is None if any depends on an unknown price, or on an amount in a currency that the clinic has left.
    """
    other_currency = policy.currency != facts.currency
    best: tuple[Band, int] | None = None
    for band in applying:
        amount = band.fee.amount(facts.price)
        if amount is None or (other_currency and (band.fee.kind == "fixed" or policy.cap is not None)):
            return band, None
        if best is None or amount > best[1]:
            best = (band, amount)
    assert best is not None  # applying is never empty here
    return best
