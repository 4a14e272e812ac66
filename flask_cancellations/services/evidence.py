"""Evidence for one fee: a zip of plain text files that a bank, a court or a client can read without our pages.

The words before the colons are fixed and English, so that a reader elsewhere finds them; what people typed or were sent
stands as it was. Times are the clinic's wall clock with its offset.
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.clock import us_to_utc
from flask_cancellations.i18n import use_locale
from flask_cancellations.models import Acceptance, CreditEntry, CreditLot, FeeStep, Message, PolicyVersion
from flask_cancellations.models.base import Base, table_of
from flask_cancellations.rules.fee_book import AMOUNTS
from flask_cancellations.rules.money import from_minor
from flask_cancellations.rules.policy_body import policy_from_body
from flask_cancellations.rules.policy_text import policy_text
from flask_cancellations.rules.vat import vat_of
from flask_cancellations.services import credit_notes
from flask_cancellations.services.actor import Actor, require, visible
from flask_cancellations.services.appointments import of_record
from flask_cancellations.services.history import CancellationView, cancellation_view, history
from flask_cancellations.state import State

# A file of the zip has no other time than this, so that the same evidence gives the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(state: State, cancellation_id: int, actor: Actor) -> bytes:
    """The archive for one cancellation. Needs the right ``money``. Raises NotFound and Forbidden; writes nothing."""
    view = cancellation_view(state, cancellation_id)
    require(state, actor, "money", visible(state, actor, of_record(state, view.record)))
    files = {
        "1 summary.txt": _summary(state, view),
        "2 policy.txt": _policy(state, view),
        "3 acceptance.txt": _acceptance(state, view),
        "4 quote.txt": _quote(view),
        "5 told us.txt": _told(state, view),
        "6 money.txt": _money(state, view),
        "7 messages.txt": _messages(state, view),
        "8 events.txt": _events(state, view),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), text)
    return buffer.getvalue()


def _summary(state: State, view: CancellationView) -> str:
    kept = view.record
    return _text(
        ("clinic", state.settings.clinic_name),
        ("client", f"{kept.client_name} (key {kept.client_key})"),
        ("appointment", kept.public_id or kept.appointment_key),
        ("start", _when(state, kept.start_us)),
        ("end", _when(state, kept.end_us)),
        ("service", kept.service_name),
        ("staff", kept.staff_name),
        ("location", kept.location_name),
        ("booked", _when(state, kept.booked_us)),
        ("cancelled", _when(state, kept.cancelled_us)),
        ("cancelled by", f"{kept.actor_name} ({kept.actor_kind} {kept.actor_key}, {kept.source})"),
        ("reason", f"{kept.reason_code} (side: {kept.side})"),
        ("fee", _amount(view.settlement.fee, view.settlement.currency)),
        ("made", _when(state, state.clock.now())),
    )


def _policy(state: State, view: CancellationView) -> str:
    table = table_of(PolicyVersion)
    row = state.store.execute(select(table).where(table.c.id == view.terms.policy_version_id)).first()
    if row is None:
        return _text(("policy", "none was in force for this appointment"))
    lines = _text(("policy", row.name), ("valid from", row.valid_from), ("withdrawn", _when(state, row.withdrawn_us)))
    with use_locale(state.settings.locale):
        shown = policy_text(policy_from_body(row.name, row.valid_from, row.body))
    return f"{lines}\nas shown to clients:\n{shown}\n\nas stored, unchanged since:\n{_pretty(row.body)}\n"


def _acceptance(state: State, view: CancellationView) -> str:
    kept, table = view.record, table_of(Acceptance)
    row = state.store.execute(
        select(table)
        .where(
            table.c.scope == state.scope,
            table.c.appointment_key == kept.appointment_key,
            table.c.client_key.is_not_distinct_from(kept.client_key),
            table.c.accepted_us <= kept.cancelled_us,
        )
        .order_by(table.c.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return _text(("acceptance", "none is on file for this appointment and client"))
    return _text(
        ("accepted", _when(state, row.accepted_us)),
        ("policy version", row.policy_version_id),
        ("by channel", row.channel),
        ("from address", row.ip),
    )


def _quote(view: CancellationView) -> str:
    terms = view.terms
    lines = _text(
        ("price", "unknown" if terms.price is None else _amount(terms.price, terms.currency)),
        ("notice in minutes", view.record.notice_minutes),
        ("fee", _amount(terms.fee, terms.currency)),
        ("otherwise", _amount(terms.otherwise, terms.currency)),
        ("why", ", ".join(view.why)),
        ("policy version", terms.policy_version_id),
    )
    trace = terms.trace
    return f"{lines}\nhow it was computed (amounts in minor units, instants in microseconds UTC):\n{_pretty(trace)}\n"


def _told(state: State, view: CancellationView) -> str:
    kept = view.record
    return _text(
        ("told us", _when(state, kept.told_us)),
        ("by channel", kept.told_channel),
        ("entered", _when(state, kept.cancelled_us)),
        ("notice in minutes", kept.notice_minutes),
        ("note", kept.note),
    )


def _money(state: State, view: CancellationView) -> str:
    settled, terms = view.settlement, view.terms
    currency = settled.currency
    parts = [_text(*((name, _amount(getattr(settled, name), currency)) for name in AMOUNTS))]
    for name, gross, rate in (
        ("kept fee", settled.kept, terms.fee_vat_rate),
        ("kept deposit", settled.forfeited, terms.kept_vat_rate),
    ):
        if gross and rate:
            vat = vat_of(gross, rate)
            net, tax = _amount(vat.net, currency), _amount(vat.tax, currency)
            parts.append(
                _text((f"tax in {name}", f"net {net}, {rate / 100:g}% {tax}, gross {_amount(gross, currency)}"))
            )
    for waiver in view.waivers:
        parts.append(_text(("waived because", waiver.reason), ("kept because", waiver.keep_reason)))
    for step in _rows(state, FeeStep, view.record.id):
        by = f"{step.actor_kind} {step.actor_key}"
        parts.append(
            _text(
                ("step", f"{step.step} {_amount(step.amount, currency)}"),
                ("at", _when(state, step.at_us)),
                ("by", by),
                ("reason", step.reason),
                ("changes in minor units", step.changes),
            )
        )
    for movement in view.movements:
        parts.append(
            _text(
                ("movement", f"{movement.kind} {_amount(movement.amount, currency)} ({movement.purpose})"),
                ("state", movement.state),
                ("done", _when(state, movement.done_us)),
                ("provider's reference", movement.provider_reference),
                ("settled by", movement.settled_by),
                ("settled how", movement.settled_how),
                ("note", movement.note),
                ("error", movement.error),
            )
        )
    for note in credit_notes.documents(state, view.record.id):
        parts.append(
            _text(
                ("credit note", note.label),
                ("takes back", note.reverses),
                ("issued", _when(state, note.issued_us)),
                ("gross", _amount(note.vat.gross, currency)),
                ("tax document", "yes" if note.tax_document else "no"),
            )
        )
    for entry in _credit_entries(state, view.record.id):
        parts.append(
            _text(
                ("credit", f"{entry.kind} {_amount(entry.amount, currency)}"),
                ("at", _when(state, entry.at_us)),
                ("for", entry.reference),
                ("reason", entry.reason),
            )
        )
    return "\n".join(parts)


def _credit_entries(state: State, cancellation_id: int) -> list[Row[Any]]:
    entries, lots = table_of(CreditEntry), table_of(CreditLot)
    query = select(entries).join(lots, lots.c.id == entries.c.lot_id).where(lots.c.cancellation_id == cancellation_id)
    return list(state.store.execute(query.order_by(entries.c.id)).all())


def _messages(state: State, view: CancellationView) -> str:
    if not view.messages:
        return _text(("messages", "none"), ("because", view.record.silent_reason))
    parts = []
    for row in _rows(state, Message, view.record.id):
        lines = _text(
            ("message", row.template),
            ("channel", row.channel),
            ("to", row.address),
            ("state", row.state),
            ("written", _when(state, row.created_us)),
            ("sent", _when(state, row.sent_us)),
            ("attempts", row.attempts),
            ("error", row.error),
            ("id at the provider", row.uid),
        )
        parts.append(f"{lines}\n{row.sent_text}\n" if row.sent_text else lines)
    return "\n".join(parts)


def _events(state: State, view: CancellationView) -> str:
    parts = []
    for entry in history(state, view.record.appointment_key, view.record.id):
        lines = _text(
            ("event", entry.action),
            ("at", _when(state, entry.at_us)),
            ("by", f"{entry.actor_name} ({entry.actor_kind} {entry.actor_key}, {entry.source})"),
            *((name, value) for name, value in entry.private.items() if name != "actor"),
        )
        facts = json.dumps({"before": entry.before, "after": entry.after}, ensure_ascii=False, indent=2, sort_keys=True)
        parts.append(f"{lines}{facts}\n")
    return "\n".join(parts)


def _rows(state: State, model: type[Base], cancellation_id: int) -> list[Row[Any]]:
    table = table_of(model)
    query = select(table).where(table.c.cancellation_id == cancellation_id).order_by(table.c.id)
    return list(state.store.execute(query).all())


def _text(*lines: tuple[str, Any]) -> str:
    """A line for each name that has a value."""
    return "".join(f"{name}: {value}\n" for name, value in lines if value is not None and value != "")


def _when(state: State, us: int | None) -> str:
    if us is None:
        return ""
    moment: datetime = us_to_utc(us).astimezone(state.clock.zone)
    return f"{moment.isoformat(sep=' ', timespec='seconds')} ({state.clock.zone})"


def _amount(minor: int, currency: str) -> str:
    return f"{from_minor(minor, currency)} {currency}"


def _pretty(body: str | None) -> str:
    return json.dumps(json.loads(body), ensure_ascii=False, indent=2, sort_keys=True) if body else "(not recorded)"
