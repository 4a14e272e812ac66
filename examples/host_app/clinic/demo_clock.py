"""The clinic's clock. In the demo it can be moved; outside the demo it is the real time.

The demo's day is the same whenever somebody looks: the clock starts at 10:05 on Wednesday 2 December 2026, ticks at
real speed, and stands still while the demo is not served. Only its offset from the real time is stored, in one
database row that web and worker read.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, current_app, redirect, request
from werkzeug.wrappers import Response

from . import demo_store
from .links import way_back

START = datetime(2026, 12, 2, 10, 5)
STEPS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1)}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)

blueprint = Blueprint("demo_clock", __name__)


def zone() -> ZoneInfo:
    return ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])


def now() -> datetime:
    """The clinic's time, aware, in the clinic's zone."""
    offset = _offset() if current_app.config["DEMO_CLOCK"] else timedelta(0)
    return (datetime.now(UTC) + offset).astimezone(zone())


def local_now() -> datetime:
    """The clinic's wall clock, without zone: what ``Visit.begins_at`` is written in."""
    return now().replace(tzinfo=None)


def utc_now() -> datetime:
    """UTC without zone: what ``Visit.created_at`` is written in."""
    return now().astimezone(UTC).replace(tzinfo=None)


def set_to(moment: datetime) -> None:
    """Set the demo clock to an aware moment."""
    with demo_store.connect() as connection:
        connection.execute(
            "INSERT INTO clock (id, offset_us) VALUES (1, :offset)"
            " ON CONFLICT (id) DO UPDATE SET offset_us = :offset, seen_us = NULL",
            {"offset": (moment - datetime.now(UTC)) // _TICK},
        )


def move(step: timedelta) -> None:
    """Move the demo clock on."""
    _offset()  # makes sure that the row exists
    with demo_store.connect() as connection:
        connection.execute("UPDATE clock SET offset_us = offset_us + ?", (step // _TICK,))


def note_time() -> None:
    """Remember the present demo time, from which ``resume`` goes on."""
    seen = (now() - _EPOCH) // _TICK
    with demo_store.connect() as connection:
        connection.execute("UPDATE clock SET seen_us = ?", (seen,))


def resume() -> None:
    """Go on from the last noted time: the clock stood still while nobody served the demo."""
    with demo_store.connect() as connection:
        row = connection.execute("SELECT seen_us FROM clock WHERE seen_us IS NOT NULL").fetchone()
    if row:
        set_to(_EPOCH + timedelta(microseconds=row["seen_us"]))


def _offset() -> timedelta:
    with demo_store.connect() as connection:
        row = connection.execute("SELECT offset_us FROM clock").fetchone()
    if row is None:
        set_to(START.replace(tzinfo=zone()))
        return _offset()
    return timedelta(microseconds=row["offset_us"])


@blueprint.post("/demo-clock")
def turn() -> Response:
    step = request.form.get("step", "")
    if step == "reset":
        set_to(START.replace(tzinfo=zone()))
    elif step in STEPS:
        move(STEPS[step])
    else:
        abort(400)
    return redirect(way_back(), 303)
