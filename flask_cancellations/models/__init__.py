"""Our tables, one aggregate a file. They point at host rows by key (text), never by foreign key."""

from __future__ import annotations

from flask_cancellations.models.base import Base, copy_into, tables
from flask_cancellations.models.cancellation import Cancellation
from flask_cancellations.models.catalogue import Acceptance, PolicyVersion, ReasonRow
from flask_cancellations.models.claim import Claim
from flask_cancellations.models.credit import CreditAccount, CreditEntry, CreditLot, CreditNote
from flask_cancellations.models.event import Event, PrivateValue
from flask_cancellations.models.fee import FeeStep, Paid
from flask_cancellations.models.message import Message
from flask_cancellations.models.pending import Pending
from flask_cancellations.models.request import AnsweredRequest, Link
from flask_cancellations.models.review import Review
from flask_cancellations.models.settlement import Movement, Series, SettlementRow, Waiver
from flask_cancellations.models.slot import Diary, Slot
from flask_cancellations.models.watch import Sweep, Watched

__all__ = [
    "Acceptance",
    "AnsweredRequest",
    "Base",
    "Cancellation",
    "Claim",
    "CreditAccount",
    "CreditEntry",
    "CreditLot",
    "CreditNote",
    "Diary",
    "Event",
    "FeeStep",
    "Link",
    "Message",
    "Movement",
    "Paid",
    "Pending",
    "PolicyVersion",
    "PrivateValue",
    "ReasonRow",
    "Review",
    "Series",
    "SettlementRow",
    "Slot",
    "Sweep",
    "Waiver",
    "Watched",
    "copy_into",
    "tables",
]
