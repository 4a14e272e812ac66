"""A believable fortnight around the demo's day: the same one each time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import ColumnElement, select

from flask_cancellations import Actor, CancelCommand
from flask_cancellations.schema import upgrade

from . import seed_names as names
from .demo_clock import START
from .extensions import cancellations, db
from .models import Account, Patient, Therapist, Treatment, Visit
from .opening import CLOSES, OPENS, RASTER, opening

FIRST_DAY = date(2026, 11, 25)
LAST_DAY = date(2026, 12, 11)
PATIENTS = 120
FULL = 0.85
SEEDER = Actor("job", "seed", "Demo data", "cli", rights=frozenset({"cancel", "silent"}))
PASSWORD = "linden-demo"  # of the demo's accounts; the login page shows it


@click.command("seed")
@with_appcontext
def seed_command() -> None:
    """Create the clinic's tables and fill an empty database with the demo's fortnight."""
    db.create_all()
    upgrade(db.engine)  # the triggers of flask_cancellations, which metadata cannot carry
    if db.session.scalar(select(Account.id).limit(1)) is not None:
        click.echo("The clinic has data; nothing was changed.")
        return
    visits = fill()
    db.session.commit()
    with cancellations.transaction():
        cancel_some()
    click.echo(f"{visits} visits, {PATIENTS} patients.")


def fill() -> int:
    """Add the demo's data to the session; the number of visits."""
    random = Random(20261202)
    therapists = [Therapist(full_name=name, colour=colour) for name, colour in names.THERAPISTS]
    treatments = [
        Treatment(name=name, minutes=minutes, price=Decimal(price)) for name, minutes, price, _ in names.TREATMENTS
    ]
    patients = list(_patients(random))
    db.session.add_all([*therapists, *treatments, *patients])
    db.session.flush()
    db.session.add_all(_accounts(therapists))
    visits = list(_visits(random, therapists, treatments, patients))
    db.session.add_all(visits)
    db.session.flush()
    return len(visits)


def cancel_some() -> None:
    """Cancel two visits, so that one patient has credit (once the worker has run) and one owes a fee."""
    credited = _open_visit(LAST_DAY, Visit.deposit_paid > 0)
    owing = _open_visit(START.date() + timedelta(days=1), Visit.deposit_paid == 0, Treatment.name == "Manual therapy")
    for visit in (credited, owing):
        cancellations.cancel(
            CancelCommand(
                appointment_key=str(visit.id),
                reason="work",
                fee="charge",
                rest="credit" if visit is credited else None,
                told_channel="phone",
                tell=False,
                silent_reason="Part of the demo's data",
            ),
            SEEDER,
        )


def _open_visit(day: date, *where: ColumnElement[bool]) -> Visit:
    """The first of a day."""
    midnight = datetime.combine(day, time())
    query = select(Visit).join(Visit.treatment).join(Visit.patient)
    return db.session.scalars(
        query.where(Visit.begins_at.between(midnight, midnight + timedelta(days=1)), Patient.email.is_not(None), *where)
        .order_by(Visit.begins_at, Visit.id)
        .limit(1)
    ).one()


def _accounts(therapists: list[Therapist]) -> Iterator[Account]:
    people: list[tuple[str, str, str, Therapist | None]] = [
        ("reception@linden.example", "Ana Petkova", "reception", None),
        ("manager@linden.example", "Victor Stoyanov", "manager", None),
    ]
    people += [
        (f"{therapist.full_name.split()[0].lower()}@linden.example", therapist.full_name, "therapist", therapist)
        for therapist in therapists
    ]
    for email, name, role, therapist in people:
        account = Account(email=email, full_name=name, role=role, therapist=therapist)
        account.set_password(PASSWORD)
        yield account


def _patients(random: Random) -> Iterator[Patient]:
    for number in range(1, PATIENTS + 1):
        is_bulgarian = random.random() < 0.65
        first, last, address = _bulgarian(random) if is_bulgarian else _english(random)
        yield Patient(
            first_name=first,
            last_name=last,
            # A few have given only one way to reach them.
            email=None if number % 31 == 0 else f"{address}.{number}@example.{random.choice(('com', 'net'))}",
            mobile=None if number % 29 == 0 else f"+359 88 000 {number:04d}",
            language="bg" if is_bulgarian else "en",
        )


def _bulgarian(random: Random) -> tuple[str, str, str]:
    is_woman = random.random() < 0.55
    first, first_latin = random.choice(names.BULGARIAN_WOMEN if is_woman else names.BULGARIAN_MEN)
    last, last_latin = random.choice(names.BULGARIAN_LAST)
    if is_woman:
        last, last_latin = last + "а", last_latin + "a"
    return first, last, f"{first_latin}.{last_latin}"


def _english(random: Random) -> tuple[str, str, str]:
    first, last = random.choice(names.ENGLISH_FIRST), random.choice(names.ENGLISH_LAST)
    return first, last, f"{first}.{last}".lower()


def _visits(
    random: Random, therapists: list[Therapist], treatments: list[Treatment], patients: list[Patient]
) -> Iterator[Visit]:
    weights = [weight for *_, weight in names.TREATMENTS]
    room = {therapist.id: f"Room {index}" for index, therapist in enumerate(therapists, 1)}
    for day in _open_days():
        # Nobody comes twice on one day.
        today = random.sample(patients, len(patients))
        for therapist in therapists:
            for start, treatment in _day_plan(random, day, treatments, weights):
                yield Visit(
                    begins_at=start,
                    treatment=treatment,
                    patient=today.pop(),
                    therapist=therapist,
                    room=room[therapist.id],
                    state=_state(random, start, treatment),
                    deposit_paid=_deposit(random, treatment),
                    created_at=_booked_at(random, start),
                )


def _open_days() -> Iterator[date]:
    day = FIRST_DAY
    while day <= LAST_DAY:
        if opening(day):
            yield day
        day += timedelta(days=1)


def _day_plan(
    random: Random, day: date, treatments: list[Treatment], weights: list[int]
) -> list[tuple[datetime, Treatment]]:
    """A day of treatments, one after the other, with the free minutes as a few breaks between them."""
    open_minutes = (CLOSES.hour - OPENS.hour) * 60
    wanted = FULL * open_minutes + random.randrange(-30, 31)
    chosen: list[Treatment] = []
    while sum(treatment.minutes for treatment in chosen) < wanted - 15:
        fitting = [one for one in treatments if sum(t.minutes for t in chosen) + one.minutes <= open_minutes]
        chosen.append(random.choices(fitting, [weights[treatments.index(one)] for one in fitting])[0])
    breaks = [0] * (len(chosen) + 1)
    free = open_minutes - sum(treatment.minutes for treatment in chosen)
    quarters_left = free // 15
    while quarters_left:
        quarters = min(quarters_left, random.choice((1, 2, 3, 3)))
        breaks[random.randrange(len(breaks))] += quarters
        quarters_left -= quarters
    start = datetime.combine(day, OPENS)
    plan = []
    for treatment, quarters in zip(chosen, breaks, strict=False):
        start += RASTER * quarters
        plan.append((start, treatment))
        start += timedelta(minutes=treatment.minutes)
    return plan


def _state(random: Random, start: datetime, treatment: Treatment) -> str:
    if start + timedelta(minutes=treatment.minutes) <= START:
        return random.choices(("done", "missed"), (94, 6))[0]
    return random.choices(("booked", "confirmed"), (40, 60))[0]


def _deposit(random: Random, treatment: Treatment) -> Decimal:
    if random.random() >= 0.4:
        return Decimal(0)
    return random.choice((Decimal("20.00"), Decimal("40.00"), treatment.price))


def _booked_at(random: Random, start: datetime) -> datetime:
    """Some days before the visit, in opening hours, and before the demo begins; UTC without zone."""
    latest = min(start, START) - timedelta(days=1)
    local = (latest - timedelta(days=random.randrange(1, 28))).replace(
        hour=random.randrange(OPENS.hour, CLOSES.hour), minute=random.randrange(60)
    )
    zone = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
    return local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
