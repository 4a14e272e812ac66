"""Tell the reason of a cancellation that was made in the host's own pages, past us."""

from __future__ import annotations

from flask_cancellations.errors import InvalidInput, NotFound
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Cancellation, Slot
from flask_cancellations.models.review import REASON
from flask_cancellations.services import catalogue
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.decide import MAX_NOTE
from flask_cancellations.services.elsewhere import review
from flask_cancellations.services.log import log
from flask_cancellations.state import State


def explain(state: State, review_id: int, reason: str, note: str, actor: Actor) -> int:
    """Give a cancellation its reason and take it off the list, in the caller's transaction; the cancellation's id.

    Nothing is charged by it. A reason that frees no time closes the time, unless somebody has booked it. Raises
    InvalidInput with the wrong fields, NotFound if the actor may not see it, Conflict if somebody else was faster.
    """
    row = review.item_of(state, review_id, actor)
    if row.kind != REASON or row.cancellation_id is None:
        raise NotFound(fcx_("There is no such cancellation."))
    note, faults = note.strip(), dict[str, list[str]]()
    known = catalogue.load(state, store_if_new=True)
    chosen = {one.code: one for one in catalogue.choosable(known, by_client=False)}.get(reason)
    if chosen is None:
        faults["reason"] = [fcx_("This reason does not exist or is not yours to choose. Pick one of the list.")]
    elif chosen.note and not note:
        faults["note"] = [fcx_("This reason needs a note.")]
    if len(note) > MAX_NOTE:
        faults["note"] = [fcx_("The note is too long: %(most)s characters at most.", most=MAX_NOTE)]
    if faults:
        raise InvalidInput(faults)
    assert chosen is not None  # else a fault above
    store, now, cancellation_id = state.store, state.clock.now(), row.cancellation_id
    # The order of locks: slot, claim, money.
    closed = 0
    if not chosen.frees:
        free = Slot.state.in_(("held", "released"))
        closed = store.update(Slot, Slot.cancellation_id == cancellation_id, free, state="closed", changed_us=now)
    review.close_row(state, row, actor)
    store.update(Cancellation, Cancellation.id == cancellation_id, reason_code=chosen.code, side=chosen.side, note=note)
    log(
        state,
        actor,
        "cancellation.explained",
        row.appointment_key,
        at_us=now,
        client_key=row.client_key,
        before={"reason": ""},
        after={
            "cancellation": int(cancellation_id),
            "reason": chosen.code,
            "side": chosen.side,
            "slot_closed": bool(closed),
        },
        private={"actor": actor.name, "note": note},
    )
    return int(cancellation_id)
