"""Picks the host's model of an appointment, by its name, its columns and its relations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.evidence import Database
from flask_cancellations.host.inspector.people import find_related, text_of_role
from flask_cancellations.host.inspector.related import Related
from flask_cancellations.host.inspector.statuses import find_lookup, find_status
from flask_cancellations.host.inspector.times import StartFound, find_start

_NAMED, _MISNAMED = 5, -6
_CLOSE = 2  # points between two candidates that deserve a question
_ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may be the appointment, with what speaks for it."""

    mapper: Mapper[Any]
    start: StartFound
    related: dict[str, Related]
    points: int
    why: str


def candidates(mappers: list[Mapper[Any]], database: Database) -> list[Candidate]:
    """Models that look like an appointment, the likeliest first."""
    found = [
        one for mapper in mappers if (one := candidate(mapper, mappers, database)) is not None and one.points >= _ENOUGH
    ]
    return sorted(found, key=lambda one: (-one.points, one.mapper.class_.__name__))


def rivals(found: list[Candidate]) -> list[str]:
    """The names of models that are nearly as likely as the first."""
    return [one.mapper.class_.__name__ for one in found[1:] if found[0].points - one.points < _CLOSE]


def candidate(mapper: Mapper[Any], mappers: list[Mapper[Any]], database: Database) -> Candidate | None:
    """The model as an appointment, whatever its points; None if it has no start, or is a kind of one that has."""
    start = find_start(mapper, database)
    if start is None or (mapper.inherits is not None and find_start(mapper.inherits, database) is not None):
        return None
    related = find_related(mapper, mappers, start.via)
    points, why = start.quality // 3, [f"start {start.found.why}"]
    names = (mapper.class_.__name__, str(getattr(mapper.local_table, "name", "")))
    if any(words.has(name, words.APPOINTMENT) for name in names):
        points += _NAMED
        why.append("its name")
    if any(words.has(name, words.NOT_AN_APPOINTMENT) for name in names):
        points += _MISNAMED
    if find_status(mapper) is not None or find_lookup(mapper) is not None:
        points += 2
        why.append("a status")
    for role, worth in (("client", 2), ("staff", 2), ("service", 1)):
        if role in related or text_of_role(mapper, role, start.via) is not None:
            points += worth
            why.append(f"a {role}")
    return Candidate(mapper, start, related, points, ", ".join(why))
