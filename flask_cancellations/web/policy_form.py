"""The editor's form: its fields by name, read from what was sent, and rows that come and go without a script."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from flask_cancellations.i18n import languages
from flask_cancellations.rules.presets import PRESETS
from flask_cancellations.services.policy_draft import BandDraft, PolicyDraft
from flask_cancellations.services.policy_trial import Trial
from flask_cancellations.web.words import typed

MOST_ROWS = 20
_ROW_FIELDS = tuple(field.name for field in fields(BandDraft))
_MANY = ("services", "staff", "locations")
_ROWS = ("bands", "moves")
_LINES = tuple(field.name for field in fields(PolicyDraft) if field.name not in (*_MANY, *_ROWS, "texts"))

Sent = MultiDict[str, str]


def read_form(sent: Sent) -> PolicyDraft:
    """The draft as it was sent; a field that is missing is empty."""
    found: dict[str, Any] = {
        **{name: typed(sent.get(name, "")) for name in _LINES},
        **{name: _keys(sent, name) for name in _MANY},
        **{name: _rows(sent, name) for name in _ROWS},
    }
    texts = {key.removeprefix("text-"): typed(text) for key, text in sent.items() if key.startswith("text-")}
    return PolicyDraft(**found, texts={language: text for language, text in texts.items() if text})


def read_trial(sent: Sent) -> Trial:
    """The fields of the tester."""
    return Trial(**{field.name: typed(sent.get(f"try_{field.name}", "")) for field in fields(Trial)})


def all_values(sent: Sent) -> dict[str, Any]:
    """What tells two sendings of one form apart."""
    return {key: sent.getlist(key) for key in sent if key not in ("idempotency_key", "csrf_token")}


def changed(draft: PolicyDraft, deed: str, preset: str) -> PolicyDraft:
    """The draft after a button that saves nothing: ``add-bands``, ``remove-moves-2``, ``preset``."""
    if deed == "preset" and preset in PRESETS:
        return draft.with_preset(preset)
    what, _, place = deed.partition("-")
    name, _, number = place.partition("-")
    if name not in _ROWS:
        return draft
    rows: tuple[BandDraft, ...] = getattr(draft, name)
    if what == "add" and len(rows) < MOST_ROWS:
        rows = (*rows, BandDraft())
    elif what == "remove":
        rows = tuple(row for index, row in enumerate(rows) if str(index) != number)
    changes: dict[str, Any] = {name: rows}
    return replace(draft, **changes)


def text_languages(draft: PolicyDraft) -> list[str]:
    """The languages to write a text in: those that we speak, and those that have one."""
    known = languages()
    return [*known, *sorted(set(draft.texts) - set(known))]


def _keys(sent: Sent, name: str) -> tuple[str, ...]:
    """Keys that were ticked, and those that were typed, each on a line."""
    written = sent.get(f"{name}_typed", "").splitlines()
    return tuple(dict.fromkeys(key for text in (*sent.getlist(name), *written) if (key := typed(text))))


def _rows(sent: Sent, name: str) -> tuple[BandDraft, ...]:
    pattern = re.compile(rf"{name}-(\d{{1,3}})-unit")
    numbers = sorted(int(found[1]) for key in sent if (found := pattern.fullmatch(key)))[:MOST_ROWS]
    return tuple(
        BandDraft(**{field: typed(sent.get(f"{name}-{number}-{field}", "")) for field in _ROW_FIELDS})
        for number in numbers
    )
