"""What happens to the money of one cancellation.

At every moment::

    deposit = taken + forfeited + refunded + credited + held
    fee     = kept + given back + due + waived + dropped + pending

What is taken from the deposit for the fee is part of ``kept`` until it is given back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flask_cancellations.rules.quote import Quote

FeeChoice = Literal["charge", "waive"]
RestChoice = Literal["refund", "credit", "keep"]


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

    The clinic's own cancellation refunds everything. Keeping is offered where the band forfeits the deposit, and
    after a waiver to those with the right to keep it all the same.
    """
    if rest_of_deposit(quote, fee_choice) == 0:
        return ()
    if quote.clinic_side:
        return ("refund",)
    keep = quote.forfeit if fee_choice == "charge" else may_keep and quote.fee > 0
    if not keep:
        return ("refund", "credit")
    # A band that forfeits the deposit means it: keeping is then what the client agreed to.
    return ("keep", "refund", "credit") if fee_choice == "charge" else ("refund", "credit", "keep")


def rest_of_deposit(quote: Quote, fee_choice: FeeChoice) -> int:
    """What is left of the deposit when the fee is charged or waived, in minor units."""
    return quote.deposit - (min(quote.fee, quote.deposit) if fee_choice == "charge" else 0)


def settle(quote: Quote, fee_choice: FeeChoice, rest: RestChoice) -> Settlement:
    """Carry out a choice: a charged fee is taken from the deposit first, ``rest`` is for what remains."""
    left = rest_of_deposit(quote, fee_choice)
    taken = quote.deposit - left
    charged = quote.fee if fee_choice == "charge" else 0
    return Settlement(
        currency=quote.currency,
        deposit=quote.deposit,
        taken=taken,
        forfeited=left if rest == "keep" else 0,
        refunded=left if rest == "refund" else 0,
        credited=left if rest == "credit" else 0,
        fee=quote.fee,
        kept=taken,
        due=charged - taken,
        waived=quote.fee - charged,
    )
