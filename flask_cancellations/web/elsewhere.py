"""Words for what was done in the host's own pages, past us: in the history, and on the page of a cancellation."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from flask_cancellations.i18n import fcx_, fcx_n, moment_text
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.rules.wording import amount_text, outcome_sentences
from flask_cancellations.services.history import HistoryEntry
from flask_cancellations.state import State
from flask_cancellations.web import words

Facts = list[tuple[str, str]]


def is_elsewhere(record: Row[Any]) -> bool:
    """Whether a row of ``Cancellation`` was found, and not made through us."""
    return bool(record.actor_kind == "unknown")


def title(entry: HistoryEntry) -> str | None:
    """What happened; None for an event that is none of these."""
    who = entry.actor_name
    match (entry.action, entry.after.get("found")):
        case ("appointment.cancelled", "cancelled"):
            return fcx_("Cancelled in the clinic's own program")
        case ("appointment.cancelled", "noshow"):
            return fcx_("Marked as missed in the clinic's own program")
        case ("appointment.cancelled", "gone"):
            return fcx_("Deleted in the clinic's own program")
        case ("appointment.restored_elsewhere", _):
            return fcx_("Restored in the clinic's own program: the appointment stands again")
        case ("appointment.moved_elsewhere", _):
            return fcx_("Moved in the clinic's own program")
        case ("cancellation.explained", _):
            return fcx_("%(who)s told the reason", who=who)
        case ("review.closed", _):
            return fcx_("%(who)s has looked at it", who=who)
    return None


def facts(state: State, entry: HistoryEntry, reason: str, slot: str) -> Facts:
    """What belongs to it. ``reason`` and ``slot`` are the words for the codes in the event."""
    after = entry.after
    found: Facts
    match entry.action:
        case "appointment.cancelled":
            settled = Settlement(**after["settlement"])
            found = [
                (fcx_("Reason"), fcx_("No reason told yet")),
                (fcx_("Fee and deposit"), " ".join(outcome_sentences(settled))),
                (fcx_("The time"), slot),
            ]
        case "appointment.restored_elsewhere" | "appointment.moved_elsewhere":
            found = _moved(state, entry) + _called_off(after)
        case "cancellation.explained":
            found = [
                (fcx_("Reason"), reason),
                (fcx_("Who cancelled"), words.side_label(after["side"])),
                (fcx_("The time"), fcx_("closed, because the reason frees no time") if after["slot_closed"] else ""),
                (fcx_("Note (staff only)"), entry.private.get("note", "")),
            ]
        case "review.closed":
            dropped = amount_text(after["dropped"], after["currency"]) if after["dropped"] else ""
            found = [(fcx_("The fee"), fcx_("%(fee)s dropped", fee=dropped) if dropped else "")]
        case _:
            found = []
    return [(word, text) for word, text in found if text]


def _moved(state: State, entry: HistoryEntry) -> Facts:
    before_us, now_us = entry.before["start_us"], entry.after["start_us"]
    if before_us == now_us:
        return []
    return [
        (fcx_("Before"), moment_text(state.clock.to_wall(before_us))),
        (fcx_("Now"), moment_text(state.clock.to_wall(now_us))),
    ]


def _called_off(after: dict[str, Any]) -> Facts:
    if "cancellation" not in after:
        return []
    messages = after["messages_stopped"]
    stopped = fcx_n("%(num)s message stopped", "%(num)s messages stopped", messages) if messages else ""
    settled = Settlement(**after["settlement"])
    return [
        (fcx_("The client"), stopped),
        (fcx_("Fee and deposit"), " ".join(outcome_sentences(settled, stands_again=True))),
    ]


def record_facts(state: State, record: Row[Any], reason: str) -> Facts:
    """The facts of a cancellation that was found: nobody knows who, nor what the client told whom."""
    return [
        (fcx_("Reason"), reason or fcx_("No reason told yet")),
        (fcx_("Who cancelled"), words.side_label(record.side) if record.reason_code else ""),
        (fcx_("Note (staff only)"), record.note),
        (fcx_("Found at"), moment_text(state.clock.to_wall(record.cancelled_us))),
        (fcx_("Entered from"), words.source_label(record.source)),
    ]
