"""Small forms: what was typed, read field by field, and done once however often it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from babel.numbers import get_decimal_symbol
from flask import request
from marshmallow import ValidationError

from flask_cancellations.api.schemas import MAX_REASON, Amount, Choice, Text
from flask_cancellations.errors import InvalidInput
from flask_cancellations.i18n import fcx_, locale
from flask_cancellations.rules.money import from_minor, precision, to_minor
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.requests import once
from flask_cancellations.services.transaction import run
from flask_cancellations.state import State

Faults = Mapping[str, Sequence[str]]


class Entries:
    """The fields that a form sent. Each is read by a method, which notes what is wrong; :meth:`check` raises all of
    it at once."""

    def __init__(self, names: Sequence[str]) -> None:
        self.sent = {name: request.form.get(name, "") for name in names}
        self.faults: dict[str, list[str]] = {}

    def amount(self, name: str, currency: str) -> int | None:
        """An amount in minor units; None after noting a fault."""
        try:
            value = Amount().deserialize(self.sent[name])
        except ValidationError as error:
            self._wrong(name, error)
            return None
        digits = precision(currency)
        if value != round(value, digits):
            self.faults[name] = [fcx_("Enter at most %(digits)s digits after the decimal sign.", digits=digits)]
            return None
        return to_minor(value, currency)

    def text(self, name: str, most: int = MAX_REASON) -> str:
        """A text without control characters; empty after noting a fault."""
        try:
            return str(Text(most).deserialize(self.sent[name]))
        except ValidationError as error:
            self._wrong(name, error)
            return ""

    def choice(self, name: str, *words: str) -> str:
        """One of these words; empty after noting a fault."""
        try:
            word: str | None = Choice(*words).deserialize(self.sent[name])
        except ValidationError as error:
            self._wrong(name, error)
            return ""
        if not word:
            self.faults[name] = [fcx_("Choose one of the possibilities offered.")]
        return word or ""

    def check(self) -> None:
        """Raise InvalidInput if anything was wrong."""
        if self.faults:
            raise InvalidInput(self.faults)

    def _wrong(self, name: str, error: ValidationError) -> None:
        self.faults[name] = [str(text) for text in error.messages]


def do_once(state: State, actor: Actor, sent: Mapping[str, str], work: Callable[[], object]) -> None:
    """Do what a form asks for in a transaction, once for its idempotency key. Raises what ``work`` raises, and
    RequestReused for a key that came with other values."""

    def noted() -> dict[str, bool]:
        work()
        return {"done": True}

    asked = {"path": request.path, **sent}
    key = request.form.get("idempotency_key", "")
    run(state, lambda: once(state, f"{actor.kind}:{actor.key}", key, asked, noted))


def amount_entry(minor: int, currency: str) -> str:
    """An amount as people type it into a field: "30.00", in Bulgarian "30,00"."""
    text = f"{from_minor(minor, currency):f}"
    return text.replace(".", ",") if get_decimal_symbol(locale()) == "," else text
