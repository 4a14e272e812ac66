"""The walk through the pages of policies and reasons: what they show, every fault of a form, every refusal."""

from __future__ import annotations

import tomllib
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cancellations.models import Cancellation, SettlementRow
from flask_cancellations.services import backtesting
from flask_cancellations.services.reopen import reopen

from .browsing import SentForm
from .language_walk import DESK, TYPED, Walk
from .site import ROOT, Site, at
from .small_host import readme_toml

CALENDAR = {"opening_days": ["mon", "tue", "wed", "thu", "fri"]}
BAND = {"less_than": "24h", "fee": "50%"}
START = {"name": TYPED, "valid_from": "2026-01-01"}
HERE = f"/policies/{TYPED}"


def clinic(walk: Walk, *policies: dict[str, Any], source: str = "pages", **config: Any) -> Site:
    """A clinic with these policies; their names have no letters, since they are the clinic's own."""
    return walk.site(
        **{
            "CANCELLATIONS_SOURCE": source,
            "CANCELLATIONS_POLICIES": list(policies),
            "CANCELLATIONS_CALENDAR": CALENDAR,
            **config,
        }
    )


def located() -> dict[str, Any]:
    """The mapping of a host whose appointments have a location too."""
    mapping: dict[str, Any] = tomllib.loads(readme_toml())["CANCELLATIONS_HOST"]
    mapping["appointment"]["location"] = "treatment.name"
    return mapping


def press(walk: Walk, who: FlaskClient, path: str, deed: str, status: int, **typed: str) -> TestResponse:
    """Open a form, type into it, and press one of its buttons."""
    page = who.get(ROOT + path)
    return send(walk, who, path, status, {**SentForm(page.text).fields, **typed, "do": deed})


def send(walk: Walk, who: FlaskClient, path: str, status: int, fields: dict[str, str]) -> TestResponse:
    """Send a form whose fields may have any name."""
    return walk.note(f"POST {path}", who.post(ROOT + path, data=fields, follow_redirects=True), status)


def lists(walk: Walk) -> None:
    """Policies in every phase and of every kind, which one wins, and what is empty."""
    empty = clinic(walk)
    walk.look(empty.browser(), "/policies")
    walk.look(empty.browser(), "/try-policy")
    for file in ("7.7", ""):
        configured = clinic(
            walk, {**START, "bands": [BAND], "exempt": ["7"]}, source="config", CANCELLATIONS_SOURCE_FILE=file
        )
        manager = configured.browser()
        for path in ("/policies", HERE, "/reasons"):
            walk.look(manager, path)
        walk.look(manager, "/new-policy", 403)
    site = clinic(
        walk,
        {**START, "valid_from": "2025-01-01", "bands": [BAND]},
        {**START, "bands": [BAND]},
        {**START, "valid_from": "2026-12-20", "bands": [BAND]},
        {**START, "name": "7-1", "bands": [BAND]},
        {**START, "name": "7-2", "bands": [BAND], "scope": {"service": "1"}},
        {**START, "name": "7-3", "bands": [BAND], "scope": {"staff": "1", "location": "7"}},
        {**START, "name": "7-4", "bands": [BAND], "scope": {"staff": "1"}},
        {**START, "name": "7-5", "valid_from": "2026-02-01", "bands": [BAND], "scope": {"service": "1"}},
        CANCELLATIONS_HOST=located(),
    )
    walk.visit(site, at(15))
    manager = site.browser()
    walk.look(manager, "/")
    walk.send(manager, f"/withdraw-policy/{TYPED}", 200, idempotency_key="w", valid_from="2026-12-20")
    walk.send(manager, f"/withdraw-policy/{TYPED}", 404, idempotency_key="x", valid_from="2026-12-20")
    asked = ("service=1&staff=1", "staff=1", "service=1", "", "staff=1&location=7")
    for query in asked:
        walk.look(manager, f"/policies?day=2026-12-02&{query}")
    walk.look(manager, "/policies?day=2020-01-01")
    walk.look(manager, "/policies?day=2025-06-01")
    walk.look(manager, "/policies?day=7", 422)
    walk.look(manager, "/policies/7-7", 404)
    walk.look(manager, "/reasons/none", 404)


def editor(walk: Walk) -> None:
    """Every field, every fault, every button."""
    site = clinic(walk, {**START, "bands": [BAND]})
    walk.visit(site, at(15))
    manager = site.browser()
    walk.look(manager, "/new-policy")
    walk.look(manager, HERE)
    press(walk, manager, "/new-policy", "save", 422, name="")
    press(walk, manager, "/new-policy", "save", 422, name=TYPED)
    press(walk, manager, HERE, "add-moves", 200, moving="own")
    press(walk, manager, HERE, "preset", 200, preset="strict")
    wrong: list[dict[str, str]] = [
        {"valid_from": "7"},
        {"valid_from": "2026-12-02"},
        {"bands-0-number": "0", "bands-0-amount": "777", "bands-0-end": "7-7", "cap": "-7"},
        {"bands-0-unit": "clock", "bands-0-time": "77", "deposit_clinic": "keep"},
        {"exempt": "7" * 201, "text-en": "7" * 4001},
        {"bands-0-end": "12"},
        {"try_start": "7", "try_price": "-7", "try_before": "-7"},
    ]
    for fields in wrong:
        press(walk, manager, HERE, "show" if "try_start" in fields else "save", 422, **fields)
    press(walk, manager, HERE, "save", 422, valid_from="2026-12-02")
    slow, opened = site.browser(), SentForm(site.browser().get(ROOT + HERE).text).fields
    press(walk, manager, HERE, "save", 200, **{"text-en": TYPED})
    send(walk, slow, HERE, 409, {**opened, "do": "save"})
    late = SentForm(slow.get(ROOT + HERE).text).fields
    send(walk, slow, HERE, 409, {**late, "seen": "7", "do": "save"})
    send(walk, slow, HERE, 422, {**late, "idempotency_key": "", "do": "save"})
    walk.look(manager, HERE)
    alone = clinic(walk, {**START, "bands": [BAND]}, CANCELLATIONS_CALENDAR=False).browser()
    clock = {"bands-0-unit": "clock", "bands-0-time": "16:00", "bands-0-days": "1"}
    press(walk, alone, HERE, "save", 422, **clock)
    fresh = SentForm(alone.get(ROOT + HERE).text).fields
    send(walk, alone, HERE, 409, {**fresh, "seen": "7", "do": "save"})


def consequences(walk: Walk) -> None:
    """Trials and back-tests with everything that they can say."""
    site = clinic(walk, {**START, "bands": [BAND], "grace": "10m"})
    manager = site.browser()
    for fields in (
        {"try_deposit": "200"},
        {"try_price": ""},
        {"deposit_client": "keep"},
        {"deposit_client": "credit,refund"},
    ):
        press(walk, manager, HERE, "show", 200, **{"try_deposit": "200", **fields})
    walk.look(manager, "/try-policy")
    press(walk, manager, HERE, "backtest", 200)
    done = [
        site.cancel(walk.visit(site, at(15), deposit="90.00"), DESK),
        site.cancel(walk.visit(site, at(15, day=9), price=None, deposit=None), DESK),
        site.cancel(walk.visit(site, at(15), price=None, deposit=None), DESK, amount=700),
        site.cancel(walk.visit(site, at(15), price=None, deposit=None), DESK, amount=700),
        site.cancel(walk.visit(site, at(15), booked=at(10)), DESK),
        site.cancel(walk.visit(site, at(15)), DESK, reason="therapist_ill", fee=None),
        site.cancel(walk.visit(site, at(15)), DESK, reason="mistake", fee=None),
        *(site.cancel(walk.visit(site, at(15)), DESK) for _ in range(6)),
        site.cancel(walk.visit(site, at(15), therapist="Vesela Marinova"), DESK),
    ]
    _tamper(site, done)
    keeping = {"deposit_client": "keep", "exempt": "7", "staff": "1", "first_times": "1", "first_months": "12"}
    press(walk, manager, HERE, "backtest", 200, **keeping)
    press(walk, manager, HERE, "backtest", 200, within_window="none", **{"bands-0-number": "400"})
    press(walk, manager, HERE, "backtest", 200)
    site.cancel(walk.visit(site, at(15), therapist="Vesela Marinova"), DESK)
    most, backtesting.MOST = backtesting.MOST, 2
    batch, backtesting.BATCH = backtesting.BATCH, 2
    try:
        press(walk, manager, HERE, "backtest", 200)
    finally:
        backtesting.MOST, backtesting.BATCH = most, batch


def _tamper(site: Site, done: list[int]) -> None:
    """One appointment stands again, one was missed, one was the clinic's fault."""
    records = {row.id: row for row in site.rows(Cancellation)}
    with site.clinic.app.app_context(), site.clinic.cancellations.transaction():
        state = site.clinic.state
        assert reopen(state, records[done[7]]) is not None
        state.store.update(Cancellation, Cancellation.id == done[8], status="noshow")
        caused = next(row.trace for row in site.clinic.rows(SettlementRow) if row.cancellation_id == done[9])
        trace = caused.replace('"clinic_caused": false', '"clinic_caused": true')
        state.store.update(SettlementRow, SettlementRow.cancellation_id == done[9], trace=trace)


def reasons(walk: Walk) -> None:
    """The list, the form, and what is wrong with it."""
    site = clinic(walk)
    manager = site.browser()
    walk.look(manager, "/reasons/illness")
    walk.look(manager, "/new-reason")
    press(walk, manager, "/reasons/illness", "", 422, side="clinic", order="7.7", **{"label-en": "7" * 201})
    press(walk, manager, "/new-reason", "", 422, code="7")
    press(walk, manager, "/new-reason", "", 422, code="illness")
    opened = SentForm(manager.get(f"{ROOT}/reasons/work").text).fields
    quiet = {name: text for name, text in opened.items() if name not in ("staff", "counts")}
    send(walk, manager, "/reasons/work", 200, {**quiet, "note": "yes", "archived": "yes"})
    send(walk, manager, "/reasons/work", 409, {**opened, "idempotency_key": "7"})


STEPS = (lists, editor, consequences, reasons)
