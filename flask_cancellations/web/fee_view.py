"""What may still be done about the money of one cancellation, as forms: charge, waive, drop or give back its fee, let
go of a held deposit."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import fcx_
from flask_cancellations.rules.fee_book import releasable
from flask_cancellations.rules.wording import amount_text
from flask_cancellations.services.actor import Actor, may
from flask_cancellations.services.history import CancellationView
from flask_cancellations.services.waiver_limit import waiver_limit
from flask_cancellations.state import State
from flask_cancellations.web.forms import Faults, amount_entry
from flask_cancellations.web.pages import address

# Each step with the right that it needs.
RIGHTS = {"charge": "money", "waive": "waive", "drop": "money", "give_back": "give_back", "release": "money"}
FIELDS = ("amount", "reason", "way", "seen")


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that was refused: what was typed, and why it was refused."""

    step: str
    sent: dict[str, str]
    faults: Faults


@dataclass(frozen=True, slots=True)
class Deed:
    """One form. ``seen`` is the version of the amounts that it shows; ``ways`` are pairs of a value and a label,
    where money becomes free that has to go somewhere."""

    step: str
    label: str
    text: str
    button: str
    url: str
    seen: int
    amount: str
    currency: str
    amount_hint: str
    danger: bool
    asks_reason: bool
    ways: list[tuple[str, str]]
    ways_label: str
    way: str
    reason: str = ""
    opened: bool = False
    faults: Faults = field(default_factory=dict)


def deeds(
    state: State, actor: Actor, it: Appointment, view: CancellationView, refused: Refused | None = None
) -> list[Deed]:
    """The forms for what this actor may do with this money as it stands."""
    settled, stands_again = view.settlement, view.terms.stood_again_us is not None
    pending = 0 if stands_again else settled.pending  # else it is decided where it waits to be looked at
    unpaid = 0 if stands_again and settled.pending else settled.pending + settled.due
    free = 0 if stands_again else releasable(settled)
    money = may(state, actor, "money", it)
    rests = _rests(state, actor, it)
    held = rests if settled.held and pending else []
    found = []
    if pending and money:
        found.append(_deed(view, "charge", pending, refused))
    if unpaid and may(state, actor, "waive", it):
        limit = waiver_limit(state, actor)
        found.append(_deed(view, "waive", unpaid, refused, ways=held, limit=limit))
    if pending and money:
        found.append(_deed(view, "drop", pending, refused, ways=held))
    if settled.kept and may(state, actor, "give_back", it):
        backs = [("refund", fcx_("Refund")), ("credit", fcx_("Client credit"))]
        found.append(_deed(view, "give_back", settled.kept, refused, ways=backs))
    if free and money:
        found.append(_deed(view, "release", free, refused, ways=rests))
    return found


def rest_ways(state: State, actor: Actor, it: Appointment) -> tuple[str, ...]:
    """Where the part of the deposit may go that is set free."""
    return ("refund", "credit", "keep") if may(state, actor, "keep_deposit", it) else ("refund", "credit")


def _rests(state: State, actor: Actor, it: Appointment) -> list[tuple[str, str]]:
    labels = {"refund": fcx_("Refund"), "credit": fcx_("Client credit"), "keep": fcx_("The clinic keeps it")}
    return [(way, labels[way]) for way in rest_ways(state, actor, it)]


def _deed(
    view: CancellationView,
    step: str,
    most: int,
    refused: Refused | None,
    *,
    ways: list[tuple[str, str]] | None = None,
    limit: int | None = None,
) -> Deed:
    settled, ways = view.settlement, ways or []
    currency = settled.currency
    sent = refused.sent if refused is not None and refused.step == step else {}
    values = [value for value, _ in ways]
    usual = view.terms.rest if step != "give_back" and view.terms.rest in values else "refund"
    label, text, button = _words(step)
    hint = fcx_("%(most)s at most.", most=amount_text(most, currency))
    if limit is not None and limit < most:
        hint = fcx_("You may waive %(limit)s of a fee at most.", limit=amount_text(limit, currency))
    return Deed(
        step=step,
        label=label,
        text=text,
        button=button,
        url=address("fee_step", cancellation_id=view.record.id, step=step),
        seen=view.terms.version,
        amount=sent.get("amount", amount_entry(most if limit is None else min(most, limit), currency)),
        currency=currency,
        amount_hint=hint,
        danger=step == "charge",
        asks_reason=step != "charge",
        ways=ways,
        ways_label=fcx_("How is it given back?") if step == "give_back" else fcx_("Where does the deposit go then?"),
        way=sent["way"] if sent.get("way") in values else usual,
        reason=sent.get("reason", ""),
        opened=bool(sent),
        faults=refused.faults if refused is not None and sent else {},
    )


def _words(step: str) -> tuple[str, str, str]:
    """What a step is called, what it does, and what its button says."""
    words = {
        "charge": (
            fcx_("Charge now"),
            fcx_("The deposit that is held for the fee pays first; the rest is due from the client."),
            fcx_("Charge the fee"),
        ),
        "waive": (
            fcx_("Waive"),
            fcx_("The client need not pay this, as a decision of the clinic. It is logged with your name."),
            fcx_("Waive the fee"),
        ),
        "drop": (
            fcx_("Drop"),
            fcx_("The clinic has no loss to ask for, for instance because the time is booked again."),
            fcx_("Drop the fee"),
        ),
        "give_back": (
            fcx_("Give back"),
            fcx_("The client has paid this, and should not have had to."),
            fcx_("Give the fee back"),
        ),
        "release": (
            fcx_("Decide about the deposit"),
            fcx_("This part of the deposit is held, and no fee waits for it."),
            fcx_("Let go of the deposit"),
        ),
    }
    return words[step]
