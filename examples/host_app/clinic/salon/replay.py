"""Replays the cancellations through flask_cancellations, each at its own date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask import Flask, current_app
from sqlalchemy import URL, func, select, update

from flask_cancellations import Actor, CancelCommand, Refused

from ..extensions import cancellations, db
from ..models import Account, Visit
from .loading import LEDGER, VISIT_TIME, load
from .reading import CancelledRow, SalonData

ZONE = ZoneInfo("America/Vancouver")
CURRENCY = "CAD"
#: When a client cancelled: the files lack it. Before VISIT_TIME, so one of the same day lies before its visit.
CANCEL_TIME = time(9)
WAIVE_REASON = "First late cancellation of this client"
FIXED_FEE = {
    "CANCELLATIONS_POLICY_WITHOUT_PROOF": "current",
    "CANCELLATIONS_POLICIES": [
        {"name": "fixed fee", "valid_from": date(2018, 1, 1), "bands": [{"less_than": "24h", "fee": "30.00"}]}
    ],
}


class ReplayClock:
    """``CANCELLATIONS_CLOCK`` of a replay: it stands where the replay puts it."""

    def __init__(self) -> None:
        self.moment = datetime.combine(date(2018, 1, 1), CANCEL_TIME, ZONE)

    def __call__(self) -> datetime:
        return self.moment


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay came to. Amounts are in dollars; ``known`` rows were there before it."""

    imported: list[CancelledRow]
    refused: list[tuple[CancelledRow, str, str]]
    known: int
    assessed: Decimal
    charged: Decimal
    waived: Decimal


def replay(data: SalonData, database: Path, settings: dict[str, Any], label: str) -> Replay:
    """Load the data into a database of its own, if need be, and replay what waits there. Raises SalonError."""
    clock = ReplayClock()
    with _salon(database, clock, settings):
        load(data)
        entries = _entries()
        waiting = [row for row in data.cancellations if entries[row.line].outcome == "waiting"]
        actors = {account.full_name: _actor(account) for account in db.session.scalars(select(Account))}
        with click.progressbar(waiting, label=label) as rows:
            for row in rows:
                clock.moment = datetime.combine(row.cancelled_on, CANCEL_TIME, ZONE)
                _replay_row(row, db.session.get_one(Visit, entries[row.line].visit_id), actors[row.cancelled_by])
        return _result(data, len(data.cancellations) - len(waiting))


@contextmanager
def _salon(database: Path, clock: ReplayClock, settings: dict[str, Any]) -> Iterator[Flask]:
    """This clinic's app as the salon's: another database, clock, place, and nothing that tells when it was booked."""
    from .. import create_app  # it registers this command, so it cannot be imported before

    host = dict(current_app.config["CANCELLATIONS_HOST"])
    host["appointment"] = {name: value for name, value in host["appointment"].items() if name != "booked_at"}
    config = {
        "SQLALCHEMY_DATABASE_URI": URL.create("sqlite", database=str(database)),
        "DEMO_CLOCK": False,
        "DEMO_CATCHER": False,
        "CANCELLATIONS_CLOCK": clock,
        "CANCELLATIONS_TIMEZONE": ZONE.key,
        "CANCELLATIONS_CURRENCY": CURRENCY,
        "CANCELLATIONS_HOST": host,
        "CANCELLATIONS_POLICY_WITHOUT_PROOF": "none",
        **settings,
    }
    app = create_app(config, instance=current_app.instance_path)
    with app.app_context():
        try:
            cancellations.validate()
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


def _actor(account: Account) -> Actor:
    return Actor("staff", str(account.id), account.full_name, "cli", rights=frozenset({"cancel", "waive"}))


def _replay_row(row: CancelledRow, visit: Visit, actor: Actor) -> None:
    """Cancel, and note the outcome in the same transaction; a refusal leaves nothing but its note."""
    first = not _had_a_fee(visit.patient_id)
    command = CancelCommand(
        appointment_key=str(visit.id),
        reason="other",
        note=_note(row),
        told_channel="phone",
        fee="waive" if first else "charge",
        waive_reason=WAIVE_REASON if first else "",
    )
    try:
        with cancellations.transaction():
            cancellations.cancel(command, actor)
            _note_outcome(row, "imported")
    except Refused as refusal:
        with cancellations.transaction():
            _note_outcome(row, "refused", refusal.code, str(refusal))


def _note(row: CancelledRow) -> str:
    days = " The notice was blank and is computed from the dates." if row.days_blank else ""
    return (
        f"Line {row.line} of the salon's cancellations, which gives no reason. Assumed: visit at {VISIT_TIME:%H:%M}, "
        f"cancelled at {CANCEL_TIME:%H:%M} by phone.{days}"
    )


def _note_outcome(row: CancelledRow, outcome: str, code: str = "", reason: str = "") -> None:
    # Of two imports at once the first one's outcome stands.
    entry = update(LEDGER).where(LEDGER.c.line == row.line, LEDGER.c.outcome == "waiting")
    db.session.execute(entry.values(outcome=outcome, code=code, reason=reason))


def _had_a_fee(patient_id: int) -> bool:
    """Whether a fee was assessed for this client before."""
    cancellation = db.metadata.tables["cancellations_cancellation"].c
    settlement = db.metadata.tables["cancellations_settlement"].c
    query = (
        select(settlement.id)
        .where(settlement.cancellation_id == cancellation.id, cancellation.client_key == str(patient_id))
        .where(settlement.fee > 0)
        .limit(1)
    )
    return db.session.execute(query).first() is not None


def _entries() -> dict[int, Any]:
    return {entry.line: entry for entry in db.session.execute(select(LEDGER))}


def _result(data: SalonData, known: int) -> Replay:
    entries = _entries()
    outcomes = [(row, entries[row.line]) for row in data.cancellations]
    money = db.metadata.tables["cancellations_settlement"].c
    columns = (money.fee, money.fee - money.waived, money.waived)
    sums = select(*(func.coalesce(func.sum(column), 0) for column in columns))
    assessed, charged, waived = (Decimal(cents) / 100 for cents in db.session.execute(sums).one())
    return Replay(
        imported=[row for row, entry in outcomes if entry.outcome == "imported"],
        refused=[(row, entry.code, entry.reason) for row, entry in outcomes if entry.outcome == "refused"],
        known=known,
        assessed=assessed,
        charged=charged,
        waived=waived,
    )
