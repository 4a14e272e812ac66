"""The small host clinic seen from outside: browsers that sign in, pages as text, rows read in between.

Each call opens an application context of its own, as each request does: in a shared one Flask-Login would take the
first visitor for everybody.
"""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from flask_cancellations.services.actor import Actor, job_actor
from flask_cancellations.web import cancellations_link

from .small_host import Clinic, Wall, make_clinic

ROOT = "/cancellations"


class Site:
    """A clinic without visits; methods return keys, not rows, since a row belongs to one context."""

    def __init__(self, url: str = "sqlite://", **config: Any) -> None:
        self.clinic: Clinic = make_clinic(url, **config)

    @property
    def clock(self) -> Wall:
        return self.clinic.clock

    def visit(
        self, *args: Any, therapist: str = "Dr Ivan Kolev", client: dict[str, Any] | None = None, **values: Any
    ) -> str:
        with self.clinic.app.app_context():
            clinic = self.clinic
            patient = clinic.patient(**{"language": "en", **(client or {})})
            return str(clinic.visit(*args, therapist=clinic.therapist(therapist), patient=patient, **values).id)

    def browser(self, role: str = "manager", name: str = "Elena Desk", therapist: str = "") -> FlaskClient:
        """Somebody of this role, signed in."""
        with self.clinic.app.app_context():
            own = self.clinic.therapist(therapist) if therapist else None
            number = self.clinic.account(role, name, own).id
        client = self.stranger()
        assert client.post(f"/sign-in/{number}").status_code == 204
        return client

    def stranger(self) -> FlaskClient:
        """A browser that is not signed in."""
        return self.clinic.client()

    def cancel(self, key: str, actor: Actor | None = None, **values: Any) -> int:
        """Cancel through the service and commit; the cancellation's id."""
        with self.clinic.app.app_context():
            visit = self.clinic.db.session.get(self.clinic.Visit, int(key))
            return int(self.clinic.cancel(visit, actor or job_actor("test"), **values).cancellation_id)

    def link(self, key: str) -> str:
        """The path of a new link for the client of a visit, made and committed as a host would."""
        with self.clinic.app.app_context():
            visit = self.clinic.db.session.get(self.clinic.Visit, int(key))
            made = cancellations_link(visit)
            self.clinic.db.session.commit()
        assert made.startswith("https://clinic.example/")
        return made.removeprefix("https://clinic.example")

    def set_state(self, key: str, state: str) -> None:
        """What the host's own pages would do to a visit."""
        self.change(key, state=state)

    def change(self, key: str, **values: Any) -> None:
        with self.clinic.app.app_context():
            visit = self.clinic.db.session.get(self.clinic.Visit, int(key))
            for name, value in values.items():
                setattr(visit, name, value)
            self.clinic.db.session.commit()

    def delete(self, key: str) -> None:
        """What hosts do that keep no cancelled appointments; SQLite then gives the key to the next one."""
        with self.clinic.app.app_context():
            self.clinic.db.session.delete(self.clinic.db.session.get_one(self.clinic.Visit, int(key)))
            self.clinic.db.session.commit()

    def state_of(self, key: str) -> str:
        """The host's own status of a visit."""
        with self.clinic.app.app_context():
            return str(self.clinic.db.session.get_one(self.clinic.Visit, int(key)).state)

    def rows(self, model: type[Any]) -> list[Any]:
        with self.clinic.app.app_context():
            return self.clinic.rows(model)

    def statements(self, client: FlaskClient, path: str) -> list[str]:
        """The SQL statements of one page view."""
        found: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            found.append(statement)

        with self.clinic.app.app_context():
            engine = self.clinic.db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            assert client.get(path).status_code == 200
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return found


def text_of(answer: TestResponse) -> str:
    """What a reader sees: the text of a page without its markup, on one line, spaces plain."""
    body = re.sub(r"<(head|script|style)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    plain = html.unescape(re.sub(r"<[^>]+>", " ", body)).replace("\xa0", " ")
    return " ".join(plain.split())


def hidden(answer: TestResponse, name: str) -> str:
    """The value of a hidden field on a page."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', answer.text)
    assert found is not None, f"no hidden field {name}"
    return html.unescape(found[1])


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    """A wall-clock moment of December 2026; today is the 2nd, 10:05."""
    return datetime(2026, 12, day, hour, minute)
