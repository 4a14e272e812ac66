"""A policy version as stored text, and back: what was accepted must be readable unchanged for years."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, cast

from flask_cancellations.rules.calendar import Allowance, Cutoff
from flask_cancellations.rules.deposit_rule import FORFEIT, USUAL, DepositRule, Rests
from flask_cancellations.rules.policy import Band, Fee, MoveRule, Policy


def policy_body(policy: Policy) -> str:
    """The terms of a policy as JSON; name and date stand beside it. Equal terms give equal text.

    What a policy makes no use of is left out, so that a version that was stored before we knew of it has the text that
    its terms give today.
    """
    currency = policy.currency
    body: dict[str, Any] = {
        "currency": currency,
        "bands": _bands(policy.bands, currency),
        "no_show": policy.no_show.text(currency),
        "cap": policy.cap,
        "grace": policy.grace,
        "self_cancel": policy.self_cancel,
        "services": sorted(policy.services),
        "staff": sorted(policy.staff),
        "locations": sorted(policy.locations),
    }
    if policy.deposit != USUAL:
        body["deposit"] = _deposit(policy.deposit)
    if policy.within_window != "grace":
        body["within_window"] = policy.within_window
    if policy.moves is not None:
        allowed = _allowance(policy.moves.late_moves)
        body["moves"] = {"bands": _bands(policy.moves.bands, currency), "late_moves": allowed}
    if policy.exempt:
        body["exempt"] = sorted(policy.exempt)
    if policy.first_free is not None:
        body["first_free"] = _allowance(policy.first_free)
    if policy.texts:
        body["texts"] = policy.texts
    return json.dumps(body, sort_keys=True, ensure_ascii=False)


def policy_from_body(name: str, valid_from: date, text: str) -> Policy:
    """The policy that :func:`policy_body` wrote, now or in an earlier version of ours."""
    body = json.loads(text)
    currency = body["currency"]
    moves = body.get("moves")
    return Policy(
        name=name,
        valid_from=valid_from,
        currency=currency,
        bands=_read_bands(body["bands"], currency),
        no_show=Fee.parse(body["no_show"], currency),
        cap=body["cap"],
        grace=body["grace"],
        self_cancel=body["self_cancel"],
        services=frozenset(body["services"]),
        staff=frozenset(body["staff"]),
        locations=frozenset(body["locations"]),
        deposit=_read_deposit(body["deposit"]) if "deposit" in body else USUAL,
        within_window=body.get("within_window", "grace"),
        moves=MoveRule(_read_bands(moves["bands"], currency), _read_allowance(moves["late_moves"])) if moves else None,
        exempt=frozenset(body.get("exempt", ())),
        first_free=_read_allowance(body.get("first_free")),
        texts=body.get("texts", {}),
    )


def _bands(bands: tuple[Band, ...], currency: str) -> list[dict[str, Any]]:
    """The bands by hours, the tightest first, then those by the clock."""
    hours = sorted((b for b in bands if b.less_than is not None), key=lambda b: b.less_than or 0)
    clock = sorted((b for b in bands if b.later_than is not None), key=lambda b: b.edge)
    return [_band(band, currency) for band in (*hours, *clock)]


def _band(band: Band, currency: str) -> dict[str, Any]:
    limit = {"less_than": band.less_than} if band.later_than is None else {"later_than": band.later_than.text}
    written: dict[str, Any] = {**limit, "fee": band.fee.text(currency), "forfeit": band.deposit == FORFEIT}
    if band.deposit is not None and band.deposit != FORFEIT:
        written["deposit"] = _deposit(band.deposit)
    return written


def _read_bands(bands: list[dict[str, Any]], currency: str) -> tuple[Band, ...]:
    return tuple(_read_band(band, currency) for band in bands)


def _read_band(band: dict[str, Any], currency: str) -> Band:
    deposit = FORFEIT if band["forfeit"] else _read_deposit(band["deposit"]) if "deposit" in band else None
    later_than = Cutoff.parse(band["later_than"]) if "later_than" in band else None
    return Band(band.get("less_than"), Fee.parse(band["fee"], currency), deposit, later_than)


def _deposit(rule: DepositRule) -> dict[str, list[str]]:
    return {"client": list(rule.client), "other": list(rule.other), "clinic": list(rule.clinic)}


def _read_deposit(rule: dict[str, list[str]]) -> DepositRule:
    return DepositRule(**{side: cast(Rests, tuple(rests)) for side, rests in rule.items()})


def _allowance(allowance: Allowance | None) -> dict[str, int] | None:
    return None if allowance is None else {"times": allowance.times, "months": allowance.months}


def _read_allowance(allowance: dict[str, int] | None) -> Allowance | None:
    return None if allowance is None else Allowance(**allowance)
