"""The clinic of the money pages, seen from outside: fees that wait, payments for the desk, credit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import Cancellation, Movement, SettlementRow
from flask_cancellations.rules.settlement import Settlement

from .money_host import DESK, assert_books_agree, settled
from .site import ROOT, Site, hidden

ROLES = {
    "manager": ["*"],
    "reception": ["cancel", "waive"],
    "desk": ["cancel"],
    "therapist": ["cancel:own"],
    "lead": ["cancel:own", "money"],
    "cleaner": [],
}
WRONG_AMOUNTS = ("", "-5", "1e9", "NaN", "Infinity", "0x10", "5.001", "999999999999999", "five", "1,2,3")


class MoneySite(Site):
    """A site whose roles know money; one client unless a test asks for more."""

    def __init__(self, url: str = "sqlite://", **config: Any) -> None:
        super().__init__(url, **{"CANCELLATIONS_ROLES": ROLES, **config})

    def cancelled(self, *args: Any, actor: Any = DESK, rest: str | None = None, **visit: Any) -> int:
        """A visit that was cancelled, its fee charged; the cancellation's id."""
        return self.cancel(self.visit(*args, **visit), actor, **({} if rest is None else {"rest": rest}))

    def work(self, minutes: float = 4) -> None:
        """The worker's round once the undo delay is over."""
        self.clock.forward(minutes=minutes)
        with self.clinic.app.app_context():
            assert run_once(self.clinic.state).errors == 0

    def do(self, deed: Callable[..., object], *args: Any, **values: Any) -> None:
        """A service of money, by somebody with all rights, committed."""
        with self.clinic.app.app_context(), self.clinic.cancellations.transaction():
            deed(self.clinic.state, *args, DESK, **values)

    def settled(self, cancellation_id: int = 1) -> Settlement:
        with self.clinic.app.app_context():
            return settled(self.clinic, cancellation_id)

    def states(self) -> list[tuple[str, str, int]]:
        return [(row.kind, row.state, row.amount) for row in self.rows(Movement)]

    def client_key(self, cancellation_id: int) -> str:
        return next(str(row.client_key) for row in self.rows(Cancellation) if row.id == cancellation_id)

    def version(self, cancellation_id: int = 1) -> int:
        return next(int(row.version) for row in self.rows(SettlementRow) if row.cancellation_id == cancellation_id)

    def books_agree(self) -> None:
        with self.clinic.app.app_context():
            assert_books_agree(self.clinic)


def send(client: FlaskClient, path: str, *, key: str = "", page: str = "", **fields: Any) -> TestResponse:
    """Send a form with a key of its own, or with the one that stands on a page."""
    known = key or (hidden(client.get(ROOT + page), "idempotency_key") if page else f"{path} {sorted(fields.items())}")
    return client.post(ROOT + path, data={"idempotency_key": known[:64], **fields})
