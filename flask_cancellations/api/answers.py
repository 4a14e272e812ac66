"""What the API answers with: schemas for the documentation, and the values that fill them.

Amounts are decimal texts in major units ("30.00"), so that no reader takes euros for cents; instants are ISO 8601 UTC.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from flask_cancellations.clock import MINUTE, us_to_utc
from flask_cancellations.host.values import Appointment
from flask_cancellations.rules.money import from_minor
from flask_cancellations.rules.settlement import Settlement, rest_of_deposit
from flask_cancellations.rules.wording import outcome_sentences
from flask_cancellations.services.cancel import Cancelled
from flask_cancellations.services.history import HistoryEntry
from flask_cancellations.services.preview import Preview


class AppointmentAnswer(Schema):
    """An appointment as it stands."""

    key = fields.String()
    start = fields.String(metadata={"format": "date-time"})
    end = fields.String(metadata={"format": "date-time"})
    client = fields.String(allow_none=True)
    staff = fields.String()
    service = fields.String()
    location = fields.String()
    status = fields.String()


class BandAnswer(Schema):
    """The band that applied."""

    less_than_minutes = fields.Integer(allow_none=True, metadata={"description": "null for a deadline by the clock."})
    later_than = fields.String(
        allow_none=True, metadata={"description": "A deadline by the clock: 16:00, 1 working day before."}
    )
    fee = fields.String(metadata={"description": "none, full, a percentage or a fixed amount."})
    forfeit = fields.Boolean()


class RestAnswer(Schema):
    """What may happen to the rest of the deposit; the first of a list is what happens unless another is named."""

    choice = fields.String()
    amount = fields.String()


class QuoteAnswer(Schema):
    """What cancelling would come to."""

    appointment = fields.Nested(AppointmentAnswer)
    currency = fields.String()
    notice_minutes = fields.Integer()
    price = fields.String(allow_none=True)
    deposit = fields.String()
    fee = fields.String()
    otherwise = fields.String(metadata={"description": "The fee had the reason not freed the client from it."})
    needs_amount = fields.Boolean()
    limit = fields.String(allow_none=True)
    late = fields.Boolean()
    policy = fields.String(allow_none=True)
    band = fields.Nested(BandAnswer, allow_none=True)
    why = fields.List(fields.String(), metadata={"description": "Codes."})
    why_text = fields.String()
    fee_choices = fields.List(fields.String())
    rest_choices = fields.Dict(keys=fields.String(), values=fields.List(fields.Nested(RestAnswer)))
    seen = fields.String()


class SettlementAnswer(Schema):
    """What was decided about fee and deposit; both are the sums of their parts."""

    currency = fields.String()
    deposit = fields.String()
    taken = fields.String()
    forfeited = fields.String()
    refunded = fields.String()
    credited = fields.String()
    held = fields.String()
    fee = fields.String()
    kept = fields.String()
    given_back = fields.String()
    due = fields.String()
    waived = fields.String()
    dropped = fields.String()
    pending = fields.String()
    sentences = fields.List(fields.String())


class CancelledAnswer(Schema):
    """A cancellation that was made."""

    cancellation_id = fields.Integer()
    appointment_key = fields.String()
    slot = fields.String(metadata={"description": "held, released, closed or lapsed."})
    settlement = fields.Nested(SettlementAnswer)


class ActorAnswer(Schema):
    """Who did it."""

    kind = fields.String()
    key = fields.String()
    name = fields.String()


class EventAnswer(Schema):
    """One event of an appointment's history."""

    at = fields.String(metadata={"format": "date-time"})
    action = fields.String()
    actor = fields.Nested(ActorAnswer)
    source = fields.String()
    before = fields.Dict()
    after = fields.Dict(metadata={"description": "As it is sealed: amounts in minor units, instants in microseconds."})
    texts = fields.Dict(metadata={"description": "Notes and reasons in people's own words, until they are erased."})


class HistoryAnswer(Schema):
    """The history of one appointment, the oldest event first."""

    appointment_key = fields.String()
    events = fields.List(fields.Nested(EventAnswer))


class ProblemAnswer(Schema):
    """RFC 9457 problem details."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    code = fields.String()
    detail = fields.String()
    fields_ = fields.Dict(data_key="fields", keys=fields.String(), values=fields.List(fields.String()))
    cancelled_by = fields.String(allow_none=True)
    cancelled_at = fields.String(allow_none=True, metadata={"format": "date-time"})


def money(minor: int, currency: str) -> str:
    """Minor units as a decimal text in major units."""
    return f"{from_minor(minor, currency):f}"


def instant(us: int) -> str:
    """An instant (microseconds UTC) in ISO 8601."""
    return us_to_utc(us).isoformat()


def quote_values(appointment: Appointment, seen: Preview) -> dict[str, Any]:
    """The values of :class:`QuoteAnswer`."""
    quote, currency = seen.quote, seen.quote.currency
    band = quote.band
    return {
        "appointment": {
            "key": appointment.public_id,
            "start": instant(appointment.start_us),
            "end": instant(appointment.end_us),
            "client": appointment.client.name if appointment.client else None,
            "staff": appointment.staff_name,
            "service": appointment.service_name,
            "location": appointment.location_name,
            "status": appointment.status,
        },
        "currency": currency,
        "notice_minutes": quote.notice // MINUTE,
        "price": None if quote.price is None else money(quote.price, currency),
        "deposit": money(quote.deposit, currency),
        "fee": money(quote.fee, currency),
        "otherwise": money(quote.otherwise, currency),
        "needs_amount": quote.needs_amount,
        "limit": None if quote.limit is None else money(quote.limit, currency),
        "late": quote.late,
        "policy": quote.policy,
        "band": None
        if band is None
        else {
            "less_than_minutes": None if band.less_than is None else band.less_than // MINUTE,
            "later_than": None if band.later_than is None else band.later_than.text,
            "fee": band.fee.text(currency),
            "forfeit": band.forfeit,
        },
        "why": list(quote.why),
        "why_text": seen.why,
        "fee_choices": list(seen.fee_choices),
        "rest_choices": {
            fee: [{"choice": choice, "amount": money(rest_of_deposit(quote, fee), currency)} for choice in choices]
            for fee, choices in seen.rests.items()
        },
        "seen": seen.seen,
    }


def cancelled_values(done: Cancelled) -> dict[str, Any]:
    """The values of :class:`CancelledAnswer`."""
    return {
        "cancellation_id": done.cancellation_id,
        "appointment_key": done.appointment.public_id,
        "slot": done.slot_state,
        "settlement": _settlement_values(done.settlement),
    }


def _settlement_values(settled: Settlement) -> dict[str, Any]:
    names = [name for name in Settlement.__dataclass_fields__ if name != "currency"]
    amounts = {name: money(getattr(settled, name), settled.currency) for name in names}
    return {"currency": settled.currency, **amounts, "sentences": outcome_sentences(settled)}


def history_values(key: str, entries: list[HistoryEntry]) -> dict[str, Any]:
    """The values of :class:`HistoryAnswer`."""
    return {
        "appointment_key": key,
        "events": [
            {
                "at": instant(entry.at_us),
                "action": entry.action,
                "actor": {"kind": entry.actor_kind, "key": entry.actor_key, "name": entry.actor_name},
                "source": entry.source,
                "before": entry.before,
                "after": entry.after,
                "texts": {name: text for name, text in entry.private.items() if name != "actor"},
            }
            for entry in entries
        ],
    }
