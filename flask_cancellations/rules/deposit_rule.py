"""What may happen to a deposit beyond the fee: which outcomes are open, and which one stands first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from flask_cancellations.rules.reasons import Side

RestChoice = Literal["refund", "credit", "keep"]
RESTS: tuple[RestChoice, ...] = ("refund", "credit", "keep")  # from the mildest to the harshest
Rests = tuple[RestChoice, ...]


@dataclass(frozen=True, slots=True)
class DepositRule:
    """The outcomes that are open, by the side that cancels; the first of each is preselected.

    The clinic's own cancellation never keeps anything.
    """

    client: Rests = ("refund", "credit")
    other: Rests = ("refund", "credit")
    clinic: Rests = ("refund",)

    def of(self, side: Side) -> Rests:
        """The outcomes for a side."""
        return {"client": self.client, "other": self.other, "clinic": self.clinic}[side]

    @property
    def keeps(self) -> bool:
        """Whether the clinic may keep the rest when the client cancels."""
        return "keep" in self.client


USUAL = DepositRule()
# What ``forfeit = true`` of a band says.
FORFEIT = DepositRule(client=("keep", "refund", "credit"), other=("keep", "refund", "credit"))


def harshest(rules: Iterable[Rests]) -> Rests:
    """Of several, the one that is worst for the client, so that less notice never leaves more of a deposit.

    Of equally harsh ones the first.
    """
    return max(rules, key=harshness)


def harshness(rests: Rests) -> tuple[int, int, bool]:
    """Orders outcomes: by what stands first, then by the best that is open, then whether all may be kept."""
    ranks = [RESTS.index(rest) for rest in rests]
    return ranks[0], min(ranks), "keep" in rests
