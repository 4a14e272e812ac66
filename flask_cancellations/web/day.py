"""The day list: what a host that changes none of its templates starts from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from flask import request
from werkzeug.wrappers import Response

from flask_cancellations.i18n import day_text, fcx_
from flask_cancellations.services import desk
from flask_cancellations.services.actor import may
from flask_cancellations.services.day import Line, day_list, sees_own_only
from flask_cancellations.services.elsewhere.review import count_open
from flask_cancellations.state import State, current_state
from flask_cancellations.web import money
from flask_cancellations.web.access import staff
from flask_cancellations.web.actions import actions_for
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.review import waiting_text
from flask_cancellations.web.words import status_label

SEARCH_DAYS = 28  # a name is looked for from the chosen day on, four weeks far
_YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the page was asked for; ``wrong`` holds the sentences for a date that is none."""

    day: date
    staff_key: str
    name: str
    wrong: tuple[str, ...] = ()


def day() -> Response:
    """The appointments of one day, or where a client's name is searched, of the four weeks from that day on."""
    state = current_state()
    actor = staff(state)
    therapists = [] if sees_own_only(actor) else state.host.staff_list(state.store.session)
    filters = _filters(state, {key for key, _ in therapists})
    last = filters.day + timedelta(days=SEARCH_DAYS - 1 if filters.name else 0)
    lines = day_list(state, actor, filters.day, last, staff_key=filters.staff_key or None, name=filters.name)

    def there(new_day: date) -> str:
        kept = {"staff": filters.staff_key, "name": filters.name}
        return address("day", date=new_day.isoformat(), **{key: value for key, value in kept.items() if value})

    today = state.clock.today()
    return page(
        "day.html",
        title=day_text(filters.day),
        actor=actor,
        status=422 if filters.wrong else 200,
        filters=filters,
        last=last,
        today=today,
        previous_url=there(filters.day - timedelta(days=1)),
        today_url=there(today),
        next_url=there(filters.day + timedelta(days=1)),
        plain_url=address("day", date=filters.day.isoformat()),
        form_url=address("day"),
        therapists=therapists,
        own_only=sees_own_only(actor),
        days=[(on, list(group)) for on, group in groupby(lines, key=_day_of)],
        count=len(lines),
        cancelled=sum(line.appointment.status == "cancelled" for line in lines),
        actions={line.appointment.key: actions_for(state, actor, line.appointment) for line in lines},
        status_label=status_label,
        review_text=waiting_text(count_open(state, actor)),
        review_url=address("review"),
        policies_url=address("policies") if may(state, actor, "policies") else "",
        reasons_url=address("reasons"),
        money_text=money.waiting_text(desk.count(state, actor)),
        money_url=address("money"),
    )


def _day_of(line: Line) -> date:
    return line.appointment.start.date()


def _filters(state: State, known_staff: set[str]) -> Filters:
    asked = request.args
    wrong: tuple[str, ...] = ()
    chosen = state.clock.today()
    if asked.get("date"):
        try:
            read = date.fromisoformat(asked["date"])
        except ValueError:
            read = date.min
        if read.year in _YEARS:
            chosen = read
        else:
            wrong = (fcx_("This is not a date. Today is shown instead."),)
    staff_key = asked.get("staff", "")
    return Filters(chosen, staff_key if staff_key in known_staff else "", asked.get("name", "").strip()[:100], wrong)
