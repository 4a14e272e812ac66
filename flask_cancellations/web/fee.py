"""The steps of a fee and a held deposit from the page of their cancellation."""

from __future__ import annotations

from functools import partial
from typing import cast

from flask import redirect
from werkzeug.wrappers import Response

from flask_cancellations.errors import ChangedMeanwhile, Conflict, InvalidInput, RequestReused
from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import fcx_
from flask_cancellations.rules.fee_book import Way
from flask_cancellations.rules.settlement import RestChoice
from flask_cancellations.services import fees
from flask_cancellations.services.actor import Actor, require, visible
from flask_cancellations.services.appointments import of_record
from flask_cancellations.services.fee_ledger import lock
from flask_cancellations.services.history import record_of
from flask_cancellations.state import State, current_state
from flask_cancellations.web.access import staff
from flask_cancellations.web.cancellation import show_record
from flask_cancellations.web.errors import error_page, title_of
from flask_cancellations.web.fee_view import FIELDS, RIGHTS, Refused, rest_ways
from flask_cancellations.web.forms import Entries, do_once
from flask_cancellations.web.pages import address
from flask_cancellations.web.way_back import handed_on


def fee_step(cancellation_id: int, step: str) -> Response:
    """Make one step and show the cancellation again; what is refused is shown at its field there."""
    state = current_state()
    actor = staff(state)
    it = visible(state, actor, of_record(state, record_of(state, cancellation_id)))
    require(state, actor, RIGHTS[step], it)
    entries = Entries(FIELDS)
    try:
        do_once(state, actor, entries.sent, partial(_make, state, actor, it, cancellation_id, step, entries))
    except RequestReused as error:
        return error_page(error.status, title_of(error), " ".join(error.fields["idempotency_key"]))
    except InvalidInput as error:
        # Services call the way of the deposit "rest"; the form has one field for both.
        faults = {"way" if name == "rest" else name: texts for name, texts in error.fields.items()}
        refused = Refused(step, entries.sent, faults)
        return show_record(
            state, actor, cancellation_id, status=error.status, fee_refused=refused, title=title_of(error)
        )
    except Conflict as error:
        return show_record(
            state, actor, cancellation_id, status=error.status, title=title_of(error), conflict=str(error)
        )
    back = handed_on() or None
    return redirect(address("cancellation", cancellation_id=cancellation_id, did=step, back=back, _anchor="money"), 303)


def _make(state: State, actor: Actor, it: Appointment, cancellation_id: int, step: str, entries: Entries) -> None:
    ledger = lock(state, cancellation_id)
    if entries.sent["seen"] != str(ledger.version):
        raise ChangedMeanwhile(
            fcx_("Somebody else has changed something about this fee meanwhile. This is how it stands now.")
        )
    amount = entries.amount("amount", ledger.settled.currency)
    reason = entries.text("reason")
    if step != "charge" and not reason:
        entries.faults.setdefault("reason", [fcx_("Say why.")])
    way = ""
    if entries.sent["way"] or step in ("give_back", "release"):
        way = entries.choice("way", *(("refund", "credit") if step == "give_back" else rest_ways(state, actor, it)))
    entries.check()
    rest = cast("RestChoice | None", way or None)
    match step:
        case "charge":
            fees.charge(state, cancellation_id, actor, amount=amount)
        case "waive":
            fees.waive(state, cancellation_id, actor, reason=reason, amount=amount, rest=rest)
        case "drop":
            fees.drop(state, cancellation_id, actor, reason=reason, amount=amount, rest=rest)
        case "release":
            fees.release(state, cancellation_id, actor, reason=reason, amount=amount, rest=rest or "refund")
        case "give_back":
            fees.give_back(state, cancellation_id, actor, reason=reason, amount=amount, way=cast("Way", way))
