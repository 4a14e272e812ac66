"""What the cancel page shows: the appointment, the reasons to choose from, the amounts of every choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from flask_cancellations.clock import MINUTE
from flask_cancellations.delivery.addresses import Address, reachable
from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import fcx_, moment_text, span_text
from flask_cancellations.rules.reasons import SIDES, Reason
from flask_cancellations.rules.settlement import FeeChoice, RestChoice, rest_of_deposit
from flask_cancellations.rules.wording import amount_text, button_text, summary_text
from flask_cancellations.services import catalogue
from flask_cancellations.services.actor import Actor, may
from flask_cancellations.services.catalogue import Catalogue
from flask_cancellations.services.preview import Preview, preview
from flask_cancellations.state import State
from flask_cancellations.web import words
from flask_cancellations.web.cancel_form import STAFF_CHANNELS, CancelForm

RECENT = 3
RIGHTS = ("backdate", "silent", "set_fee", "waive")


@dataclass(frozen=True, slots=True)
class Card:
    """One choice: its value, its name, the sum it is about, and what it leads to."""

    value: str
    label: str
    amount: str
    detail: str
    checked: bool


@dataclass(frozen=True, slots=True)
class RestGroup:
    """What may happen to the rest of the deposit under one fee choice; ``settled`` says it where nothing is open."""

    fee: FeeChoice
    label: str
    cards: list[Card]
    settled: str
    may_keep: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one combination of choices comes to."""

    fee: str
    rest: str
    summary: str
    button: str
    chosen: bool


def cancel_page(
    state: State, actor: Actor, appointment: Appointment, form: CancelForm, faults: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Everything that ``cancel.html`` needs. ``faults`` maps fields to sentences."""
    now = state.clock.now()
    rights = {right: may(state, actor, right) for right in RIGHTS}
    known = catalogue.load(state)
    command = form.parse(state, appointment.key).command
    shown = preview(
        state,
        known,
        appointment,
        actor,
        told_us=_told(appointment, command.told_us, now) if rights["backdate"] else now,
        reason_code=command.reason,
        side=command.side,
        entered=command.amount,
    )
    asks_amount = shown.quote.needs_amount and rights["set_fee"]
    no_amount = asks_amount and command.amount is None
    outcomes = [] if no_amount else _outcomes(shown, form)
    chosen = next((outcome for outcome in outcomes if outcome.chosen), None)
    return {
        "appointment": appointment,
        "when": when_text(appointment, now),
        "begun": appointment.start_us <= now,
        "price": None if appointment.price is None else amount_text(appointment.price, shown.quote.currency),
        "deposit": amount_text(appointment.deposit, shown.quote.currency) if appointment.deposit else "",
        "form": form,
        "faults": faults,
        "rights": rights,
        "sides": [(side, words.side_label(side)) for side in SIDES],
        "channels": [(channel, _capital(words.told_label(channel))) for channel in STAFF_CHANNELS],
        "earliest": _input_time(state, appointment.booked_us),
        "latest": _input_time(state, now),
        "groups": reason_groups(state, actor, known),
        "quote": shown.quote,
        "why": shown.why,
        "seen": shown.seen,
        "asks_amount": asks_amount,
        "limit": "" if shown.quote.limit is None else amount_text(shown.quote.limit, shown.quote.currency),
        "fee_text": ""
        if asks_amount and command.amount is None
        else amount_text(shown.quote.fee, shown.quote.currency),
        "fee_cards": _fee_cards(shown, form),
        "rests": [] if no_amount else _rest_groups(shown, form),
        "charge_text": _charge_detail(shown),
        "outcomes": outcomes,
        "open_text": _open_text(no_amount, shown),
        "chosen": chosen,
        "told": told_text(state, appointment, shown.reason),
        "may_be_silent": rights["silent"] and _is_told(state, appointment, shown.reason),
    }


def _told(appointment: Appointment, told_us: int | None, now: int) -> int:
    """When the client told us, as far as it can be; sending it says what is wrong with it."""
    booked = appointment.booked_us
    if told_us is None or told_us > now or (booked is not None and told_us < booked):
        return now
    return told_us


def when_text(appointment: Appointment, now: int) -> str:
    """How far away the appointment is: "in 3 h 20 min"."""
    away = appointment.start_us - now
    if away > 0:
        return fcx_("in %(span)s", span=span_text(away))
    return fcx_("began %(span)s ago", span=span_text(away))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def reason_groups(
    state: State, actor: Actor, known: Catalogue
) -> list[tuple[str, list[tuple[str, str]], dict[str, str]]]:
    """The reasons under the name of their side, each as (code, text), the actor's recent ones first."""
    recent = catalogue.recently_used(state, actor.kind, actor.key)[:RECENT]
    reasons = sorted(
        catalogue.choosable(known, by_client=False),
        key=lambda reason: recent.index(reason.code) if reason.code in recent else RECENT,
    )
    grouped = [
        (words.side_label(side), [(r.code, _option(r)) for r in reasons if r.side == side], {"side": str(side)})
        for side in SIDES
    ]
    return [group for group in grouped if group[1]]


def _option(reason: Reason) -> str:
    return fcx_("%(reason)s (needs a note)", reason=reason.label) if reason.note else reason.label


def _fee_cards(shown: Preview, form: CancelForm) -> list[Card]:
    if len(shown.fee_choices) < 2:
        return []
    open_amount = shown.quote.fee == 0  # asked for and not entered yet
    fee = "" if open_amount else amount_text(shown.quote.fee, shown.quote.currency)
    charge = "" if open_amount else _charge_detail(shown)
    return [
        Card("charge", fcx_("Charge the fee"), fee, charge, form.fee == "charge"),
        Card("waive", fcx_("Waive the fee"), fee, fcx_("The client pays nothing."), form.fee == "waive"),
    ]


def _charge_detail(shown: Preview) -> str:
    settled = shown.settlement("charge")
    taken = amount_text(settled.taken, settled.currency)
    due = amount_text(settled.due, settled.currency)
    if not settled.taken:
        return fcx_("To be paid at the desk.")
    if not settled.due:
        return fcx_("Taken from the deposit.")
    return fcx_("%(taken)s from the deposit, %(due)s to be paid at the desk.", taken=taken, due=due)


def _rest_groups(shown: Preview, form: CancelForm) -> list[RestGroup]:
    if not shown.quote.deposit:
        return []
    return [_rest_group(shown, form, fee, choices) for fee, choices in shown.rests.items()]


def _rest_group(shown: Preview, form: CancelForm, fee: FeeChoice, choices: tuple[RestChoice, ...]) -> RestGroup:
    rest = rest_of_deposit(shown.quote, fee)
    amount = amount_text(rest, shown.quote.currency)
    if fee == "waive":
        label = fcx_("If the fee is waived: the deposit of %(amount)s", amount=amount)
    elif len(shown.rests) > 1:
        label = (
            fcx_("If the fee is charged: %(amount)s left of the deposit", amount=amount)
            if rest
            else fcx_("If the fee is charged: nothing left of the deposit")
        )
    elif shown.quote.fee and rest:
        label = fcx_("%(amount)s left of the deposit", amount=amount)
    else:
        label = fcx_("The deposit of %(amount)s", amount=amount_text(shown.quote.deposit, shown.quote.currency))
    if not choices:
        return RestGroup(fee, label, [], fcx_("All of it goes towards the fee."))
    if len(choices) == 1:
        return RestGroup(fee, label, [], fcx_("It will be refunded, to be settled at the desk."))
    wanted = form.rest(fee) if form.rest(fee) in choices else choices[0]
    texts = {
        "refund": (fcx_("Refund"), fcx_("To be settled at the desk.")),
        "credit": (fcx_("Credit note"), fcx_("For another appointment.")),
        "keep": (fcx_("Keep"), fcx_("The clinic keeps it.")),
    }
    cards = [Card(choice, texts[choice][0], amount, texts[choice][1], choice == wanted) for choice in choices]
    return RestGroup(fee, label, cards, "", may_keep="keep" in choices)


def _outcomes(shown: Preview, form: CancelForm) -> list[Outcome]:
    """Every combination; chosen is the one that the form would carry out as it stands."""
    fee_now = form.fee if len(shown.fee_choices) > 1 else "charge"
    found = []
    for fee, choices in shown.rests.items():
        wanted = form.rest(fee) if form.rest(fee) in choices else next(iter(choices), "")
        for rest in choices or ("",):
            settled = shown.settlement(fee, rest or None)
            chosen = fee == fee_now and rest == wanted
            found.append(Outcome(fee, rest, summary_text(settled), button_text(settled), chosen))
    return found


def _open_text(amount_missing: bool, shown: Preview) -> str:
    """What is still to be decided about the money."""
    if amount_missing:
        return fcx_("Enter the fee.")
    return fcx_("Choose whether to charge or to waive the fee.") if shown.fee_choices else ""


def _input_time(state: State, us: int | None) -> str:
    """A wall-clock minute as ``<input type="datetime-local">`` writes it."""
    return "" if us is None else state.clock.to_wall(us).strftime("%Y-%m-%dT%H:%M")


def _addresses(state: State, appointment: Appointment) -> list[Address]:
    return reachable(appointment.client, state.settings.phone_region)


def _is_told(state: State, appointment: Appointment, reason: Reason | None) -> bool:
    return (reason is None or reason.tell) and bool(_addresses(state, appointment))


def told_text(state: State, appointment: Appointment, reason: Reason | None) -> Markup:
    """How the client is told, with masked addresses, or why not."""
    if reason is not None and not reason.tell:
        return escape(fcx_("The client is not told: no message goes out for this reason."))
    addresses = {found.channel: Markup("<bdi>%s</bdi>") % found.masked for found in _addresses(state, appointment)}
    if not addresses:
        return escape(fcx_("We have no usable phone number or e-mail address: please tell the client yourself."))
    text = {
        ("sms", "email"): fcx_("The client is told by SMS to %(sms)s and e-mail to %(email)s."),
        ("sms",): fcx_("The client is told by SMS to %(sms)s."),
        ("email",): fcx_("The client is told by e-mail to %(email)s."),
    }[tuple(addresses)]
    told = escape(text) % addresses
    if state.settings.undo_delay < MINUTE:
        return told
    delay = span_text(state.settings.undo_delay)
    return told + " " + escape(fcx_("The message waits %(delay)s and can be stopped until then.", delay=delay))


def began_text(appointment: Appointment) -> str:
    """What to know about an appointment that has begun, for those who may say that the client told us before."""
    return fcx_(
        "This appointment began on %(start)s. You can still cancel it if the client told you before; enter when.",
        start=moment_text(appointment.start),
    )
