"""The back-test: a draft policy applied to the past year's cancellations, beside what they brought in fact."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.clock import DAY
from flask_cancellations.models import Cancellation, SettlementRow
from flask_cancellations.models.base import table_of
from flask_cancellations.rules.backtest import Backtest, PastCase, backtest
from flask_cancellations.rules.policy import Policy
from flask_cancellations.rules.quote import Facts
from flask_cancellations.rules.reasons import Reason
from flask_cancellations.services.catalogue import Catalogue
from flask_cancellations.state import State

YEAR = 365 * DAY
BATCH = 1000
MOST = 20_000
_KEPT = (
    *("id", "reason_code", "status", "start_us", "told_us", "booked_us"),
    *("client_key", "staff_key", "service_key", "location_key"),
)


@dataclass(frozen=True, slots=True)
class PastYear:
    """What a draft would have charged for the past year's cancellations.

    ``uncovered`` counts those that the draft is not for, ``undone`` those whose appointment stood again, ``unjudged``
    those of which too little is known: missed appointments, those that were cancelled in the host's own pages without a
    reason, and those in another currency. ``more`` says that only the latest were looked at.
    """

    result: Backtest
    uncovered: int
    undone: int
    unjudged: int
    more: bool


def past_year(state: State, known: Catalogue, policy: Policy) -> PastYear:
    """Apply a policy to the latest cancellations of the past year, 20,000 at most; writes nothing."""
    counts = {"uncovered": 0, "undone": 0, "unjudged": 0, "seen": 0}
    cases = []
    for row in _rows(state):
        counts["seen"] += 1
        if row.stood_again_us is not None:
            counts["undone"] += 1
        elif not policy.covers(row.service_key, row.staff_key, row.location_key):
            counts["uncovered"] += 1
        else:
            case = _case(state, row, known.reasons.get(row.reason_code))
            if case is None:
                counts["unjudged"] += 1
            else:
                cases.append(case)
    result = backtest(policy, cases, state.clock)
    unjudged = counts["unjudged"] + result.foreign
    return PastYear(result, counts["uncovered"], counts["undone"], unjudged, counts["seen"] == MOST)


def _rows(state: State) -> Iterator[Row[Any]]:
    """The latest first, in batches: one statement each, along the primary key."""
    record, settled = table_of(Cancellation), table_of(SettlementRow)
    columns = [record.c[name] for name in _KEPT]
    query = (
        select(
            *columns,
            settled.c.trace,
            settled.c.price,
            settled.c.deposit,
            settled.c.currency,
            settled.c.fee,
            settled.c.stood_again_us,
        )
        .join(settled, settled.c.cancellation_id == record.c.id)
        .where(record.c.scope == state.scope, record.c.cancelled_us >= state.clock.now() - YEAR)
        .order_by(record.c.id.desc())
        .limit(BATCH)
    )
    rows: Sequence[Row[Any]] = state.store.execute(query).all()
    seen = 0
    while rows:
        yield from rows
        seen += len(rows)
        if len(rows) < BATCH or seen >= MOST:
            return
        rows = state.store.execute(query.where(record.c.id < rows[-1].id)).all()


def _case(state: State, row: Row[Any], reason: Reason | None) -> PastCase | None:
    """What is known of one cancellation: the facts of its quote if they were kept, else those of its row."""
    if reason is None or row.status != "cancelled":
        return None
    kept = (json.loads(row.trace).get("facts") if row.trace else None) or {}
    facts = Facts(
        currency=kept.get("currency", row.currency),
        start=kept.get("start", row.start_us),
        told=kept.get("told", row.told_us),
        booked=kept.get("booked", row.booked_us),
        price=kept.get("price", row.price),
        deposit=kept.get("deposit", row.deposit),
        proven=True,
        calendar=state.calendar,
        clinic_caused=kept.get("clinic_caused", False),
    )
    return PastCase(facts, reason, row.fee, row.client_key)
