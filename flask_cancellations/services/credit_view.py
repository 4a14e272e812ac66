"""A client's money as the desk sees it: credit with where it comes from and what was used of it, and what is owed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.errors import NotFound
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Cancellation, CreditEntry, CreditLot, CreditNote, Movement, SettlementRow
from flask_cancellations.models.base import table_of
from flask_cancellations.models.settlement import CREATED
from flask_cancellations.rules.credit import Lot
from flask_cancellations.services import credit, credit_notes
from flask_cancellations.services.actor import Actor, may, require
from flask_cancellations.services.appointments import snapshot
from flask_cancellations.services.owed import Owed, owed
from flask_cancellations.state import State


@dataclass(frozen=True, slots=True)
class LotView:
    """One credit. ``row`` is that of ``CreditLot``, ``record`` that of the cancellation it comes from, ``entries`` are
    those of ``CreditEntry``, ``notes`` the documents drawn for it; ``usable`` whether it can be redeemed now."""

    row: Row[Any]
    record: Row[Any]
    entries: tuple[Row[Any], ...]
    notes: tuple[credit_notes.Document, ...]
    usable: bool


@dataclass(frozen=True, slots=True)
class Account:
    """What a client has and owes in one currency, in minor units. ``coming`` is credit that is made once the
    cancellation can no longer be undone. ``lots`` are all there were, the latest first."""

    currency: str
    balance: int
    coming: int
    owed: Owed
    lots: tuple[LotView, ...]


@dataclass(frozen=True, slots=True)
class ClientMoney:
    """The accounts of a client, the clinic's currency first."""

    key: str
    name: str
    accounts: tuple[Account, ...]


def client_money(state: State, client_key: str, actor: Actor) -> ClientMoney:
    """All about one client. Needs the right ``money``. Raises NotFound for a client without any cancellation that this
    actor may see; a foreign client looks like an unknown one."""
    records = known(state, client_key, actor)
    table = table_of(CreditLot)
    lots = state.store.execute(
        select(table).where(table.c.scope == state.scope, table.c.client_key == client_key).order_by(table.c.id.desc())
    ).all()
    moving = table_of(Movement)
    coming = state.store.execute(
        select(moving.c.currency, moving.c.amount).where(
            moving.c.scope == state.scope,
            moving.c.client_key == client_key,
            moving.c.kind == "credit",
            moving.c.state == CREATED,
        )
    ).all()
    views = _views(state, lots, {record.id: record for record in records})
    usual = state.settings.currency
    found = {row.currency for row in (*lots, *coming)} | _owing(state, client_key)
    accounts = tuple(
        Account(
            currency=currency,
            balance=credit.balance(state, client_key, currency).balance,
            coming=sum(row.amount for row in coming if row.currency == currency),
            owed=owed(state, client_key, currency),
            lots=tuple(view for view in views if view.row.currency == currency),
        )
        for currency in (usual, *sorted(found - {usual}))
    )
    return ClientMoney(client_key, records[-1].client_name, accounts)


def known(state: State, client_key: str, actor: Actor) -> Sequence[Row[Any]]:
    """The cancellations of a client, in their order. Needs the right ``money``; raises NotFound if the actor may see
    none of them."""
    require(state, actor, "money")
    table = table_of(Cancellation)
    records = state.store.execute(
        select(table).where(table.c.scope == state.scope, table.c.client_key == client_key).order_by(table.c.id)
    ).all()
    if not any(may(state, actor, "cancel", snapshot(state, record)) for record in records):
        raise NotFound(fcx_("There is no such client."))
    return records


def lot_of(state: State, lot_id: int, client_key: str) -> Row[Any]:
    """A row of ``CreditLot`` of this client. Raises NotFound."""
    table = table_of(CreditLot)
    row = state.store.execute(
        select(table).where(table.c.scope == state.scope, table.c.client_key == client_key, table.c.id == lot_id)
    ).first()
    if row is None:
        raise NotFound(fcx_("There is no such credit."))
    return row


def _owing(state: State, client_key: str) -> set[str]:
    query = (
        select(SettlementRow.currency)
        .join(Cancellation, Cancellation.id == SettlementRow.cancellation_id)
        .where(Cancellation.scope == state.scope, Cancellation.client_key == client_key)
        .where((SettlementRow.due > 0) | (SettlementRow.pending > 0))
        .distinct()
    )
    return set(state.store.execute(query).scalars())


def _views(state: State, lots: Sequence[Row[Any]], records: dict[int, Row[Any]]) -> list[LotView]:
    ids = [lot.id for lot in lots]
    if not ids:
        return []
    now, entries, notes = state.clock.now(), table_of(CreditEntry), table_of(CreditNote)
    changes = state.store.execute(select(entries).where(entries.c.lot_id.in_(ids)).order_by(entries.c.id)).all()
    papers = [
        credit_notes.from_row(row)
        for row in state.store.execute(select(notes).where(notes.c.lot_id.in_(ids)).order_by(notes.c.number)).all()
    ]
    return [
        LotView(
            row=lot,
            record=records[lot.cancellation_id],
            entries=tuple(entry for entry in changes if entry.lot_id == lot.id),
            notes=tuple(paper for paper in papers if paper.lot_id == lot.id),
            usable=Lot(lot.id, lot.balance, lot.expires_us).usable(now),
        )
        for lot in lots
    ]
