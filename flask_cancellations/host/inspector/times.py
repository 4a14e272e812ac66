"""Finds when an appointment starts, how it ends, and when it was booked."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import formats, words
from flask_cancellations.host.inspector.evidence import Database
from flask_cancellations.host.inspector.model import Attribute, attributes, best, collections, relations
from flask_cancellations.host.inspector.proposal import Confidence, Found, Proposal

_VIA_RELATION = 3  # a start on another row is the less likely one
DEFAULT_MINUTES = 60
_DAY = frozenset(["date", "day", "fecha", "data", "datum", "jour"])
_HOUR = frozenset(["time", "hour", "hora", "heure", "slot", "start", "uhrzeit"])


@dataclass(frozen=True, slots=True)
class StartFound:
    """A start; ``quality`` compares candidates, ``via`` is the relation that leads to its row, empty if own."""

    found: Found
    quality: int
    via: str = ""
    attributes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def find_start(mapper: Mapper[Any], database: Database) -> StartFound | None:
    """The most likely start of a model's rows."""
    candidates = [*_own_starts(mapper), *_starts_elsewhere(mapper), *_texts(mapper, database)]
    return max(candidates, key=lambda one: one.quality, default=None)


def _own_starts(mapper: Mapper[Any]) -> Iterator[StartFound]:
    own = attributes(mapper)
    moment = _first(own, "datetime")
    if moment is not None:
        rank = words.start_rank(moment.name)
        quality = 10 if rank is not None and rank < 3 else 8 if rank is not None and rank < len(words.START) else 4
        yield StartFound(Found(moment.name, _confidence(quality), moment.where), quality, attributes=(moment.name,))
    day, hour = _first(own, "date"), _first(own, "time")
    if day is not None and hour is not None:
        yield _pair(day, hour, day.name, hour.name, 9)
    elif day is not None:
        question = f"Does only the day of an appointment stand in the database ({day.where}), and no time of day?"
        yield StartFound(Found(day.name, "guess", f"{day.where}, without a time"), 3, "", (day.name,), (question,))


def _texts(mapper: Mapper[Any], database: Database) -> Iterator[StartFound]:
    """A start of which the day, the time or both are texts."""
    own = attributes(mapper)
    days = [one for one in own if one.kind in ("date", "text") and _tells(one.name, _DAY)]
    hours = [one for one in own if one.kind in ("time", "text") and _tells(one.name, _HOUR)]
    for day in days:
        for hour in hours:
            if "text" not in (day.kind, hour.kind) or day.name == hour.name:
                continue
            value, questions, proven = {"date": day.name, "time": hour.name}, [], True
            for part, attribute, known in (("date", day, formats.DAYS), ("time", hour, formats.TIMES)):
                if attribute.kind == "text":
                    found = formats.find_format(mapper, attribute, database, known)
                    if found is None:
                        break
                    value[f"{part}_format"] = found.format
                    questions += [found.question] if found.question else []
                    proven = proven and found.proven
            else:
                line = Found(value, "likely" if proven else "guess", f"{day.where} and {hour.where}")
                yield StartFound(line, 6, "", (day.name, hour.name), tuple(questions))
    for one in own:
        if one.kind == "text" and words.rank(one.name, words.START[:3]) is not None:
            found = formats.find_format(mapper, one, database, formats.MOMENTS)
            if found is not None and found.proven:
                line = Found({"attribute": one.name, "format": found.format}, "likely", one.where)
                questions_of = (found.question,) if found.question else ()
                yield StartFound(line, 6, "", (one.name,), questions_of)


def _tells(name: str, known: frozenset[str]) -> bool:
    return words.start_rank(name) is not None and words.rank(name, words.END) is None and words.has(name, known)


def _starts_elsewhere(mapper: Mapper[Any]) -> Iterator[StartFound]:
    """The start of a slot, class or schedule that the row points at."""
    day = _first(attributes(mapper), "date")
    for relation in relations(mapper):
        if not relation.is_foreign_key or relation.target.class_ is mapper.class_:
            continue
        hour = _first(attributes(relation.target), "time")
        if day is not None and hour is not None:
            yield _pair(day, hour, day.name, f"{relation.name}.{hour.name}", 7, via=relation.name)
        for start in _own_starts(relation.target):
            if start.quality < 8:
                continue
            value = start.found.value
            if isinstance(value, dict):
                value = {part: f"{relation.name}.{path}" for part, path in value.items()}
            else:
                value = f"{relation.name}.{value}"
            yield StartFound(Found(value, "likely", start.found.why), start.quality - _VIA_RELATION, via=relation.name)


def _pair(day: Attribute, hour: Attribute, date: str, time: str, quality: int, via: str = "") -> StartFound:
    found = Found({"date": date, "time": time}, _confidence(quality), f"{day.where} and {hour.where}")
    return StartFound(found, quality, via, (date, time))


def _first(own: list[Attribute], kind: str) -> Attribute | None:
    fitting = [
        (rank, one)
        for one in own
        if one.kind == kind and words.rank(one.name, words.END) is None
        if (rank := words.start_rank(one.name)) is not None
    ]
    return min(fitting, key=lambda pair: pair[0])[1] if fitting else None


def find_end(
    mapper: Mapper[Any], start: StartFound, service: str | None, database: Database, proposal: Proposal
) -> Found:
    """All ways to the end, best first, closed by a number of minutes unless one of them is never empty."""
    ways: list[Any] = []
    why: list[str] = []
    for value, attribute in [*_text_ends(mapper, database, proposal), *_ends(mapper, start.via, service)]:
        ways.append(value)
        why.append(attribute.where)
        if not attribute.column.nullable and attribute.kind != "text" and "." not in str(value):
            break
    else:
        ways.append({"minutes": DEFAULT_MINUTES})
        if len(ways) == 1:
            proposal.ask(
                f"No column tells how long an appointment lasts; {DEFAULT_MINUTES} minutes are assumed. How long is it?"
            )
            return Found(ways[0], "guess", "no column of a length or an end was found")
        why.append(f"{DEFAULT_MINUTES} minutes where these are empty")
    return Found(ways[0] if len(ways) == 1 else ways, "likely" if len(ways) > 1 else "sure", ", ".join(why))


def _text_ends(
    mapper: Mapper[Any], database: Database, proposal: Proposal
) -> Iterator[tuple[dict[str, str], Attribute]]:
    end = best(attributes(mapper), ("text",), words.END)
    found = formats.find_format(mapper, end, database, (*formats.TIMES, *formats.MOMENTS)) if end else None
    if end is not None and found is not None:
        if found.question:
            proposal.ask(found.question)
        yield {"attribute": end.name, "format": found.format}, end


def _ends(mapper: Mapper[Any], via: str, service: str | None) -> Iterator[tuple[str | dict[str, Any], Attribute]]:
    own = attributes(mapper)
    targets = {relation.name: relation.target for relation in relations(mapper)}
    end = best(own, ("datetime", "time"), words.END)
    if end is not None:
        yield end.name, end
    if via in targets:
        end = best(attributes(targets[via]), ("datetime", "time"), words.END)
        if end is not None:
            yield f"{via}.{end.name}", end
    length = best(own, ("integer", "number", "interval"), words.MINUTES)
    if length is not None:
        yield {"minutes": length.name}, length
    for name in dict.fromkeys(filter(None, [service, via, *targets])):
        if name in targets:
            length = best(attributes(targets[name]), ("integer", "number", "interval"), words.MINUTES)
            if length is not None:
                yield {"minutes": f"{name}.{length.name}"}, length
                return
    for many in collections(mapper):
        length = best(attributes(many.target), ("integer", "number", "interval"), words.MINUTES)
        if length is not None and words.has(many.name, words.SERVICE):
            yield {"minutes": {"sum": f"{many.name}.{length.name}"}}, length
            return


def find_booked(mapper: Mapper[Any], start: StartFound, proposal: Proposal) -> Found | None:
    """When the booking was made, and in which clock: most hosts stamp naive UTC beside local appointment times."""
    own = [one for one in attributes(mapper) if one.name not in start.attributes]
    booked = best(own, ("datetime",), words.BOOKED)
    if booked is None:
        return None
    zone, confidence, why = _zone(booked)
    if confidence == "guess":
        proposal.ask(f"Is {booked.where} UTC or the clinic's wall clock? {zone} is assumed.")
    return Found({"attribute": booked.name, "zone": zone}, confidence, f"{booked.where}, {why}")


def _zone(attribute: Attribute) -> tuple[str, Confidence, str]:
    default: Any = attribute.column.default
    function = inspect.unwrap(default.arg) if default is not None and default.is_callable else None
    names = {getattr(function, "__name__", "")}
    code = getattr(function, "__code__", None)
    if code is not None:
        names |= {*code.co_names, *map(str, code.co_consts)}
    if any("utc" in name.lower() for name in names):
        return "utc", "sure", "its default is UTC"
    if names & {"now", "today"}:
        return "local", "likely", "its default is the local time"
    if attribute.column.server_default is not None:
        return "utc", "guess", "set by the database, whose clock cannot be seen"
    return "utc", "guess", "nothing says in which clock"


def _confidence(quality: int) -> Confidence:
    return "sure" if quality >= 9 else "likely" if quality >= 7 else "guess"
