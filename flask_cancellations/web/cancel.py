"""The cancel page: it shows what a cancellation would come to, and does exactly that when the form is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response

from flask_cancellations.errors import ChangedMeanwhile, Conflict, InvalidInput, NotOpen, RequestReused
from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import fcx_, fcx_p
from flask_cancellations.services import cancel as cancelling
from flask_cancellations.services import catalogue
from flask_cancellations.services.actor import Actor, may, visible
from flask_cancellations.services.called import Called, called, cancel_called
from flask_cancellations.services.decide import check_open, decide
from flask_cancellations.services.requests import once
from flask_cancellations.services.transaction import run
from flask_cancellations.state import State, current_state
from flask_cancellations.web.access import new_key, staff
from flask_cancellations.web.cancel_form import CancelForm
from flask_cancellations.web.cancel_view import began_text, cancel_page
from flask_cancellations.web.errors import error_page, title_of
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.way_back import came_from, handed_on

Faults = Mapping[str, Sequence[str]]


def cancel(key: str) -> Response:
    """The page, a preview of other entries (GET, or a POST that asks for a preview), and the cancellation itself.

    ``key`` is what addresses call the appointment.
    """
    state = current_state()
    actor = staff(state)
    if request.method == "POST" and "preview" not in request.form:
        return _cancel(state, actor, key, CancelForm.read(request.form))
    return _show(state, actor, key, CancelForm.read(request.values))


def _cancel(state: State, actor: Actor, key: str, form: CancelForm) -> Response:
    parsed = form.parse(state, key)
    asked = {"appointment": key, **form.values()}

    def work() -> dict[str, Any]:
        return {"cancellation_id": cancel_called(state, key, parsed.command, actor).cancellation_id}

    def again(cancellation_id: int) -> dict[str, Any]:
        return {"cancellation_id": cancellation_id}

    try:
        if parsed.faults or not form.amount_was_shown:
            faults = {**_further_faults(state, actor, form, key), **parsed.faults}
            if faults:
                raise InvalidInput(_in_order(faults))
            raise ChangedMeanwhile(fcx_("Please look at what the fee you entered comes to, and confirm."))
        sent_key = request.form.get("idempotency_key", "")
        answer, _ = run(state, lambda: once(state, f"{actor.kind}:{actor.key}", sent_key, asked, work, again))
    except RequestReused as error:
        # The first sending was carried out, so there is nothing left to fill in.
        told = " ".join(error.fields["idempotency_key"])
        return error_page(error.status, title_of(error), told, history_of=key)
    except InvalidInput as error:
        return _show(state, actor, key, form, error.fields, title_of(error), 422)
    except ChangedMeanwhile as error:
        changed = fcx_("The amounts have changed")
        return _show(state, actor, key, form, {"money": [str(error)]}, changed, 409)
    except NotOpen as error:
        if not may(state, actor, "backdate"):
            raise
        return _show(state, actor, key, form, {"told": [str(error)]}, title_of(error), 409)
    back = handed_on() or None
    return redirect(address("cancellation", cancellation_id=answer["cancellation_id"], done=1, back=back), 303)


def _in_order(faults: Faults) -> Faults:
    """The faults in the order in which the form asks."""
    order = list(CancelForm.__dataclass_fields__)
    return dict(sorted(faults.items(), key=lambda fault: order.index(fault[0]) if fault[0] in order else len(order)))


def _further_faults(state: State, actor: Actor, form: CancelForm, key: str) -> Faults:
    """What else is wrong beside the fields that could not be read, so that all is named at once."""
    appointment = visible(state, actor, called(state, key).appointment)
    try:
        decide(state, catalogue.load(state), appointment, form.parse(state, key).command, actor)
    except InvalidInput as error:
        return error.fields
    except Conflict:  # what could be read does not decide anything yet
        return {}
    return {}


def _show(
    state: State,
    actor: Actor,
    key: str,
    form: CancelForm,
    faults: Faults | None = None,
    faults_title: str = "",
    status: int = 200,
) -> Response:
    found = called(state, key)
    appointment = visible(state, actor, found.appointment)
    _refuse_closed(state, actor, appointment, found)
    if appointment.start_us <= state.clock.now() and "told" not in request.values:
        form = CancelForm(told="earlier")
    name = fcx_p("heading", "Cancel appointment")
    context = cancel_page(state, actor, appointment, form, faults or {})
    return page(
        "cancel.html",
        title=name,
        actor=actor,
        status=status,
        **context,
        heading=name,
        faults_title=faults_title,
        began=began_text(appointment) if context["begun"] else "",
        action=address("cancel", key=key),
        back=came_from(),
        day_url=address("day", date=appointment.start.date().isoformat()),
        idempotency_key=new_key(),
    )


def _refuse_closed(state: State, actor: Actor, appointment: Appointment, found: Called) -> None:
    """Raise the conflict that no entry in the form could mend."""
    if appointment.status == "cancelled":
        raise cancelling.already_cancelled(state, appointment.key, cancellation_id=found.cancellation_id)
    # Whoever may backdate can still say that the client told us before the start.
    latest = appointment.booked_us if may(state, actor, "backdate") else state.clock.now()
    check_open(appointment, appointment.start_us - 1 if latest is None else latest)
