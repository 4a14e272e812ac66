"""Finds whom an appointment is for and with."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.by_key import find_by_key
from flask_cancellations.host.inspector.model import Relation, attributes, collections, relations
from flask_cancellations.host.inspector.names import has_contact
from flask_cancellations.host.inspector.proposal import Confidence, Found
from flask_cancellations.host.inspector.related import WORDS, Related

_BY_RELATION, _BY_MODEL = 3, 2  # what a relation is called says more than what its model is called
_LINES = frozenset(["item", "line", "detail", "position"])  # rows between an appointment and its services


def find_related(mapper: Mapper[object], mappers: Sequence[Mapper[object]], via: str = "") -> dict[str, Related]:
    """Client, staff, service and location, each the relation that fits best, or a bare key of one of ``mappers``.

    ``via`` is the relation to the start's row.
    """
    near = {relation.name: relation for relation in relations(mapper) if not _is_deed(relation)}
    slot = near.pop(via, None)
    found = _assign(near, "")
    if "client" not in found:
        found |= _person_left_over(near, found)
    if slot is not None:
        far = {relation.name: relation for relation in relations(slot.target) if not _is_deed(relation)}
        far = {name: one for name, one in far.items() if one.target.class_ is not mapper.class_}
        found = {**_assign(far, f"{via}."), **found}
    if "service" not in found:
        found |= _several_services(mapper)
    found = {**find_by_key(mapper, mappers), **found}
    if "client" in found and not found["client"].by_key:
        found["client"] = _keeper(found["client"])
    return found


def _assign(near: dict[str, Relation], prefix: str) -> dict[str, Related]:
    scored = sorted(
        (
            (-score, name, role)
            for name, relation in near.items()
            for role in WORDS
            if (score := _score(relation, role))
        ),
    )
    found: dict[str, Related] = {}
    taken: set[str] = set()
    for score, name, role in scored:
        if role in found or name in taken:
            continue
        taken.add(name)
        relation = near[name]
        confidence: Confidence = "sure" if -score > _BY_RELATION else "likely"
        why = f"relation {name} to {relation.target.class_.__name__}"
        found[role] = Related(prefix + name, relation.target, confidence, why)
    return found


def _score(relation: Relation, role: str) -> int:
    known = WORDS[role]
    score = _BY_RELATION * words.has(relation.name, known)
    return score + _BY_MODEL * words.has(relation.target.class_.__name__, known)


def _person_left_over(near: dict[str, Relation], found: dict[str, Related]) -> dict[str, Related]:
    taken = {related.path for related in found.values()}
    for name, relation in near.items():
        if name not in taken and has_contact(relation.target):
            why = f"relation {name} to {relation.target.class_.__name__}, which has a person's contact"
            return {"client": Related(name, relation.target, "guess", why)}
    return {}


def _is_deed(relation: Relation) -> bool:
    return words.has(relation.name, words.DEED)


def _keeper(client: Related) -> Related:
    """The person behind an animal: nobody writes to a cat."""
    if not words.has(client.target.class_.__name__, words.PET) or has_contact(client.target):
        return client
    for relation in relations(client.target):
        if words.has(relation.name, words.CLIENT) or words.has(relation.target.class_.__name__, words.CLIENT):
            why = f"{client.why}, which belongs to a {relation.target.class_.__name__}"
            return Related(f"{client.path}.{relation.name}", relation.target, client.confidence, why)
    return client


def _several_services(mapper: Mapper[object]) -> dict[str, Related]:
    """Services behind a relation to many, or behind rows of their own that stand between."""
    for many in collections(mapper):
        name = many.target.class_.__name__
        if words.has(many.name, words.SERVICE) or words.has(name, words.SERVICE):
            why = f"relation {many.name} to many of {name}"
            return {"service": Related(many.name, many.target, "likely", why, many=True)}
        for one in relations(many.target) if words.has(many.name, _LINES) else ():
            if words.has(one.name, words.SERVICE):
                why = f"relation {many.name} to many of {name}, each of a {one.target.class_.__name__}"
                return {"service": Related(f"{many.name}.{one.name}", one.target, "likely", why, many=True)}
    return {}


def text_of_role(mapper: Mapper[object], role: str, via: str = "") -> Found | None:
    """Staff, service or location as a text on the appointment, or on the row that it takes its start from."""
    places = [("", mapper), *((f"{one.name}.", one.target) for one in relations(mapper) if one.name == via)]
    for prefix, place in places:
        for one in attributes(place):
            parts = words.tokens(one.name)
            known = words.has(one.name, WORDS[role]) and not one.is_key
            if one.kind == "text" and known and (words.has(parts[-1], WORDS[role]) or parts[-1] in ("name", "type")):
                return Found(prefix + one.name, "likely", f"{one.where}, a text")
    return None
