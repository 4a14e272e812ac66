"""Reads the draft of a policy by the readers of the configuration, and says at each field what to mend."""

from __future__ import annotations

import re

from flask_cancellations.errors import InvalidInput
from flask_cancellations.i18n import fcx_
from flask_cancellations.rules.band_checks import band_faults
from flask_cancellations.rules.policy import Policy
from flask_cancellations.services.policy_draft import PolicyDraft
from flask_cancellations.settings.bands import band_rows
from flask_cancellations.settings.place import Place, Spoiled
from flask_cancellations.settings.policies import policy as read_policy
from flask_cancellations.state import State

_DRAFT = "policy"
_BAND = re.compile(r"(?:reschedule\.)?bands\[(\d+)\](?:\.(\w+))?")
_BAND_FIELDS = {"less_than": "number", "later_than": "time", "at_least": "end", "fee": "amount", "deposit": "client"}
# From a key of the configuration to the editor's field.
_FIELDS = {
    "no_show": "no_show_amount",
    "first_free.times": "first_times",
    "first_free.months": "first_months",
    "reschedule.late_moves.times": "late_times",
    "reschedule.late_moves.months": "late_months",
    "deposit.client": "deposit_client",
    "deposit.other": "deposit_other",
    "deposit.clinic": "deposit_clinic",
    "scope.service": "services",
    "scope.staff": "staff",
    "scope.location": "locations",
}


def read_draft(state: State, draft: PolicyDraft) -> Policy:
    """The policy that a draft describes. Raises InvalidInput with all faults, by the names of the editor's fields.

    A field of the third row is called ``bands-2-amount``, of a row for moves ``moves-2-amount``, a text ``text-bg``.
    """
    place = Place(_DRAFT, state.settings.currency)
    told = _relations(state, draft)
    fields: dict[str, list[str]] = {}
    found: Policy | None = None
    try:
        found = read_policy(place, draft.config(), set())
    except Spoiled:
        for fault in place.faults:
            key = fault.key.removeprefix(f"{_DRAFT}.")
            name = _field(draft, key)
            sentence = told.get(key) or _sentence(name)
            if sentence not in fields.setdefault(name, []):
                fields[name].append(sentence)
    if state.calendar is None:
        for rows in ("bands", "moves"):
            for index, row in draft.filled(rows):
                if row.unit == "clock" and (rows == "bands" or draft.moving):
                    text = fcx_("The clinic's calendar is not configured, so a limit cannot count working days.")
                    fields.setdefault(f"{rows}-{index}-unit", []).append(text)
    if found is None or fields:
        raise InvalidInput(fields)
    return found


def _relations(state: State, draft: PolicyDraft) -> dict[str, str]:
    """What is wrong with bands in relation to one another, by the key at which the reader notes it."""
    found: dict[str, str] = {}
    for rows, prefix in (("bands", ""), ("moves", "reschedule.")):
        currency = state.settings.currency
        read = band_rows(Place("", currency), [row.config() for _, row in draft.filled(rows)])
        for fault in band_faults(read, currency):
            found[f"{prefix}bands[{fault.index}].{fault.field}"] = fault.text
    return found


def _field(draft: PolicyDraft, key: str) -> str:
    band = _BAND.match(key)
    if band is not None:
        rows = "moves" if key.startswith("reschedule") else "bands"
        index = draft.filled(rows)[int(band[1])][0]
        return f"{rows}-{index}-{_BAND_FIELDS.get(band[2] or '', 'number')}"
    if key.startswith("text."):
        return f"text-{key.removeprefix('text.')}"
    plain = re.sub(r"\[\d+\]", "", key)
    return _FIELDS.get(plain, plain.partition(".")[0])


def _sentence(name: str) -> str:
    """What a field takes."""
    whole = fcx_("A whole number above 0.")
    amount = fcx_("A percentage above 0 and up to 100, or an amount above 0.")
    sentences = {
        "name": fcx_("A name of up to 100 characters, on one line."),
        "valid_from": fcx_("A day."),
        "time": fcx_("A time of day, and up to 60 working days before; 0 is the same day."),
        "end": fcx_("A whole number above 0, or nothing; a limit by the clock has no end."),
        "amount": amount,
        "no_show_amount": amount,
        "cap": fcx_("An amount above 0, or nothing."),
        "deposit_clinic": fcx_("When the clinic cancels, it keeps nothing."),
        "exempt": fcx_("Each group on one line, of up to 200 characters."),
        "text": fcx_("A text of up to 4000 characters."),
    }
    kind = name.rpartition("-")[2] if name.startswith(("bands-", "moves-")) else name.partition("-")[0]
    return sentences.get(kind, whole)
