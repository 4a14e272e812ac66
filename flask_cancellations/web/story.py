"""Audit events as sentences: who did what, when, from where, and what followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_cancellations.clock import MINUTE
from flask_cancellations.i18n import fcx_, moment_text, span_text
from flask_cancellations.rules.reasons import Reason
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.rules.wording import amount_text, outcome_sentences
from flask_cancellations.services.history import CancellationView, HistoryEntry, history
from flask_cancellations.state import State
from flask_cancellations.web import elsewhere, money_story
from flask_cancellations.web.words import channel_label, side_label, source_label, told_label


@dataclass(frozen=True, slots=True)
class Told:
    """One event. ``when`` is a wall-clock text, ``facts`` pairs of a word and a text."""

    when: str
    title: str
    source: str
    facts: list[tuple[str, str]]


def told(state: State, reasons: Mapping[str, Reason], entry: HistoryEntry) -> Told:
    """An event in words. An action that these pages do not know is shown by its code, never left out."""
    cancelled = entry.action == "appointment.cancelled"
    when = moment_text(state.clock.to_wall(entry.at_us))
    elsewhere_title = elsewhere.title(entry)
    if elsewhere_title is not None:
        code = entry.after.get("reason", "")
        reason = reasons[code].label if code in reasons else code
        facts = elsewhere.facts(state, entry, reason, _slot(entry.after.get("slot", "")))
        return Told(when, elsewhere_title, source_label(entry.source), facts)
    money_title = money_story.title(entry)
    if money_title is not None:
        return Told(when, money_title, source_label(entry.source), money_story.facts(entry))
    return Told(when, _title(entry), source_label(entry.source), _cancelled(state, reasons, entry) if cancelled else [])


def fee_steps(state: State, view: CancellationView, reasons: Mapping[str, Reason]) -> list[Told]:
    """What became of the fee of one cancellation since, the oldest first."""
    if not view.terms.version:
        return []
    entries = history(state, view.record.appointment_key, view.record.id)
    mine = [
        e
        for e in entries
        if e.action.startswith(("fee.", "deposit.")) and e.after.get("cancellation") == view.record.id
    ]
    return [told(state, reasons, entry) for entry in mine]


def _title(entry: HistoryEntry) -> str:
    who, after = entry.actor_name, entry.after
    match entry.action:
        case "appointment.cancelled":
            return fcx_("%(who)s cancelled the appointment", who=who)
        case "message.stopped":
            channel = channel_label(after["channel"])
            return fcx_("%(who)s stopped the message to the client: %(channel)s", who=who, channel=channel)
        case "message.sent":
            return fcx_("The message to the client was sent: %(channel)s", channel=channel_label(after["channel"]))
        case "message.dead":
            channel = channel_label(after["channel"])
            return fcx_("The message to the client could not be sent: %(channel)s", channel=channel)
        case "credit.done":
            number, amount = after["number"], _amount(after)
            return fcx_("Credit note no. %(number)s issued: %(amount)s", number=number, amount=amount)
        case "cancellation.reversed":
            return fcx_("Taken back: the clinic's own program did not cancel the appointment")
    return fcx_("%(who)s: %(action)s", who=who, action=entry.action)


def _amount(after: Mapping[str, Any]) -> str:
    return amount_text(after["amount"], after["currency"])


def _cancelled(state: State, reasons: Mapping[str, Reason], entry: HistoryEntry) -> list[tuple[str, str]]:
    after, private = entry.after, entry.private
    reason = reasons.get(after["reason"])
    settled = Settlement(**after["settlement"])
    facts = [
        (fcx_("Reason"), reason.label if reason else after["reason"]),
        (fcx_("Who cancelled"), side_label(after["side"])),
        (fcx_("Told us"), _told_us(state, entry)),
        (fcx_("Notice"), _notice(after)),
        (fcx_("Fee and deposit"), " ".join(outcome_sentences(settled))),
        (fcx_("Waived because"), private.get("waive_reason", "")),
        (fcx_("Deposit kept because"), private.get("keep_reason", "")),
        (fcx_("The time"), _slot(after["slot"])),
        (fcx_("The client"), _informed(after["told"], private.get("silent_reason", ""))),
        (fcx_("Note (staff only)"), private.get("note", "")),
    ]
    return [(word, text) for word, text in facts if text]


def _told_us(state: State, entry: HistoryEntry) -> str:
    channel = told_label(entry.after["told_channel"])
    if entry.at_us - entry.after["told_us"] < MINUTE:
        if entry.after["side"] == "clinic":  # nobody told the clinic anything
            return ""
        return fcx_("at that moment, %(channel)s", channel=channel)
    when = moment_text(state.clock.to_wall(entry.after["told_us"]))
    return fcx_("earlier: %(when)s, %(channel)s", when=when, channel=channel)


def _notice(after: Mapping[str, Any]) -> str:
    span = span_text(after["notice_minutes"] * MINUTE)
    if after["late"]:
        return fcx_("%(span)s before the appointment: short notice", span=span)
    return fcx_("%(span)s before the appointment", span=span)


def _slot(slot: str) -> str:
    texts = {
        "held": fcx_("held for the waiting list first, then free to be booked online"),
        "released": fcx_("free to be booked online"),
        "closed": fcx_("closed, because the reason frees no time"),
        "lapsed": fcx_("it had passed already"),
    }
    return texts.get(slot, slot)


def _informed(channels: list[str], silent_reason: str) -> str:
    if silent_reason:
        return fcx_("not told: %(reason)s", reason=silent_reason)
    texts = {
        (): fcx_("not told"),
        ("sms",): fcx_("to be told by SMS"),
        ("email",): fcx_("to be told by e-mail"),
        ("sms", "email"): fcx_("to be told by SMS and e-mail"),
    }
    return texts[tuple(channels)]
