"""A policy in the words that clients read, made from its rules in the language in force."""

from __future__ import annotations

from flask_cancellations.i18n import fcx_, fcx_n, locale
from flask_cancellations.rules.calendar import Allowance
from flask_cancellations.rules.deposit_rule import USUAL, RestChoice
from flask_cancellations.rules.policy import Band, Fee, Policy
from flask_cancellations.rules.wording import amount_text, border_text, limit_text, months_text, percent_text


def policy_text(policy: Policy) -> str:
    """The whole text, one sentence a line: the clinic's own words in the language in force, else ours."""
    current = locale()
    own = policy.texts.get(str(current)) or policy.texts.get(current.language)
    return own or "\n".join(policy_sentences(policy))


def policy_sentences(policy: Policy) -> list[str]:
    """What the rules say, a sentence each: cancelling, exceptions, missing it, the clinic's part, moving."""
    sentences = _cancelling(policy)
    sentences.extend(_exceptions(policy))
    if policy.no_show.kind != "none":
        missed = fee_text(policy.no_show, policy.currency)
        sentences.append(fcx_("If you miss the appointment, the fee is %(fee)s.", fee=missed))
    if policy.cap is not None:
        limit = amount_text(policy.cap, policy.currency)
        sentences.append(fcx_("A fee for cancelling is never more than %(limit)s.", limit=limit))
    sentences.append(_by_clinic(policy))
    sentences.extend(_moving(policy))
    if policy.self_cancel:
        sentences.append(online_text(policy.self_cancel))
    return sentences


def online_text(notice: int) -> str:
    """Until when (microseconds before the start) clients may cancel online, as a sentence."""
    return fcx_(
        "You can cancel online until %(limit)s before the appointment; after that, please call.",
        limit=limit_text(notice),
    )


def fee_text(fee: Fee, currency: str) -> str:
    """A fee as part of a sentence: "50% of the price", "the full price", "30.00 EUR"."""
    if fee.kind == "percent":
        return fcx_("%(percent)s of the price", percent=percent_text(fee.percent))
    if fee.kind == "full":
        return fcx_("the full price")
    return amount_text(fee.minor, currency)


def when_text(band: Band) -> str:
    """When a band applies, as part of a sentence: "less than 24 h before", "later than 16:00 on ..."."""
    border = border_text(band)
    if band.later_than is None:
        return fcx_("less than %(limit)s before the appointment", limit=border)
    return fcx_("later than %(limit)s", limit=border)


def mildest_first(bands: tuple[Band, ...]) -> list[Band]:
    """The bands in the order in which they are told: deadlines by the clock first, each kind from far to near."""
    clock = [band for band in bands if band.later_than is not None]
    hours = [band for band in bands if band.later_than is None]
    clock.sort(key=lambda b: (-b.later_than.days, b.later_than.at) if b.later_than else (0, None))
    return clock + sorted(hours, key=lambda band: -(band.less_than or 0))


def _cancelling(policy: Policy) -> list[str]:
    bands = mildest_first(policy.bands)
    costly = [band for band in bands if band.costs]
    if not costly:
        sentences = [fcx_("You can cancel free of charge at any time before the appointment.")]
    elif len({band.later_than is None for band in costly}) > 1:
        sentences = []  # which of the two kinds of limits comes first depends on the day
    elif costly[0].later_than is None:
        border = border_text(costly[0])
        sentences = [fcx_("You can cancel free of charge until %(limit)s before the appointment.", limit=border)]
    else:
        sentences = [fcx_("You can cancel free of charge until %(limit)s.", limit=border_text(costly[0]))]
    sentences.append(rest_text(policy.deposit.client[0]))
    for band in bands:
        if band.costs:
            sentences.append(_band(band, policy.currency))
        if band.deposit is not None and band.deposit.client[0] != policy.deposit.client[0] and not band.forfeit:
            sentences.append(_band_rest(band, band.deposit.client[0]))
    if len(costly) > 1:
        sentences.append(fcx_("Of several that apply, the highest fee counts."))
    return sentences


def rest_text(choice: RestChoice) -> str:
    """What becomes of what is left of a deposit, as a sentence."""
    if choice == "refund":
        return fcx_("What is left of a deposit is refunded.")
    if choice == "credit":
        return fcx_("What is left of a deposit is credited for another appointment.")
    return fcx_("What is left of a deposit is not refunded.")


def _band_rest(band: Band, choice: RestChoice) -> str:
    when = when_text(band)
    if choice == "credit":
        return fcx_("If you cancel %(when)s, what is left of a deposit is credited for another appointment.", when=when)
    return fcx_("If you cancel %(when)s, what is left of a deposit is refunded.", when=when)


def _band(band: Band, currency: str) -> str:
    when = when_text(band)
    if band.fee.kind == "none":
        return fcx_("If you cancel %(when)s, we may keep your deposit.", when=when)
    fee = fee_text(band.fee, currency)
    if band.forfeit:
        return fcx_("If you cancel %(when)s, the fee is %(fee)s, and we may keep the deposit.", when=when, fee=fee)
    return fcx_("If you cancel %(when)s, the fee is %(fee)s.", when=when, fee=fee)


def _exceptions(policy: Policy) -> list[str]:
    if not any(band.costs for band in policy.bands):
        return []
    sentences: list[str] = []
    if policy.grace:
        grace = limit_text(policy.grace)
        if policy.within_window == "full":
            sentences.append(
                fcx_(
                    "Within %(grace)s of booking you can cancel free of charge, unless one of these limits has passed "
                    "by then already.",
                    grace=grace,
                )
            )
        else:
            sentences.append(fcx_("Within %(grace)s of booking you can cancel free of charge.", grace=grace))
    if policy.within_window == "none":
        sentences.append(fcx_("A limit that has passed already when you book does not count."))
    elif not (policy.grace and policy.within_window == "full"):
        sentences.append(fcx_("This also holds for appointments that are booked at shorter notice."))
    if policy.first_free is not None:
        sentences.append(first_free_text(policy.first_free))
    return sentences


def first_free_text(allowance: Allowance) -> str:
    """How many late cancellations are free of charge, as a sentence."""
    return fcx_n(
        "Your first late cancellation in %(months)s is free of charge.",
        "Your first %(num)s late cancellations in %(months)s are free of charge.",
        allowance.times,
        months=months_text(allowance.months),
    )


def _by_clinic(policy: Policy) -> str:
    if policy.deposit.clinic == USUAL.clinic:
        return fcx_("If we cancel, there is no fee, and a deposit is refunded.")
    return fcx_("If we cancel, there is no fee, and a deposit is refunded or credited.")


def _moving(policy: Policy) -> list[str]:
    rule = policy.moves
    costly = any(band.costs for band in policy.bands)
    if rule is None:
        return [fcx_("The same holds for moving an appointment.")] if costly else []
    bands = [band for band in mildest_first(rule.bands) if band.fee.kind != "none"]
    sentences = [
        fcx_(
            "If you move it %(when)s, the fee is %(fee)s.",
            when=when_text(band),
            fee=fee_text(band.fee, policy.currency),
        )
        for band in bands
    ] or [fcx_("You can move an appointment free of charge.")]
    if rule.late_moves is not None and costly:
        sentences.append(
            fcx_n(
                "After one late move in %(months)s, the next one counts as a cancellation.",
                "After %(num)s late moves in %(months)s, the next one counts as a cancellation.",
                rule.late_moves.times,
                months=months_text(rule.late_moves.months),
            )
        )
    return sentences
