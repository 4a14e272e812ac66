"""Who is signed in: the user of Flask-Login, a row that the session names, or what the host's own function says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import current_app, g, has_request_context
from flask import session as cookie
from flask_login import current_user
from sqlalchemy.orm import Mapper, Session

from flask_cancellations.host.keys import identity, key_of, key_of_value

Identify = Callable[[Session], Any]


def by_flask_login(session: Session) -> Any:  # noqa: ARG001 - one shape for all
    """The user of Flask-Login; nobody in an app without it."""
    return current_user if hasattr(current_app, "login_manager") else None


@dataclass(frozen=True, slots=True)
class Login:
    """An entry of Flask's session that holds the primary key of a row of ``mapper``.

    ``when`` are other entries and what they must be for it to count.
    """

    entry: str
    mapper: Mapper[Any]
    when: Mapping[str, str | int | bool]

    def row(self, session: Session) -> Any | None:
        """The row; None if the session names none, or one that is gone."""
        if any(
            type(found := cookie.get(name)) is not type(wanted) or found != wanted for name, wanted in self.when.items()
        ):
            return None
        key = _key(cookie.get(self.entry), self.mapper)
        values = None if key is None else identity(self.mapper, key, session.get_bind(self.mapper).dialect)
        if values is None:
            return None
        row = session.get(self.mapper.class_, values)
        # A collation may take "A1" for "a1".
        return row if row is not None and key_of(row) == key else None


@dataclass(frozen=True, slots=True)
class BySession:
    """The first of these logins that leads to a row."""

    logins: tuple[Login, ...]

    def __call__(self, session: Session) -> Any | None:
        return next((row for login in self.logins if (row := login.row(session)) is not None), None)


def find_person(identify: Identify, session: Session) -> Any | None:
    """The host's own object for the signed-in person, no proxy; None if nobody is, or outside of a request."""
    if not has_request_context():
        return None
    found = person(identify(session))
    # Held for the request: a diary asks for each of its rows, and a session forgets what nobody holds.
    g.flask_cancellations_person = found
    return found


def person(found: Any) -> Any | None:
    """What a host gives for a person, without a proxy around it; None for Flask-Login's visitor."""
    row = found._get_current_object() if hasattr(type(found), "_get_current_object") else found
    return row if row is not None and getattr(row, "is_authenticated", True) else None


def _key(found: Any, mapper: Mapper[Any]) -> str | None:
    """The key in an entry of the session; None for what cannot be one: sessions outlive changes of a host's code."""
    several = len(mapper.primary_key) > 1
    if not isinstance(found, list | tuple if several else int | str | UUID):
        return None
    try:
        return key_of_value(found)
    except (TypeError, ValueError):  # true or false, or a number of thousands of digits
        return None
