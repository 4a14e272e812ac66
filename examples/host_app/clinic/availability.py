"""Which times of which therapist can be booked online."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from .demo_clock import local_now
from .extensions import cancellations, db
from .models import OPEN_STATES, Therapist, Treatment, Visit
from .opening import Span, free_starts, opening


@dataclass(frozen=True)
class FreeTime:
    """A time that a patient may choose."""

    start: datetime
    therapist: Therapist

    @property
    def part(self) -> str:
        return "morning" if self.start.hour < 12 else "afternoon"

    @property
    def value(self) -> str:
        """What the form sends back: ``2026-12-03T10:15/2``."""
        return f"{self.start:%Y-%m-%dT%H:%M}/{self.therapist.id}"


def free_times(day: date, treatment: Treatment, therapists: Sequence[Therapist]) -> list[FreeTime]:
    """The free times of ``day``, earliest first; at each time the least busy of the therapists who are free."""
    now = local_now()
    busy = {therapist.id: busy_spans(day, therapist.id) for therapist in therapists}
    chosen: dict[datetime, FreeTime] = {}
    for therapist in sorted(therapists, key=lambda one: len(busy[one.id])):
        for start in free_starts(day, treatment.minutes, busy[therapist.id], now):
            chosen.setdefault(start, FreeTime(start, therapist))
    return [chosen[start] for start in sorted(chosen)]


def busy_spans(day: date, therapist_id: int) -> list[Span]:
    """The times of one therapist's day that cannot be booked: open visits, and freed times not open to all (yet)."""
    hours = opening(day)
    if hours is None:
        return []
    blocked = [(time.start, time.end) for time in cancellations.slots.blocked(*hours, therapist_id)]
    return open_visits(day, therapist_id) + blocked


def open_visits(day: date, therapist_id: int) -> list[Span]:
    midnight = datetime.combine(day, time())
    visits = db.session.scalars(
        select(Visit)
        .where(
            Visit.therapist_id == therapist_id,
            Visit.state.in_(OPEN_STATES),
            Visit.begins_at >= midnight,
            Visit.begins_at < midnight + timedelta(days=1),
        )
        .options(joinedload(Visit.treatment))
    )
    return [(visit.begins_at, visit.ends_at) for visit in visits]
