"""Tries a policy out: one made-up appointment, and what cancelling it would cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask_cancellations.clock import HOUR
from flask_cancellations.errors import InvalidInput
from flask_cancellations.i18n import fcx_
from flask_cancellations.rules.money import to_minor
from flask_cancellations.rules.policy import Policy
from flask_cancellations.rules.quote import Facts, Quote, quote
from flask_cancellations.rules.trace import Explanation, explain
from flask_cancellations.services.policy_draft import plain_number
from flask_cancellations.state import State

_YEARS = range(1970, 2200)
_MOST = 10**12


@dataclass(frozen=True, slots=True)
class Trial:
    """The fields of the tester, as typed: wall clock of the clinic, amounts in major units.

    ``group`` is the client's; ``before`` is how often the client was let off already.
    """

    start: str = ""
    told: str = ""
    booked: str = ""
    price: str = ""
    deposit: str = ""
    group: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """What it came to."""

    quote: Quote
    explanation: Explanation


def example(state: State) -> Trial:
    """An appointment that begins in half a day, told at the last full hour."""
    told = state.clock.now() // HOUR * HOUR
    start = state.clock.to_wall(told + 12 * HOUR)
    return Trial(start=_written(start), told=_written(state.clock.to_wall(told)), price="100")


def _written(wall: datetime) -> str:
    return wall.isoformat(timespec="minutes")


def try_out(state: State, policy: Policy, trial: Trial) -> Tried:
    """Quote a client's ordinary cancellation. Raises InvalidInput with the fields' names after ``try_``."""
    reader = _Reader(state)
    start = reader.instant("start", trial.start)
    told = reader.instant("told", trial.told)
    booked = reader.instant("booked", trial.booked) if trial.booked else None
    price = reader.amount("price", trial.price) if trial.price.strip() else None
    deposit = reader.amount("deposit", trial.deposit) if trial.deposit.strip() else 0
    before = reader.count("before", trial.before)
    if reader.faults:
        raise InvalidInput(reader.faults)
    facts = Facts(
        currency=state.settings.currency,
        start=start,
        told=told,
        booked=booked,
        price=price,
        deposit=deposit,
        proven=True,
        calendar=state.calendar,
        group=trial.group.strip(),
        granted=before,
    )
    found = quote(facts, policy, None)
    return Tried(found, explain(found, policy))


class _Reader:
    """Reads the fields, and notes what is wrong with them; a wrong one is 0."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.faults: dict[str, list[str]] = {}

    def instant(self, name: str, text: str) -> int:
        try:
            wall = datetime.fromisoformat(text.strip())
        except ValueError:
            wall = datetime.combine(date.min, datetime.min.time())
        if wall.tzinfo is None and wall.year in _YEARS:
            return self._state.clock.to_us(wall)
        return self._wrong(name, fcx_("A day and a time."))

    def amount(self, name: str, text: str) -> int:
        try:
            minor = to_minor(plain_number(text), self._state.settings.currency)
        except ValueError:
            minor = -1
        return minor if 0 <= minor <= _MOST else self._wrong(name, fcx_("An amount of 0 or more, or nothing."))

    def count(self, name: str, text: str) -> int:
        plain = text.strip() or "0"
        if plain.isascii() and plain.isdigit() and len(plain) < 4:
            return int(plain)
        return self._wrong(name, fcx_("A whole number, or nothing."))

    def _wrong(self, name: str, sentence: str) -> int:
        self.faults[f"try_{name}"] = [sentence]
        return 0
