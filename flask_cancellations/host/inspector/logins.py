"""Finds who can sign in, and what is known about how the host remembers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_login import UserMixin
from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.model import attributes
from flask_cancellations.host.inspector.proposal import Found, Proposal
from flask_cancellations.host.inspector.source import session_entries


def find_users(mappers: Sequence[Mapper[Any]]) -> list[Mapper[Any]]:
    """The models of those who sign in: Flask-Login's, else what has a password, else what the session has a key of.

    Bases rather than their subclasses.
    """
    found = [one for one in mappers if by_flask_login(one)] or [one for one in mappers if _has_password(one)]
    if not found:
        entries = session_entries(one.class_ for one in mappers)
        found = [one for one in mappers if _entry_of(one, entries) is not None]
    return [one for one in found if not any(other is not one and one.isa(other) for other in found)]


def by_flask_login(mapper: Mapper[Any]) -> bool:
    """Whether the model is made for Flask-Login."""
    return issubclass(mapper.class_, UserMixin) or hasattr(mapper.class_, "is_authenticated")


def _has_password(mapper: Mapper[Any]) -> bool:
    return any({"password", "passwd", "pwd"} & set(words.tokens(one.name)) for one in attributes(mapper))


def hint_identity(users: Sequence[Mapper[Any]], table: str, names: Mapping[Any, str], proposal: Proposal) -> None:
    """A line, as a comment, for a host without Flask-Login: a wrong entry of the session would be a wrong person."""
    entries = session_entries(user.class_ for user in users)
    found = {user: _entry_of(user, entries) for user in users}
    usual = "user_id" if len(users) == 1 else "{}_id"
    lines = [{"session": found[user] or usual.format(_word(user)), "model": names[user.class_]} for user in users]
    line: Any = {"session": lines[0]["session"]} if len(lines) == 1 else lines
    named = ", ".join(f"session[{entry!r}]" for entry in entries)
    why = f"the source names {named}" if named else "no entry of the session is named in the source"
    proposal.hint(table, "identity", Found(line, "guess", why))
    proposal.ask(
        f"Flask-Login was not found, and {why}. How does the app know who is signed in? Put the line identity in force "
        "if these entries hold the keys of these tables and nothing else (see when), or name a function, as for JWT: "
        "identity = 'package.module:name'. Until then nobody can cancel."
    )


def _entry_of(mapper: Mapper[Any], entries: Sequence[str]) -> str | None:
    """The entry that is called like a key of the model, or of its table."""
    named = {*words.tokens(mapper.class_.__name__), _word(mapper)}
    for entry in entries:
        parts = words.tokens(entry)
        if parts and parts[-1] in ("id", "uuid", "key", "pk") and set(parts[:-1]) & named:
            return entry
    return None


def _word(mapper: Mapper[Any]) -> str:
    parts = words.tokens(str(getattr(mapper.local_table, "name", ""))) or [mapper.class_.__name__.lower()]
    return parts[-1].removesuffix("s")
