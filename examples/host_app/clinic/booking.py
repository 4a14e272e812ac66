"""Online booking: a public page on which a patient takes a free time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from .availability import FreeTime, free_times
from .booking_forms import BookingForm
from .demo_clock import local_now
from .extensions import db
from .models import Patient, Therapist, Treatment, Visit
from .opening import is_bookable, next_open_day, opening
from .take_time import Order, TimeTaken, take_time

DAYS_SHOWN = 10
DAYS_AHEAD = 60

blueprint = Blueprint("booking", __name__)


@blueprint.get("/book")
def choose() -> str:
    """Choose treatment, therapist and day, and see the free times. Staff may book for a patient who is on file."""
    form = BookingForm(formdata=None, obj=_asked_patient())
    return _page(form, _asked_treatment(), _asked_therapist(), _asked_day(request.args.get("day")))


@blueprint.post("/book")
def book() -> Response | tuple[str, int]:
    form = BookingForm()
    treatment = db.session.get(Treatment, form.treatment.data or 0)
    slot = form.chosen_slot()
    is_valid = form.validate_on_submit()
    if is_valid and (treatment is None or slot is None or not _may_be_booked(slot, treatment)):
        form.slot.errors = [_("This time cannot be booked. Please choose one of the times shown.")]
        is_valid = False
    wanted_day = slot.start.date() if slot else _asked_day(request.form.get("day"))
    therapist = _therapist(request.form.get("therapist", ""))
    if not is_valid or treatment is None or slot is None:
        return _page(form, treatment, therapist, wanted_day), 422
    order = Order(
        start=slot.start,
        therapist_id=slot.therapist_id,
        treatment_id=treatment.id,
        minutes=treatment.minutes,
        first_name=form.text("first_name"),
        last_name=form.text("last_name"),
        email=form.text("email").lower(),
        mobile=form.international_mobile(),
        language=form.text("language"),
        ip=request.remote_addr or "",
    )
    try:
        session["booked_visit"] = take_time(order)
    except TimeTaken:
        form.slot.data = None
        treatment = db.session.get(Treatment, order.treatment_id)
        return _page(form, treatment, therapist, wanted_day, taken=order.start), 409
    return redirect(url_for("booking.thanks"), 303)


@blueprint.get("/book/thanks")
def thanks() -> str:
    """What was booked, shown to the browser that booked it."""
    visit = db.session.get(Visit, session.get("booked_visit", 0))
    if visit is None:
        abort(404)
    return render_template("thanks.html", visit=visit)


def _page(
    form: BookingForm,
    treatment: Treatment | None,
    therapist: Therapist | None,
    day: date,
    taken: datetime | None = None,
) -> str:
    therapists = list(db.session.scalars(select(Therapist).order_by(Therapist.id)))
    times: list[FreeTime] = []
    other_day: date | None = None
    if treatment:
        wanted = [therapist] if therapist else therapists
        times = free_times(day, treatment, wanted)
        other_day = None if times else _next_free_day(day, treatment, wanted)
        if other_day and form.is_submitted():
            # Without times the page has no fields either, and what was typed would be lost.
            day, other_day = other_day, None
            times = free_times(day, treatment, wanted)
        form.treatment.data = treatment.id
    return render_template(
        "book.html",
        form=form,
        treatments=list(db.session.scalars(select(Treatment).order_by(Treatment.id))),
        therapists=therapists,
        treatment=treatment,
        therapist=therapist,
        patient=_asked_patient(),
        day=day,
        days=_days_shown(day),
        last_day=local_now().date() + timedelta(days=DAYS_AHEAD),
        times=times,
        other_day=other_day,
        taken=taken,
    )


def _may_be_booked(slot: BookingForm.Slot, treatment: Treatment) -> bool:
    now = local_now()
    return (
        _therapist(str(slot.therapist_id)) is not None
        and slot.start.date() <= now.date() + timedelta(days=DAYS_AHEAD)
        and is_bookable(slot.start, treatment.minutes, now)
    )


def _next_free_day(day: date, treatment: Treatment, therapists: Sequence[Therapist]) -> date | None:
    last_day = local_now().date() + timedelta(days=DAYS_AHEAD)
    while day < last_day:
        day += timedelta(days=1)
        if free_times(day, treatment, therapists):
            return day
    return None


def _days_shown(day: date) -> list[date]:
    """The next open days, beginning today, or beginning with the asked day if that is later than those."""
    today = next_open_day(local_now().date())
    first = today if day < today + timedelta(days=14) else day
    days = (first + timedelta(days=ahead) for ahead in range(DAYS_SHOWN * 2))
    return [one for one in days if opening(one)][:DAYS_SHOWN]


def _asked_treatment() -> Treatment | None:
    asked = request.args.get("treatment", "")
    return db.session.get(Treatment, int(asked)) if asked.isdecimal() else None


def _asked_therapist() -> Therapist | None:
    return _therapist(request.args.get("therapist", ""))


def _asked_patient() -> Patient | None:
    """The patient whom staff book for; what is on file about somebody is nobody else's business."""
    asked = request.values.get("patient", "")
    return db.session.get(Patient, int(asked)) if asked.isdecimal() and current_user.is_authenticated else None


def _therapist(text: str) -> Therapist | None:
    return db.session.get(Therapist, int(text)) if text.isdecimal() else None


def _asked_day(text: str | None) -> date:
    """The asked day, or the next open day where none, a past one, one too far ahead or nonsense was asked for."""
    today = local_now().date()
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        day = today
    return day if today <= day <= today + timedelta(days=DAYS_AHEAD) and text else next_open_day(today)
