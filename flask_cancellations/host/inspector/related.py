"""What an appointment is connected with, and the words that tell the client from the staff."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.proposal import Confidence

WORDS = {
    "client": words.CLIENT | words.PET,
    "staff": words.STAFF,
    "service": words.SERVICE,
    "location": words.LOCATION,
}


@dataclass(frozen=True, slots=True)
class Related:
    """The path to a related row, and its model.

    ``by_key`` says that a bare key leads there, no relation; ``many`` that the relation leads to several rows.
    """

    path: str
    target: Mapper[object]
    confidence: Confidence
    why: str
    by_key: bool = False
    many: bool = False
