"""What happens to the money, as the client is told it, in words that never claim more than has happened.

The client's page and every message take their sentences from here; what staff read comes from ``rules.wording``.
"""

from __future__ import annotations

from functools import partial

from flask_cancellations.i18n import fcx_
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.rules.wording import amount_text


def fee_sentence(settlement: Settlement, pending_until: str = "") -> str:
    """The fee in one sentence, or two if it has not been decided yet."""
    money = partial(amount_text, currency=settlement.currency)
    if not settlement.fee:
        return fcx_("There is no cancellation fee.")
    if settlement.pending:
        may_apply = fcx_(
            "A cancellation fee of %(fee)s may apply. If someone else takes the time, we drop it.",
            fee=money(settlement.pending),
        )
        return f"{may_apply} {_we_will_write(pending_until)}" if pending_until else may_apply
    charged = settlement.kept + settlement.due
    if settlement.waived == settlement.fee:
        return fcx_("We waive the cancellation fee of %(fee)s.", fee=money(settlement.fee))
    if not charged and settlement.given_back:
        return fcx_("We give the cancellation fee of %(fee)s back to you.", fee=money(settlement.given_back))
    if not charged:
        return fcx_("We drop the cancellation fee of %(fee)s.", fee=money(settlement.dropped + settlement.waived))
    if not settlement.due and settlement.kept > settlement.taken:
        return fcx_("The cancellation fee of %(fee)s is paid.", fee=money(charged))
    if not settlement.due:
        return fcx_(
            "The cancellation fee is %(fee)s; it is taken from your deposit of %(deposit)s.",
            fee=money(charged),
            deposit=money(settlement.deposit),
        )
    if not settlement.taken:
        return fcx_("The cancellation fee is %(fee)s, to be settled at the desk.", fee=money(settlement.due))
    return fcx_(
        "The cancellation fee is %(fee)s: %(taken)s from your deposit, %(due)s to be settled at the desk.",
        fee=money(charged),
        taken=money(settlement.taken),
        due=money(settlement.due),
    )


def _we_will_write(until: str) -> str:
    return fcx_("We will write to you by %(moment)s.", moment=until)


def deposit_sentences(settlement: Settlement) -> list[str]:
    """What happens to the deposit beyond the fee; empty if nothing is left of it."""
    money = partial(amount_text, currency=settlement.currency)
    sentences = []
    if settlement.refunded and settlement.refunded == settlement.deposit:
        sentences.append(fcx_("We will refund your deposit of %(amount)s in full.", amount=money(settlement.refunded)))
    elif settlement.refunded:
        sentences.append(fcx_("We will refund %(amount)s of your deposit.", amount=money(settlement.refunded)))
    if settlement.credited:
        sentences.append(fcx_("You will receive a credit note for %(amount)s.", amount=money(settlement.credited)))
    if settlement.forfeited:
        sentences.append(fcx_("We keep %(amount)s of your deposit.", amount=money(settlement.forfeited)))
    if settlement.held:
        sentences.append(fcx_("%(amount)s of your deposit stays with us for now.", amount=money(settlement.held)))
    return sentences
