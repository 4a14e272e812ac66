"""How a decision came about: as text that is kept with it, and as an explanation for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from flask_cancellations.rules.policy import Policy
from flask_cancellations.rules.quote import Quote
from flask_cancellations.rules.why import why_text
from flask_cancellations.rules.wording import edge_text


def trace_body(quote: Quote) -> str:
    """The facts, the bands with their deadlines, and what followed, as JSON of ASCII keys and integers.

    Instants are microseconds UTC, amounts minor units. It holds no name, address or group of a client.
    """
    facts = quote.facts
    body = {
        "policy": quote.policy,
        "why": list(quote.why),
        "band": quote.band.edge if quote.band else None,
        "fee": quote.fee,
        "otherwise": quote.otherwise,
        "rests": list(quote.rests),
        "facts": facts
        and {
            "currency": facts.currency,
            "start": facts.start,
            "told": facts.told,
            "booked": facts.booked,
            "price": facts.price,
            "deposit": facts.deposit,
            "proven": facts.proven,
            "entered": facts.entered,
            "granted": facts.granted,
            "late_moves": facts.late_moves,
            "clinic_caused": facts.clinic_caused,
        },
        "bands": [
            {
                "edge": c.band.edge,
                "deadline": c.deadline,
                "amount": c.amount,
                "applies": c.applies,
                "booked_late": c.booked_late,
            }
            for c in quote.considered
        ],
    }
    return json.dumps(body, sort_keys=True)


def traced_band(text: str | None) -> tuple[str | None, int | None]:
    """The limit of the band that counted, as the configuration writes it, and its deadline; None each without one."""
    body = json.loads(text) if text else {}
    edge = body.get("band")
    return edge, next((band["deadline"] for band in body.get("bands", ()) if band["edge"] == edge), None)


@dataclass(frozen=True, slots=True)
class ExplainedBand:
    """One band in words. ``until`` is the clinic's wall clock up to which it does not apply, where that is known.

    ``amount`` is in minor units, None where it depends on what is unknown; ``counts`` marks the one that decided.
    """

    limit: str
    until: datetime | None
    amount: int | None
    applies: bool
    counts: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """A fee (minor units, None while somebody has to enter it), the sentence why, and all bands, the mildest first."""

    fee: int | None
    currency: str
    sentence: str
    bands: tuple[ExplainedBand, ...]


def explain(quote: Quote, policy: Policy | None = None) -> Explanation:
    """What a quote comes to and how, in the language in force; with the ``policy`` it was made by in more detail."""
    bands = tuple(
        ExplainedBand(edge_text(c.band, c.wall), c.wall, c.amount, c.applies, c.band == quote.band)
        for c in quote.considered
    )
    return Explanation(None if quote.needs_amount else quote.fee, quote.currency, why_text(quote, policy), bands)
