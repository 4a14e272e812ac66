"""Sentences about money, shared by page, API and mail: why there is a fee, what happens to it and to the deposit.

They say what was decided and what is still to be done, never that money has moved: a refund "will be" made.
"""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_percent

from flask_cancellations.clock import DAY, HOUR, MINUTE
from flask_cancellations.i18n import fcx_, locale, money_text, span_text
from flask_cancellations.rules.money import from_minor
from flask_cancellations.rules.policy import Fee, Policy
from flask_cancellations.rules.quote import Quote
from flask_cancellations.rules.settlement import Settlement


def amount_text(minor: int, currency: str) -> str:
    """An amount in minor units as people write it: "30.00 EUR"."""
    return money_text(from_minor(minor, currency), currency)


def percent_text(percent: Decimal) -> str:
    """A percentage with the signs of the language: "50%", "12.5%"."""
    return format_percent(percent / 100, locale=locale(), decimal_quantization=False)


def limit_text(us: int) -> str:
    """The border of a band (microseconds): "24 h", "48 h", "7 days", "1 h 30 min".

    Up to three days it is told in hours, as clinics write their terms.
    """
    hours, rest = divmod(us, HOUR)
    if us > 3 * DAY and us % DAY == 0:
        return span_text(us)
    if hours and rest:
        return fcx_("%(hours)s h %(minutes)s min", hours=hours, minutes=rest // MINUTE)
    return fcx_("%(hours)s h", hours=hours) if hours else fcx_("%(minutes)s min", minutes=rest // MINUTE)


def why_text(quote: Quote, policy: Policy | None = None) -> str:
    """Why the fee is what it is, in one or two sentences.

    With the ``policy`` that the quote was made by it can also name the border that was not reached, and say that at
    exactly that border the milder rule applied.
    """
    sentences = [_first_sentence(quote, policy)]
    if "capped" in quote.why and quote.limit is not None:
        limit = amount_text(quote.limit, quote.currency)
        sentences.append(fcx_("The policy limits the fee to %(limit)s.", limit=limit))
    if "no_price" in quote.why:
        sentences.append(fcx_("The price of this appointment is unknown."))
    if "price_currency" in quote.why:
        sentences.append(fcx_("The price of this appointment is in another currency."))
    decided_by_notice = "band" in quote.why or "enough_notice" in quote.why
    if decided_by_notice and policy is not None and any(b.less_than == quote.notice for b in policy.bands):
        edge = limit_text(quote.notice)
        sentences.append(fcx_("At exactly %(limit)s the milder rule applies.", limit=edge))
    return " ".join(sentences)


def _first_sentence(quote: Quote, policy: Policy | None) -> str:
    if "clinic_side" in quote.why:
        return fcx_("No fee, because the clinic cancels.")
    if "reason_free" in quote.why:
        if not quote.otherwise:
            return fcx_("No fee: this reason carries none.")
        otherwise = amount_text(quote.otherwise, quote.currency)
        return fcx_("No fee: this reason carries none. Otherwise it would be %(fee)s.", fee=otherwise)
    if "grace" in quote.why:
        if policy is None:
            return fcx_("No fee: cancelled shortly after booking.")
        grace = limit_text(policy.grace)
        return fcx_("No fee: cancelled within %(grace)s of the booking.", grace=grace)
    if "no_policy" in quote.why:
        return fcx_("No fee: no cancellation policy was in force for this appointment when it was booked.")
    if "no_proof" in quote.why:
        return fcx_("No fee: nothing shows which cancellation policy the client accepted.")
    notice = span_text(quote.notice)
    if quote.band is not None:
        return _band_sentence(quote, quote.band.fee, notice, limit_text(quote.band.less_than))
    borders = [band.less_than for band in policy.bands] if policy is not None else []
    if borders and quote.notice > max(borders):
        return fcx_(
            "No fee: the clinic was told %(notice)s before the appointment; a fee applies below %(limit)s.",
            notice=notice,
            limit=limit_text(max(borders)),
        )
    return fcx_("No fee: the clinic was told %(notice)s before the appointment.", notice=notice)


def _band_sentence(quote: Quote, fee: Fee, notice: str, limit: str) -> str:
    values = {"notice": notice, "limit": limit}
    if "other_currency" in quote.why:
        return fcx_(
            "A fee applies, because the clinic was told %(notice)s before the appointment: less than %(limit)s. The "
            "policy names its amount in another currency.",
            **values,
        )
    if fee.kind in ("percent", "full") and not {"no_price", "price_currency"}.isdisjoint(quote.why):
        return fcx_(
            "The policy asks for %(percent)s of the price, because the clinic was told %(notice)s before the "
            "appointment: less than %(limit)s.",
            percent=percent_text(fee.percent),
            **values,
        )
    price = amount_text(quote.price or 0, quote.currency)
    if fee.kind == "percent":
        return fcx_(
            "%(percent)s of %(price)s, because the clinic was told %(notice)s before the appointment: less than "
            "%(limit)s.",
            percent=percent_text(fee.percent),
            price=price,
            **values,
        )
    if fee.kind == "full":
        return fcx_(
            "The full price of %(price)s, because the clinic was told %(notice)s before the appointment: less than "
            "%(limit)s.",
            price=price,
            **values,
        )
    if fee.kind == "fixed":
        return fcx_(
            "A fixed fee of %(fee)s, because the clinic was told %(notice)s before the appointment: less than "
            "%(limit)s.",
            fee=amount_text(fee.minor, quote.currency),
            **values,
        )
    return fcx_(
        "No fee, but the deposit may be kept, because the clinic was told %(notice)s before the appointment: less "
        "than %(limit)s.",
        **values,
    )


def outcome_sentences(settled: Settlement) -> list[str]:
    """What was decided about fee and deposit, one sentence each, in words that fit staff and client."""

    def text(minor: int) -> str:
        return amount_text(minor, settled.currency)

    sentences = []
    charged = settled.taken + settled.due
    if settled.waived:
        sentences.append(fcx_("The fee of %(fee)s is waived.", fee=text(settled.waived)))
    elif charged and not settled.taken:
        sentences.append(fcx_("The fee is %(fee)s, to be settled at the desk.", fee=text(charged)))
    elif charged and not settled.due:
        sentences.append(fcx_("The fee of %(fee)s comes out of the deposit.", fee=text(charged)))
    elif charged:
        sentences.append(
            fcx_(
                "The fee is %(fee)s: %(taken)s comes out of the deposit, %(due)s is to be settled at the desk.",
                fee=text(charged),
                taken=text(settled.taken),
                due=text(settled.due),
            )
        )
    else:
        sentences.append(fcx_("There is no fee."))
    if settled.refunded:
        refunded = text(settled.refunded)
        sentences.append(
            fcx_("%(amount)s of the deposit will be refunded, to be settled at the desk.", amount=refunded)
        )
    if settled.credited:
        credited = text(settled.credited)
        sentences.append(fcx_("A credit note for %(amount)s of the deposit will be issued.", amount=credited))
    if settled.forfeited:
        sentences.append(fcx_("The clinic keeps %(amount)s of the deposit.", amount=text(settled.forfeited)))
    if settled.held:
        sentences.append(fcx_("%(amount)s of the deposit is held.", amount=text(settled.held)))
    return sentences


def summary_text(settled: Settlement) -> str:
    """All outcome sentences on one line."""
    return " ".join(outcome_sentences(settled))


def button_text(settled: Settlement) -> str:
    """What the button that cancels does: "Cancel appointment, charge 30.00 EUR".

    It names the fee, what the clinic keeps beyond it, and without a fee what happens to the deposit.
    """
    charged = settled.taken + settled.due
    if settled.forfeited and charged:
        text = fcx_("Cancel appointment, charge %(fee)s, keep %(amount)s")
    elif settled.forfeited and settled.waived:
        text = fcx_("Cancel appointment, waive %(fee)s, keep %(amount)s")
    elif settled.forfeited:
        text = fcx_("Cancel appointment, keep %(amount)s")
    elif charged:
        text = fcx_("Cancel appointment, charge %(fee)s")
    elif settled.waived:
        text = fcx_("Cancel appointment, waive %(fee)s")
    elif settled.credited:
        text = fcx_("Cancel appointment, credit note for %(amount)s")
    elif settled.refunded:
        text = fcx_("Cancel appointment, refund %(amount)s")
    else:
        text = fcx_("Cancel appointment, no fee")
    rest = settled.forfeited or settled.credited or settled.refunded
    return text % {
        "fee": amount_text(charged or settled.waived, settled.currency),
        "amount": amount_text(rest, settled.currency),
    }
