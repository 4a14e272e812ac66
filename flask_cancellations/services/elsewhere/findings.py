"""What was done to appointments in the host's own pages, past us: it is recorded, and listed for somebody to look at.

Each function does one thing in the caller's transaction. Our claim is won first, as in a cancellation; only then the
host's row is read for good. If that no longer says what the sweep saw, ChangedItsMind is raised and the caller rolls
back: the next pass looks again.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from sqlalchemy import Row, exists, select

from flask_cancellations.clock import MINUTE
from flask_cancellations.errors import NotOpen
from flask_cancellations.host.glance import whole_ones
from flask_cancellations.host.values import Appointment
from flask_cancellations.models import Cancellation, Pending, SettlementRow
from flask_cancellations.models.review import MOVED, REASON, RESTORED
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.services import claims, movements
from flask_cancellations.services.actor import somebody
from flask_cancellations.services.appointments import is_current
from flask_cancellations.services.deposits import deposits_of
from flask_cancellations.services.elsewhere import review, watching
from flask_cancellations.services.elsewhere.watching import Seen
from flask_cancellations.services.fee_ledger import settlements_of
from flask_cancellations.services.history import record_of
from flask_cancellations.services.log import log
from flask_cancellations.services.reopen import reopen
from flask_cancellations.services.write import leave_slot, record_values
from flask_cancellations.state import State

Found = Literal["cancelled", "noshow", "gone", "moved", "restored", "another"]


class ChangedItsMind(Exception):
    """The host's row no longer is as the sweep saw it."""


def ended(state: State, seen: Seen) -> Found | None:
    """Record that an appointment was cancelled, marked as missed or deleted; what it was, or None if nothing was to do.

    Nothing is charged, the deposit is held, nobody is told; the time is freed as by a client's cancellation.
    """
    row = watching.row_of(state, seen)
    if row is None:
        return None
    generation = claims.win(state, watching.as_it_was(state, row))
    watching.forget(state, [seen])
    if generation is None:  # cancelled by us, perhaps in this moment
        return None
    present = _present(state, seen.key)
    if present is None or not watching.same_life(state, row, present):
        _record(state, row, watching.as_it_was(state, row), generation, "gone")
        if present is not None:
            claims.let_go(state, seen.key, generation)
        return "gone"
    if present.status not in ("cancelled", "noshow") or state.host.has_no_status:
        raise ChangedItsMind
    found: Found = "noshow" if present.status == "noshow" else "cancelled"
    _record(state, row, present, generation, found)
    return found


def changed(state: State, seen: Seen, mark: str) -> Found | None:
    """An open appointment is not as it was: at another time, or another one under its key."""
    one = whole_ones(state.host, state.store.session, [seen.key]).get(seen.key)
    row = watching.row_of(state, seen)
    if row is None or one is None or one.status != "booked":
        return None
    if not watching.same_life(state, row, one):
        found = ended(state, seen)
        watching.watch(state, [(one, mark)])
        return found
    if not watching.look_again(state, seen, one, mark) or one.start_us == row.start_us:
        return None
    _event(
        state,
        one,
        "appointment.moved_elsewhere",
        before={"status": "booked", "start_us": row.start_us},
        after={"status": "booked", "start_us": one.start_us},
    )
    review.add(state, MOVED, one, before_us=row.start_us)
    return "moved"


def open_again(state: State, key: str, cancellation_id: int, seen: Seen | None, mark: str) -> Found | None:
    """A host's row is open although a cancellation of ours is in force: restored, moved, or another one by now."""
    cancelled = record_of(state, cancellation_id)
    one = whole_ones(state.host, state.store.session, [key]).get(key)
    if one is None:
        return None
    if one.status == "cancelled":  # by us; a host without a status keeps the row
        _watch_instead(state, seen, one, mark)
        return None
    if one.status != "booked":
        return None
    if not is_current(state, cancelled, one):
        if claims.let_go(state, key, cancelled.generation):
            _watch_instead(state, seen, one, mark)
            return "another"
        return None
    if _is_pending(state, cancellation_id):
        return None  # the host is still at it; the worker sees to that
    found = restored(state, cancelled, one)
    if found is None:
        return None
    present = _present(state, key)
    if present is None or present.status != "booked" or present.start_us != one.start_us:
        raise ChangedItsMind
    _watch_instead(state, seen, one, mark)
    return found


def stands(state: State, key: str, cancellation_id: int) -> bool:
    """Whether the appointment of a cancellation stands again, which is recorded then.

    For whoever is about to decide something for good, as the last pass may be long ago, or nobody sweeps.
    """
    one = whole_ones(state.host, state.store.session, [key]).get(key)
    if one is None or one.status != "booked" or not is_current(state, record_of(state, cancellation_id), one):
        return False
    open_again(state, key, cancellation_id, None, "")
    return True


def restored(state: State, cancelled: Row[Any], one: Appointment) -> Found | None:
    """Record that the appointment of a cancellation (a row of ``Cancellation``) stands again, as ``one``.

    Nothing more leaves or moves; what becomes of the fee is for people to say. None if somebody else was faster.
    """
    same_time = one.start_us == cancelled.start_us
    reopened = reopen(state, cancelled, somebody(), money="hold", same_time=same_time)
    if reopened is None:
        return None
    settled = settlements_of(state, [cancelled.id])[cancelled.id]
    kind: Literal["moved", "restored"] = "restored"
    if state.host.has_no_status and not same_time:
        kind = "moved"  # nobody can restore there, but give it another time
    _event(
        state,
        one,
        f"appointment.{kind}_elsewhere",
        before={"status": cancelled.status, "start_us": cancelled.start_us},
        after={
            "status": "booked",
            "start_us": one.start_us,
            "cancellation": cancelled.id,
            "messages_stopped": reopened.messages,
            "movements_stopped": reopened.movements,
            "settlement": asdict(settled),
        },
    )
    review.withdraw(state, cancelled.id, REASON)
    before_us = None if same_time else cancelled.start_us
    review.add(state, MOVED if kind == "moved" else RESTORED, one, cancellation_id=cancelled.id, before_us=before_us)
    return kind


def _present(state: State, key: str) -> Appointment | None:
    """The host's row as it is now, locked; a row without a start tells nothing."""
    row = state.host.get(state.store.session, key, lock=True, fresh=True)
    if row is None:
        return None
    try:
        return state.host.read(row, status="booked", lock=True)
    except NotOpen as error:
        raise ChangedItsMind from error


def _record(state: State, watched: Row[Any], it: Appointment, generation: int, found: Found) -> None:
    now, actor = state.clock.now(), somebody()
    status = "noshow" if found == "noshow" else "cancelled"
    cancellation_id = state.store.insert(
        Cancellation,
        **record_values(state, it, generation, watched.status),
        status=status,
        side="other",
        reason_code="",
        told_us=now,
        told_channel="",
        notice_minutes=max(it.start_us - now, 0) // MINUTE,
        late=False,
        cancelled_us=now,
        actor_kind=actor.kind,
        actor_key=actor.key,
        source=actor.source,
        tell=False,
    )
    settled = _hold_deposit(state, it, cancellation_id)
    # Whoever did not come leaves no time to anybody; one that is over lapses by itself.
    slot = leave_slot(
        state, it, cancellation_id, generation, frees=status == "cancelled" or it.start_us <= now, now=now
    )
    _event(
        state,
        it,
        "appointment.cancelled",
        before={"status": "booked", "host_status": watched.status, "start_us": watched.start_us},
        after={
            "status": status,
            "found": found,
            "cancellation": cancellation_id,
            "side": "other",
            "reason": "",
            "late": False,
            "settlement": asdict(settled),
            "slot": slot,
            "told": [],
        },
    )
    review.add(state, REASON, it, cancellation_id=cancellation_id)


def _hold_deposit(state: State, it: Appointment, cancellation_id: int) -> Settlement:
    """Nothing is decided about its money; the desk may let go of the deposit later (``services.fees.release``)."""
    currency, vat = state.settings.currency, state.settings.vat
    # An adapter is asked about appointments that the host still has.
    named = None if it.row is None else deposits_of(state, it)
    # One in another currency is the desk's to settle, as everywhere.
    deposits = [one for one in named or () if one.currency == currency]
    amount = it.deposit if named is None else sum(one.left for one in deposits)
    settled = Settlement(currency, deposit=amount, held=amount)
    state.store.insert(
        SettlementRow,
        cancellation_id=cancellation_id,
        why="",
        price=it.price,
        otherwise=0,
        version=0,
        rest="refund",
        fee_vat_rate=vat.fee,
        kept_vat_rate=vat.kept,
        **asdict(settled),
    )
    movements.keep_deposits(state, cancellation_id, deposits)
    return settled


def _event(state: State, it: Appointment, action: str, *, before: dict[str, Any], after: dict[str, Any]) -> None:
    actor = somebody()
    log(
        state,
        actor,
        action,
        it.key,
        client_key=it.client_key,
        before=before,
        after=after,
    )


def _watch_instead(state: State, seen: Seen | None, one: Appointment, mark: str) -> None:
    if seen is not None:
        watching.forget(state, [seen])
    watching.watch(state, [(one, mark)])


def _is_pending(state: State, cancellation_id: int) -> bool:
    """Whether a host function that commits by itself has still to cancel the appointment."""
    return bool(state.store.execute(select(exists().where(Pending.cancellation_id == cancellation_id))).scalar())
