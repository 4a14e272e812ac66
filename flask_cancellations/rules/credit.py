"""Client credit: lots with a balance each, redeemed in the order in which they expire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class NotEnough(ValueError):
    """The balance is smaller than what is asked for. ``balance`` in minor units."""

    def __init__(self, amount: int, balance: int) -> None:
        self.balance = balance
        super().__init__(f"{amount} of a balance of {balance}")


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of one credit, in minor units. ``expires`` in microseconds UTC, None for never."""

    id: int
    balance: int
    expires: int | None = None

    def usable(self, now: int) -> bool:
        """Whether it can be redeemed at ``now``; at its very end no more."""
        return self.balance > 0 and (self.expires is None or now < self.expires)


def in_order(lots: Iterable[Lot], now: int) -> list[Lot]:
    """Those that can be redeemed: what expires first comes first, what never expires last, older before newer."""
    usable = [lot for lot in lots if lot.usable(now)]
    return sorted(usable, key=lambda lot: (lot.expires is None, lot.expires or 0, lot.id))


def balance(lots: Iterable[Lot], now: int) -> int:
    """What can be redeemed."""
    return sum(lot.balance for lot in lots if lot.usable(now))


def spread(lots: Iterable[Lot], amount: int, now: int) -> list[tuple[int, int]]:
    """Which lots pay an amount: pairs of id and part. Raises NotEnough, and ValueError for an amount below 1."""
    if amount <= 0:
        raise ValueError("nothing to redeem")
    usable = in_order(lots, now)
    have = sum(lot.balance for lot in usable)
    if amount > have:
        raise NotEnough(amount, have)
    parts: list[tuple[int, int]] = []
    for lot in usable:
        part = min(amount, lot.balance)
        if part:
            parts.append((lot.id, part))
        amount -= part
    return parts
