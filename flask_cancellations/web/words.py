"""Words for codes: states, channels, actors. Sentences about money are in ``rules.wording``."""

from __future__ import annotations

from flask_cancellations.host.values import Status
from flask_cancellations.i18n import fcx_, fcx_p


def status_label(status: Status) -> str:
    """An appointment's status in one word."""
    labels = {
        "booked": fcx_p("status", "Booked"),
        "cancelled": fcx_p("status", "Cancelled"),
        "noshow": fcx_p("status", "Missed"),
        "fulfilled": fcx_p("status", "Done"),
        "unknown": fcx_p("status", "Not open"),
    }
    return labels[status]


def side_label(side: str) -> str:
    """Who cancelled."""
    labels = {
        "client": fcx_p("side", "Client"),
        "clinic": fcx_p("side", "Clinic"),
        "other": fcx_p("side", "Neither"),
    }
    return labels[side]


def told_label(channel: str) -> str:
    """How the client told the clinic."""
    labels = {
        "in_person": fcx_("in person"),
        "phone": fcx_("by phone"),
        "voicemail": fcx_("by voicemail"),
        "email": fcx_("by e-mail"),
        "sms": fcx_("by SMS"),
        "online": fcx_("online"),
    }
    return labels[channel]


def channel_label(channel: str) -> str:
    """What kind of message it is."""
    return {"sms": fcx_p("channel", "SMS"), "email": fcx_p("channel", "E-mail")}[channel]


def source_label(source: str) -> str:
    """Where an action came from."""
    labels = {
        "web": fcx_p("source", "the clinic's pages"),
        "link": fcx_p("source", "the client's own link"),
        "api": fcx_p("source", "the API"),
        "job": fcx_p("source", "a background job"),
        "cli": fcx_p("source", "the command line"),
        "host": fcx_p("source", "the clinic's own program"),
    }
    return labels[source]


def message_label(state: str) -> str:
    """How far a message is, in one word."""
    labels = {
        "waiting": fcx_p("message", "Waiting"),
        "sending": fcx_p("message", "Being sent"),
        "sent": fcx_p("message", "Sent"),
        "stopped": fcx_p("message", "Stopped"),
        "dead": fcx_p("message", "Could not be sent"),
        "pending_host": fcx_p("message", "Waiting for the clinic's program"),
    }
    return labels[state]


MESSAGE_BADGES = {
    "waiting": "info",
    "sending": "info",
    "sent": "success",
    "stopped": "unknown",
    "dead": "error",
    "pending_host": "info",
}


def typed(text: str) -> str:
    """What somebody typed, as every database takes it."""
    return "".join(letter for letter in text.replace("\r\n", "\n") if letter.isprintable() or letter in "\n\t").strip()
