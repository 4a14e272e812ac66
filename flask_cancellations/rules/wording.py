"""Words for amounts and limits, and sentences about fee and deposit, shared by page, API and mail.

They say what was decided and what is still to be done, never that money has moved: a refund "will be" made.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from babel.numbers import format_percent

from flask_cancellations.clock import DAY, HOUR, MINUTE
from flask_cancellations.i18n import day_text, fcx_, fcx_n, locale, money_text, span_text, time_text
from flask_cancellations.rules.calendar import Cutoff
from flask_cancellations.rules.money import from_minor
from flask_cancellations.rules.policy import Band
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


def cutoff_text(cutoff: Cutoff) -> str:
    """A deadline by the clock: "16:00 on the working day before", "12:00, 2 working days before"."""
    moment = time_text(cutoff.at)
    if not cutoff.days:
        return fcx_("%(time)s on the same day", time=moment)
    return fcx_n(
        "%(time)s on the working day before", "%(time)s, %(num)s working days before", cutoff.days, time=moment
    )


def border_text(band: Band) -> str:
    """Where a band begins: "24 h", "16:00 on the working day before"."""
    return limit_text(band.less_than or 0) if band.later_than is None else cutoff_text(band.later_than)


def edge_text(band: Band, wall: datetime | None = None) -> str:
    """When a band applies: "less than 24 h", "later than 16:00 on the working day before (Friday, 4 December 2026)".

    ``wall`` is the clinic's wall clock at the deadline of one appointment.
    """
    limit = border_text(band)
    if band.later_than is None:
        return fcx_("less than %(limit)s", limit=limit)
    if wall is not None:
        limit = f"{limit} ({day_text(wall.date())})"
    return fcx_("later than %(limit)s", limit=limit)


def months_text(months: int) -> str:
    """ "12 months"."""
    return fcx_n("%(num)s month", "%(num)s months", months)


def outcome_sentences(settled: Settlement, *, stands_again: bool = False) -> list[str]:
    """What was decided about fee and deposit, one sentence each, in words that fit staff and client.

    ``stands_again`` where the appointment does, so that somebody has to say what becomes of a pending fee.
    """

    def text(minor: int) -> str:
        return amount_text(minor, settled.currency)

    sentences = []
    charged = settled.kept + settled.due
    if settled.pending and stands_again:
        sentences.append(fcx_("%(fee)s of the fee is not decided yet.", fee=text(settled.pending)))
    elif settled.pending:
        sentences.append(
            fcx_(
                "A fee of %(fee)s may apply; it is dropped if somebody else takes the time.", fee=text(settled.pending)
            )
        )
    if settled.dropped:
        sentences.append(fcx_("%(fee)s of the fee is dropped.", fee=text(settled.dropped)))
    if settled.given_back:
        sentences.append(fcx_("%(fee)s of the fee is given back.", fee=text(settled.given_back)))
    if settled.waived:
        sentences.append(fcx_("The fee of %(fee)s is waived.", fee=text(settled.waived)))
    if charged and not settled.due and settled.kept > settled.taken:
        sentences.append(fcx_("The fee of %(fee)s is paid.", fee=text(charged)))
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
    elif not settled.fee:
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
    charged = settled.taken + settled.due + settled.pending
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
