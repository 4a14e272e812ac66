"""Taking a free time: the one transaction of the online booking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from flask_cancellations import SlotTaken

from .confirmation import confirmation, send
from .demo_clock import utc_now
from .extensions import cancellations, db
from .models import Patient, Visit


class TimeTaken(Exception):
    """Somebody else has this time."""


@dataclass(frozen=True)
class Order:
    """What a patient asks for; ``start`` is the clinic's wall clock."""

    start: datetime
    therapist_id: int
    treatment_id: int
    minutes: int
    first_name: str
    last_name: str
    email: str
    mobile: str
    language: str
    ip: str

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)


def take_time(order: Order) -> int:
    """Book, commit, and send the confirmation; the visit's id.

    :raises TimeTaken: the time went to somebody else; nothing was written.
    """
    db.session.rollback()  # what the page has read so far is old; the booking decides on what is true now
    try:
        visit = _book(order)
        letter = confirmation(visit)
        db.session.commit()
    except SlotTaken as taken:
        db.session.rollback()
        raise TimeTaken from taken
    except (IntegrityError, OperationalError) as lost:
        # Two bookings met in the database, and it turned this one away.
        db.session.rollback()
        current_app.logger.warning("online booking refused by the database", exc_info=True)
        raise TimeTaken from lost
    send(letter)
    return visit.id


def _book(order: Order) -> Visit:
    # First of all, and before the visit is added: from here on, other bookings of this therapist's day wait.
    cancellations.slots.claim(order.start, order.end, order.therapist_id)
    visit = Visit(
        begins_at=order.start,
        treatment_id=order.treatment_id,
        therapist_id=order.therapist_id,
        patient=_patient(order),
        state="booked",
        deposit_paid=Decimal(0),
        created_at=utc_now(),
    )
    db.session.add(visit)
    db.session.flush()
    cancellations.accept_policy(visit, channel="web", ip=order.ip)
    return visit


def _patient(order: Order) -> Patient:
    """The card of a patient whose name and address both match, or a new one: a stranger changes nobody's card."""
    known = db.session.scalar(
        select(Patient).filter_by(
            email=order.email, mobile=order.mobile, first_name=order.first_name, last_name=order.last_name
        )
    )
    return known or Patient(
        first_name=order.first_name,
        last_name=order.last_name,
        email=order.email,
        mobile=order.mobile,
        language=order.language,
    )
