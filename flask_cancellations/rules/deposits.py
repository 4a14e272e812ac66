"""Deposits of one appointment: what is left of each, and which one a refund goes back to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class OtherCurrency(ValueError):
    """A deposit in another currency than the price: nobody may guess a rate. ``currency`` is the deposit's."""

    def __init__(self, currency: str, expected: str) -> None:
        self.currency, self.expected = currency, expected
        super().__init__(f"a deposit in {currency}, where prices are in {expected}")


@dataclass(frozen=True, slots=True)
class Deposit:
    """One payment made beforehand, in minor units of ``currency``.

    ``used`` is what went elsewhere already (refunded, taken for another visit); ``reference`` is the host's or the
    payment provider's name for it, under which it can be refunded.
    """

    amount: int
    currency: str
    used: int = 0
    reference: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.used <= self.amount:
            raise ValueError(f"a deposit of {self.amount} of which {self.used} is used")

    @property
    def left(self) -> int:
        """What can still be decided about."""
        return self.amount - self.used


def total(deposits: Iterable[Deposit], currency: str) -> int:
    """What is left of all deposits. Raises OtherCurrency for one that is not in ``currency``, unless it is used up."""
    found = 0
    for deposit in deposits:
        if deposit.left and deposit.currency != currency:
            raise OtherCurrency(deposit.currency, currency)
        found += deposit.left
    return found


def allot(amount: int, capacities: Sequence[int]) -> list[int]:
    """Share an amount among sources, each up to what it can give, the first ones first; the rest is unplaced.

    Returns one share per source; whatever exceeds them all is missing from the sum.
    """
    shares = []
    for capacity in capacities:
        share = min(amount, capacity)
        shares.append(share)
        amount -= share
    return shares
