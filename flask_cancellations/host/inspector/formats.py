"""Recognises the format of days and times that a host keeps as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector.evidence import Database
from flask_cancellations.host.inspector.model import Attribute

# The first of each is what an HTML form sends, and so what most of these hosts hold.
DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%d %B %Y", "%B %d, %Y")
TIMES = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p")
MOMENTS = tuple(f"{day}{between}{time}" for between in ("T", " ") for day in DAYS for time in TIMES)


@dataclass(frozen=True, slots=True)
class FormatFound:
    """A format; ``question`` is empty if the rows leave no doubt, ``proven`` says that rows were read."""

    format: str
    proven: bool
    question: str


def find_format(
    mapper: Mapper[Any], attribute: Attribute, database: Database, known: Sequence[str]
) -> FormatFound | None:
    """The format that fits all samples; without any rows the usual one, with a question; None if none fits."""
    samples = database.samples(mapper, attribute.name)
    if not samples:
        return FormatFound(
            known[0], False, f"In which format is the text {attribute.where}? No rows tell; {known[0]} is assumed."
        )
    fitting = [format_ for format_ in known if all(_fits(text, format_) for text in samples)]
    if not fitting:
        return None
    question = ""
    if len(fitting) > 1:
        question = f"In which format is the text {attribute.where}: {' or '.join(fitting)}? The rows fit each."
    return FormatFound(fitting[0], True, question)


def _fits(text: str, format_: str) -> bool:
    try:
        datetime.strptime(text, format_)
    except ValueError:
        return False
    return True
