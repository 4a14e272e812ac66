"""The history of one appointment: everything recorded about it, in sentences."""

from __future__ import annotations

from werkzeug.wrappers import Response

from flask_cancellations.i18n import fcx_
from flask_cancellations.services import catalogue
from flask_cancellations.services.actor import visible
from flask_cancellations.services.history import history, latest_cancellation_id
from flask_cancellations.state import current_state
from flask_cancellations.web.access import staff
from flask_cancellations.web.actions import actions_for
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.story import told
from flask_cancellations.web.way_back import came_from
from flask_cancellations.web.words import status_label


def appointment(key: str) -> Response:
    """What is recorded about an appointment, the latest first."""
    state = current_state()
    actor = staff(state)
    it = visible(state, actor, state.host.appointment(state.store.session, key))
    reasons = catalogue.load(state).reasons
    events = [told(state, reasons, entry) for entry in reversed(history(state, key))]
    latest = latest_cancellation_id(state, key)
    back = came_from()
    return page(
        "appointment.html",
        title=fcx_("History: %(client)s", client=it.client.name if it.client else fcx_("no client")),
        actor=actor,
        it=it,
        status_text=status_label(it.status),
        events=events,
        cancel_url=next((a.url for a in actions_for(state, actor, it) if a.name == "cancel"), ""),
        cancellation_url="" if latest is None else address("cancellation", cancellation_id=latest, back=back or None),
        back=back,
        day_url=address("day", date=it.start.date().isoformat()),
    )
