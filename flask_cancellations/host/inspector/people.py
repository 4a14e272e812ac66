"""Finds whom an appointment is for and with, and where their rows keep name, address and language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.model import Attribute, Relation, attributes, best, properties, relations
from flask_cancellations.host.inspector.proposal import Confidence, Found, Proposal

_WORDS = {
    "client": words.CLIENT | words.PET,
    "staff": words.STAFF,
    "service": words.SERVICE,
    "location": words.LOCATION,
}
_CLIENT_NAME = r"(client|customer|patient|owner|guest|user|contact|booker)(_full)?(_name)?"
_BY_RELATION, _BY_MODEL = 3, 2  # what a relation is called says more than what its model is called


@dataclass(frozen=True, slots=True)
class Related:
    """The path to a related row, and its model. ``by_key`` says that a bare key leads there, no relation."""

    path: str
    target: Mapper[object]
    confidence: Confidence
    why: str
    by_key: bool = False


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
    found = {**_by_key(mapper, mappers), **found}
    if "client" in found and not found["client"].by_key:
        found["client"] = _keeper(found["client"])
    return found


def _assign(near: dict[str, Relation], prefix: str) -> dict[str, Related]:
    scored = sorted(
        (
            (-score, name, role)
            for name, relation in near.items()
            for role in _WORDS
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
    known = _WORDS[role]
    score = _BY_RELATION * words.has(relation.name, known)
    return score + _BY_MODEL * words.has(relation.target.class_.__name__, known)


def _person_left_over(near: dict[str, Relation], found: dict[str, Related]) -> dict[str, Related]:
    taken = {related.path for related in found.values()}
    for name, relation in near.items():
        if name not in taken and _has_contact(relation.target):
            why = f"relation {name} to {relation.target.class_.__name__}, which has a person's contact"
            return {"client": Related(name, relation.target, "guess", why)}
    return {}


def _is_deed(relation: Relation) -> bool:
    return words.has(relation.name, words.DEED)


def _has_contact(target: Mapper[object]) -> bool:
    own = attributes(target, below=True)
    return best(own, ("text",), words.EMAIL) is not None or best(own, ("text",), words.PHONE) is not None


def _keeper(client: Related) -> Related:
    """The person behind an animal: nobody writes to a cat."""
    if not words.has(client.target.class_.__name__, words.PET) or _has_contact(client.target):
        return client
    for relation in relations(client.target):
        if words.has(relation.name, words.CLIENT) or words.has(relation.target.class_.__name__, words.CLIENT):
            why = f"{client.why}, which belongs to a {relation.target.class_.__name__}"
            return Related(f"{client.path}.{relation.name}", relation.target, client.confidence, why)
    return client


def _by_key(mapper: Mapper[object], mappers: Sequence[Mapper[object]]) -> dict[str, Related]:
    found: dict[str, Related] = {}
    for role in _WORDS:
        for one in raw_keys(mapper, role):
            target = _pointed_at(one, mappers)
            if target is not None:
                why = f"{one.where}, a key of {target.class_.__name__} without a relation"
                found.setdefault(role, Related(one.name, target, "likely", why, by_key=True))
    return found


def raw_keys(mapper: Mapper[object], role: str) -> list[Attribute]:
    """Columns that name a client, staff ... by key, without a relation that could be followed."""
    followed = {local.name for relation in mapper.relationships for local, _ in relation.local_remote_pairs or ()}
    return [
        one
        for one in attributes(mapper)
        if words.has(one.name, _WORDS[role]) and words.tokens(one.name)[-1] in ("id", "uuid", "key")
        if one.column.name not in followed and not one.column.primary_key
    ]


def _pointed_at(key: Attribute, mappers: Sequence[Mapper[object]]) -> Mapper[object] | None:
    """The model whose single key the column holds: by its foreign key, or the model of that name."""
    tables = {foreign.column.table for foreign in key.column.foreign_keys}
    named = set(words.tokens(key.name)[:-1])
    fitting = [
        one
        for one in mappers
        if len(one.primary_key) == 1
        and (one.local_table in tables if tables else named & {*words.tokens(one.class_.__name__)})
    ]
    return min(fitting, key=lambda one: len(one.class_.__name__), default=None)


def text_of_role(mapper: Mapper[object], role: str) -> Found | None:
    """Staff, service or location as a text on the appointment."""
    for one in attributes(mapper):
        parts = words.tokens(one.name)
        known = words.has(one.name, _WORDS[role]) and not one.is_key
        if one.kind == "text" and known and (words.has(parts[-1], _WORDS[role]) or parts[-1] in ("name", "type")):
            return Found(one.name, "likely", f"{one.where}, a text")
    return None


def client_on_row(mapper: Mapper[object]) -> Found | None:
    """The client as columns of the appointment: a name, and where to write or call."""
    own = [one for one in attributes(mapper) if one.kind == "text" and not one.is_key]
    name = best(own, ("text",), (_CLIENT_NAME, *words.FULL_NAME))
    if name is None:
        return None
    found = {"name": name, "email": best(own, ("text",), words.EMAIL), "phone": best(own, ("text",), words.PHONE)}
    known = {key: one for key, one in found.items() if one is not None}
    why = "columns of the row: " + ", ".join(one.where for one in known.values())
    return Found({key: one.name for key, one in known.items()}, "likely" if len(known) > 1 else "guess", why)


def propose_named(table: str, related: Related, proposal: Proposal) -> None:
    """The line of a name, unless it is the one that would be taken anyway."""
    name = find_name(related.target) or find_login_name(related.target)
    if name is None:
        key = related.target.get_property_by_column(related.target.primary_key[0]).key
        proposal.ask(f"{related.target.class_.__name__} has no name that could be recognised; {key!r} stands for it.")
        name = Found(key, "guess", "the key, for want of a name")
    if name.value != "name":
        proposal.put(table, "name", name)


def propose_client(table: str, related: Related, proposal: Proposal) -> None:
    """Name, e-mail address, phone and language of the client, on the client's row or on the login behind it."""
    propose_named(table, related, proposal)
    for key, patterns in (("email", words.EMAIL), ("phone", words.PHONE), ("locale", words.LOCALE)):
        proposal.put(table, key, find_text(related.target, patterns))
    if not {"email", "phone"} & set(proposal.tables.get(table, ())):
        proposal.lack(f"an e-mail address or phone number of {related.target.class_.__name__}: clients cannot be told")


def find_text(target: Mapper[object], patterns: tuple[str, ...]) -> Found | None:
    """A text of a person, by names, also one step behind it."""
    one = best(attributes(target, below=True), ("text",), patterns)
    if one is not None:
        return Found(one.name, "sure", one.where)
    for relation in _logins(target):
        one = best(attributes(relation.target), ("text",), patterns)
        if one is not None:
            return Found(f"{relation.name}.{one.name}", "likely", one.where)
    return None


def find_name(target: Mapper[object]) -> Found | None:
    """The name of a row: one text, first and last name, a property of Python, or those of the login behind it."""
    found = _own_name(target)
    if found is not None:
        return found
    for relation in _logins(target):
        found = _own_name(relation.target)
        if found is not None:
            parts = found.value if isinstance(found.value, list) else [found.value]
            paths = [f"{relation.name}.{part}" for part in parts]
            return Found(paths if len(paths) > 1 else paths[0], "likely", found.why)
    return None


def find_login_name(target: Mapper[object]) -> Found | None:
    """The name that a person signs in by, or the e-mail address."""
    one = best(attributes(target), ("text",), (r"user_?name|login|handle",))
    return find_text(target, words.EMAIL) if one is None else Found(one.name, "likely", one.where)


def _own_name(target: Mapper[object]) -> Found | None:
    own = attributes(target)
    first, last = best(own, ("text",), words.FIRST_NAME), best(own, ("text",), words.LAST_NAME)
    if first is not None and last is not None:
        return Found([first.name, last.name], "sure", f"{first.where}, {last.where}")
    one = best(own, ("text", "enum"), words.FULL_NAME)
    if one is not None:
        return Found(one.name, "sure", one.where)
    for name in properties(target):
        if words.rank(name, words.FULL_NAME) is not None:
            return Found(name, "likely", f"a property of {target.class_.__name__}")
    one = first or last
    return None if one is None else Found(one.name, "likely", one.where)


def _logins(target: Mapper[object]) -> list[Relation]:
    return [
        relation
        for relation in relations(target)
        if words.has(relation.name, words.LOGIN) or words.has(relation.target.class_.__name__, words.LOGIN)
    ]
