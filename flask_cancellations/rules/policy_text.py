"""A policy version as stored text, and back: what was accepted must be readable unchanged for years."""

from __future__ import annotations

import json
from datetime import date

from flask_cancellations.rules.policy import Band, Fee, Policy


def policy_body(policy: Policy) -> str:
    """The terms of a policy as JSON; name and date stand beside it. Equal terms give equal text."""
    currency = policy.currency
    body = {
        "currency": currency,
        "bands": [
            {"less_than": band.less_than, "fee": band.fee.text(currency), "forfeit": band.forfeit}
            for band in sorted(policy.bands, key=lambda band: band.less_than)
        ],
        "no_show": policy.no_show.text(currency),
        "cap": policy.cap,
        "grace": policy.grace,
        "self_cancel": policy.self_cancel,
        "services": sorted(policy.services),
        "staff": sorted(policy.staff),
        "locations": sorted(policy.locations),
    }
    return json.dumps(body, sort_keys=True, ensure_ascii=False)


def policy_from_body(name: str, valid_from: date, text: str) -> Policy:
    """The policy that :func:`policy_body` wrote."""
    body = json.loads(text)
    currency = body["currency"]
    return Policy(
        name=name,
        valid_from=valid_from,
        currency=currency,
        bands=tuple(
            Band(band["less_than"], Fee.parse(band["fee"], currency), band["forfeit"]) for band in body["bands"]
        ),
        no_show=Fee.parse(body["no_show"], currency),
        cap=body["cap"],
        grace=body["grace"],
        self_cancel=body["self_cancel"],
        services=frozenset(body["services"]),
        staff=frozenset(body["staff"]),
        locations=frozenset(body["locations"]),
    )
