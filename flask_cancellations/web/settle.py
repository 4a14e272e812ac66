"""A payment that is to be settled, in words, and the form that settles it; shown in the list and on a cancellation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import request

from flask_cancellations.i18n import fcx_, fcx_p, moment_text
from flask_cancellations.services import desk, payments
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.desk import ToSettle
from flask_cancellations.state import State
from flask_cancellations.web.forms import Entries, Faults
from flask_cancellations.web.pages import address

FIELDS = ("how", "note")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A form that was refused: the number of its payment, what was typed, and why it was refused."""

    id: int
    sent: dict[str, str]
    faults: Faults


@dataclass(frozen=True, slots=True)
class Due:
    """One payment as a page shows it; ``amount`` in minor units, ``retry_url`` empty where there is nothing to try."""

    id: int
    what: str
    label: str
    failed: bool
    client: str
    appointment: str
    amount: int
    currency: str
    since: str
    sentences: list[str]
    record_url: str
    settle_url: str
    retry_url: str
    retry_hint: str
    sent: dict[str, str] = field(default_factory=dict)
    faults: Faults = field(default_factory=dict)


def how_label(how: str) -> str:
    """What a payment was settled by."""
    labels = {
        "cash": fcx_p("settled by", "Cash"),
        "card": fcx_p("settled by", "Card"),
        "transfer": fcx_p("settled by", "Bank transfer"),
        "other": fcx_p("settled by", "Otherwise"),
    }
    return labels.get(how, how)


def how_choices() -> list[tuple[str, str]]:
    """The ways to settle a payment by hand."""
    return [(how, how_label(how)) for how in payments.HOW]


def what_label(what: str) -> str:
    """What is to be done with a payment, in few words."""
    labels = {
        "charge": fcx_p("money", "To collect"),
        "refund": fcx_p("money", "To pay back"),
        "pay_out": fcx_p("money", "Credit to pay out"),
    }
    return labels[what]


def due(state: State, item: ToSettle, wrong: Wrong | None = None) -> Due:
    """A payment in words."""
    row, record = item.row, item.record
    mine = wrong if wrong is not None and wrong.id == row.id else None
    return Due(
        id=row.id,
        what=item.what,
        label=what_label(item.what),
        failed=item.failed,
        client=record.client_name or fcx_("No client"),
        appointment=" · ".join(
            filter(None, (moment_text(state.clock.to_wall(record.start_us)), record.service_name, record.staff_name))
        ),
        amount=row.amount,
        currency=row.currency,
        since=moment_text(state.clock.to_wall(row.not_before_us)),
        sentences=_sentences(item),
        record_url=address("cancellation", cancellation_id=record.id),
        settle_url=address("settle", movement_id=row.id),
        retry_url=address("retry_payment", movement_id=row.id) if item.failed else "",
        retry_hint=_retry_hint(item),
        sent=mine.sent if mine else {},
        faults=mine.faults if mine else {},
    )


def _sentences(item: ToSettle) -> list[str]:
    row = item.row
    deeds = {
        "charge": fcx_("Collect this from the client."),
        "refund": fcx_("Pay this back to the client."),
        "pay_out": fcx_("Pay this credit out to the client."),
    }
    if not item.failed:
        reference = fcx_("It goes back to the payment %(reference)s.", reference=row.reference) if row.reference else ""
        return [text for text in (deeds[item.what], reference) if text]
    if row.doubt:
        said = fcx_("Nobody knows whether money has moved: look it up at the payment provider first.")
    else:
        said = fcx_("The payment provider said no; no money has moved.")
    error = fcx_("What it answered: %(error)s", error=row.error) if row.error else ""
    return [text for text in (said, error) if text]


def _retry_hint(item: ToSettle) -> str:
    if not item.failed:
        return ""
    if item.row.doubt:
        return fcx_("Trying again asks about the same payment, so that nothing moves twice.")
    return fcx_("Trying again makes a new payment.")


def settling(state: State, movement_id: int, actor: Actor) -> tuple[Entries, Callable[[], object]]:
    """What the form of one payment sent, and what it asks for. Raises NotFound and Forbidden before it is read."""
    desk.payment(state, movement_id, actor)
    entries = Entries(FIELDS)

    def work() -> None:
        how, note = entries.choice("how", *payments.HOW), entries.text("note")
        if how == "other" and not note:
            entries.faults.setdefault("note", [fcx_("Say how.")])
        entries.check()
        payments.settle_by_hand(state, movement_id, actor, how=how, note=note)

    return entries, work


def from_record() -> bool:
    """Whether the form stood on the page of a cancellation."""
    return request.form.get("on") == "record"
