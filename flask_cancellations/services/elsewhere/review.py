"""What was done past us and waits for somebody to look at it: the list, and closing one of its items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.errors import Conflict, InvalidInput, NotFound
from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import fcx_, moment_text
from flask_cancellations.models import Message, Movement, Review
from flask_cancellations.models.base import table_of
from flask_cancellations.models.message import SENT
from flask_cancellations.models.review import CLOSED, MOVED, OPEN, REASON
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.services.actor import Actor, may, visible
from flask_cancellations.services.appointments import snapshot
from flask_cancellations.services.day import sees_own_only
from flask_cancellations.services.fee_ledger import lock, settlements_of
from flask_cancellations.services.log import log
from flask_cancellations.services.undo_money import FATES, settle_fee, undecided
from flask_cancellations.services.write import short, snapshot_values
from flask_cancellations.state import State

MOST = 500  # items that are listed; whoever has more works through the oldest first


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the list: ``row`` of ``Review``, the appointment as it was then, and what had happened by now.

    ``settlement`` is None where nothing was cancelled. ``sent`` are the channels of the messages that left,
    ``movements`` the money that is under way or was moved.
    """

    row: Row[Any]
    appointment: Appointment
    settlement: Settlement | None
    sent: tuple[str, ...]
    movements: tuple[Row[Any], ...]


def add(
    state: State,
    kind: str,
    it: Appointment,
    *,
    cancellation_id: int | None = None,
    before_us: int | None = None,
) -> None:
    """List something, in the caller's transaction. A move that follows another one becomes one move."""
    mine = (Review.scope == state.scope, Review.appointment_key == it.key, Review.state == OPEN)
    if kind == MOVED and cancellation_id is None:
        further = state.store.update(
            Review, *mine, Review.kind == MOVED, Review.cancellation_id.is_(None), **snapshot_values(state, it)
        )
        if further:
            return
    state.store.insert(
        Review,
        scope=state.scope,
        kind=kind,
        state=OPEN,
        appointment_key=it.key,
        cancellation_id=cancellation_id,
        before_us=before_us,
        opened_us=state.clock.now(),
        **snapshot_values(state, it),
    )


def withdraw(state: State, cancellation_id: int, kind: str) -> None:
    """Take an item off the list that has become pointless."""
    state.store.update(
        Review,
        Review.cancellation_id == cancellation_id,
        Review.kind == kind,
        Review.state == OPEN,
        state=CLOSED,
        closed_us=state.clock.now(),
    )


def open_items(state: State, actor: Actor) -> list[Item]:
    """What waits and this actor may see, the oldest first; by a number of statements that does not depend on it."""
    rows = _open_rows(state, actor)
    ids = [row.cancellation_id for row in rows if row.cancellation_id is not None]
    sent = _by_cancellation(state, Message, ids, Message.state == SENT)
    movements = _by_cancellation(state, Movement, ids)
    settled = settlements_of(state, ids)
    return [
        Item(
            row,
            snapshot(state, row),
            settled.get(row.cancellation_id),
            tuple(message.channel for message in sent.get(row.cancellation_id, ())),
            tuple(movements.get(row.cancellation_id, ())),
        )
        for row in rows
    ]


def count_open(state: State, actor: Actor) -> int:
    """How many items wait that this actor may see."""
    return len(_open_rows(state, actor))


def close(state: State, review_id: int, actor: Actor, *, fee: str = "") -> None:
    """Note that somebody has looked at it, in the caller's transaction.

    ``fee`` says what becomes of the fee of a cancellation that was undone: ``drop`` or ``keep``; it is needed where
    there is one. Raises InvalidInput without it, NotFound if the actor may not see the item (or it is one that needs
    a reason), Conflict if somebody else was faster.
    """
    row = item_of(state, review_id, actor)
    if row.kind == REASON:
        raise NotFound(fcx_("There is no such appointment."))
    close_row(state, row, actor)
    dropped = 0
    ledger = None if row.cancellation_id is None else lock(state, row.cancellation_id)
    if ledger is not None and undecided(ledger.settled):
        fate = FATES.get(fee)
        if fate is None:
            raise InvalidInput({"fee": [fcx_("Say whether the fee is dropped or kept.")]})
        dropped = settle_fee(state, ledger, actor, fate)
    log(
        state,
        actor,
        "review.closed",
        row.appointment_key,
        client_key=row.client_key,
        before={"state": OPEN},
        after={
            "state": CLOSED,
            "review": row.id,
            "kind": row.kind,
            "dropped": dropped,
            "currency": state.settings.currency,
            **({} if row.cancellation_id is None else {"cancellation": row.cancellation_id}),
        },
        private={"actor": actor.name},
    )


def item_of(state: State, review_id: int, actor: Actor) -> Row[Any]:
    """A row of ``Review``. Raises NotFound for one that is not there or that the actor may not see."""
    table = table_of(Review)
    row = state.store.execute(select(table).where(table.c.scope == state.scope, table.c.id == review_id)).first()
    visible(state, actor, None if row is None else snapshot(state, row))
    assert row is not None  # else not found above
    return row


def close_row(state: State, row: Row[Any], actor: Actor) -> None:
    """Close an item before anything else is done about it. Raises Conflict, with who and when, if it is closed."""
    now = state.clock.now()
    closed = state.store.update(
        Review, Review.id == row.id, Review.state == OPEN, state=CLOSED, closed_us=now, closed_by=short(actor.name)
    )
    if closed == 1:
        return
    # A current read: MariaDB's snapshot may be older than the commit of whoever was faster.
    query = select(Review.closed_by, Review.closed_us).where(Review.id == row.id).with_for_update()
    known = state.store.execute(query).one()
    if not known.closed_by:
        raise Conflict(fcx_("This is no longer to be looked at: the appointment stands again."))
    when = moment_text(state.clock.to_wall(known.closed_us))
    raise Conflict(fcx_("%(who)s has dealt with this on %(when)s.", who=known.closed_by, when=when))


def _open_rows(state: State, actor: Actor) -> list[Row[Any]]:
    table = table_of(Review)
    query = select(table).where(table.c.scope == state.scope, table.c.state == OPEN).order_by(table.c.id).limit(MOST)
    if sees_own_only(actor):
        query = query.where(table.c.staff_key == actor.staff_key)
    rows = state.store.execute(query).all()
    return [row for row in rows if may(state, actor, "cancel", snapshot(state, row))]


def _by_cancellation(
    state: State, model: type[Message | Movement], ids: Sequence[int], *where: Any
) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {}
    if ids:
        table = table_of(model)
        for row in state.store.execute(
            select(table).where(table.c.cancellation_id.in_(ids), *where).order_by(table.c.id)
        ):
            found.setdefault(row.cancellation_id, []).append(row)
    return found
