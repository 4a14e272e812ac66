"""What a client sees of an appointment: what it is, what cancelling it costs now, and what came of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from flask_cancellations.delivery.wording import deposit_sentences, fee_sentence
from flask_cancellations.errors import AlreadyCancelled, ChangedMeanwhile, Gone, NotOpen
from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import fcx_, moment_text
from flask_cancellations.rules.policy_text import policy_text
from flask_cancellations.rules.quote import Quote
from flask_cancellations.rules.reasons import Reason
from flask_cancellations.rules.settlement import Settlement, by_client
from flask_cancellations.rules.terms_text import stage_sentences
from flask_cancellations.rules.why import why_text
from flask_cancellations.rules.wording import amount_text
from flask_cancellations.services import catalogue
from flask_cancellations.services.catalogue import choosable
from flask_cancellations.services.history import cancellation_view, latest_cancellation_id
from flask_cancellations.services.links import Opened
from flask_cancellations.services.quoting import Quoted, quote_for
from flask_cancellations.services.terms import told_stages
from flask_cancellations.state import State

# Reasons for a fee, or for none, that are worth a sentence to the client.
_TELLING = {"band", "enough_notice", "grace", "within_window", "first_time"}


@dataclass(frozen=True, slots=True)
class ReasonChoice:
    """A reason the client may pick. ``detail`` says what is special about it."""

    code: str
    label: str
    detail: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What the client decides on.

    ``changes`` say when it will cost something else, ``policy`` is the whole policy for clients, a sentence each.
    ``fingerprints`` are the quotes' by reason; ``seen`` stands for all of them.
    """

    appointment: Appointment
    sentences: list[str]
    why: str
    changes: list[str]
    policy: list[str]
    costs: bool
    reasons: list[ReasonChoice]
    button: str
    fingerprints: dict[str, str]
    seen: str


def offer_for(state: State, found: Opened) -> Offer:
    """What cancelling costs at this moment.

    Raises Gone for a link that was used or whose appointment has begun, AlreadyCancelled, and NotOpen where the
    policy lets clients cancel online only earlier.
    """
    appointment, now = found.appointment, state.clock.now()
    if found.used:
        raise Gone(fcx_("This link was used already."))
    if appointment.status == "cancelled":
        raise AlreadyCancelled(fcx_("This appointment is already cancelled."))
    if found.expired or appointment.start_us <= now:
        if found.link_id is None:
            raise NotOpen(fcx_("It is too late to cancel online."))
        raise Gone(fcx_("This link has expired: the appointment has begun."))
    if appointment.status != "booked":
        raise NotOpen(fcx_("This appointment is no longer open."))

    known = catalogue.load(state)
    usual = quote_for(state, known, appointment, told_us=now, reason=None)
    if usual.policy is not None and usual.quote.notice < usual.policy.self_cancel:
        raise NotOpen(fcx_("It is too late to cancel online."))
    # A quote depends on two properties of its reason only, and each one asks the database.
    quotes: dict[tuple[bool, bool], Quoted] = {}
    reasons = choosable(known, by_client=True)
    for reason in reasons:
        kind = (reason.fee, reason.side == "clinic")
        if kind not in quotes:
            quotes[kind] = quote_for(state, known, appointment, told_us=now, reason=reason)
    by_reason = {reason.code: quotes[reason.fee, reason.side == "clinic"].quote for reason in reasons}

    outcome_ = by_client(usual.quote, pending=state.settings.pending > 0)
    changes = stage_sentences(told_stages(state.clock, usual))
    fingerprints = {code: quote.fingerprint() for code, quote in by_reason.items()}
    return Offer(
        appointment=appointment,
        sentences=_sentences(outcome_),
        why=_why(usual),
        changes=changes if len(changes) > 1 else [],
        policy=policy_text(usual.policy).splitlines() if usual.policy else [],
        costs=outcome_.fee > 0 or outcome_.forfeited > 0,
        reasons=[
            ReasonChoice(reason.code, reason.label, _detail(reason, usual.quote, by_reason[reason.code]))
            for reason in reasons
        ],
        button=_button(usual.quote, list(by_reason.values())),
        fingerprints=fingerprints,
        seen=_digest(appointment, fingerprints),
    )


def check_offer(offer: Offer, reason: str, seen: str) -> None:
    """Raise ChangedMeanwhile if the client decided on other numbers or another time than those in force."""
    if reason in offer.fingerprints and seen != offer.seen:
        raise ChangedMeanwhile(fcx_("Something changed while this page was open. Please look at it again and confirm."))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it, for the client: ``when`` is empty if the clinic cancelled in its own program."""

    start: datetime
    service: str
    staff: str
    when: str
    sentences: list[str]


def outcome(state: State, found: Opened) -> Outcome:
    """What the latest cancellation of the appointment means for its client."""
    it = found.appointment
    latest = found.cancellation_id or latest_cancellation_id(state, it.key)
    if latest is None:
        return Outcome(it.start, it.service_name, it.staff_name, "", [])
    view = cancellation_view(state, latest)
    if view.record.actor_kind == "unknown":  # done past us: nobody knows when, and nothing was decided about money
        return Outcome(it.start, it.service_name, it.staff_name, "", [])
    when = moment_text(state.clock.to_wall(view.record.cancelled_us))
    return Outcome(it.start, it.service_name, it.staff_name, when, _sentences(view.settlement))


def _sentences(settled: Settlement) -> list[str]:
    return [fee_sentence(settled), *deposit_sentences(settled)]


def _why(quoted: Quoted) -> str:
    """The sentence why, where it tells the client something: a band, or that the notice was long enough."""
    quote = quoted.quote
    if quote.needs_amount or not _TELLING & set(quote.why):
        return ""
    return why_text(quote, quoted.policy)


def _detail(reason: Reason, usual: Quote, quote: Quote) -> str:
    details = [fcx_("please add a note")] if reason.note else []
    if quote.fee != usual.fee:  # a reason can only free the client from the usual fee
        details.insert(0, fcx_("no fee"))
    return ", ".join(details)


def _button(usual: Quote, quotes: list[Quote]) -> str:
    if any(quote.fee != usual.fee for quote in quotes):
        return fcx_("Cancel appointment")
    if usual.fee:
        return fcx_("Cancel appointment, fee %(fee)s", fee=amount_text(usual.fee, usual.currency))
    return fcx_("Cancel appointment, no fee")


def _digest(appointment: Appointment, fingerprints: dict[str, str]) -> str:
    shown = [str(appointment.start_us), *(f"{code}={text}" for code, text in sorted(fingerprints.items()))]
    return hashlib.sha256("\n".join(shown).encode()).hexdigest()[:32]
