"""The book of one cancellation's money: a fee from pending to charged, waived, dropped or given back.

Each function makes one step from a :class:`Settlement` to the next one, whose two equations are checked when it is
made::

    pending --charge--> taken from the deposit, and due
    pending --waive, drop--> what was held of the deposit for it goes the way that was chosen for the rest
    due --pay--> kept        due --waive--> waived
    kept --give_back--> given back

While a fee is pending, the part of the deposit that would pay it is held: ``held = min(pending, what is left)``. More
is held where nothing was decided: of a cancellation that was found, or once the appointment stands again. Amounts are
minor units.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

from flask_cancellations.rules.settlement import RestChoice, Settlement, Split, split_of

StepName = Literal["charge", "waive", "drop", "pay", "give_back", "release", "hold", "undo"]
Way = Literal["refund", "credit"]
AMOUNTS = tuple(field.name for field in fields(Settlement) if field.name != "currency")


class NotPossible(ValueError):
    """There is less of it than asked for. ``most`` is how much there is, in minor units."""

    def __init__(self, step: str, amount: int, most: int) -> None:
        self.most = most
        super().__init__(f"{step}: {amount} of at most {most}")


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the book, with what has to move because of it: ``refund``, ``credit`` to the client, and what
    becomes payable by the client (``charge``)."""

    name: StepName
    amount: int
    before: Settlement
    after: Settlement
    refund: int = 0
    credit: int = 0
    charge: int = 0

    @property
    def changes(self) -> dict[str, int]:
        """By how much each amount changes; only those that do."""
        pairs = ((name, getattr(self.after, name) - getattr(self.before, name)) for name in AMOUNTS)
        return {name: change for name, change in pairs if change}


def charge(settled: Settlement, amount: int) -> Step:
    """Charge a pending fee or a part of it: the deposit held for it pays first, the rest becomes due."""
    _within("charge", amount, settled.pending)
    taken = min(amount, settled.held)
    after = replace(
        settled,
        pending=settled.pending - amount,
        held=settled.held - taken,
        taken=settled.taken + taken,
        kept=settled.kept + taken,
        due=settled.due + amount - taken,
    )
    return Step("charge", amount, settled, after, charge=amount - taken)


def waive(settled: Settlement, amount: int, rest: RestChoice | Split = "refund") -> Step:
    """Waive what is not paid yet: first of what is pending, then of what is due.

    ``rest`` says where the deposit goes that is no longer held. A due part of the fee has no deposit behind it.
    """
    _within("waive", amount, settled.pending + settled.due)
    pending = min(amount, settled.pending)
    freed = replace(
        settled, due=settled.due - (amount - pending), pending=settled.pending - pending, waived=settled.waived + amount
    )
    return _release("waive", amount, settled, freed, rest)


def drop(settled: Settlement, amount: int, rest: RestChoice | Split = "refund") -> Step:
    """Drop a pending fee or a part of it: the clinic has no loss to ask for."""
    _within("drop", amount, settled.pending)
    freed = replace(settled, pending=settled.pending - amount, dropped=settled.dropped + amount)
    return _release("drop", amount, settled, freed, rest)


def pay(settled: Settlement, amount: int) -> Step:
    """Note that the client has paid what was due."""
    _within("pay", amount, settled.due)
    return Step("pay", amount, settled, replace(settled, due=settled.due - amount, kept=settled.kept + amount))


def give_back(settled: Settlement, amount: int, way: Way = "refund") -> Step:
    """Give back a fee that was paid, from the deposit or otherwise."""
    _within("give_back", amount, settled.kept)
    after = replace(settled, kept=settled.kept - amount, given_back=settled.given_back + amount)
    return Step(
        "give_back",
        amount,
        settled,
        after,
        refund=amount if way == "refund" else 0,
        credit=amount if way == "credit" else 0,
    )


def release(settled: Settlement, amount: int, rest: RestChoice | Split) -> Step:
    """Decide about a deposit that is held although no fee is pending for it, or a part of it."""
    _within("release", amount, releasable(settled))
    return _let_go("release", amount, settled, settled, amount, rest)


def releasable(settled: Settlement) -> int:
    """How much of the deposit is held without a pending fee behind it."""
    return settled.held - min(settled.held, settled.pending)


def hold(settled: Settlement, *, refunded: int = 0, credited: int = 0, due: int = 0) -> Step:
    """The appointment stands again, and somebody has to say what becomes of the fee: nothing moves until then.

    What of the deposit has not gone back is held, and what of the fee is not paid is pending. The amounts are those
    that cannot be called back, as for :func:`undo`.
    """
    _cannot_be_called_back("hold", settled, refunded, credited, due)
    called_off = settled.refunded - refunded + settled.credited - credited
    after = replace(
        settled,
        refunded=refunded,
        credited=credited,
        held=settled.held + called_off,
        due=due,
        pending=settled.pending + settled.due - due,
    )
    return Step("hold", called_off + settled.due - due, settled, after)


def undo(settled: Settlement, *, refunded: int = 0, credited: int = 0, due: int = 0) -> Step:
    """The appointment stands again: the deposit is held for it as before, and there is no fee.

    What has moved already cannot be called back: ``refunded`` and ``credited`` are how much of the deposit that is,
    ``due`` how much of the fee is just being paid. A fee paid otherwise than from the deposit is given back.
    """
    _cannot_be_called_back("undo", settled, refunded, credited, due)
    returned = min(settled.kept, settled.taken)
    after = replace(
        settled,
        taken=settled.taken - returned,
        forfeited=0,
        refunded=refunded,
        credited=credited,
        held=settled.held
        + returned
        + settled.forfeited
        + (settled.refunded - refunded)
        + (settled.credited - credited),
        kept=0,
        given_back=settled.given_back + settled.kept - returned,
        due=due,
        dropped=settled.dropped + settled.pending + returned + settled.due - due,
        pending=0,
    )
    return Step("undo", settled.fee, settled, after, refund=settled.kept - returned)


def refilled(pending: int, percent: int) -> int:
    """How much of a pending fee is dropped once the time is booked again and ``percent`` of the fee remains.

    What remains is rounded down: the client gets the benefit of a minor unit.
    """
    return pending - pending * percent // 100


def _release(name: StepName, amount: int, before: Settlement, freed: Settlement, rest: RestChoice | Split) -> Step:
    """Let go, the way that ``rest`` says, of what was held for the part of the fee that is no longer pending."""
    released = min(before.held, before.pending) - min(freed.held, freed.pending)
    return _let_go(name, amount, before, freed, released, rest)


def _let_go(
    name: StepName, amount: int, before: Settlement, freed: Settlement, released: int, rest: RestChoice | Split
) -> Step:
    ways = split_of(released, rest)
    after = replace(
        freed,
        held=freed.held - released,
        refunded=freed.refunded + ways["refund"],
        credited=freed.credited + ways["credit"],
        forfeited=freed.forfeited + ways["keep"],
    )
    return Step(name, amount, before, after, refund=ways["refund"], credit=ways["credit"])


def _cannot_be_called_back(step: str, settled: Settlement, refunded: int, credited: int, due: int) -> None:
    _at_most(step, refunded, settled.refunded)
    _at_most(step, credited, settled.credited)
    _at_most(step, due, settled.due)


def _within(step: str, amount: int, most: int) -> None:
    if not 0 < amount <= most:
        raise NotPossible(step, amount, most)


def _at_most(step: str, amount: int, most: int) -> None:
    if not 0 <= amount <= most:
        raise NotPossible(step, amount, most)
