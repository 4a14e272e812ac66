"""What becomes of a freed time."""

from __future__ import annotations

from typing import Literal

# "pending": the host has not cancelled the appointment yet, so nobody may have its time.
SlotState = Literal["held", "released", "closed", "taken", "lapsed", "pending"]


def freed_state(*, frees: bool, start: int, now: int, hold: int | None) -> tuple[SlotState, int | None]:
    """The state of the slot that a cancellation leaves, and until when it is held (microseconds UTC).

    ``frees`` is what the reason says, ``hold`` the hold time in microseconds, or None without a waitlist. A hold ends
    at the start of the appointment at the latest; a time that has begun lapses.
    """
    if not frees:
        return "closed", None
    if start <= now:
        return "lapsed", None
    if hold is None:
        return "released", None
    return "held", min(now + hold, start)


def effective_state(state: SlotState, held_until: int | None, now: int) -> SlotState:
    """The state that counts at ``now``: every hold ends by itself, without a job."""
    if state == "held" and held_until is not None and held_until <= now:
        return "released"
    return state
