"""What cancelling would cost from now until the start: "free until Tue 10:30, then 30,00 EUR"."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask_cancellations.rules.policy import Policy
from flask_cancellations.rules.quote import Facts, Quote, quote


@dataclass(frozen=True, slots=True)
class Stage:
    """Up to and at the instant ``until`` (microseconds UTC) cancelling comes to this ``quote``."""

    until: int
    quote: Quote


def stages(facts: Facts, policy: Policy | None) -> tuple[Stage, ...]:
    """The stages from ``facts.told`` until the start of the appointment, the earliest first; neighbours differ.

    Empty once the appointment has begun. The quotes stand for a client's ordinary reason.
    """
    ends = {facts.start}
    if policy is not None:
        ends.update(band.deadline(facts.start, facts.calendar) for band in policy.bands)
        if facts.booked is not None:
            ends.add(facts.booked + policy.grace)
    found: list[Stage] = []
    for end in sorted(end for end in ends if facts.told <= end <= facts.start):
        stage = Stage(end, quote(replace(facts, told=end), policy, None))
        if found and found[-1].quote.fingerprint() == stage.quote.fingerprint():
            found.pop()
        found.append(stage)
    return tuple(found)
