"""Paths: an attribute of a host model, or several joined by dots, read from a row or put into a SELECT."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Select, inspect, select
from sqlalchemy.orm import (
    Mapper,
    RelationshipProperty,
    SynonymProperty,
    aliased,
    joinedload,
    lazyload,
    selectinload,
    with_polymorphic,
)
from sqlalchemy.orm.interfaces import MANYTOONE

from flask_cancellations.host.keys import identity


def mapper_of(model: type[Any]) -> Mapper[Any]:
    """The mapper of a mapped class."""
    mapper: Mapper[Any] = inspect(model)
    return mapper


def relation(mapper: Mapper[Any], name: str) -> RelationshipProperty[Any] | None:
    """The relationship called ``name``, also behind a synonym, or None."""
    found = mapper.attrs.get(name)
    while isinstance(found, SynonymProperty):
        found = mapper.attrs.get(found.name)
    return found if isinstance(found, RelationshipProperty) else None


class Facts(dict[tuple[str, ...], Any]):
    """What some paths lead to from a row that was not read whole, by their steps."""


class Path:
    """A path from one host model. ``resolve`` has checked every step of it."""

    __slots__ = ("model", "steps")

    def __init__(self, model: type[Any], steps: Iterable[str]) -> None:
        self.model = model
        self.steps = tuple(steps)

    def __str__(self) -> str:
        return ".".join(self.steps)

    def value(self, row: Any) -> Any:
        """What the path leads to from a row, or None as soon as a step is NULL.

        Rows of an inheritance tree may lack an attribute that only a subclass has; there it is None too.
        """
        if type(row) is Facts:
            return row[self.steps]
        for step in self.steps:
            if row is None or not hasattr(type(row), step):
                return None
            row = getattr(row, step)
        return row

    def set(self, row: Any, value: Any) -> None:
        """Set the attribute, as the host's own code would. Raises LookupError if a step before it is NULL."""
        owner = Path(self.model, self.steps[:-1]).value(row)
        if owner is None:
            raise LookupError(f"{self} leads nowhere from this {type(row).__name__}")
        setattr(owner, self.steps[-1], value)


class Selection:
    """A SELECT of one host model which joins the relations that its conditions name, each once."""

    def __init__(self, model: type[Any], dialect: Dialect) -> None:
        self.statement: Select[Any] = select(model)
        self.dialect = dialect
        self._entities: dict[tuple[str, ...], Any] = {(): model}

    def entity(self, steps: tuple[str, ...]) -> Any:
        """The model, or the alias of the related model, that these relations lead to."""
        if steps not in self._entities:
            step = getattr(self.entity(steps[:-1]), steps[-1])
            related = aliased(step.property.mapper.class_, flat=True)
            self.statement = self.statement.outerjoin(step.of_type(related))
            self._entities[steps] = related
        return self._entities[steps]

    def attribute(self, path: Path) -> Any:
        """The path's last attribute as an SQL expression."""
        return getattr(self.entity(path.steps[:-1]), path.steps[-1])

    def where(self, condition: ColumnElement[bool]) -> None:
        self.statement = self.statement.where(condition)

    def key_columns(self, path: Path) -> list[Any]:
        """The primary key of the row that a relation leads to, taken from the foreign key where there is one.

        A foreign key needs no join, and has the index that hosts usually have.
        """
        owner = self.entity(path.steps[:-1])
        found: RelationshipProperty[Any] = getattr(owner, path.steps[-1]).property
        target = found.mapper
        names = [target.get_property_by_column(column).key for column in target.primary_key]
        if found.direction is MANYTOONE and found.secondary is None:
            by_name = {
                target.get_property_by_column(remote).key: found.parent.get_property_by_column(local).key
                for local, remote in found.local_remote_pairs or ()
                if target.columns.contains_column(remote) and found.parent.columns.contains_column(local)
            }
            if set(by_name) == set(names):
                return [getattr(owner, by_name[name]) for name in names]
        related = self.entity(path.steps)
        return [getattr(related, name) for name in names]

    def where_key(self, path: Path, key: str | None) -> bool:
        """Keep the rows whose relation leads to this key, or (None) nowhere. False if no row can have the key."""
        columns = self.key_columns(path)
        if key is None:
            for column in columns:
                self.where(column.is_(None))
            return True
        found = getattr(self.entity(path.steps[:-1]), path.steps[-1]).property
        values = identity(found.mapper, key, self.dialect)
        if values is None:
            return False
        for column, value in zip(columns, values, strict=True):
            self.where(column == value)
        return True


class _Node:
    """A host model on the way of some paths: the relations they take, and the subclasses that these need."""

    def __init__(self, mapper: Mapper[Any]) -> None:
        self.mapper = mapper
        self.subclasses: set[Mapper[Any]] = set()
        self.relations: dict[tuple[Mapper[Any], str], _Node] = {}

    def add(self, steps: tuple[str, ...]) -> None:
        for owner in owners(self.mapper, steps[0]):
            if owner is not self.mapper:
                self.subclasses.add(owner)
            found = relation(owner, steps[0])
            if found is not None:
                child = self.relations.setdefault((owner, found.key), _Node(found.mapper))
                if len(steps) > 1:
                    child.add(steps[1:])

    def options(self, entity: Any) -> list[Any]:
        """``entity`` is the model, or the polymorphic alias that knows its subclasses."""
        options = []
        for (owner, name), child in self.relations.items():
            of = entity if owner is self.mapper else getattr(entity, owner.class_.__name__)
            step = getattr(of, name)
            target: Any = child.mapper.class_
            if child.subclasses:
                subclasses = [mapper.class_ for mapper in child.subclasses]
                target = with_polymorphic(target, subclasses, aliased=True, flat=True)
                step = step.of_type(target)
            # Joined rows of a list would multiply the appointments; it is one more statement, for all of them.
            load = selectinload if owner.relationships[name].uselist else joinedload
            options.append(load(step).options(*child.options(target)))
        return options


def owners(mapper: Mapper[Any], name: str) -> list[Mapper[Any]]:
    """The mapper itself if it maps ``name``; else those of its subclasses that do."""
    if name in mapper.all_orm_descriptors:
        return [mapper]
    return [
        sub
        for sub in mapper.self_and_descendants
        if name in sub.all_orm_descriptors and (sub.inherits is None or name not in sub.inherits.all_orm_descriptors)
    ]


def eager_options(model: type[Any], paths: Iterable[Path]) -> list[Any]:
    """Loader options for one statement that brings every row which these paths go through, and no other.

    The relations that a host loads eagerly for itself stay out: its own pages asked for them, ours did not.
    """
    root = _Node(mapper_of(model))
    for path in paths:
        root.add(path.steps)
    return [*root.options(model), lazyload("*")]
