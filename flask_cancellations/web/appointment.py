"""The history of one appointment: everything recorded about it, in sentences."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from flask_cancellations.errors import NotFound
from flask_cancellations.i18n import fcx_
from flask_cancellations.services import catalogue
from flask_cancellations.services.actor import visible
from flask_cancellations.services.appointments import of_record
from flask_cancellations.services.called import called
from flask_cancellations.services.history import history, record_of
from flask_cancellations.state import current_state
from flask_cancellations.web.access import staff
from flask_cancellations.web.actions import actions_for
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.story import told
from flask_cancellations.web.way_back import came_from
from flask_cancellations.web.words import status_label


def appointment(key: str) -> Response:
    """What is recorded about an appointment, the latest first.

    ``key`` is what addresses call it. ``?cancellation=`` asks for an earlier appointment under the same key, which the
    host has deleted since.
    """
    state = current_state()
    actor = staff(state)
    cancellation_id = request.args.get("cancellation", type=int)
    if cancellation_id is None:
        found = called(state, key)
        cancellation_id = found.cancellation_id
        it = visible(state, actor, found.appointment)
    else:
        it = visible(state, actor, of_record(state, record_of(state, cancellation_id)))
        if it.public_id != key:
            raise NotFound(fcx_("There is no such cancellation."))
    reasons = catalogue.load(state).reasons
    entries = history(state, it.key, cancellation_id)
    events = [told(state, reasons, entry) for entry in reversed(entries)]
    ids = [entry.after["cancellation"] for entry in entries if entry.action == "appointment.cancelled"]
    back = came_from()
    return page(
        "appointment.html",
        title=fcx_("History: %(client)s", client=it.client.name if it.client else fcx_("no client")),
        actor=actor,
        it=it,
        status_text=status_label(it.status),
        events=events,
        cancel_url=next((a.url for a in actions_for(state, actor, it) if a.name == "cancel"), ""),
        cancellation_url=address("cancellation", cancellation_id=ids[-1], back=back or None) if ids else "",
        back=back,
        day_url=address("day", date=it.start.date().isoformat()),
    )
