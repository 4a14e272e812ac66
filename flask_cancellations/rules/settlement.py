"""What happens to the money of one cancellation.

At every moment::

    deposit = taken + forfeited + refunded + credited + held
    fee     = kept + given back + due + waived + dropped + pending

What is taken from the deposit for the fee is part of ``kept`` until it is given back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from flask_cancellations.rules.deposit_rule import USUAL
from flask_cancellations.rules.deposit_rule import RestChoice as RestChoice  # one of the words of a settlement
from flask_cancellations.rules.quote import Quote

FeeChoice = Literal["charge", "waive"]
Split = Mapping[RestChoice, int]  # how much goes each way, in minor units


@dataclass(frozen=True, slots=True)
class Settlement:
    """The outcome, in minor units of ``currency``; the two equations are checked when it is made."""

    currency: str
    deposit: int = 0
    taken: int = 0
    forfeited: int = 0
    refunded: int = 0
    credited: int = 0
    held: int = 0
    fee: int = 0
    kept: int = 0
    given_back: int = 0
    due: int = 0
    waived: int = 0
    dropped: int = 0
    pending: int = 0

    def __post_init__(self) -> None:
        parts = (self.taken, self.forfeited, self.refunded, self.credited, self.held)
        shares = (self.kept, self.given_back, self.due, self.waived, self.dropped, self.pending)
        if self.deposit != sum(parts) or self.fee != sum(shares) or min(*parts, *shares) < 0:
            raise ValueError(f"the settlement does not balance: {self}")


def rest_choices(quote: Quote, fee_choice: FeeChoice, *, may_keep: bool) -> tuple[RestChoice, ...]:
    """What may happen to the deposit beyond the fee; the first one is preselected. Empty if nothing is left.

    That is what the quote says, which has it from the policy. After a waiver keeping the deposit is offered only to
    those with the right to keep it all the same, and never first.
    """
    if rest_of_deposit(quote, fee_choice) == 0:
        return ()
    if fee_choice == "charge":
        return quote.rests
    others = tuple(rest for rest in quote.rests if rest != "keep") or USUAL.client
    return (*others, "keep") if may_keep and quote.fee > 0 else others


def rest_of_deposit(quote: Quote, fee_choice: FeeChoice) -> int:
    """What is left of the deposit when the fee is charged or waived, in minor units."""
    return quote.deposit - (min(quote.fee, quote.deposit) if fee_choice == "charge" else 0)


def settle(quote: Quote, fee_choice: FeeChoice, rest: RestChoice | Split, *, pending: bool = False) -> Settlement:
    """Carry out a choice: a charged fee is taken from the deposit first, ``rest`` is for what remains.

    A ``pending`` fee is not charged yet; what would pay it of the deposit is held. Raises ValueError for a split that
    is not exactly what remains.
    """
    left = rest_of_deposit(quote, fee_choice)
    ways = split_of(left, rest)
    taken = quote.deposit - left
    charged = quote.fee if fee_choice == "charge" else 0
    pending = pending and charged > 0
    return Settlement(
        currency=quote.currency,
        deposit=quote.deposit,
        taken=0 if pending else taken,
        forfeited=ways["keep"],
        refunded=ways["refund"],
        credited=ways["credit"],
        held=taken if pending else 0,
        fee=quote.fee,
        kept=0 if pending else taken,
        due=0 if pending else charged - taken,
        waived=quote.fee - charged,
        pending=charged if pending else 0,
    )


def by_client(quote: Quote, *, pending: bool = False) -> Settlement:
    """What follows from a client's own cancellation: the fee is charged, at once or later (``pending``), and the rest
    of the deposit goes as the policy says."""
    rest = rest_choices(quote, "charge", may_keep=False)
    return settle(quote, "charge", rest[0] if rest else "refund", pending=pending)


def split_of(amount: int, rest: RestChoice | Split) -> dict[RestChoice, int]:
    """How much of an amount goes each way. Raises ValueError unless a split adds up to it, without a negative part."""
    ways: dict[RestChoice, int] = {"refund": 0, "credit": 0, "keep": 0}
    ways.update({rest: amount} if isinstance(rest, str) else rest)
    if len(ways) != 3 or sum(ways.values()) != amount or min(ways.values()) < 0:
        raise ValueError(f"{dict(ways)} does not divide {amount}")
    return ways
