"""Credit notes: drawn when a credit is made, reversed when it is taken back; numbered without a gap, never edited."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.errors import NotFound
from flask_cancellations.host.values import CreditNoteFacts
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import CreditNote, Paid, Series
from flask_cancellations.models.base import table_of
from flask_cancellations.rules.vat import Vat, vat_of
from flask_cancellations.state import State

SERIES = "credit_note"


@dataclass(frozen=True, slots=True)
class Document:
    """A credit note, or the reversal of one, with all that it says; ``facts`` as :func:`_facts` writes them.

    ``label`` is the number that people read: the host's own, else ours with the series in front. Without
    ``tax_document`` it must be marked as none. ``reverses`` is the label of the note that it takes back.
    """

    id: int
    number: int
    label: str
    reverses: str
    local_day: str
    issued_us: int
    currency: str
    vat: Vat
    tax_document: bool
    cancellation_id: int
    lot_id: int
    facts: dict[str, Any]


def draw(state: State, kept: Row[Any], lot_id: int, gross: int, currency: str, origin: str) -> Document:
    """Draw the note of a new credit in the caller's transaction; ``kept`` is the row of its cancellation.

    The number's row stays locked until the commit, and a rollback gives the number back.
    """
    return _write(state, kept, lot_id, gross, currency, _facts(state, kept, origin))


def reverse(state: State, kept: Row[Any], lot_id: int, gross: int, why: str) -> Document | None:
    """Draw the reversal of a credit's note over what is taken back of it; ``why`` is ``undo`` or ``void``.

    None if the credit has no note (it was made before there were any) or its note was reversed before.
    """
    table = table_of(CreditNote)
    note = state.store.execute(
        select(table).where(table.c.lot_id == lot_id, table.c.reverses_id.is_(None)).with_for_update()
    ).first()
    if note is None:
        return None
    known = state.store.execute(select(table.c.id).where(table.c.reverses_id == note.id).with_for_update()).first()
    if known is not None:
        return None
    facts = {**json.loads(note.facts), "origin": why, "reverses": _label(note)}
    return _write(state, kept, lot_id, gross, note.currency, facts, note)


def documents(state: State, cancellation_id: int) -> list[Document]:
    """All notes and reversals of one cancellation, in the order of their numbers."""
    table = table_of(CreditNote)
    rows = state.store.execute(
        select(table)
        .where(table.c.scope == state.scope, table.c.cancellation_id == cancellation_id)
        .order_by(table.c.number)
    )
    return [from_row(row) for row in rows.all()]


def document(state: State, number: int) -> Document:
    """One document of this scope by our number. Raises NotFound."""
    table = table_of(CreditNote)
    row = state.store.execute(select(table).where(table.c.scope == state.scope, table.c.number == number)).first()
    if row is None:
        raise NotFound(fcx_("There is no such credit note."))
    return from_row(row)


def next_number(state: State, series: str) -> int:
    """The next number of a gap-free series. Its row stays locked until the commit, and a rollback gives it back."""
    mine = (Series.scope == state.scope, Series.document == series)
    state.store.insert_if_absent(Series, ("scope", "document"), scope=state.scope, document=series, last_number=0)
    state.store.update(Series, *mine, last_number=Series.last_number + 1)
    # A current read: MariaDB shows an older snapshot to any other.
    return int(state.store.execute(select(Series.last_number).where(*mine).with_for_update()).scalar_one())


def _write(
    state: State,
    kept: Row[Any],
    lot_id: int,
    gross: int,
    currency: str,
    facts: dict[str, Any],
    reversed_note: Row[Any] | None = None,
) -> Document:
    now, settings = state.clock.now(), state.settings.vat
    # A reversal takes back at the rate of its note, whatever the rate is by now.
    vat = vat_of(gross, settings.credit if reversed_note is None else reversed_note.vat_rate)
    tax_document = settings.complete if reversed_note is None else bool(reversed_note.tax_document)
    number = next_number(state, SERIES)
    outside = state.adapter.credit_note_number(
        CreditNoteFacts(
            number=number,
            currency=currency,
            net=vat.net,
            vat_rate=vat.rate,
            vat=vat.tax,
            gross=gross,
            client_key=kept.client_key,
            appointment_key=kept.appointment_key,
            reverses=facts["reverses"],
        )
    )
    values = {
        "number": number,
        "outside_number": outside,
        "cancellation_id": kept.id,
        "lot_id": lot_id,
        "reverses_id": None if reversed_note is None else reversed_note.id,
        "issued_us": now,
        "local_day": state.clock.to_wall(now).date(),
        "currency": currency,
        "net": vat.net,
        "vat_rate": vat.rate,
        "vat": vat.tax,
        "gross": gross,
        "tax_document": tax_document,
        "facts": json.dumps(facts, ensure_ascii=False, sort_keys=True),
    }
    made = state.store.insert(CreditNote, scope=state.scope, **values)
    row = state.store.execute(select(table_of(CreditNote)).where(CreditNote.id == made)).one()
    return from_row(row)


def _facts(state: State, kept: Row[Any], origin: str) -> dict[str, Any]:
    """What the document says beside its number and amounts: parties, the original it refers to, the reason.

    ``origin`` is ``cancel`` or ``step`` (the deposit of a cancelled appointment) or ``give_back`` (a fee given back).
    """
    settings = state.settings
    references = state.store.execute(
        select(Paid.reference).where(Paid.cancellation_id == kept.id, Paid.reference != "").order_by(Paid.id)
    )
    return {
        "series": settings.vat.series,
        "seller": {
            "name": settings.vat.name or settings.clinic_name,
            "vat_number": settings.vat.number,
            "tax_id": settings.clinic_tax_id,
            "address": settings.vat.address or settings.clinic_address,
            "phone": settings.clinic_phone,
            "email": settings.clinic_email,
        },
        "buyer": {"name": kept.client_name, "key": kept.client_key or ""},
        "original": {
            "appointment": kept.public_id or kept.appointment_key,  # as addresses call it: clients read this
            "start": state.clock.to_wall(kept.start_us).isoformat(timespec="minutes"),
            "service": kept.service_name,
            "cancelled": state.clock.to_wall(kept.cancelled_us).isoformat(timespec="minutes"),
            "payments": list(references.scalars()),
        },
        "reason": kept.reason_code,
        "origin": origin,
        "reverses": "",
    }


def _label(row: Row[Any]) -> str:
    return str(row.outside_number or f"{json.loads(row.facts)['series']}{row.number}")


def from_row(row: Row[Any]) -> Document:
    """The document in a row of ``CreditNote``."""
    facts = json.loads(row.facts)
    return Document(
        id=row.id,
        number=row.number,
        label=_label(row),
        reverses=facts["reverses"],
        local_day=row.local_day.isoformat(),
        issued_us=row.issued_us,
        currency=row.currency,
        vat=Vat(row.vat_rate, row.net, row.vat, row.gross),
        tax_document=bool(row.tax_document),
        cancellation_id=row.cancellation_id,
        lot_id=row.lot_id,
        facts=facts,
    )


def as_json(document: Document) -> dict[str, Any]:
    """The document as plain values, for archives."""
    return asdict(document)
