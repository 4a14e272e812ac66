"""Many rows of the host at little cost: enough of each to tell whether it changed, or whole ones by their keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import tuple_
from sqlalchemy.orm import ColumnProperty, Mapper, Session, SynonymProperty
from sqlalchemy.orm.interfaces import MANYTOONE

from flask_cancellations.clock import Clock
from flask_cancellations.host.host import Host
from flask_cancellations.host.keys import identity, key_of_value
from flask_cancellations.host.mapping import paths_of
from flask_cancellations.host.paths import Facts, mapper_of, relation
from flask_cancellations.host.scope import Scoping
from flask_cancellations.host.values import Appointment

_AT_ONCE = 500  # keys in one statement; SQLite took 999 parameters for long


@dataclass(frozen=True, slots=True)
class Glance:
    """One open appointment. While ``mark`` stays the same, no column of its row that we read has changed."""

    key: str
    start_us: int
    mark: str


def open_ones(host: Host, session: Session, clock: Clock, first: datetime, before: datetime) -> list[Glance]:
    """The open appointments that start in this time (naive wall clock), as plain columns, by one statement.

    No object of the host's is made, and no related row is read but one that has the start, status or scope. In a host
    without a status those that we have cancelled are among them.
    """
    selection = host.selection(session)
    if selection is None:
        return []
    start, status, scope = host.parts["start"], host.status, host.parts["scope"]
    selection.where(start.between(selection, first, before))
    selection.where(status.is_open(selection))
    by_value = isinstance(scope, Scoping) and not scope.related
    paths = paths_of([start, status, scope if by_value else None])
    mapper = mapper_of(host.model)
    keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
    read = paths_of([part for name, part in host.parts.items() if name != "write_back"])
    own = sorted({name for path in read for name in _own_columns(mapper, path.steps[0])})
    columns = [getattr(host.model, name) for name in (*keys, *own)]
    columns += [selection.attribute(path) for path in paths]
    statement = selection.statement.with_only_columns(*columns, maintain_column_froms=True)
    steps, first_own, first_fact = [path.steps for path in paths], len(keys), len(keys) + len(own)
    found = []
    for row in session.execute(statement):
        facts = Facts(zip(steps, row[first_fact:], strict=True))
        begins = start.value(facts)
        # Again in Python: a collation may take "Booked" for "booked", a text may be no date.
        if begins is None or not first <= begins < before or status.value(facts) != "booked":
            continue
        if by_value and scope.of(facts) != scope.current():
            continue
        mark = hashlib.sha256(repr(tuple(row[first_own:first_fact])).encode()).hexdigest()[:32]
        key = key_of_value(row[0] if len(keys) == 1 else tuple(row[: len(keys)]))
        found.append(Glance(key, clock.to_us(begins), mark))
    return found


def whole_ones(host: Host, session: Session, keys: Iterable[str]) -> dict[str, Appointment | None]:
    """The appointments with these keys, whatever their start and status, by a statement for every 500 of them.

    None for a row that has no start; what is not there is not in it.
    """
    mapper = mapper_of(host.model)
    columns, found = mapper.primary_key, {}
    for some in _chunks(keys):
        selection = host.selection(session)
        if selection is None:
            break
        values = [one for key in some if (one := identity(mapper, key, selection.dialect)) is not None]
        if len(columns) == 1:
            selection.where(columns[0].in_([value for (value,) in values]))
        else:
            selection.where(tuple_(*columns).in_(values))
        wanted = set(some)  # a collation may take "A1" for "a1"
        found.update({key: one for key, one in host.read_selected(session, selection).items() if key in wanted})
    return found


def _own_columns(mapper: Mapper[Any], name: str) -> list[str]:
    """The attributes of the appointment's own row that decide where a path's first step leads."""
    found = mapper.attrs.get(name)
    while isinstance(found, SynonymProperty):
        found = mapper.attrs.get(found.name)
    if isinstance(found, ColumnProperty):
        return [found.key]
    related = relation(mapper, name)
    if related is None or related.direction is not MANYTOONE or related.secondary is not None:
        return []
    local = [column for column, _ in related.local_remote_pairs or () if mapper.columns.contains_column(column)]
    return [mapper.get_property_by_column(column).key for column in local]


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    left = iter(keys)
    while some := list(islice(left, _AT_ONCE)):
        yield some
