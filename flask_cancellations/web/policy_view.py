"""What the policy pages show of a policy: a trial's result, the text for clients, the back-test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from babel import Locale

from flask_cancellations.clock import Clock
from flask_cancellations.i18n import day_text, fcx_, fcx_n, language_text, moment_text, use_locale
from flask_cancellations.rules.backtest import Line
from flask_cancellations.rules.policy import Policy
from flask_cancellations.rules.policy_text import fee_text, policy_sentences, policy_text
from flask_cancellations.rules.wording import amount_text, edge_text
from flask_cancellations.services.backtesting import MOST, PastYear
from flask_cancellations.services.policy_trial import Tried
from flask_cancellations.web.policy_words import Places, rest_label


@dataclass(frozen=True, slots=True)
class TriedBand:
    """One limit as it stood for the made-up appointment."""

    limit: str
    until: str
    amount: str
    counts: bool


@dataclass(frozen=True, slots=True)
class TriedView:
    """The tester's result in words."""

    fee: str
    sentence: str
    rest: str
    bands: list[TriedBand]


def tried_view(clock: Clock, tried: Tried) -> TriedView:
    """A trial in words, times on the clinic's wall clock."""
    found, currency = tried.explanation, tried.explanation.currency

    def amount(minor: int | None) -> str:
        return fcx_("to be entered") if minor is None else amount_text(minor, currency)

    bands = [
        TriedBand(edge_text(known.band), moment_text(clock.to_wall(known.deadline)), amount(band.amount), band.counts)
        for known, band in zip(tried.quote.considered, found.bands, strict=True)
    ]
    rest = rest_label(tried.quote.rests) if tried.quote.deposit > tried.quote.fee else ""
    return TriedView(amount(found.fee), found.sentence, rest, bands)


@dataclass(frozen=True, slots=True)
class Preview:
    """The text for clients in one language; ``own``: in the clinic's words."""

    language: str
    lang: str
    dir: str
    own: bool
    lines: list[str]


def previews(policy: Policy, languages: Iterable[str]) -> list[Preview]:
    """The text for clients in each language."""
    found = []
    for name in languages:
        label = language_text(name)
        own = policy.texts.get(name) or policy.texts.get(name.partition("_")[0])
        with use_locale(name):
            text = own or policy_text(policy)
        direction = "rtl" if Locale.parse(name).text_direction == "rtl" else "ltr"
        found.append(Preview(label, name.replace("_", "-"), direction, bool(own), text.split("\n")))
    return found


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line of the back-test."""

    label: str
    detail: str
    count: int
    fees: str
    charged: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The back-test in words."""

    lines: list[SheetLine]
    count: int
    fees: str
    charged: str
    notes: list[str]


def sheet(found: PastYear, policy: Policy) -> Sheet:
    """The back-test of a policy as a table, and what it leaves out."""
    result, currency = found.result, policy.currency
    notes = [
        (
            fcx_n(
                "%(num)s is not counted: too little is known of it.",
                "%(num)s are not counted: too little is known of them.",
                found.unjudged,
            )
            if found.unjudged
            else ""
        ),
        (
            fcx_n(
                "%(num)s is not counted: its appointment stood again.",
                "%(num)s are not counted: their appointments stood again.",
                found.undone,
            )
            if found.undone
            else ""
        ),
        (
            fcx_n(
                "%(num)s is not counted: this policy is not for it.",
                "%(num)s are not counted: this policy is not for them.",
                found.uncovered,
            )
            if found.uncovered
            else ""
        ),
        fcx_("Groups of clients are not kept, so everybody counts as belonging to none.") if policy.exempt else "",
        fcx_n("Only the latest %(num)s was looked at.", "Only the latest %(num)s were looked at.", MOST)
        if found.more
        else "",
    ]
    lines = [
        SheetLine(
            _label(line, policy),
            _detail(line, currency),
            line.count,
            amount_text(line.fees, currency),
            amount_text(line.charged, currency),
        )
        for line in result.lines
        if line.count or line.band is not None
    ]
    return Sheet(
        lines if result.count else [],
        result.count,
        amount_text(result.fees, currency),
        amount_text(result.charged, currency),
        [note for note in notes if note],
    )


def _label(line: Line, policy: Policy) -> str:
    if line.band is not None:
        text = edge_text(line.band)
        if line.band.fee.kind != "none":
            text = f"{text}: {fee_text(line.band.fee, policy.currency)}"
        return text[:1].upper() + text[1:]
    labels = {
        "enough_notice": fcx_("Told early enough"),
        "grace": fcx_("Shortly after booking"),
        "within_window": fcx_("Booked when the limit had passed"),
        "clinic_side": fcx_("Cancelled by the clinic"),
        "reason_free": fcx_("A reason without a fee"),
        "clinic_caused": fcx_("Caused by the clinic"),
        "first_time": fcx_("First late cancellation"),
    }
    return labels.get(line.why, line.why)


def _detail(line: Line, currency: str) -> str:
    said = []
    if line.otherwise and line.band is None:
        said.append(fcx_("Otherwise it would be %(fee)s.", fee=amount_text(line.otherwise, currency)))
    if line.kept:
        said.append(fcx_("Deposits kept beyond it: %(amount)s.", amount=amount_text(line.kept, currency)))
    if line.unknown:
        said.append(fcx_n("%(num)s of them has no price.", "%(num)s of them have no price.", line.unknown))
    return " ".join(said)


def facts(policy: Policy, places: Places) -> list[tuple[str, str]]:
    """What the text for clients does not say, then the text's own sentences."""
    return [
        (fcx_("Holds for bookings made from"), day_text(policy.valid_from)),
        (fcx_("Which appointments it is for"), places.scope_text(policy)),
        (fcx_("Client groups without fees"), ", ".join(sorted(policy.exempt))),
        (fcx_("The rules"), " ".join(policy_sentences(policy))),
    ]
