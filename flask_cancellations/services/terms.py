"""What cancelling costs from now until the appointment begins, for the host's confirmations and reminders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_cancellations.clock import MINUTE, Clock
from flask_cancellations.i18n import fcx_, use_locale
from flask_cancellations.rules.policy import Policy
from flask_cancellations.rules.policy_text import first_free_text, online_text
from flask_cancellations.rules.quote import FIRST_TIME
from flask_cancellations.rules.stages import stages
from flask_cancellations.rules.terms_text import (
    Told,
    by_cost,
    cost_of,
    cost_text,
    deposit_terms,
    short_text,
    stage_sentences,
)
from flask_cancellations.services import catalogue
from flask_cancellations.services.quoting import Quoted, quote_for
from flask_cancellations.state import State


@dataclass(frozen=True, slots=True)
class TermsStage:
    """Up to and at ``until``, the clinic's naive wall clock, cancelling costs ``fee`` (minor units).

    ``fee`` is None where it depends on a price that is unknown; ``kept`` is what the clinic keeps of the deposit beyond
    the fee. ``text`` says both for the client: "free of charge", "30.00 EUR", "50% of the price".
    """

    until: datetime
    fee: int | None
    kept: int
    text: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What cancelling one appointment costs by the policy it was booked under, as it stands at this moment.

    ``stages`` are in the order of time, the last one ends when the appointment begins; none once it has begun or is no
    longer open. ``short`` is for a text message: alone it needs one (160 characters, 70 outside the GSM alphabet),
    since it says less where it would be longer. ``sentences`` are for e-mail and pages. Both are empty where no policy
    covers the appointment: nothing is charged then, which is no promise to be made in writing. ``online`` says whether
    the client may still cancel by a link, and ``link`` is a new one, if it was asked for.
    """

    currency: str
    stages: tuple[TermsStage, ...] = ()
    short: str = ""
    sentences: tuple[str, ...] = ()
    online: bool = False
    link: str = ""

    @property
    def long(self) -> str:
        """The sentences as one paragraph."""
        return " ".join(self.sentences)

    def __str__(self) -> str:
        return self.long


def terms(state: State, row: Any, locale: str | None = None, *, by_link: bool = False) -> Terms:
    """The terms of the host's appointment ``row``, which must be flushed.

    They are in the language ``locale``, by default the client's, else that of the request or the app. ``by_link``: the
    client gets a link, so it is said until when that works. Raises InvalidInput for a deposit in another currency than
    the price, NoScope for a row without a scope in a host that maps them.
    """
    with state.within_scope_of(row):
        appointment = state.host.read(row)
        now = state.clock.now()
        if appointment.status != "booked" or appointment.start_us <= now:
            return Terms(state.settings.currency)
        quoted = quote_for(state, catalogue.load(state), appointment, told_us=now, reason=None)
    client = appointment.client
    with use_locale(client.locale if client else None), use_locale(locale):
        return _terms(state, quoted, by_link=by_link)


def told_stages(clock: Clock, quoted: Quoted) -> list[Told]:
    """The stages as they are told to the client; empty where no policy covers the appointment."""
    if quoted.policy is None or quoted.quote.facts is None:
        return []
    now, currency = quoted.quote.facts.told, quoted.policy.currency
    found = stages(quoted.quote.facts, quoted.policy)
    # What ends within the minute is over before it is read.
    lasting = [stage for stage in found[:-1] if _minute(stage.until) > now] + list(found[-1:])
    return [Told(_unmistakable(clock, stage.until), cost_of(stage.quote, currency)) for stage in lasting]


def _terms(state: State, quoted: Quoted, *, by_link: bool) -> Terms:
    policy, clock = quoted.policy, state.clock
    told = told_stages(clock, quoted)
    online = policy is None or quoted.quote.notice >= policy.self_cancel
    sentences = [*stage_sentences(told), *deposit_terms(told)]
    if policy is not None:
        sentences.extend(_more(state, policy, quoted, told))
        if by_link and online and policy.self_cancel:
            sentences.append(online_text(policy.self_cancel))
    short = short_text(told, clock.to_wall(clock.now()))
    return Terms(quoted.quote.currency, tuple(exact_stages(clock, quoted)), short, tuple(sentences), online)


def exact_stages(clock: Clock, quoted: Quoted) -> list[TermsStage]:
    """The stages to the instant, for hosts that lay them out themselves."""
    quote, policy = quoted.quote, quoted.policy
    currency = policy.currency if policy else quote.currency
    found = stages(quote.facts, policy) if quote.facts else ()
    exact = [Told(clock.to_wall(stage.until), cost_of(stage.quote, currency)) for stage in found]
    return [
        TermsStage(told.until, None if told.cost.unknown else told.cost.fee, told.cost.kept, cost_text(told.cost))
        for told in by_cost(exact)
    ]


def _more(state: State, policy: Policy, quoted: Quoted, told: list[Told]) -> list[str]:
    """What else bears on the fee: a first time that is free, and a fee that waits whether the time is taken."""
    sentences = []
    facts = quoted.quote.facts
    if policy.first_free and facts and any(FIRST_TIME in stage.quote.why for stage in stages(facts, policy)):
        sentences.append(first_free_text(policy.first_free))
    if state.settings.pending and any(stage.cost.fee or stage.cost.unknown for stage in told):
        if state.settings.refilled_fee:
            sentences.append(fcx_("If someone else takes the time, we reduce the fee."))
        else:
            sentences.append(fcx_("If someone else takes the time, we drop the fee."))
    return sentences


def _minute(us: int) -> int:
    return us - us % MINUTE


def _unmistakable(clock: Clock, us: int) -> datetime:
    """The wall clock at an instant, to the minute before.

    A time that comes again, as the clock is set back, would be read as the later one: the last minute before that hour
    is told instead, so that nobody is promised more than holds.
    """
    us = _minute(us)
    wall = clock.to_wall(us)
    while clock.to_us(wall.replace(fold=1)) > us:
        us -= MINUTE
        wall = clock.to_wall(us)
    return wall
