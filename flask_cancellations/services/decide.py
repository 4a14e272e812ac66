"""Decide one cancellation: check the command against rights, reasons, quote and choices; nothing is written here.

The page's preview and the cancellation itself both pass through :func:`decide`, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flask_cancellations.clock import MINUTE
from flask_cancellations.delivery.addresses import Address, reachable
from flask_cancellations.errors import ChangedMeanwhile, InvalidInput, NotOpen
from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import fcx_, moment_text, money_text
from flask_cancellations.rules.money import from_minor
from flask_cancellations.rules.quote import Quote
from flask_cancellations.rules.reasons import SIDES, Reason, Side
from flask_cancellations.rules.settlement import (
    FeeChoice,
    RestChoice,
    Settlement,
    Split,
    rest_choices,
    rest_of_deposit,
    settle,
    split_of,
)
from flask_cancellations.services.actor import Actor, may, require
from flask_cancellations.services.catalogue import Catalogue, choosable
from flask_cancellations.services.quoting import Quoted, is_another, quote_for
from flask_cancellations.services.waiver_limit import waiver_limit
from flask_cancellations.state import State

TOLD_CHANNELS = ("in_person", "phone", "voicemail", "email", "sms", "online")
MAX_NOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCommand:
    """What somebody asks for.

    ``side`` is who cancelled; empty means the reason's side. ``told_us`` is when the client told the clinic
    (microseconds UTC), None for now. ``amount`` is a fee typed in, in minor units. ``fee`` and ``rest`` may stay None
    where only one choice is left; ``split`` divides the rest of the deposit among several outcomes, in minor units, and
    then counts instead of ``rest``. ``seen`` is the fingerprint of the quote the person decided on.
    """

    appointment_key: str
    reason: str
    side: str = ""
    note: str = ""
    told_us: int | None = None
    told_channel: str = "in_person"
    fee: FeeChoice | None = None
    amount: int | None = None
    waive_reason: str = ""
    rest: RestChoice | None = None
    split: Split | None = None
    keep_reason: str = ""
    tell: bool = True
    silent_reason: str = ""
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """All that follows from a command, before anything is written."""

    command: CancelCommand
    appointment: Appointment
    actor: Actor
    reason: Reason
    side: Side
    told_us: int
    now: int
    quoted: Quoted
    fee_choice: FeeChoice
    settlement: Settlement
    addresses: list[Address]

    @property
    def quote(self) -> Quote:
        """The quote it rests on."""
        return self.quoted.quote


@dataclass(slots=True)
class _Faults:
    fields: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        self.fields.setdefault(name, []).append(text)

    def stop(self) -> None:
        if self.fields:
            raise InvalidInput(self.fields)


def decide(
    state: State, catalogue: Catalogue, appointment: Appointment, command: CancelCommand, actor: Actor
) -> Decision:
    """Check everything and settle the money. Raises InvalidInput with all wrong fields, Forbidden, NotOpen or
    ChangedMeanwhile."""
    now = state.clock.now()
    faults = _Faults()
    reason = _reason(catalogue, command, actor, faults)
    side = _side(command, reason, faults)
    told_us = _told(state, appointment, command, actor, now, faults)
    if len(command.note) > MAX_NOTE:
        faults.add("note", fcx_("The note is too long: %(most)s characters at most.", most=MAX_NOTE))
    if reason is not None and reason.note and not command.note.strip():
        faults.add("note", fcx_("This reason needs a note."))
    tell = _tell(state, command, reason, actor, faults)
    faults.stop()
    assert reason is not None  # else stopped above
    assert side is not None
    check_open(appointment, told_us)

    may_set = may(state, actor, "set_fee")
    entered = command.amount if may_set else None
    quoted = quote_for(state, catalogue, appointment, told_us=told_us, reason=reason, entered=entered)
    _check_self_cancel(state, actor, quoted)
    if command.seen is not None:
        shown = quote_for(state, catalogue, appointment, told_us=told_us, reason=reason)
        if is_another(command.seen, appointment):
            raise ChangedMeanwhile(
                fcx_("Something changed while this page was open. Please look at it again and confirm.")
            )
        if command.seen.partition("-")[0] != shown.quote.fingerprint():
            raise ChangedMeanwhile(fcx_("The amounts have changed. Please look again and confirm."))
    if may_set:
        _check_amount(quoted.quote, command, faults)
    fee_choice = _fee_choice(state, quoted.quote, command, actor, faults)
    rest = _rest_choice(state, quoted.quote, fee_choice, command, actor, faults)
    faults.stop()
    return Decision(
        command=command,
        appointment=appointment,
        actor=actor,
        reason=reason,
        side=side,
        told_us=told_us,
        now=now,
        quoted=quoted,
        fee_choice=fee_choice,
        settlement=settle(quoted.quote, fee_choice, rest, pending=state.settings.pending > 0),
        addresses=reachable(appointment.client, state.settings.phone_region) if tell else [],
    )


def check_open(appointment: Appointment, told_us: int) -> None:
    """Raise NotOpen unless the appointment still stands and the client told us before it began."""
    if appointment.status != "booked":
        raise NotOpen(fcx_("This appointment is no longer open. It was closed in the clinic's diary."))
    if told_us >= appointment.start_us:
        raise NotOpen(
            fcx_(
                "This appointment began on %(start)s. It can no longer be cancelled; mark it as missed instead.",
                start=moment_text(appointment.start),
            )
        )


def told_when(state: State, appointment: Appointment, asked: int | None, actor: Actor, now: int) -> int:
    """When the client told us (microseconds UTC): what was ``asked``, or now where that is None.

    Raises InvalidInput for a time in the future or before the booking, and Forbidden without the right to backdate.
    """
    if asked is None:
        return now
    if asked > now:
        raise InvalidInput({"told_at": [fcx_("This time is in the future. Enter when the client told you.")]})
    if appointment.booked_us is not None and asked < appointment.booked_us:
        raise InvalidInput({"told_at": [fcx_("This is before the appointment was booked. Enter a later time.")]})
    if now - asked >= MINUTE:
        # A form shows whole minutes, so up to one minute is no backdating.
        require(state, actor, "backdate")
    return asked


def _reason(catalogue: Catalogue, command: CancelCommand, actor: Actor, faults: _Faults) -> Reason | None:
    if not command.reason:
        faults.add("reason", fcx_("Choose a reason."))
        return None
    by_client = actor.kind in ("link", "client")
    allowed = {reason.code: reason for reason in choosable(catalogue, by_client=by_client)}
    if command.reason not in allowed:
        faults.add("reason", fcx_("This reason does not exist or is not yours to choose. Pick one of the list."))
    return allowed.get(command.reason)


def _side(command: CancelCommand, reason: Reason | None, faults: _Faults) -> Side | None:
    if command.side and command.side not in SIDES:
        faults.add("side", fcx_("Say who cancelled: the client, the clinic or neither."))
    elif reason is not None and command.side and command.side != reason.side:
        faults.add("reason", fcx_("This reason does not go with who cancelled. Change one of the two."))
    return reason.side if reason else None


def _told(
    state: State, appointment: Appointment, command: CancelCommand, actor: Actor, now: int, faults: _Faults
) -> int:
    if command.told_channel not in TOLD_CHANNELS:
        faults.add("told_channel", fcx_("Say how the client told you: in person, by phone, voicemail ..."))
    try:
        return told_when(state, appointment, command.told_us, actor, now)
    except InvalidInput as error:
        faults.fields.update(error.fields)
        return now


def _tell(state: State, command: CancelCommand, reason: Reason | None, actor: Actor, faults: _Faults) -> bool:
    if command.tell:
        return reason is not None and reason.tell
    require(state, actor, "silent")
    if not command.silent_reason.strip():
        faults.add("silent_reason", fcx_("Say why the client is not told."))
    return False


def _check_self_cancel(state: State, actor: Actor, quoted: Quoted) -> None:
    policy = quoted.policy
    if actor.kind in ("link", "client") and policy is not None and quoted.quote.notice < policy.self_cancel:
        raise NotOpen(
            fcx_(
                "It is too late to cancel online. Please call us: %(phone)s.",
                phone=state.settings.clinic_phone,
            )
        )


def _check_amount(quote: Quote, command: CancelCommand, faults: _Faults) -> None:
    if not quote.needs_amount:
        return
    if command.amount is None:
        faults.add("amount", fcx_("The price is unknown. Enter the fee; 0 means none."))
    elif command.amount < 0:
        faults.add("amount", fcx_("The fee cannot be negative."))
    elif quote.limit is not None and command.amount > quote.limit:
        limit = money_text(from_minor(quote.limit, quote.currency), quote.currency)
        faults.add("amount", fcx_("The fee may be %(limit)s at most.", limit=limit))


def _fee_choice(state: State, quote: Quote, command: CancelCommand, actor: Actor, faults: _Faults) -> FeeChoice:
    if quote.fee == 0:
        return "charge"
    if command.fee == "waive":
        require(state, actor, "waive")
        if not command.waive_reason.strip():
            faults.add("waive_reason", fcx_("Say why the fee is waived."))
        limit = waiver_limit(state, actor)
        if limit is not None and quote.fee > limit:
            most = money_text(from_minor(limit, quote.currency), quote.currency)
            faults.add("fee", fcx_("You may waive %(limit)s of a fee at most. Ask a manager.", limit=most))
    elif command.fee is None and may(state, actor, "waive"):
        faults.add("fee", fcx_("Choose whether to charge or to waive the fee."))
    return command.fee or "charge"


def _rest_choice(
    state: State, quote: Quote, fee_choice: FeeChoice, command: CancelCommand, actor: Actor, faults: _Faults
) -> RestChoice | Split:
    choices = rest_choices(quote, fee_choice, may_keep=may(state, actor, "keep_deposit"))
    if not choices:
        return "refund"
    if command.split is not None:
        return _split(quote, fee_choice, command, choices, faults)
    rest = command.rest or choices[0]
    if rest not in choices:
        faults.add("rest", fcx_("This is not possible for the deposit here. Choose another outcome."))
        return choices[0]
    if rest == "keep" and fee_choice == "waive" and not command.keep_reason.strip():
        faults.add("keep_reason", fcx_("Say why the deposit is kept although the fee is waived."))
    return rest


def _split(
    quote: Quote, fee_choice: FeeChoice, command: CancelCommand, choices: tuple[RestChoice, ...], faults: _Faults
) -> Split:
    split = {way: amount for way, amount in (command.split or {}).items() if amount}
    left = rest_of_deposit(quote, fee_choice)
    if any(way not in choices for way in split):
        faults.add("rest", fcx_("This is not possible for the deposit here. Choose another outcome."))
    else:
        try:
            split_of(left, split)
        except ValueError:
            held = money_text(from_minor(left, quote.currency), quote.currency)
            faults.add("rest", fcx_("Divide exactly the %(amount)s that are left of the deposit.", amount=held))
    if "keep" in split and fee_choice == "waive" and not command.keep_reason.strip():
        faults.add("keep_reason", fcx_("Say why the deposit is kept although the fee is waived."))
    return split
