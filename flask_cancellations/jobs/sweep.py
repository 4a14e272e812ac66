"""The sweep: find what was cancelled, restored, moved or deleted in the host's own pages, past us.

A pass reads the open future as plain columns and compares it with what the last one saw. It costs that one indexed
query and the rows that changed, however many appointments are on file. All reading is done before anything is written:
a query that fails ends the pass, and counts for nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import TypeVar

from flask_cancellations.clock import DAY
from flask_cancellations.host.glance import Glance, open_ones, whole_ones
from flask_cancellations.host.values import Appointment
from flask_cancellations.services.elsewhere import findings, passes, watching
from flask_cancellations.services.elsewhere.comparing import MISSING_PASSES, Differences, compare, to_look_up
from flask_cancellations.services.elsewhere.watching import Seen
from flask_cancellations.services.transaction import run
from flask_cancellations.state import State

BACK = 2 * DAY  # whoever did not come is marked after the start
AHEAD = 366 * DAY
BATCH = 200

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class Swept:
    """What one pass did: ``found`` counts by ``cancelled``, ``noshow``, ``gone``, ``moved`` and ``restored``.

    ``held_back`` is how many changes of ``known`` appointments were not believed: then nothing was recorded.
    ``errors`` counts what broke off and is looked at again by the next pass.
    """

    baseline: bool = False
    watched: int = 0
    found: Counter[str] = field(default_factory=Counter)
    held_back: int = 0
    known: int = 0
    errors: int = 0

    @property
    def text(self) -> str:
        """One line for the terminal."""
        if self.baseline:
            return f"First pass: {self.watched} appointments are watched from now on."
        words = {
            "cancelled": "cancelled",
            "noshow": "marked as missed",
            "gone": "deleted",
            "restored": "restored",
            "moved": "moved",
        }
        found = ", ".join(f"{self.found[code]} {word}" for code, word in words.items() if self.found[code])
        return f"{self.watched} appointments watched; by other pages: {found or 'nothing'}."


@dataclass(slots=True)
class _Picture:
    """What was read at the beginning of a pass."""

    watched: dict[str, Seen]
    glances: dict[str, Glance]
    looked_up: dict[str, Appointment | None]
    in_force: dict[str, watching.InForce]


def sweep(state: State, stop: threading.Event, *, every: int = 0, believe_all: bool = False) -> Swept | None:
    """Do one pass over the current scope, unless another worker is at it or it is not due.

    ``every`` (microseconds) is the least time between the beginnings of two passes. With ``believe_all`` no change is
    held back for being one of too many. What is interrupted is done by the next pass, once.
    """
    current = run(state, lambda: passes.begin(state, every))
    if current is None:
        return None
    try:
        swept, whole = _Pass(state, stop, current).do(believe_all=believe_all)
    except BaseException:
        state.store.session.rollback()
        run(state, lambda: passes.give_back(state, current))
        raise
    run(state, lambda: passes.finish(state, current, swept.held_back) if whole else passes.give_back(state, current))
    return swept


class _Pass:
    def __init__(self, state: State, stop: threading.Event, current: passes.Pass) -> None:
        self._state = state
        self._stop = stop
        self._current = current
        self._swept = Swept(baseline=current.baseline)
        self._now = self._held_us = state.clock.now()
        self._first_us = self._now - BACK

    def do(self, *, believe_all: bool) -> tuple[Swept, bool]:
        """What was done, and whether everything was."""
        swept, picture = self._swept, run(self._state, self._look)
        found = compare(
            picture.watched,
            picture.glances,
            picture.looked_up,
            picture.in_force,
            first_us=self._first_us,
            now=self._now,
            keeps_no_status=self._state.host.has_no_status,
        )
        swept.watched = found.watched
        if swept.baseline:
            swept.watched += len(found.new)
            return swept, self._begin_to_watch(found.new, late={})
        if not (found.believable or believe_all):
            swept.held_back, swept.known = found.surprises, found.known
            logger.error(
                "scope %s: %s of %s appointments changed past us at once, which is not believed. Is the table "
                "filtered, swapped or brought back from a backup? If it is true, run `flask cancellations sweep "
                "--accept`; to start over from what is there now, --baseline.",
                self._state.scope,
                found.surprises,
                found.known,
            )
            return swept, True
        return swept, self._carry_out(found, picture)

    def _look(self) -> _Picture:
        """Our side first: what is cancelled through us meanwhile is then missing from the host's, and looked up."""
        state, session = self._state, self._state.store.session
        ours, known = watching.in_force(state, self._first_us), watching.watched(state)
        first = state.clock.to_wall(self._first_us)
        before = first + timedelta(microseconds=BACK + AHEAD)
        glances = {one.key: one for one in open_ones(state.host, session, state.clock, first, before)}
        missing = [] if self._current.baseline else to_look_up(known, glances, self._first_us)
        return _Picture(known, glances, whole_ones(state.host, session, missing), ours)

    def _carry_out(self, found: Differences, picture: _Picture) -> bool:
        """Whether all of it was done."""
        state = self._state
        gone = [seen for seen in found.gone if seen.missing + 1 >= MISSING_PASSES]
        waiting = [seen for seen in found.gone if seen.missing + 1 < MISSING_PASSES]
        changed: dict[str, Seen] = {}  # in more than words
        again = {key: picture.in_force[key] for key in found.open_again}

        def mark(key: str, before: str = "") -> str:
            return picture.glances[key].mark if key in picture.glances else before

        return (
            self._in_batches(found.over, partial(watching.forget, state))
            and self._in_batches(found.back, partial(watching.count_missing, state, found=True))
            and self._in_batches(waiting, partial(watching.count_missing, state))
            and self._begin_to_watch(found.new, again)
            and self._in_batches(found.changed, partial(self._look_again, mark, changed))
            and self._each((seen.key, partial(findings.ended, state, seen)) for seen in (*found.ended, *gone))
            and self._each(
                (key, partial(findings.changed, state, seen, mark(key, seen.mark))) for key, seen in changed.items()
            )
            and self._each(
                (key, partial(findings.open_again, state, key, ours.id, picture.watched.get(key), mark(key)))
                for key, ours in again.items()
            )
        )

    def _begin_to_watch(self, new: Sequence[Glance], late: dict[str, watching.InForce]) -> bool:
        """Watch what came into sight; those whose claim still says cancelled are not simply new and go to ``late``."""
        state = self._state

        def begin(some: Sequence[Glance]) -> None:
            marks = {glance.key: glance.mark for glance in some}
            ours = watching.in_force_for(state, list(marks))
            whole = whole_ones(state.host, state.store.session, marks)
            booked = [one for one in whole.values() if one is not None and one.status == "booked"]
            watching.watch(state, [(one, marks[one.key]) for one in booked if one.key not in ours])
            late.update(ours)

        return self._in_batches(new, begin)

    def _look_again(self, mark: Callable[[str, str], str], changed: dict[str, Seen], some: Sequence[Seen]) -> None:
        """Remember what changed in words only, such as another client's name; the others go to ``changed``."""
        state = self._state
        whole = whole_ones(state.host, state.store.session, [seen.key for seen in some])
        for seen in some:
            one = whole.get(seen.key)
            if one is None or one.status != "booked":
                continue  # it changed again just now; the next pass tells
            if one.start_us == seen.start_us and watching.same_life(state, seen, one):
                watching.look_again(state, seen, one, mark(seen.key, seen.mark))
            else:
                changed[seen.key] = seen

    def _in_batches(self, what: Sequence[T], do: Callable[[list[T]], object]) -> bool:
        """Do something to all of these, some at a time; whether it came to the end."""
        left = iter(what)
        while some := list(islice(left, BATCH)):
            if not self._goes_on():
                return False
            run(self._state, partial(do, some))
        return True

    def _each(self, works: Iterable[tuple[str, Callable[[], findings.Found | None]]]) -> bool:
        """Do each of these in a transaction of its own; whether it came to the end."""
        for key, work in works:
            if not self._goes_on():
                return False
            try:
                found = run(self._state, work)
            except findings.ChangedItsMind:
                continue  # the next pass looks again
            except Exception:
                # One appointment's trouble must not keep back what was done to all others.
                self._swept.errors += 1
                logger.exception("appointment %s broke off and is looked at again", key)
            else:
                if found is not None:
                    self._swept.found[found] += 1
        return True

    def _goes_on(self) -> bool:
        """Whether this worker is still to go on; in a long pass the lease is renewed in time."""
        state, now = self._state, self._state.clock.now()
        if self._stop.is_set():
            return False
        if now - self._held_us > passes.LEASE // 2:
            self._held_us = now
            return run(state, lambda: passes.still_ours(state, self._current))
        return True
