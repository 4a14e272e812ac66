"""The form of the cancel page: what was entered, as text, and what it asks for.

The schema behind it is the API's; this only turns radio buttons and checkboxes into its fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flask_cancellations.api.schemas import Parsed, parse
from flask_cancellations.services.decide import TOLD_CHANNELS
from flask_cancellations.state import State

STAFF_CHANNELS = tuple(channel for channel in TOLD_CHANNELS if channel != "online")
USUAL_CHANNEL = "phone"


@dataclass(frozen=True, slots=True)
class CancelForm:
    """The fields of the form.

    ``told`` is ``now`` or ``earlier``; each fee choice has its own group for the rest. ``priced`` is the entered amount
    that the outcomes on the page were computed with.
    """

    side: str = ""
    reason: str = ""
    note: str = ""
    told: str = "now"
    told_at: str = ""
    told_channel: str = USUAL_CHANNEL
    fee: str = ""
    amount: str = ""
    waive_reason: str = ""
    rest_charge: str = ""
    rest_waive: str = ""
    keep_reason: str = ""
    silent: str = ""
    silent_reason: str = ""
    seen: str = ""
    priced: str = ""

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> CancelForm:
        """Take the fields that were sent; others, such as the host's token, are left aside."""
        return cls(**{name: sent[name] for name in cls.__dataclass_fields__ if name in sent})

    def rest(self, fee: str) -> str:
        """What was chosen for the rest of the deposit, if the fee is charged or waived."""
        return self.rest_waive if fee == "waive" else self.rest_charge

    def parse(self, state: State, key: str) -> Parsed:
        """The command that the form asks for; ``key`` is the appointment's."""
        asked: dict[str, Any] = {
            **{name: getattr(self, name) for name in ("side", "reason", "note", "told_channel")},
            **{name: getattr(self, name) for name in ("waive_reason", "keep_reason", "silent_reason", "seen")},
            "fee": self.fee,
            "rest": self.rest(self.fee),
            "tell": not self.silent,
        }
        if self.told == "earlier":
            asked["told_at"] = self.told_at
        if self.amount.strip():
            asked["amount"] = self.amount
        return parse(state, key, asked)

    @property
    def amount_was_shown(self) -> bool:
        """Whether the page showed what the entered amount comes to."""
        return self.amount.strip() == self.priced.strip()

    def values(self) -> dict[str, str]:
        """All fields by name: what tells two sendings of one form apart."""
        return asdict(self)
