"""Finds the status and puts its values into groups: from an Enum, a CHECK, the rows, the source, or the default."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum as PythonEnum
from typing import Any

from sqlalchemy import CheckConstraint, Enum
from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.evidence import Database
from flask_cancellations.host.inspector.model import Attribute, Relation, attributes, best, default_text, relations
from flask_cancellations.host.inspector.proposal import Confidence, Found, Proposal
from flask_cancellations.host.inspector.source import literals

_LOOKED_UP = (r"description|name|code|label|title|value|status",)
_IS_CANCELLED = (r"(is_)?(cancelled|canceled)",)
_IS_ACTIVE = (r"(is_)?active",)
_PREFERRED = ("booked", "scheduled", "confirmed", "active", "open", "pending")  # to restore to


@dataclass(frozen=True, slots=True)
class _Values:
    """Each value with the text that its meaning is read from.

    ``stored`` are those that rows have; ``closed`` says that there can be no others.
    """

    meanings: dict[str, str]
    how: str
    confidence: Confidence
    stored: frozenset[str] = frozenset()
    closed: bool = True


def find_status(mapper: Mapper[Any]) -> Attribute | None:
    """The column of the status, on the row itself."""
    return best(attributes(mapper), ("enum", "text"), words.STATUS)


def find_lookup(mapper: Mapper[Any]) -> tuple[Relation, Attribute] | None:
    """The relation to a table of statuses, and that table's column of names."""
    for relation in relations(mapper):
        if words.has(relation.name, frozenset({"status", "state"})):
            text = best(attributes(relation.target), ("text", "enum"), _LOOKED_UP)
            if text is not None:
                return relation, text
    return None


def propose_status(mapper: Mapper[Any], database: Database, proposal: Proposal) -> Found:
    """The line of the status, which asks about values that nobody knows; without a status what is done instead."""
    attribute = find_status(mapper)
    if attribute is not None:
        found = _grouped(attribute.name, attribute.where, _values(mapper, attribute, database), proposal)
        return _with_null(mapper, attribute, found, database, proposal)
    lookup = find_lookup(mapper)
    if lookup is None:
        return _flag(mapper) or _none(mapper, proposal)
    relation, text = lookup
    meanings = {value: value for value in database.values(relation.target, text.name)}
    if not meanings:
        proposal.lack(f"the statuses: {text.column.table} could not be read, or is empty; fill it and inspect again")
    values = _Values(meanings, f"the rows of {text.column.table}", "likely")
    return _grouped(f"{relation.name}.{text.name}", text.where, values, proposal)


def _with_null(
    mapper: Mapper[Any], attribute: Attribute, found: Found, database: Database, proposal: Proposal
) -> Found:
    """Rows whose status nobody ever set are booked, as far as one can tell."""
    if not attribute.column.nullable or not database.has_null(mapper, attribute.name):
        return found
    proposal.ask(f"Rows without a status ({attribute.where}) were taken for open. Are they?")
    return Found({**found.value, "null": "open"}, found.confidence, f"{found.why}; some rows have none")


def _flag(mapper: Mapper[Any]) -> Found | None:
    """A column that is true for a cancelled appointment, or false."""
    for patterns, cancelled in ((_IS_CANCELLED, True), (_IS_ACTIVE, False)):
        found = best(attributes(mapper), ("truth",), patterns)
        if found is not None:
            line = {"attribute": found.name, "open": [not cancelled], "cancelled": [cancelled]}
            return Found(line, "likely", found.where)
    return None


def _none(mapper: Mapper[Any], proposal: Proposal) -> Found:
    name = mapper.class_.__name__
    proposal.ask(
        f"{name} has no status. Are rows of cancelled appointments to stay (none = 'hide'; your own lists must leave "
        "them out) or to be deleted (none = 'delete')? To stay is assumed."
    )
    return Found({"none": "hide"}, "guess", "no status was found, and nothing is deleted unless you say so")


def _values(mapper: Mapper[Any], attribute: Attribute, database: Database) -> _Values:
    kind: Any = attribute.column.type
    if isinstance(kind, Enum) and kind.enum_class is not None:
        members: type[PythonEnum] = kind.enum_class
        meanings = {name: _telling(name, member) for name, member in members.__members__.items()}
        return _Values(meanings, f"members of {members.__name__}", "sure")
    if isinstance(kind, Enum):
        return _Values({text: text for text in kind.enums}, "the values of its Enum", "sure")
    checked = _checked(attribute)
    if checked:
        return _Values({text: text for text in checked}, "its CHECK constraint", "sure")
    stored = database.values(mapper, attribute.name)
    known = [text for text in literals(mapper.class_, attribute.name) if words.status_group(text)]
    default = default_text(attribute)
    where = [("the rows", stored), ("the source", known), ("the default", [default] if default else [])]
    how = " and ".join(name for name, found in where if found)
    confidence: Confidence = "likely" if stored else "guess"
    every = dict.fromkeys([*stored, *known, *([default] if default else [])])
    return _Values({text: text for text in every}, how or "nothing", confidence, frozenset(stored), closed=False)


def _telling(name: str, member: PythonEnum) -> str:
    """The name or the value of a member, whichever says more."""
    return name if words.status_group(name) or not words.status_group(str(member.value)) else str(member.value)


def _checked(attribute: Attribute) -> list[str]:
    """The texts that a CHECK constraint allows: ``status IN ('a', 'b')``, as written or as PostgreSQL spells it."""
    table = attribute.column.table
    column = re.escape(attribute.column.name)
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            found = re.search(
                rf"\b{column}\b\W+(?:IN|=\s*ANY)\b(.*)", str(constraint.sqltext), re.IGNORECASE | re.DOTALL
            )
            if found:
                return re.findall(r"'([^']*)'", found.group(1))
    return []


def _grouped(path: str, where: str, values: _Values, proposal: Proposal) -> Found:
    groups: dict[str, list[str]] = {"open": [], "cancelled": [], "no_show": [], "done": []}
    for value, meaning in values.meanings.items():
        group = words.status_group(meaning)
        if group is None:
            proposal.ask(f"What does the status {value!r} ({where}) mean: open, cancelled, no_show or done?")
        else:
            groups[group].append(value)
            if group == "open" and "cancel" in words.plain(meaning):
                proposal.ask(f"The status {value!r} was taken for open, as the time is still booked. Is it?")
    # What no row has may be another model's, whose attribute is called the same in the source.
    groups["open"].sort(key=lambda value: (value not in values.stored, _order(values.meanings[value])))
    confidence = values.confidence
    for group, usual in (("open", "booked"), ("cancelled", "cancelled")):
        if groups[group]:
            if values.stored.isdisjoint(groups[group]) and values.stored:
                proposal.ask(
                    f"No row of {where} is {group} yet; {groups[group][0]!r} was found otherwise. Is it spelt so?"
                )
        elif values.closed:
            proposal.lack(f"a status that means {group}, among {', '.join(values.meanings) or 'none'} ({where})")
        else:
            groups[group], confidence = [_like(usual, values.meanings)], "guess"
            proposal.ask(
                f"No status that means {group} was found in {where}; {groups[group][0]!r} is assumed. How is it spelt?"
            )
    line: dict[str, Any] = {"attribute": path, **{group: found for group, found in groups.items() if found}}
    line |= _writes(groups["cancelled"], values.meanings)
    return Found(line, confidence, f"{where}, grouped by spelling; values from {values.how}")


def _order(meaning: str) -> int:
    words_of = words.plain(meaning)
    return next((n for n, word in enumerate(_PREFERRED) if words_of.startswith(word)), len(_PREFERRED))


def _writes(cancelled: Iterable[str], values: dict[str, str]) -> dict[str, Any]:
    """Which of several cancelled values is written, where some say whose doing it was."""
    sides: dict[str, str] = {}
    for value in cancelled:
        side = words.side_of(values.get(value, value))
        if side is not None:
            sides.setdefault(side, value)
    return {"write": sides} if sides else {}


def _like(text: str, values: Iterable[str]) -> str:
    """The text in the case that the host's other values have."""
    others = list(values)
    if others and all(value.isupper() for value in others):
        return text.upper()
    return text.capitalize() if others and all(value[:1].isupper() for value in others) else text
