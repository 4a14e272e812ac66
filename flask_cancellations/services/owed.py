"""What a client owes, for the host's booking page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, or_, select

from flask_cancellations.errors import Conflict
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Cancellation, SettlementRow
from flask_cancellations.rules.wording import amount_text
from flask_cancellations.state import State


@dataclass(frozen=True, slots=True)
class Owed:
    """What a client owes in one currency, in minor units: ``due`` now, and ``pending`` what may become due.

    ``rows`` are what it consists of (cancellation_id, appointment_key, start_us, due, pending). ``warning`` is the
    sentence for the booking page, and ``blocked`` whether the client must pay first; both follow
    ``CANCELLATIONS_OWING``.
    """

    due: int
    pending: int
    currency: str
    rows: tuple[Row[Any], ...]
    warning: str
    blocked: bool

    def refuse(self) -> None:
        """Raise Conflict with the warning if the client must pay first."""
        if self.blocked:
            raise Conflict(self.warning)


def owed(state: State, client_key: str, currency: str = "") -> Owed:
    """What the client with this key owes; ``currency`` is by default the clinic's."""
    money = currency or state.settings.currency
    query = (
        select(
            SettlementRow.cancellation_id,
            Cancellation.appointment_key,
            Cancellation.start_us,
            SettlementRow.due,
            SettlementRow.pending,
        )
        .join(Cancellation, Cancellation.id == SettlementRow.cancellation_id)
        .where(
            Cancellation.scope == state.scope,
            Cancellation.client_key == client_key,
            SettlementRow.currency == money,
            or_(SettlementRow.due > 0, SettlementRow.pending > 0),
        )
        .order_by(Cancellation.id)
    )
    rows = tuple(state.store.execute(query).all())
    due = sum(row.due for row in rows)
    rule = state.settings.owing
    warning = ""
    if due and rule != "ignore":
        warning = fcx_("A cancellation fee of %(fee)s is still to be paid.", fee=amount_text(due, money))
        if rule == "block":
            warning = " ".join([warning, fcx_("Please pay it before you book again.")])
    return Owed(due, sum(row.pending for row in rows), money, rows, warning, bool(warning) and rule == "block")
