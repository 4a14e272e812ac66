"""What cancelling one appointment costs from now until it begins, in words for its client.

"Until and at" a moment the milder stage holds, so the next one is told by "after".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from operator import attrgetter

from flask_cancellations.i18n import fcx_, moment_text, short_day_text, short_weekday_text, time_text
from flask_cancellations.rules.deposit_rule import RestChoice
from flask_cancellations.rules.policy import Fee
from flask_cancellations.rules.policy_text import fee_text, rest_text
from flask_cancellations.rules.quote import Quote
from flask_cancellations.rules.settlement import by_client
from flask_cancellations.rules.text_message import fits_one_message, plain_spaces
from flask_cancellations.rules.wording import amount_text

_WEEK_DAYS = 6  # for so long a weekday alone says which day is meant


@dataclass(frozen=True, slots=True)
class Cost:
    """What a cancellation takes from the client: a fee, and ``kept`` of the deposit beyond it, in minor units.

    ``unknown`` is the rule of a fee whose amount nobody knows, with the currency of the policy; ``fee`` is 0 then.
    ``deposit`` is what there is of one, and ``rest`` what becomes of what is left (None if nothing is left).
    """

    currency: str
    fee: int
    kept: int
    deposit: int = 0
    rest: RestChoice | None = None
    unknown: tuple[Fee, str] | None = None

    @property
    def is_free(self) -> bool:
        """Whether it takes nothing."""
        return not (self.fee or self.kept or self.unknown)

    @property
    def taken(self) -> tuple[int, int, tuple[Fee, str] | None]:
        """What tells one stage from the next."""
        return self.fee, self.kept, self.unknown


@dataclass(frozen=True, slots=True)
class Told:
    """A stage as it is told: ``until`` is the clinic's wall clock."""

    until: datetime
    cost: Cost


def cost_of(quote: Quote, policy_currency: str) -> Cost:
    """What a client's own cancellation costs by this quote."""
    settled = by_client(quote)
    rest: RestChoice | None = None
    if settled.refunded or settled.credited:
        rest = "refund" if settled.refunded else "credit"
    unknown = (quote.band.fee, policy_currency) if quote.needs_amount and quote.band is not None else None
    return Cost(quote.currency, settled.fee, settled.forfeited, settled.deposit, rest, unknown)


def cost_text(cost: Cost) -> str:
    """ "free of charge", "30.00 EUR", "30.00 EUR and 20.00 EUR of your deposit", "50% of the price"."""
    if cost.is_free:
        return fcx_("free of charge")
    kept = amount_text(cost.kept, cost.currency)
    if cost.unknown is not None:
        fee = fee_text(*cost.unknown)
        return fcx_("%(fee)s and what is left of your deposit", fee=fee) if cost.kept else fee
    if not cost.fee:
        return fcx_("%(amount)s of your deposit", amount=kept)
    fee = amount_text(cost.fee, cost.currency)
    return fcx_("%(fee)s and %(amount)s of your deposit", fee=fee, amount=kept) if cost.kept else fee


def by_cost(stages: Sequence[Told], told_by: Callable[[Cost], object] = attrgetter("taken")) -> list[Told]:
    """Of neighbours that cost the same, whatever becomes of the rest of the deposit, the later."""
    following = [*stages[1:], None]
    return [
        one
        for one, then in zip(stages, following, strict=True)
        if then is None or told_by(one.cost) != told_by(then.cost)
    ]


def stage_sentences(stages: Sequence[Told]) -> list[str]:
    """When cancelling costs what, one sentence a stage; empty without any."""
    if not stages:
        return []
    first, *later = by_cost(stages)
    if not later:
        if first.cost.is_free:
            return [fcx_("You can cancel free of charge until the appointment begins.")]
        return [fcx_("Cancelling costs %(cost)s.", cost=cost_text(first.cost))]
    limit = moment_text(first.until)
    if first.cost.is_free:
        sentences = [fcx_("You can cancel free of charge until %(limit)s.", limit=limit)]
    else:
        sentences = [fcx_("Cancelling costs %(cost)s until %(limit)s.", cost=cost_text(first.cost), limit=limit)]
    sentences.append(fcx_("After that it costs %(cost)s.", cost=cost_text(later[0].cost)))
    sentences.extend(
        fcx_("After %(limit)s it costs %(cost)s.", limit=moment_text(before.until), cost=cost_text(stage.cost))
        for before, stage in pairwise(later)
    )
    return sentences


def deposit_terms(stages: Sequence[Told]) -> list[str]:
    """What becomes of the deposit, as far as it is not told with the costs; empty without one."""
    if not stages or not stages[0].cost.deposit:
        return []
    deposit = amount_text(stages[0].cost.deposit, stages[0].cost.currency)
    if any(stage.cost.fee or stage.cost.unknown for stage in stages):
        sentences = [fcx_("A fee is taken from your deposit of %(deposit)s first.", deposit=deposit)]
    else:
        sentences = [fcx_("Your deposit is %(deposit)s.", deposit=deposit)]
    first = stages[0].cost.rest
    if first and any(stage.cost.kept or stage.cost.rest not in (first, None) for stage in stages):
        limit = moment_text([stage for stage in stages if stage.cost.rest == first][-1].until)
        if first == "refund":
            sentences.append(fcx_("Until %(limit)s what is left of it is refunded.", limit=limit))
        else:
            sentences.append(
                fcx_("Until %(limit)s what is left of it is credited for another appointment.", limit=limit)
            )
    elif first:
        sentences.append(rest_text(first))
    for before, stage in pairwise(stages):
        if stage.cost.rest == "credit" and before.cost.rest == "refund":
            after = moment_text(before.until)
            sentences.append(fcx_("After %(limit)s it is credited for another appointment.", limit=after))
    return sentences


def short_text(stages: Sequence[Told], now: datetime) -> str:
    """The same in one text message; where it is too long for one it says less, never something else."""
    if not stages:
        return ""
    texts = list(short_texts(stages, now))
    return next((text for text in texts if fits_one_message(text)), texts[-1])


def short_texts(stages: Sequence[Told], now: datetime) -> Iterator[str]:
    """The ways to say it in a text message, from long to short."""
    first, *later = by_cost(stages, _sum_text)
    cost = _sum_text(first.cost)
    if not later:
        yield plain_spaces(
            fcx_("Cancelling is free of charge") if first.cost.is_free else fcx_("Cancelling costs %(cost)s", cost=cost)
        )
        yield fcx_("Cancelling costs a fee")
        return
    near = ([first, *later][-2].until.date() - now.date()).days <= _WEEK_DAYS
    limit = _short_moment(first.until, near)
    if first.cost.is_free:
        start = fcx_("Free cancellation until %(limit)s", limit=limit)
        second = fcx_("then %(cost)s", cost=_sum_text(later[0].cost))
    else:
        start = fcx_("Cancelling costs %(cost)s", cost=cost)
        second = fcx_("after %(limit)s %(cost)s", limit=limit, cost=_sum_text(later[0].cost))
    rest = [
        fcx_("after %(limit)s %(cost)s", limit=_short_moment(before.until, near), cost=_sum_text(stage.cost))
        for before, stage in pairwise(later)
    ]
    yield plain_spaces(", ".join([start, second, *rest]))
    yield plain_spaces(", ".join([start, fcx_("later up to %(cost)s", cost=_sum_text(later[-1].cost))]))
    if first.cost.is_free:
        yield plain_spaces(", ".join([start, fcx_("then a fee")]))
    yield fcx_("Cancelling may cost a fee")


def _sum_text(cost: Cost) -> str:
    """All that it takes as one amount."""
    return fee_text(*cost.unknown) if cost.unknown else amount_text(cost.fee + cost.kept, cost.currency)


def _short_moment(wall: datetime, near: bool) -> str:
    day = short_weekday_text(wall.date()) if near else short_day_text(wall.date())
    return f"{day} {time_text(wall)}"
