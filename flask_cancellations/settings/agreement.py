"""What keys must agree about with one another, once each is sound in itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask_cancellations.errors import Fault
from flask_cancellations.rules.calendar import WorkingDays
from flask_cancellations.rules.policy import Policy
from flask_cancellations.settings.place import nearest

PREFIX = "CANCELLATIONS_"


def disagreements(
    policies: Iterable[Policy],
    calendar: WorkingDays | None,
    waiver_limits: Mapping[str, int],
    roles: Mapping[str, tuple[str, ...]],
) -> list[Fault]:
    """A deadline by working days without a calendar; a limit for a role that there is not, or that may not waive."""
    faults = []
    by_clock = [band for p in policies for band in (*p.bands, *(p.moves.bands if p.moves else ())) if band.later_than]
    if by_clock and calendar is None:
        expected = f"the clinic's opening_days, by which '{by_clock[0].edge}' of a policy counts"
        faults.append(Fault(f"{PREFIX}CALENDAR", "nothing", expected))
    for role in waiver_limits:
        key = f"{PREFIX}WAIVER_LIMITS.{role}"
        if role not in roles:
            faults.append(Fault(key, "an unknown role", f"a role of {PREFIX}ROLES", nearest(role, roles)))
        elif not {"waive", "*"} & set(roles[role]):
            faults.append(Fault(key, "a limit for a role without the right 'waive'", f"that right in {PREFIX}ROLES"))
    return faults
