"""Takes down everything that people read in a clinic whose staff and clients speak one language.

The steps of the walk are in tests/language_staff.py and tests/language_clients.py; what was seen is judged by
tests/test_pseudo_locale.py (a made-up language) and tests/test_languages.py (the real ones).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cancellations.audit import Entry, record
from flask_cancellations.models import Message
from flask_cancellations.rules.rights import RIGHTS
from flask_cancellations.services.actor import Actor

from .site import ROOT, Site
from .visible import Visible

ROLES = {
    "manager": ["*"],
    "reception": ["cancel", "waive"],
    "desk": ["cancel"],
    "therapist": ["cancel:own"],
    "cleaner": [],
}
DESK = Actor("staff", "1", "Elena Desk", "web", rights=frozenset(RIGHTS))
# What people typed in themselves: no letters, so that it is never taken for a text of ours.
TYPED = "7-7-7"
CODE = re.compile(r"[a-z_.]+|[\d.,:T+-]*|about:blank|[0-9a-f]{16,}(-[0-9a-f]{16})?")


@dataclass(frozen=True, slots=True)
class Seen:
    """One text, and where it stood."""

    where: str
    text: str


@dataclass
class Walk:
    """What was seen so far, in one language; `pages` are (where, lang, dir) of each whole page."""

    language: str
    seen: list[Seen] = field(default_factory=list)
    pages: list[tuple[str, str, str]] = field(default_factory=list)

    def site(self, **config: Any) -> Site:
        """A clinic of this language."""
        return Site(**{"CANCELLATIONS_LOCALE": self.language, "CANCELLATIONS_ROLES": ROLES, **config})

    def visit(self, site: Site, *args: Any, client: dict[str, Any] | None = None, **values: Any) -> str:
        """A visit of a client who speaks this language; its key."""
        return site.visit(*args, client={"language": self.language, **(client or {})}, **values)

    def look(self, client: FlaskClient, path: str, status: int = 200) -> TestResponse:
        """Open a page."""
        return self.note(path, client.get(ROOT + path), status)

    def send(self, client: FlaskClient, path: str, status: int, **values: Any) -> TestResponse:
        """Send a form; a redirect is followed, as browsers do."""
        headers = values.pop("headers", None)
        answer = client.post(ROOT + path, data=values, headers=headers, follow_redirects=True)
        return self.note(f"POST {path}", answer, status)

    def note(self, where: str, answer: TestResponse, status: int) -> TestResponse:
        """Take down what a page says."""
        assert answer.status_code == status, f"{where}: {answer.status_code}, not {status}"
        page = Visible(answer.text)
        self.pages.append((where, page.lang, page.dir))
        self.seen.extend(Seen(f"{where} ({status})", text) for text in page.texts)
        return answer

    def note_json(self, where: str, answer: TestResponse, status: int) -> None:
        """Take down what an answer of the API says in words; codes, amounts and instants are none."""
        assert answer.status_code == status, f"{where}: {answer.status_code}, not {status}"
        body = answer.json
        if answer.content_type == "application/problem+json":
            body = {**(body or {}), "title": ""}  # RFC 9457 wants the status's own name there, which is English
        self.seen.extend(Seen(f"{where} ({status})", text) for text in _words(body) if not CODE.fullmatch(text))

    def say(self, where: str, text: str) -> None:
        """Take down a text that is no page."""
        self.seen.append(Seen(where, text))


def _words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _words(inner)


def set_messages(site: Site, state: str, channel: str | None = None) -> None:
    """What the worker would do to the messages of a clinic."""
    with site.clinic.app.app_context(), site.clinic.cancellations.transaction():
        where = [Message.channel == channel] if channel else []
        values = {"sent_us": site.clinic.state.clock.now()} if state == "sent" else {}
        site.clinic.state.store.update(Message, *where, state=state, **values)


def record_event(site: Site, key: str, action: str, **after: Any) -> None:
    """Something that another part of the program recorded about an appointment."""
    with site.clinic.app.app_context(), site.clinic.cancellations.transaction():
        state = site.clinic.state
        record(
            state.store,
            Entry(
                scope=state.scope,
                at_us=state.clock.now(),
                action=action,
                appointment_key=key,
                actor_kind="job",
                actor_key="worker",
                source="job",
                after=after,
            ),
        )


def run_worker(site: Site) -> None:
    """One round of the worker."""
    done = site.clinic.app.test_cli_runner().invoke(args=["cancellations", "worker", "--once"])
    assert done.exit_code == 0, done.output
