"""Finds where rows keep a name, an address and a language, also on the login behind a person."""

from __future__ import annotations

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.model import Relation, attributes, best, properties, relations
from flask_cancellations.host.inspector.proposal import Found, Proposal
from flask_cancellations.host.inspector.related import Related


def propose_named(table: str, related: Related, proposal: Proposal) -> None:
    """The line of a name, unless it is the one that would be taken anyway."""
    name = find_name(related.target) or find_login_name(related.target)
    if name is None:
        key = related.target.get_property_by_column(related.target.primary_key[0]).key
        proposal.ask(f"{related.target.class_.__name__} has no name that could be recognised; {key!r} stands for it.")
        name = Found(key, "guess", "the key, for want of a name")
    if name.value != "name":
        proposal.put(table, "name", name)


def find_text(target: Mapper[object], patterns: tuple[str, ...]) -> Found | None:
    """A text of a person, by names, also one step behind it."""
    one = best(attributes(target, below=True), ("text",), patterns)
    if one is not None:
        return Found(one.name, "sure", one.where)
    for relation in logins_behind(target):
        one = best(attributes(relation.target), ("text",), patterns)
        if one is not None:
            return Found(f"{relation.name}.{one.name}", "likely", one.where)
    return None


def find_name(target: Mapper[object]) -> Found | None:
    """The name of a row: one text, first and last name, a property of Python, or those of the login behind it."""
    found = own_name(target)
    if found is not None:
        return found
    for relation in logins_behind(target):
        found = own_name(relation.target)
        if found is not None:
            parts = found.value if isinstance(found.value, list) else [found.value]
            paths = [f"{relation.name}.{part}" for part in parts]
            return Found(paths if len(paths) > 1 else paths[0], "likely", found.why)
    return None


def find_login_name(target: Mapper[object]) -> Found | None:
    """The name that a person signs in by, or the e-mail address."""
    one = best(attributes(target), ("text",), (r"user_?name|login|handle",))
    return find_text(target, words.EMAIL) if one is None else Found(one.name, "likely", one.where)


def own_name(target: Mapper[object]) -> Found | None:
    """The name on the row itself."""
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


def has_contact(target: Mapper[object]) -> bool:
    """Whether there is somewhere to write or call."""
    own = attributes(target, below=True)
    return best(own, ("text",), words.EMAIL) is not None or best(own, ("text",), words.PHONE) is not None


def logins_behind(target: Mapper[object]) -> list[Relation]:
    """The relations of a person to the own login, or to the person behind a profile."""
    return [
        relation
        for relation in relations(target)
        if words.has(relation.name, words.LOGIN) or words.has(relation.target.class_.__name__, words.LOGIN)
        if not words.has(relation.name, words.STAFF | words.DEED)
    ]
