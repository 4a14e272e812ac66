"""What the tests of money share: people at the desk, an adapter with deposits, and a look at the book."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flask_cancellations import Actor, Deposit, HostAdapter
from flask_cancellations.host.values import User
from flask_cancellations.models import CreditEntry, CreditLot, FeeStep, Movement, SettlementRow
from flask_cancellations.rules.fee_book import AMOUNTS
from flask_cancellations.rules.rights import RIGHTS
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.services.fee_ledger import settlement_of

from .small_host import Clinic

DESK = Actor("staff", "7", "Elena Desk", "web", frozenset(RIGHTS))


def staff(*roles: str, rights: Iterable[str] = RIGHTS, key: str = "8") -> Actor:
    """Somebody of these roles."""
    return Actor(
        "staff", key, "Vesela Marinova", "web", frozenset(rights), user=User(key, "Vesela Marinova", roles, None)
    )


def settled(clinic: Clinic, cancellation_id: int = 1) -> Settlement:
    """The money of one cancellation as it stands now."""
    clinic.db.session.rollback()
    return next(settlement_of(row) for row in clinic.rows(SettlementRow) if row.cancellation_id == cancellation_id)


def moving(clinic: Clinic) -> list[tuple[str, str, int]]:
    """All movements: kind, state, amount."""
    clinic.db.session.rollback()
    return [(row.kind, row.state, row.amount) for row in clinic.rows(Movement)]


def assert_books_agree(clinic: Clinic) -> None:
    """Each settlement follows from its steps, each lot's balance from its entries, and what is due is being asked
    for."""
    clinic.db.session.rollback()
    steps, lots, entries = clinic.rows(FeeStep), clinic.rows(CreditLot), clinic.rows(CreditEntry)
    for row in clinic.rows(SettlementRow):
        mine = [step for step in steps if step.cancellation_id == row.cancellation_id]
        assert [step.seq for step in mine] == list(range(1, row.version + 1))
        before = {name: getattr(row, name) for name in AMOUNTS}
        for step in reversed(mine):
            for name, change in json.loads(step.changes).items():
                before[name] -= change
            Settlement(row.currency, **before)  # each moment balances
        assert (before["given_back"], before["dropped"]) == (0, 0)
        asked = [
            m.amount
            for m in clinic.rows(Movement)
            if (m.cancellation_id, m.kind) == (row.cancellation_id, "charge") and m.state not in ("done", "stopped")
        ]
        assert row.due == sum(asked)
    for lot in lots:
        assert lot.balance == sum(entry.amount for entry in entries if entry.lot_id == lot.id)
        assert 0 <= lot.balance <= lot.amount


@dataclass
class Till(HostAdapter):
    """A host that knows the deposits of its appointments, and moves money itself."""

    paid: list[Deposit] | None = None
    moved: list[Any] = field(default_factory=list)

    def deposits(self, appointment: Any) -> list[Deposit] | None:
        return self.paid

    def refund(self, payment: Any) -> str:
        self.moved.append(payment)
        return f"r-{len(self.moved)}"

    def charge(self, payment: Any) -> str:
        self.moved.append(payment)
        return f"c-{len(self.moved)}"
