"""The appointments of a day, as one actor may see them, with the reasons of those that were cancelled."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Cancellation
from flask_cancellations.services import catalogue
from flask_cancellations.services.actor import Actor, may
from flask_cancellations.state import State


@dataclass(frozen=True, slots=True)
class Line:
    """One appointment. ``reason`` is the label of its cancellation's reason, empty if there is none of ours."""

    appointment: Appointment
    reason: str = ""
    cancellation_id: int | None = None


def day_list(
    state: State,
    actor: Actor,
    first: date,
    last: date,
    *,
    staff_key: str | None = None,
    name: str = "",
) -> list[Line]:
    """The appointments from ``first`` to ``last`` that the actor may cancel or read about, in order.

    ``staff_key`` keeps one therapist's, ``name`` those of clients whose name has all its words in it. The number of
    statements does not depend on the number of appointments.
    """
    if sees_own_only(actor):
        if actor.staff_key is None or staff_key not in (None, actor.staff_key):
            return []
        staff_key = actor.staff_key
    start = datetime.combine(first, time.min)
    end = datetime.combine(last, time.min) + timedelta(days=1)
    words = plain(name).split()
    found = [
        appointment
        for appointment in state.host.between(state.store.session, start, end, staff_key=staff_key)
        if _has(appointment, words) and may(state, actor, "cancel", appointment)
    ]
    return _with_reasons(state, found, first, last)


def sees_own_only(actor: Actor) -> bool:
    """Whether the actor's role is limited to the appointments of the own staff record."""
    return "cancel:own" in actor.rights and "cancel" not in actor.rights


def plain(text: str) -> str:
    """A text without capitals and accents, for comparing names as people type them."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _has(appointment: Appointment, words: Sequence[str]) -> bool:
    if not words:
        return True
    name = plain(appointment.client.name) if appointment.client else ""
    return all(word in name for word in words)


def _with_reasons(state: State, appointments: Sequence[Appointment], first: date, last: date) -> list[Line]:
    if all(appointment.status != "cancelled" for appointment in appointments):
        return [Line(appointment) for appointment in appointments]
    rows = state.store.execute(
        select(Cancellation.appointment_key, Cancellation.id, Cancellation.reason_code)
        .where(Cancellation.scope == state.scope, Cancellation.local_day.between(first, last))
        .order_by(Cancellation.id)
    )
    latest = {row.appointment_key: row for row in rows}
    reasons = catalogue.load(state).reasons
    lines = []
    for appointment in appointments:
        row = latest.get(appointment.key) if appointment.status == "cancelled" else None
        if row is None:
            lines.append(Line(appointment))
            continue
        reason = reasons.get(row.reason_code)
        lines.append(
            Line(appointment, reason.label if reason else row.reason_code or fcx_("No reason told yet"), row.id)
        )
    return lines
