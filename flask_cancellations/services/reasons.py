"""Reasons as people keep them on the pages: a draft, and saving it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from flask_cancellations.errors import InvalidInput, NotFound
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import ReasonRow
from flask_cancellations.rules.reasons import Reason
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.catalogue import reason_values
from flask_cancellations.services.sources import begin_change, changed_meanwhile, log_change
from flask_cancellations.settings.place import Place, Spoiled
from flask_cancellations.settings.reasons import reason as read_reason
from flask_cancellations.state import State

FLAGS = ("staff", "client", "fee", "frees", "note", "tell", "counts", "archived")


@dataclass(frozen=True, slots=True)
class ReasonDraft:
    """The fields of a reason's page. ``order`` is its place in lists; ``labels`` are texts by language."""

    code: str = ""
    side: str = "client"
    order: str = "1000"
    labels: dict[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset({"staff", "client", "fee", "frees", "tell", "counts"})

    def config(self) -> dict[str, Any]:
        """The draft as a table of ``CANCELLATIONS_REASONS``."""
        order = self.order.strip()
        table: dict[str, Any] = {
            "code": self.code,
            "side": self.side,
            "order": int(order) if order.isascii() and order.isdigit() and len(order) < 9 else order,
            **{name: name in self.flags for name in FLAGS},
        }
        labels = {language: text for language, text in self.labels.items() if text.strip()}
        return {**table, "label": labels} if labels else table


def reason_draft(reason: Reason) -> ReasonDraft:
    """The fields of a stored reason."""
    flags = frozenset(name for name in FLAGS if getattr(reason, name))
    return ReasonDraft(reason.code, reason.side, str(reason.position), dict(reason.labels), flags)


def fingerprint(reason: Reason) -> str:
    """What a form returns to prove what it was opened with."""
    return hashlib.sha256(repr(sorted(asdict(reason).items())).encode()).hexdigest()[:16]


def read_reason_draft(state: State, draft: ReasonDraft, known: Mapping[str, Reason]) -> Reason:
    """The reason that a draft describes. Raises InvalidInput with all faults, by the names of the page's fields."""
    place = Place("reason", state.settings.currency)
    try:
        return read_reason(place, draft.config(), known, set())
    except Spoiled:
        found: dict[str, list[str]] = {}
        for fault in place.faults:
            name = fault.key.removeprefix("reason.").replace("label.", "label-")
            # A new reason without any label: the fault is at the first of them.
            name = f"label-{next(iter(draft.labels), 'en')}" if name == "label" else name
            found[name] = [_sentence(name)]
        raise InvalidInput(found) from None


def save_reason(state: State, draft: ReasonDraft, actor: Actor, *, new: bool, seen: str = "") -> Reason:
    """Save a reason, in the caller's transaction; records that point at it show its new label.

    Raises Forbidden without the right ``policies`` or where the configuration is the source, InvalidInput, NotFound for
    an unknown code, and ChangedMeanwhile if it is not what the form was opened with.
    """
    known = begin_change(state, actor).reasons
    stored = known.get(draft.code)
    if not new and stored is None:
        raise NotFound(fcx_("There is no such reason."))
    if new and stored is not None:
        raise InvalidInput({"code": [fcx_("There is a reason with this code already.")]})
    reason = read_reason_draft(state, draft, known)
    values = reason_values(reason)
    before: dict[str, Any] = {}
    if stored is None:
        state.store.insert(ReasonRow, scope=state.scope, **values)
    else:
        if fingerprint(stored) != seen:
            raise changed_meanwhile(state, {"reason": draft.code})
        state.store.update(ReasonRow, ReasonRow.scope == state.scope, ReasonRow.code == draft.code, **values)
        before = _told(stored)
    log_change(state, actor, "reason.saved", before, _told(reason))
    return reason


def _told(reason: Reason) -> dict[str, Any]:
    told = {one.name: getattr(reason, one.name) for one in fields(Reason) if one.name not in ("code", "labels")}
    return {"reason": reason.code, **told, "labels": json.dumps(reason.labels, ensure_ascii=False, sort_keys=True)}


def _sentence(name: str) -> str:
    if name == "order":
        return fcx_("A whole number from 0 to 100000.")
    if name == "fee":
        return fcx_("When the clinic cancels, there is never a fee.")
    if name == "code":
        return fcx_("Up to 40 small Latin letters, digits and underscores.")
    return fcx_("A text of up to 200 characters, on one line.")
