"""What a cancellation request may say: one schema for the page's form and for the API."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields
from marshmallow.exceptions import SCHEMA

from flask_cancellations.clock import utc_to_us
from flask_cancellations.i18n import fcx_
from flask_cancellations.rules.money import precision, to_minor
from flask_cancellations.services.decide import CancelCommand
from flask_cancellations.state import State

MAX_REASON = 500
_NULL = fields.Field.default_error_messages["null"]
_AMOUNT = re.compile(r"\d{1,12}(?:[.,](\d{1,3}))?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*", re.ASCII)


class Text(fields.Field[str]):
    """A text without control characters, at most ``most`` characters long; line ends become one character."""

    def __init__(self, most: int | None = None, **options: Any) -> None:
        shape = {"type": "string"} if most is None else {"type": "string", "maxLength": most}
        super().__init__(**{**options, "metadata": {**shape, **options.get("metadata", {})}})
        self.most = most

    def _deserialize(self, value: Any, *_rest: Any, **_options: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError(fcx_("This must be a text."))
        text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
        # Databases refuse NUL and lone surrogates, mail headers suffer from the others.
        text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
        if self.most is not None and len(text) > self.most:
            raise ValidationError(fcx_("This text is too long: %(most)s characters at most.", most=self.most))
        return text


class Choice(Text):
    """One of a few words, or None for an empty text."""

    def __init__(self, *words: str, **options: Any) -> None:
        super().__init__(**{**options, "metadata": {"enum": list(words), **options.get("metadata", {})}})
        self.words = words

    def _deserialize(self, value: Any, *_rest: Any, **_options: Any) -> str | None:  # type: ignore[override]  # marshmallow passes more than this field reads
        word = super()._deserialize(value)
        if word and word not in self.words:
            raise ValidationError(fcx_("Choose one of the possibilities offered."))
        return word or None


class Flag(fields.Field[bool]):
    """True or false, and nothing that merely looks like it."""

    def _deserialize(self, value: Any, *_rest: Any, **_options: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(fcx_("This must be true or false."))
        return value


class Moment(fields.Field[datetime]):
    """A moment in ISO 8601 with date and time; without an offset it is the clinic's wall clock."""

    def _deserialize(self, value: Any, *_rest: Any, **_options: Any) -> datetime:
        try:
            if not (isinstance(value, str) and _MOMENT.fullmatch(value)):
                raise ValueError
            moment = datetime.fromisoformat(value)
            if not 2000 <= moment.year <= 2999:
                raise ValueError
        except ValueError:
            raise ValidationError(fcx_("Enter a date and a time.")) from None
        return moment


class Amount(fields.Field[Decimal]):
    """An amount in major units as text, with a point or a comma: "30.00"."""

    def _deserialize(self, value: Any, *_rest: Any, **_options: Any) -> Decimal:
        text = re.sub(r"\s", "", value) if isinstance(value, str) else ""
        if not _AMOUNT.fullmatch(text):
            raise ValidationError(fcx_("Enter an amount such as 30 or 12.50."))
        return Decimal(text.replace(",", "."))


class CancelSchema(Schema):
    """A cancellation as somebody asks for it; which fields are needed depends on the quote and the rights."""

    side = Text(metadata={"description": "Who cancelled: client, clinic or other. Left out, it follows the reason."})
    reason = Text(metadata={"description": "Code of the reason."})
    note = Text(metadata={"description": "A note for staff only.", "maxLength": 2000})
    told_at = Moment(
        allow_none=True,
        metadata={
            "type": "string",
            "format": "date-time",
            "description": "When the client told the clinic. Left out, it is now; an earlier time needs the right "
            "backdate. Without an offset it is the clinic's wall clock.",
        },
    )
    told_channel = Text(metadata={"description": "in_person, phone, voicemail, email, sms or online."})
    fee = Choice("charge", "waive", allow_none=True, metadata={"description": "What becomes of the fee."})
    amount = Amount(
        allow_none=True,
        metadata={
            "type": "string",
            "pattern": r"^\d{1,12}([.,]\d{1,3})?$",
            "description": "The fee in major units, where the quote says needs_amount; needs the right set_fee.",
        },
    )
    waive_reason = Text(MAX_REASON, metadata={"description": "Why the fee is waived."})
    rest = Choice(
        "refund",
        "credit",
        "keep",
        allow_none=True,
        metadata={"description": "What becomes of the deposit beyond the fee."},
    )
    keep_reason = Text(MAX_REASON, metadata={"description": "Why the deposit is kept although the fee is waived."})
    tell = Flag(metadata={"type": "boolean", "description": "false needs the right silent and silent_reason."})
    silent_reason = Text(MAX_REASON, metadata={"description": "Why the client is not told."})
    seen = Text(
        100,
        allow_none=True,
        metadata={"description": "The seen of the quote that was looked at; other amounts are then refused by 409."},
    )


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command, and what is wrong with the fields that could not be read; these are left at their defaults."""

    command: CancelCommand
    faults: dict[str, list[str]] = field(default_factory=dict)


def parse(state: State, key: str, data: Any, *, unknown: Literal["raise", "exclude"] = "raise") -> Parsed:
    """Read a request. ``key`` is the appointment's; ``unknown`` says whether other fields are a fault."""
    schema = CancelSchema(unknown=RAISE if unknown == "raise" else EXCLUDE)
    faults: dict[str, list[str]] = {}
    values: Mapping[str, Any]
    try:
        values = schema.load(data)
    except ValidationError as error:
        faults = _sentences(error.messages)
        values = error.valid_data if isinstance(error.valid_data, Mapping) else {}
    currency = state.settings.currency
    amount = values.get("amount")
    if amount is not None and -amount.as_tuple().exponent > precision(currency):
        faults["amount"] = [fcx_("Enter at most %(digits)s digits after the decimal sign.", digits=precision(currency))]
        amount = None
    told = values.get("told_at")
    texts = {name: values[name] for name in ("side", "reason", "note", "told_channel") if values.get(name)}
    command = CancelCommand(
        appointment_key=key,
        told_us=None if told is None else _instant(state, told),
        fee=values.get("fee"),
        amount=None if amount is None else to_minor(amount, currency),
        waive_reason=values.get("waive_reason", ""),
        rest=values.get("rest"),
        keep_reason=values.get("keep_reason", ""),
        tell=values.get("tell", True),
        silent_reason=values.get("silent_reason", ""),
        seen=values.get("seen"),
        **{"reason": "", **texts},
    )
    return Parsed(command, faults)


def _instant(state: State, moment: datetime) -> int:
    return state.clock.to_us(moment) if moment.tzinfo is None else utc_to_us(moment)


def _sentences(messages: Any) -> dict[str, list[str]]:
    """Marshmallow's messages; its own two, about unknown fields and the body, in the language in force."""
    faults = {}
    for name, texts in messages.items():
        if name == SCHEMA:
            faults["body"] = [fcx_("Send a JSON object.")]
        elif name in CancelSchema._declared_fields:
            faults[name] = [fcx_("This may not be null.") if text == _NULL else str(text) for text in texts]
        else:
            faults[str(name)] = [fcx_("There is no such field.")]
    return faults
