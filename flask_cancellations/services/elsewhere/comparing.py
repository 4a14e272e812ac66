"""Compare what was watched with what the host has now. Nothing is read or written here.

What is found is a suspicion only: each is looked at again, with our claim won, before anything is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask_cancellations.host.glance import Glance
from flask_cancellations.host.values import Appointment
from flask_cancellations.models.watch import HIDDEN
from flask_cancellations.services.elsewhere.watching import InForce, Seen

# A pass that finds more changes than this, and more than this share of what is known, is not believed.
BELIEVED = 10
BELIEVED_SHARE = 0.25
MISSING_PASSES = 2  # a row that is gone for so many passes running is gone


@dataclass(slots=True)
class Differences:
    """``new`` came into sight; ``changed`` are open and not as they were, ``moved`` of them at another time;
    ``open_again`` are the keys of open ones that a cancellation of ours is in force for. ``ended`` are cancelled or
    missed by the host's status, ``gone`` not there, ``back`` there again. ``over`` need not be watched any more.
    ``known`` counts our cancellations with what is ``watched``.
    """

    watched: int = 0
    known: int = 0
    new: list[Glance] = field(default_factory=list)
    changed: list[Seen] = field(default_factory=list)
    moved: int = 0
    open_again: list[str] = field(default_factory=list)
    ended: list[Seen] = field(default_factory=list)
    gone: list[Seen] = field(default_factory=list)
    back: list[Seen] = field(default_factory=list)
    over: list[Seen] = field(default_factory=list)
    expected: int = 0

    @property
    def surprises(self) -> int:
        """How many appointments were changed past us, if all of this is true."""
        return len(self.ended) + len(self.gone) + self.moved + len(self.open_again) - self.expected

    @property
    def believable(self) -> bool:
        """False where so much changed at once that the host's table is rather not what it was: filtered, swapped,
        brought back from a backup."""
        return self.surprises <= max(BELIEVED, self.known * BELIEVED_SHARE)


def to_look_up(watched: Mapping[str, Seen], glances: Mapping[str, Glance], first_us: int) -> list[str]:
    """The keys that were open and are not among the open ones now, of appointments from ``first_us`` on."""
    return [
        key
        for key, seen in watched.items()
        if key not in glances and seen.state != HIDDEN and seen.start_us >= first_us
    ]


def compare(
    watched: Mapping[str, Seen],
    glances: Mapping[str, Glance],
    looked_up: Mapping[str, Appointment | None],
    in_force: Mapping[str, InForce],
    *,
    first_us: int,
    now: int,
    keeps_no_status: bool,
) -> Differences:
    """What differs. ``first_us`` is the start of the time that was looked at, both in microseconds UTC.

    ``keeps_no_status`` says that an open row which we have cancelled is nothing to wonder about.
    """
    count = sum(seen.state != HIDDEN for seen in watched.values())
    found = Differences(watched=count, known=count + len(in_force))
    for key, glance in glances.items():
        _open_one(found, watched.get(key), glance, in_force.get(key), keeps_no_status=keeps_no_status)
    for key, seen in watched.items():
        if key not in glances:
            _other_one(found, seen, looked_up, in_force, first_us, now)
    return found


def _open_one(
    found: Differences, seen: Seen | None, glance: Glance, ours: InForce | None, *, keeps_no_status: bool
) -> None:
    same = seen is not None and (seen.start_us, seen.mark) == (glance.start_us, glance.mark)
    if ours is not None:
        if seen is None or seen.state != HIDDEN or not same:
            found.open_again.append(glance.key)
            found.expected += keeps_no_status
    elif seen is None:
        found.new.append(glance)
    elif not same or seen.state == HIDDEN:
        found.changed.append(seen)
        found.moved += seen.start_us != glance.start_us
    elif seen.missing:
        found.back.append(seen)


def _other_one(
    found: Differences,
    seen: Seen,
    looked_up: Mapping[str, Appointment | None],
    in_force: Mapping[str, InForce],
    first_us: int,
    now: int,
) -> None:
    if seen.start_us < first_us or seen.state == HIDDEN or seen.key in in_force:
        found.over.append(seen)
    elif seen.key not in looked_up:
        # Rows of the past are tidied away; that cancels nothing.
        (found.gone if seen.start_us > now else found.over).append(seen)
    else:
        one = looked_up[seen.key]
        if one is None or one.status == "unknown":  # neither open nor over: it may become either
            if seen.missing:
                found.back.append(seen)
        elif one.status == "fulfilled":
            found.over.append(seen)
        elif one.status == "booked":  # moved out of sight, or opened again since the others were read
            if seen.start_us != one.start_us:
                found.changed.append(seen)
                found.moved += 1
            elif seen.missing:
                found.back.append(seen)
        else:
            found.ended.append(seen)
