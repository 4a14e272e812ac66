"""The page of one cancellation: what happened, the money, the messages, the freed time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy import Row
from werkzeug.wrappers import Response

from flask_cancellations.clock import MINUTE
from flask_cancellations.delivery.addresses import mask_email, mask_phone
from flask_cancellations.i18n import fcx_, moment_text, span_text, time_text
from flask_cancellations.services import catalogue, credit_notes, desk, slots
from flask_cancellations.services.actor import Actor, may, visible
from flask_cancellations.services.appointments import of_record
from flask_cancellations.services.catalogue import Catalogue
from flask_cancellations.services.history import CancellationView, cancellation_view
from flask_cancellations.state import State, current_state
from flask_cancellations.web import elsewhere, words
from flask_cancellations.web.access import new_key, staff
from flask_cancellations.web.credit_note import paper_label
from flask_cancellations.web.fee_view import Refused, deeds
from flask_cancellations.web.ledger import ledger, why
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.settle import Wrong, due, how_choices
from flask_cancellations.web.story import fee_steps
from flask_cancellations.web.way_back import handed_on


@dataclass(frozen=True, slots=True)
class MessageLine:
    """One message as the page shows it; ``stop_url`` is empty once it cannot be stopped."""

    channel: str
    address: str
    state: str
    badge: str
    when: str
    stop_url: str


def cancellation(cancellation_id: int) -> Response:
    """What a cancellation did and what is still to come of it. After a cancel the address ends in ``?done=1``, after
    a step of its money in ``?did=``."""
    state = current_state()
    return show_record(state, staff(state), cancellation_id)


def show_record(
    state: State,
    actor: Actor,
    cancellation_id: int,
    *,
    status: int = 200,
    fee_refused: Refused | None = None,
    settle_wrong: Wrong | None = None,
    title: str = "",
    conflict: str = "",
) -> Response:
    """The page, also after a form on it was refused; ``title`` and ``conflict`` then say why."""
    view = cancellation_view(state, cancellation_id)
    record = view.record
    it = visible(state, actor, of_record(state, record))
    known = catalogue.load(state)
    reason = known.reasons.get(record.reason_code)
    start = state.clock.to_wall(record.start_us)
    messages = [_message(state, message) for message in view.messages]
    may_money = may(state, actor, "money", it)
    return page(
        "cancellation.html",
        title=fcx_("Cancellation: %(client)s", client=record.client_name or fcx_("no client")),
        actor=actor,
        status=status,
        record=record,
        done="done" in request.args and status == 200,
        did=_did(request.args.get("did", "")) if status == 200 else "",
        conflict=conflict,
        refused_title=title,
        faults=_all_faults(fee_refused, settle_wrong),
        steps=fee_steps(state, view, known.reasons),
        deeds=deeds(state, actor, it, view, fee_refused),
        dues=[due(state, item, settle_wrong) for item in desk.of_cancellation(state, record.id, actor)],
        hows=how_choices(),
        papers=_papers(state, record.id) if may_money else [],
        evidence_url=address("evidence", cancellation_id=record.id) if may_money else "",
        credit_url=address("client_credit", key=record.client_key) if may_money and record.client_key else "",
        new_key=new_key,
        on="record",
        stood_again=view.terms.stood_again_us is not None,
        start=start,
        facts=_facts(state, view, reason.label if reason else record.reason_code),
        why=_why(state, view, known),
        missed=record.status == "noshow",
        ledger=ledger(state, view),
        currency=view.settlement.currency,
        messages=messages,
        stoppable=any(message.stop_url for message in messages),
        silent=_silent(view, reason is None or reason.tell),
        slot=slot_text(state, view),
        slot_state=view.slot_state,
        back=handed_on(),
        history_url=address("appointment", key=it.public_id, cancellation=record.id, back=handed_on() or None)
        if it.public_id
        else "",
        day_url=address("day", date=start.date().isoformat()),
    )


def _did(what: str) -> str:
    """What was done on the page before this one."""
    texts = {
        "charge": fcx_("The fee is charged."),
        "waive": fcx_("The fee is waived."),
        "drop": fcx_("The fee is dropped."),
        "give_back": fcx_("The fee will be given back."),
        "release": fcx_("The deposit is decided about."),
        "settled": fcx_("The payment is settled."),
        "retried": fcx_("The payment will be tried again at once."),
    }
    return texts.get(what, "")


def _papers(state: State, cancellation_id: int) -> list[tuple[str, str]]:
    return [
        (paper_label(note), address("credit_note", number=note.number))
        for note in credit_notes.documents(state, cancellation_id)
    ]


def _all_faults(fee_refused: Refused | None, settle_wrong: Wrong | None) -> dict[str, Sequence[str]]:
    """Each field's name with the name or number of its form: that is what the summary leads to."""
    if fee_refused is not None:
        return {f"{name}-{fee_refused.step}": texts for name, texts in fee_refused.faults.items()}
    if settle_wrong is not None:
        return {f"{name}-{settle_wrong.id}": texts for name, texts in settle_wrong.faults.items()}
    return {}


def _why(state: State, view: CancellationView, known: Catalogue) -> str:
    if elsewhere.is_elsewhere(view.record):
        return fcx_("Nothing was charged, because this was done in the clinic's own program.")
    return why(state, view, known)


def _facts(state: State, view: CancellationView, reason: str) -> list[tuple[str, str]]:
    record = view.record
    if elsewhere.is_elsewhere(record):
        return elsewhere.record_facts(state, record, reason)
    told = f"{moment_text(state.clock.to_wall(record.told_us))}, {words.told_label(record.told_channel)}"
    # Where the clinic cancels, nobody told it anything, unless staff said so on purpose.
    by_clinic = record.side == "clinic" and record.cancelled_us - record.told_us < MINUTE
    notice = span_text(record.start_us - record.told_us)
    return [
        (fcx_("Reason"), reason),
        (fcx_("Who cancelled"), words.side_label(record.side)),
        (fcx_("Told us"), "" if by_clinic else told),
        (fcx_("Notice"), fcx_("%(span)s before the appointment", span=notice)),
        (fcx_("Note (staff only)"), record.note),
        (fcx_("Entered by"), record.actor_name or record.actor_key),
        (fcx_("Entered at"), moment_text(state.clock.to_wall(record.cancelled_us))),
        (fcx_("Entered from"), words.source_label(record.source)),
    ]


def _message(state: State, row: Row[Any]) -> MessageLine:
    masked = mask_phone(row.address) if row.channel == "sms" else mask_email(row.address)
    return MessageLine(
        channel=words.channel_label(row.channel),
        address=masked,
        state=words.message_label(row.state),
        badge=words.MESSAGE_BADGES[row.state],
        when=_when(state, row),
        stop_url=address("stop_message", message_id=row.id) if row.state == "waiting" else "",
    )


def _when(state: State, row: Row[Any]) -> str:
    if row.state == "sent" and row.sent_us is not None:
        return fcx_("left at %(time)s", time=moment_text(state.clock.to_wall(row.sent_us)))
    if row.state != "waiting":
        return ""
    wait = row.not_before_us - state.clock.now()
    if wait <= 0:
        return fcx_("leaves now")
    at = time_text(state.clock.to_wall(row.not_before_us))
    return fcx_(
        "leaves at %(time)s, in %(span)s", time=at, span=span_text(wait) if wait >= MINUTE else fcx_("less than 1 min")
    )


def _silent(view: CancellationView, reason_tells: bool) -> str:
    """Why there is no message, if there is none."""
    if view.messages:
        return ""
    if elsewhere.is_elsewhere(view.record):
        return fcx_("Nobody was told by us.")
    if view.record.silent_reason:
        return fcx_("The client is not told, on purpose: %(reason)s", reason=view.record.silent_reason)
    if not reason_tells:
        return fcx_("The client is not told: no message goes out for this reason.")
    return fcx_("We have no usable phone number or e-mail address: please tell the client yourself.")


def slot_text(state: State, view: CancellationView) -> str:
    """What the freed time is now."""
    record = view.record
    if view.slot_state == "taken" or (view.slot_state in ("held", "released") and _booked_again(state, view)):
        return fcx_("This time is booked again.")
    if view.slot_state == "held" and view.slot_held_until_us is not None:
        until = moment_text(state.clock.to_wall(view.slot_held_until_us))
        return fcx_(
            "This time is held for the waiting list until %(until)s; then it can be booked online.", until=until
        )
    if view.slot_state == "pending":
        return fcx_("This time waits for the clinic's own program, which has not cancelled the appointment yet.")
    if view.slot_state == "closed":
        return fcx_("This time stays closed, because the reason frees no time: nobody can book it.")
    if view.slot_state == "lapsed" or record.start_us <= state.clock.now():
        return fcx_("This time has passed; nobody has booked it.")
    return fcx_("This time is free and can be booked online.")


def _booked_again(state: State, view: CancellationView) -> bool:
    record = view.record
    start, end = state.clock.to_wall(record.start_us), state.clock.to_wall(record.end_us)
    return slots.at(state, start, end, record.staff_key) == "taken"
