"""What the desk has to settle: payments that nobody carries out for the clinic, and those that failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, select

from flask_cancellations.errors import NotFound
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Cancellation, Movement, Paid
from flask_cancellations.models.base import table_of
from flask_cancellations.models.settlement import FAILED, MANUAL, PAY_OUT
from flask_cancellations.services.actor import Actor, may, require
from flask_cancellations.services.appointments import snapshot
from flask_cancellations.services.day import sees_own_only
from flask_cancellations.state import State

MOST = 500
What = Literal["charge", "refund", "pay_out"]


@dataclass(frozen=True, slots=True)
class ToSettle:
    """One payment. ``row`` is that of ``Movement``, with the ``reference`` of the payment that a refund goes back to
    (or None); ``record`` that of its ``Cancellation``."""

    row: Row[Any]
    record: Row[Any]

    @property
    def what(self) -> What:
        """To be collected, paid back, or credit that is paid out."""
        if self.row.kind == "charge":
            return "charge"
        return "pay_out" if self.row.purpose == PAY_OUT else "refund"

    @property
    def failed(self) -> bool:
        """Whether the payment provider could not do it."""
        return bool(self.row.state == FAILED)


def to_settle(state: State, actor: Actor) -> list[ToSettle]:
    """The payments that this actor may settle, the oldest first, 500 at most. Needs the right ``money``."""
    require(state, actor, "money")
    return _visible(state, actor)


def count(state: State, actor: Actor) -> int:
    """How many there are (500 at most); 0 for those without the right."""
    return len(_visible(state, actor)) if may(state, actor, "money") else 0


def of_cancellation(state: State, cancellation_id: int, actor: Actor) -> list[ToSettle]:
    """Those of one cancellation; none for those without the right."""
    if not may(state, actor, "money"):
        return []
    return _visible(state, actor, Movement.cancellation_id == cancellation_id)


def payment(state: State, movement_id: int, actor: Actor) -> ToSettle:
    """One payment, settled or not. Needs the right ``money``. Raises NotFound for one that the actor may not see."""
    require(state, actor, "money")
    found = _found(state, actor, Movement.id == movement_id, Movement.kind.in_(("charge", "refund")))
    if not found:
        raise NotFound(fcx_("There is no such payment."))
    return found[0]


def _visible(state: State, actor: Actor, *where: ColumnElement[bool]) -> list[ToSettle]:
    return _found(state, actor, Movement.state.in_((MANUAL, FAILED)), *where)


def _found(state: State, actor: Actor, *where: ColumnElement[bool]) -> list[ToSettle]:
    movements, records, paid = table_of(Movement), table_of(Cancellation), table_of(Paid)
    mine = [movements.c.scope == state.scope, records.c.scope == state.scope, *where]
    if sees_own_only(actor):
        mine.append(records.c.staff_key == actor.staff_key)
    rows = state.store.execute(
        select(movements, paid.c.reference)
        .join(records, records.c.id == movements.c.cancellation_id)
        .outerjoin(paid, paid.c.id == movements.c.paid_id)
        .where(*mine)
        .order_by(movements.c.not_before_us, movements.c.id)
        .limit(MOST)
    ).all()
    ids = {row.cancellation_id for row in rows}
    if not ids:
        return []
    known = state.store.execute(select(records).where(records.c.id.in_(ids))).all()
    allowed = {record.id: record for record in known if may(state, actor, "cancel", snapshot(state, record))}
    return [ToSettle(row, allowed[row.cancellation_id]) for row in rows if row.cancellation_id in allowed]
