"""Browses as a browser without scripts does: what a page's form would send, and the text that people see."""

from __future__ import annotations

from contextvars import Context
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class Visitor(FlaskClient):
    """A client whose requests know nothing of the test around them.

    Flask reuses an app context that is already there, so within a test's own one all visitors would share one signed-in
    user and one database session.
    """

    def open(self, *args: Any, **options: Any) -> TestResponse:
        """Send a request."""
        return Context().run(super().open, *args, **options)


class SentForm(HTMLParser):
    """The fields of the page's only POST form with their values; `texts` is everything visible, on one line."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.choices: dict[str, list[str]] = {}
        self.ids: set[str] = set()
        self.links: list[str] = []
        self._select = ""
        self._area = ""
        self._hidden = 0
        self._words: list[str] = []
        self.feed(html)
        self.texts = " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given: dict[str, Any] = dict(attrs)
        name, value = given.get("name", ""), given.get("value") or ""
        self.ids.add(given.get("id") or "")
        if tag in ("script", "style", "ul") and (tag != "ul" or "hidden" in given):
            self._hidden += 1
        if tag == "a":
            self.links.append(given.get("href") or "")
        elif tag == "select":
            self._select = name
        elif tag == "option":
            self.choices.setdefault(self._select, []).append(value)
            if "selected" in given or self._select not in self.fields:
                self.fields[self._select] = value
        elif tag == "textarea":
            self._area = name
            self.fields[name] = ""
        elif tag == "input":
            if given.get("type") in ("radio", "checkbox"):
                self.choices.setdefault(name, []).append(value)
                if "checked" in given:
                    self.fields[name] = value
            elif name:
                self.fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        if tag in ("script", "style", "ul") and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data.removeprefix("\n")
        elif not self._hidden:
            self._words.append(data)
