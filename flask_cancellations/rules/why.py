"""Why a fee is what it is, in one or a few sentences for page, API and mail."""

from __future__ import annotations

from flask_cancellations.i18n import fcx_, fcx_n, span_text
from flask_cancellations.rules.calendar import Allowance
from flask_cancellations.rules.policy import Band, Fee, Policy
from flask_cancellations.rules.quote import Quote
from flask_cancellations.rules.wording import (
    amount_text,
    border_text,
    edge_text,
    limit_text,
    months_text,
    percent_text,
)


def why_text(quote: Quote, policy: Policy | None = None) -> str:
    """Why the fee is what it is, in one or a few sentences.

    With the ``policy`` that the quote was made by it can also name what that says of grace and first times.
    """
    sentences = [_first_sentence(quote, policy)]
    if quote.otherwise and {"reason_free", "exempt", "clinic_caused", "first_time"} & set(quote.why):
        otherwise = amount_text(quote.otherwise, quote.currency)
        sentences.append(fcx_("Otherwise it would be %(fee)s.", fee=otherwise))
    if "moves_used" in quote.why:
        sentences.append(
            fcx_("The late moves that the policy allows are used up, so this one counts as a cancellation.")
        )
    if "capped" in quote.why and quote.limit is not None:
        limit = amount_text(quote.limit, quote.currency)
        sentences.append(fcx_("The policy limits the fee to %(limit)s.", limit=limit))
    if "no_price" in quote.why:
        sentences.append(fcx_("The price of this appointment is unknown."))
    if "price_currency" in quote.why:
        sentences.append(fcx_("The price of this appointment is in another currency."))
    if "band" in quote.why or "enough_notice" in quote.why:
        sentences.extend(
            fcx_("At exactly %(limit)s the milder rule applies.", limit=border_text(band))
            for band in _met_exactly(quote, policy)
        )
    return " ".join(sentences)


def _met_exactly(quote: Quote, policy: Policy | None) -> list[Band]:
    """The bands whose limit was met to the instant."""
    if quote.facts is not None:
        return [c.band for c in quote.considered if c.deadline == quote.facts.told]
    return [band for band in policy.bands if band.less_than == quote.notice] if policy else []


def _first_sentence(quote: Quote, policy: Policy | None) -> str:
    if "clinic_side" in quote.why:
        return fcx_("No fee, because the clinic cancels.")
    if "reason_free" in quote.why:
        return fcx_("No fee: this reason carries none.")
    if "exempt" in quote.why:
        return fcx_("No fee: this client is exempt from it.")
    if "clinic_caused" in quote.why:
        return fcx_("No fee: the clinic is the cause.")
    if "first_time" in quote.why:
        return _first_time_sentence(policy.first_free if policy else None)
    if "grace" in quote.why:
        if policy is None:
            return fcx_("No fee: cancelled shortly after booking.")
        grace = limit_text(policy.grace)
        return fcx_("No fee: cancelled within %(grace)s of the booking.", grace=grace)
    if "within_window" in quote.why:
        return fcx_("No fee: when the appointment was booked, it was too late already to cancel free of charge.")
    if "no_policy" in quote.why:
        return fcx_("No fee: no cancellation policy was in force for this appointment when it was booked.")
    if "no_proof" in quote.why:
        return fcx_("No fee: nothing shows which cancellation policy the client accepted.")
    if quote.band is not None:
        wall = next((c.wall for c in quote.considered if c.band == quote.band), None)
        limit = edge_text(quote.band, wall)
        return _band_sentence(quote, quote.band.fee, span_text(quote.notice), limit)
    return _free_sentence(quote, policy)


def _first_time_sentence(allowance: Allowance | None) -> str:
    if allowance is None:
        return fcx_("No fee: the first late cancellation is free of charge.")
    return fcx_n(
        "No fee: the first late cancellation in %(months)s is free of charge.",
        "No fee: the first %(num)s late cancellations in %(months)s are free of charge.",
        allowance.times,
        months=months_text(allowance.months),
    )


def _free_sentence(quote: Quote, policy: Policy | None) -> str:
    """The clinic was told early enough; the nearest limit is named unless it was met to the instant."""
    notice = span_text(quote.notice)
    bands = [c.band for c in quote.considered if c.band.costs]
    if quote.facts is None and policy is not None:  # read back from its row
        hours = (band for band in policy.bands if band.costs and band.less_than is not None)
        bands = sorted(hours, key=lambda band: band.less_than or 0, reverse=True)
    if bands and not _met_exactly(quote, policy):
        limit = border_text(bands[0])
        if bands[0].later_than is not None:
            return fcx_(
                "No fee: the clinic was told %(notice)s before the appointment; a fee applies later than %(limit)s.",
                notice=notice,
                limit=limit,
            )
        return fcx_(
            "No fee: the clinic was told %(notice)s before the appointment; a fee applies below %(limit)s.",
            notice=notice,
            limit=limit,
        )
    return fcx_("No fee: the clinic was told %(notice)s before the appointment.", notice=notice)


def _band_sentence(quote: Quote, fee: Fee, notice: str, limit: str) -> str:
    values = {"notice": notice, "limit": limit}
    if "other_currency" in quote.why:
        return fcx_(
            "A fee applies, because the clinic was told %(notice)s before the appointment: %(limit)s. The policy names "
            "its amount in another currency.",
            **values,
        )
    if fee.kind in ("percent", "full") and not {"no_price", "price_currency"}.isdisjoint(quote.why):
        return fcx_(
            "The policy asks for %(percent)s of the price, because the clinic was told %(notice)s before the "
            "appointment: %(limit)s.",
            percent=percent_text(fee.percent),
            **values,
        )
    price = amount_text(quote.price or 0, quote.currency)
    if fee.kind == "percent":
        return fcx_(
            "%(percent)s of %(price)s, because the clinic was told %(notice)s before the appointment: %(limit)s.",
            percent=percent_text(fee.percent),
            price=price,
            **values,
        )
    if fee.kind == "full":
        return fcx_(
            "The full price of %(price)s, because the clinic was told %(notice)s before the appointment: %(limit)s.",
            price=price,
            **values,
        )
    if fee.kind == "fixed":
        return fcx_(
            "A fixed fee of %(fee)s, because the clinic was told %(notice)s before the appointment: %(limit)s.",
            fee=amount_text(fee.minor, quote.currency),
            **values,
        )
    if quote.band is not None and quote.band.forfeit:
        return fcx_(
            "No fee, but the deposit may be kept, because the clinic was told %(notice)s before the appointment: "
            "%(limit)s.",
            **values,
        )
    return fcx_(
        "No fee, but a rule for the deposit applies, because the clinic was told %(notice)s before the appointment: "
        "%(limit)s.",
        **values,
    )
