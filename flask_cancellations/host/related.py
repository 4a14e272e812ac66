"""Staff, service, location and client: rows that an appointment leads to, or texts on the appointment itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import inspect, select, tuple_
from sqlalchemy.orm import Session, object_session

from flask_cancellations.host.keys import MAX_KEY, identity, key_of, key_of_value, value_for
from flask_cancellations.host.mapping import FirstOf, Words, text_of
from flask_cancellations.host.paths import Path, Selection, eager_options, mapper_of
from flask_cancellations.host.values import Person

_Identity = tuple[type[Any], tuple[Any, ...]]
_at_hand: ContextVar[Mapping[_Identity, Any]] = ContextVar("rows at hand")


@contextmanager
def at_hand(session: Session, paths: Sequence[Path], rows: Sequence[Any]) -> Iterator[None]:
    """Keep the rows that these rows lead to by bare keys at hand, so that reading them costs no statement for each."""
    found: dict[_Identity, Any] = {}
    for path in paths:
        if isinstance(path, ById):
            found |= path.load(session, rows)
    token = _at_hand.set(found)
    try:
        yield
    finally:
        _at_hand.reset(token)


class ById(Path):
    """A path to a column that holds the primary key of a row of ``target``, in a host that declares no relation.

    The target's primary key is one column.
    """

    __slots__ = ("read", "target")

    def __init__(self, path: Path, target: type[Any], read: Iterable[Path]) -> None:
        super().__init__(path.model, path.steps)
        self.target = target
        self.read = tuple(read)

    def value(self, row: Any) -> Any:
        """The row with that key, or None if the column is empty or no row has it."""
        raw = super().value(row)
        session = object_session(row)
        found = None if raw is None or session is None else self._identity(session, raw)
        if found is None or session is None:
            return None
        rows = _at_hand.get(None) or {}
        if (self.target, found) in rows:
            return rows[self.target, found]
        return session.get(self.target, found, options=self._options)

    def load(self, session: Session, rows: Sequence[Any]) -> dict[_Identity, Any]:
        """What all of these lead to, by one statement; None for what no row has."""
        raws = {raw for row in rows if (raw := super(ById, self).value(row)) is not None}
        wanted = {found[0] for raw in raws if (found := self._identity(session, raw)) is not None}
        if not wanted:
            return {}
        column = mapper_of(self.target).primary_key[0]
        statement = select(self.target).where(column.in_(wanted)).options(*self._options)
        known = {inspect(row).identity: row for row in session.scalars(statement).unique()}
        return {(self.target, (value,)): known.get((value,)) for value in wanted}

    def where_key(self, selection: Selection, key: str | None) -> bool:
        """Keep the appointments whose column holds this key, or (None) nothing. False if it can hold no such key."""
        column = selection.attribute(self)
        if key is None:
            selection.where(column.is_(None))
            return True
        value = value_for(column, key, selection.dialect)
        if value is None:
            return False
        selection.where(column == value)
        return True

    @property
    def _options(self) -> list[Any]:
        return eager_options(self.target, self.read)

    def _identity(self, session: Session, raw: Any) -> tuple[Any, ...] | None:
        mapper = mapper_of(self.target)
        return identity(mapper, key_of_value(raw), session.get_bind(mapper).dialect)


def inner_paths(to: Path, parts: Iterable[Words | FirstOf]) -> tuple[Path, ...]:
    """``to`` and, behind a relation, all paths of the parts, seen from the appointment."""
    if isinstance(to, ById):
        return (to,)
    return (to, *(Path(to.model, to.steps + path.steps) for part in parts for path in part.paths))


class Party(Protocol):
    """Staff, service or location."""

    @property
    def paths(self) -> tuple[Path, ...]: ...

    def value(self, row: Any) -> tuple[str | None, str]:
        """The key and the name; None and an empty text where there is none."""
        ...

    def where(self, selection: Selection, key: str | None) -> bool:
        """Keep the appointments of this key, or (None) of nobody. False if none can have the key."""
        ...

    def everyone(self, session: Session, used: Selection, *, only_used: bool) -> list[tuple[str, str]]:
        """Key and name of all there are, or with ``only_used`` of those who have had one of the ``used`` appointments.

        A text is there only where an appointment has it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Named:
    """A row of ``model`` that has a name. ``name`` starts there."""

    to: Path
    model: type[Any]
    name: Words | FirstOf

    @property
    def paths(self) -> tuple[Path, ...]:
        return inner_paths(self.to, [self.name])

    def value(self, row: Any) -> tuple[str | None, str]:
        found = self.to.value(row)
        return (None, "") if found is None else (key_of(found), self.name.value(found))

    def where(self, selection: Selection, key: str | None) -> bool:
        return self.to.where_key(selection, key) if isinstance(self.to, ById) else selection.where_key(self.to, key)

    def everyone(self, session: Session, used: Selection, *, only_used: bool) -> list[tuple[str, str]]:
        mapper = mapper_of(self.model)
        statement = select(mapper.class_).options(*eager_options(mapper.class_, self.name.paths))
        if only_used:
            columns = [used.attribute(self.to)] if isinstance(self.to, ById) else used.key_columns(self.to)
            keys = used.statement.with_only_columns(*columns).distinct()
            statement = statement.where(tuple_(*mapper.primary_key).in_(keys))
        return [(key_of(row), self.name.value(row)) for row in session.scalars(statement).unique()]


@dataclass(frozen=True, slots=True)
class Plain:
    """A text in place of a row: the text is both the key and the name."""

    path: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def value(self, row: Any) -> tuple[str | None, str]:
        found = self.path.value(row)
        name = text_of(found)
        return (str(found)[:MAX_KEY], name) if name else (None, "")

    def where(self, selection: Selection, key: str | None) -> bool:
        column = selection.attribute(self.path)
        if key is None:
            # Spaces alone are nobody too; what is more than that is sorted out when it was read.
            selection.where(column.is_(None) | (column == "") | column.like(" %"))
        elif value_for(column, key, selection.dialect) is None:
            return False
        else:
            selection.where(column.startswith(key, autoescape=True) if len(key) == MAX_KEY else column == key)
        return True

    def everyone(self, session: Session, used: Selection, *, only_used: bool) -> list[tuple[str, str]]:  # noqa: ARG002
        column = used.attribute(self.path)
        texts = session.scalars(used.statement.with_only_columns(column).distinct())
        found = {str(text)[:MAX_KEY]: text_of(text) for text in texts}
        return [(key, name) for key, name in found.items() if name]


class Client(Protocol):
    """Who the appointment is for."""

    @property
    def paths(self) -> tuple[Path, ...]: ...

    def value(self, row: Any) -> Person | None:
        """The client, or None if the appointment has none."""
        ...

    def key(self, row: Any) -> str | None:
        """The client's key."""
        ...


@dataclass(frozen=True, slots=True)
class RelatedClient:
    """The way to the client's row, and where that has what we need of a person."""

    to: Path
    model: type[Any]
    name: Words | FirstOf
    email: Words | FirstOf
    phone: Words | FirstOf
    locale: Words | FirstOf
    group: Words | FirstOf

    @property
    def paths(self) -> tuple[Path, ...]:
        return inner_paths(self.to, (self.name, self.email, self.phone, self.locale, self.group))

    def value(self, row: Any) -> Person | None:
        found = self.to.value(row)
        if found is None:
            return None
        return Person(
            key=key_of(found),
            name=self.name.value(found),
            email=self.email.value(found) or None,
            phone=self.phone.value(found) or None,
            locale=self.locale.value(found) or None,
            group=self.group.value(found),
        )

    def key(self, row: Any) -> str | None:
        found = self.to.value(row)
        return None if found is None else key_of(found)


@dataclass(frozen=True, slots=True)
class RowClient:
    """A client in columns of the appointment, or in whichever of several places has one.

    Without an ``own`` key (the path of a relation or of a value), those with one e-mail address are one client, else
    those with one phone number; a name alone does not tell two people apart. The key is a digest then: keys enter the
    audit log, which must not hold addresses in clear.
    """

    name: Words | FirstOf
    email: Words | FirstOf
    phone: Words | FirstOf
    locale: Words | FirstOf
    group: Words | FirstOf
    own: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        parts = (self.name, self.email, self.phone, self.locale, self.group)
        return tuple(path for part in parts for path in part.paths) + ((self.own,) if self.own else ())

    def value(self, row: Any) -> Person | None:
        key = self.key(row)
        if key is None:
            return None
        return Person(
            key=key,
            name=self.name.value(row),
            email=self.email.value(row) or None,
            phone=self.phone.value(row) or None,
            locale=self.locale.value(row) or None,
            group=self.group.value(row),
        )

    def key(self, row: Any) -> str | None:
        own = self.own.value(row) if self.own is not None else None
        if own is not None and own != "":
            return key_of(own) if hasattr(type(own), "__mapper__") else key_of_value(own)
        email, phone = self.email.value(row).casefold(), "".join(filter(str.isdigit, self.phone.value(row)))
        if email or phone:
            return _digest(f"email:{email}" if email else f"phone:{phone}")
        return _digest(f"appointment:{key_of(row)}") if self.name.value(row) else None


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
