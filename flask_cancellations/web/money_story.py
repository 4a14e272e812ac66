"""Words for what became of a fee, a payment and a credit: in the history, and on the page of a cancellation."""

from __future__ import annotations

from typing import Any

from flask_cancellations.i18n import fcx_
from flask_cancellations.rules.wording import amount_text
from flask_cancellations.services.history import HistoryEntry
from flask_cancellations.web.settle import how_label

Facts = list[tuple[str, str]]


def title(entry: HistoryEntry) -> str | None:
    """What happened; None for an event that is none of these."""
    after = entry.after
    amount = amount_text(after["amount"], after["currency"]) if "amount" in after and "currency" in after else ""
    if entry.action == "credit_note.reversed":
        return fcx_(
            "Credit note no. %(number)s issued, which takes back no. %(reverses)s: %(amount)s",
            number=after["number"],
            reverses=after["reverses"],
            amount=amount,
        )
    if entry.action in ("charge.done", "refund.done") and after.get("by_hand"):
        if entry.action == "charge.done":
            return fcx_("Collected at the desk: %(amount)s", amount=amount)
        return fcx_("Paid back at the desk: %(amount)s", amount=amount)
    return _title(entry.action, amount)


def _title(action: str, amount: str) -> str | None:
    titles = {
        "fee.charged": fcx_("Fee charged: %(amount)s"),
        "fee.waived": fcx_("Fee waived: %(amount)s"),
        "fee.dropped": fcx_("Fee dropped: %(amount)s"),
        "fee.paid": fcx_("Fee paid: %(amount)s"),
        "fee.given_back": fcx_("Fee given back: %(amount)s"),
        "fee.held": fcx_("Fee and deposit wait, because the appointment stands again"),
        "deposit.released": fcx_("Decided about the deposit that was held: %(amount)s"),
        "fee.undone": fcx_("Fee and deposit are undone: the appointment stands again"),
        "charge.manual": fcx_("Due from the client, to be settled at the desk: %(amount)s"),
        "charge.sent": fcx_("Charge given to the payment provider: %(amount)s"),
        "charge.done": fcx_("Charge made by the payment provider: %(amount)s"),
        "charge.failed": fcx_("Charge failed: %(amount)s"),
        "charge.retried": fcx_("Charge to be tried again: %(amount)s"),
        "refund.manual": fcx_("Refund to be settled at the desk: %(amount)s"),
        "refund.sent": fcx_("Refund given to the payment provider: %(amount)s"),
        "refund.done": fcx_("Refund made by the payment provider: %(amount)s"),
        "refund.failed": fcx_("Refund failed: %(amount)s"),
        "refund.retried": fcx_("Refund to be tried again: %(amount)s"),
        "credit.redeem": fcx_("Credit redeemed: %(amount)s"),
        "credit.void": fcx_("Credit voided: %(amount)s"),
        "credit.pay_out": fcx_("Credit to be paid out: %(amount)s"),
        "credit.expire": fcx_("Credit expired: %(amount)s"),
        "credit.undo": fcx_("Credit taken back, because the appointment stands again: %(amount)s"),
    }
    text = titles.get(action)
    return None if text is None else text % {"amount": amount}


def facts(entry: HistoryEntry) -> Facts:
    """What belongs to it: who, why, and for what."""
    after, private = entry.after, entry.private
    found = [
        (fcx_("By"), entry.actor_name if entry.actor_kind not in ("job", "unknown") else ""),
        (fcx_("Reason"), private.get("reason", "") or _reason(after)),
        (fcx_("Given back as"), _way(after.get("way", ""))),
        (fcx_("Settled by"), how_label(after.get("how", ""))),
        (fcx_("For"), private.get("reference", "") if entry.action.startswith("credit.") else ""),
        (fcx_("Provider's reference"), private.get("reference", "") if entry.action.endswith(".done") else ""),
        (fcx_("What the provider answered"), private.get("error", "")),
        (fcx_("Note (staff only)"), private.get("note", "")),
    ]
    return [(word, text) for word, text in found if text]


def _reason(after: dict[str, Any]) -> str:
    return fcx_("the time is booked again") if after.get("refilled") else ""


def _way(way: str) -> str:
    return {"refund": fcx_("refund"), "credit": fcx_("credit")}.get(way, way)
