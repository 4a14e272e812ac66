"""A clinic whose own finance service cancels: the visit and its bills in one go, with a commit of its own.

The services below are what hosts have, well made and badly. Run as a program it is a process that asks one of them to
cancel and is killed while it works.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tomllib
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import object_session

from .site import ROOT, Site, hidden
from .small_host import Clinic, make_clinic, readme_toml

Service = Callable[..., Any]


def finance_clinic(
    url: str, service: Service | None, *, create: bool = True, cancel: dict[str, Any] | None = None, **config: Any
) -> Clinic:
    """The small host with bills, whose appointments are cancelled by ``service``; ``cancel`` is more of its table."""
    host: dict[str, Any] = tomllib.loads(readme_toml())["CANCELLATIONS_HOST"]
    mapped = {"function": service, "arguments": ["row", "reason"], "commits": True, **(cancel or {})}
    host["appointment"]["cancel"] = {name: value for name, value in mapped.items() if value is not None}
    clinic = make_clinic(url, create=False, **{"CANCELLATIONS_HOST": host, **config})
    db = clinic.db

    class Bill(db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "bills"
        id = db.Column(db.Integer, primary_key=True)
        visit_id = db.Column(db.ForeignKey(clinic.Visit.id))
        state = db.Column(db.String(200))
        visit = db.relationship(clinic.Visit, backref="bills")

    clinic.models["Bill"] = Bill
    if create:
        with clinic.app.app_context():
            db.create_all()
    return clinic


class FinanceSite(Site):
    """That clinic seen from outside."""

    def __init__(self, url: str, service: Service | None, **more: Any) -> None:
        self.clinic = finance_clinic(url, service, **more)

    def billed(self, **values: Any) -> str:
        """The key of a new visit with an open bill; its fee is 30.00, of which a deposit of 20.00 is taken."""
        key = self.visit(**values)
        with self.clinic.app.app_context():
            self.clinic.db.session.add(self.clinic.Bill(visit_id=int(key), state="open"))
            self.clinic.db.session.commit()
        return key

    def bills(self, key: str) -> list[str]:
        """The states of a visit's bills."""
        with self.clinic.app.app_context():
            bill = self.clinic.Bill
            query = self.clinic.db.select(bill.state).where(bill.visit_id == int(key))
            return list(self.clinic.db.session.scalars(query))

    def form(self, client: Any, key: str, **fields: str) -> dict[str, str]:
        """What the cancel page sends once it is filled in."""
        page = client.get(f"{ROOT}/cancel/{key}")
        assert page.status_code == 200, page.text
        return {
            "reason": "illness",
            "told_channel": "phone",
            "fee": "charge",
            "idempotency_key": hidden(page, "idempotency_key"),
            "seen": hidden(page, "seen"),
            **fields,
        }

    def send(self, client: Any, key: str, form: dict[str, str]) -> Any:
        return client.post(f"{ROOT}/cancel/{key}", data=form)


class Death(BaseException):
    """The end of a request in the middle of its work: nobody catches it."""


def die() -> None:
    """As a program the process is really gone; in a test its transaction is."""
    if __name__ == "__main__":
        os.kill(os.getpid(), signal.SIGKILL)
    raise Death


def session_of(visit: Any) -> Any:
    session = object_session(visit)
    assert session is not None
    return session


def close_books(visit: Any, reason: str) -> None:
    """What each service is about."""
    visit.state = "cancelled"
    for bill in visit.bills:
        bill.state = f"void: {reason}"


def writes(visit: Any, reason: str) -> None:
    """An ordinary one: the caller commits."""
    close_books(visit, reason)


def commits(visit: Any, reason: str) -> bool:
    close_books(visit, reason)
    session_of(visit).commit()
    return True


def commits_then_raises(visit: Any, reason: str) -> None:
    commits(visit, reason)
    raise RuntimeError("the receipt printer is out of paper")


def commits_then_says_no(visit: Any, reason: str) -> bool:
    commits(visit, reason)
    return False


def loses_the_connection_at_its_commit(visit: Any, reason: str) -> None:
    """The database has committed, and the answer never came."""
    close_books(visit, reason)
    session = session_of(visit)
    session.flush()
    session.connection().connection.dbapi_connection.commit()
    raise RuntimeError("server closed the connection unexpectedly")


def commits_twice(visit: Any, reason: str) -> bool:
    """First a note to the accountant, then the visit."""
    session = session_of(visit)
    visit.bills[0].state = "to be voided"
    session.commit()
    return commits(visit, reason)


def rolls_back_and_refuses(visit: Any, reason: str) -> bool:
    close_books(visit, reason)
    session_of(visit).rollback()
    return False


def rolls_back_and_raises(visit: Any, reason: str) -> None:
    close_books(visit, reason)
    session_of(visit).rollback()
    raise RuntimeError("the books of this month are closed")


def rolls_back_and_says_yes(visit: Any, reason: str) -> bool:
    return not rolls_back_and_refuses(visit, reason)


def refuses(visit: Any, reason: str) -> bool:
    return False


def raises(visit: Any, reason: str) -> None:
    close_books(visit, reason)
    session_of(visit).flush()
    raise RuntimeError("the books of this month are closed")


def does_nothing(visit: Any, reason: str) -> None:
    """It has changed the bill and forgotten the visit."""
    visit.bills[0].state = "to be voided"


def commits_nothing_of_it(visit: Any, reason: str) -> None:
    does_nothing(visit, reason)
    session_of(visit).commit()


def commits_nothing_and_raises(visit: Any, reason: str) -> None:
    commits_nothing_of_it(visit, reason)
    raise RuntimeError("the bank does not answer")


def commits_nothing_and_says_no(visit: Any, reason: str) -> bool:
    commits_nothing_of_it(visit, reason)
    return False


def dies_after_the_commit(visit: Any, reason: str) -> None:
    commits(visit, reason)
    die()


def dies_before_the_visit_is_cancelled(visit: Any, reason: str) -> None:
    commits_nothing_of_it(visit, reason)
    die()


def dies_before_any_commit(visit: Any, reason: str) -> None:
    close_books(visit, reason)
    session_of(visit).flush()
    die()


if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    dying = finance_clinic(told["url"], globals()[told["service"]], create=False)
    browser = dying.client()
    browser.post(f"/sign-in/{told['account']}")
    browser.post(told["path"], **told["sends"])
