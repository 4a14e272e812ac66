"""The day diary: a column per therapist, each visit at its time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from flask import Blueprint, abort, render_template, request
from flask_login import login_required
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from .demo_clock import local_now
from .extensions import db
from .models import Therapist, Visit
from .opening import CLOSES, OPENS, next_open_day, opening

blueprint = Blueprint("diary", __name__)


@dataclass
class Card:
    """One visit in its column. Visits at the same time (one of them cancelled) stand side by side in lanes."""

    visit: Visit
    from_minute: int
    lane: int
    lanes: int = 1


@dataclass
class Column:
    therapist: Therapist
    cards: list[Card] = field(default_factory=list)


@blueprint.get("/diary")
@login_required
def day() -> str:
    now = local_now()
    shown = _asked_day(now)
    columns = _columns(shown)
    visits = [card.visit for column in columns for card in column.cards]
    return render_template(
        "diary.html",
        day=shown,
        today=now.date(),
        previous_day=_step(shown, -1),
        next_day=_step(shown, 1),
        columns=columns,
        count={state: sum(visit.state == state for visit in visits) for state in ("cancelled", "missed", "done")},
        planned=sum(visit.is_open for visit in visits),
        hours=range(OPENS.hour, CLOSES.hour),
        day_minutes=_minutes(CLOSES),
        now_minute=_minutes(now.time()) if shown == now.date() and OPENS <= now.time() < CLOSES else None,
        is_closed=opening(shown) is None,
    )


def _asked_day(now: datetime) -> date:
    text = request.args.get("day")
    if not text:
        return next_open_day(now.date())
    try:
        return date.fromisoformat(text)
    except ValueError:
        abort(404)


def _step(day: date, direction: int) -> date:
    """The previous or next day on which the clinic is open."""
    day += timedelta(days=direction)
    while opening(day) is None:
        day += timedelta(days=direction)
    return day


def _columns(day: date) -> list[Column]:
    columns = {
        therapist.id: Column(therapist) for therapist in db.session.scalars(select(Therapist).order_by(Therapist.id))
    }
    midnight = datetime.combine(day, time())
    visits = db.session.scalars(
        select(Visit)
        .where(Visit.begins_at >= midnight, Visit.begins_at < midnight + timedelta(days=1))
        .options(joinedload(Visit.patient), joinedload(Visit.treatment))
        .order_by(Visit.begins_at, Visit.id)
    )
    by_therapist: dict[int, list[Visit]] = {}
    for visit in visits:
        by_therapist.setdefault(visit.therapist_id, []).append(visit)
    for therapist_id, its_visits in by_therapist.items():
        columns[therapist_id].cards = lay_out(its_visits)
    return list(columns.values())


def lay_out(visits: Sequence[Visit]) -> list[Card]:
    """Give each visit of one column (in the order of their starts) a lane; those that overlap share the width."""
    cards: list[Card] = []
    for group in _overlapping_groups(visits):
        lane_ends: list[datetime] = []
        cards_of_group: list[Card] = []
        for visit in group:
            lane = next((i for i, end in enumerate(lane_ends) if end <= visit.begins_at), len(lane_ends))
            lane_ends[lane : lane + 1] = [visit.ends_at]
            cards_of_group.append(Card(visit, _minutes(visit.begins_at.time()), lane))
        for card in cards_of_group:
            card.lanes = len(lane_ends)
        cards += cards_of_group
    return cards


def _overlapping_groups(visits: Iterable[Visit]) -> list[list[Visit]]:
    groups: list[list[Visit]] = []
    latest_end = datetime.min
    for visit in visits:
        if visit.begins_at >= latest_end:
            groups.append([])
        groups[-1].append(visit)
        latest_end = max(latest_end, visit.ends_at)
    return groups


def _minutes(at: time) -> int:
    return (at.hour - OPENS.hour) * 60 + at.minute
