"""Client, staff, service and location of the mapping meet the host's models."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapper

from flask_cancellations.errors import Fault
from flask_cancellations.host import checks
from flask_cancellations.host.lookup import Attempts, Faulty, Models, full_name
from flask_cancellations.host.mapping import FirstOf, Words
from flask_cancellations.host.paths import Path
from flask_cancellations.host.related import ById, Client, Named, Party, Plain, RelatedClient, RowClient
from flask_cancellations.host.several import Several
from flask_cancellations.settings.host import ColumnsSpec, FirstOfSpec, Model, NamedSettings, PersonSettings

HOST = "CANCELLATIONS_HOST"
APPOINTMENT = f"{HOST}.appointment"
PERSON = ("name", "email", "phone", "locale", "group")
Spec = tuple[str, ...] | str | FirstOfSpec | None


class Parties:
    """Resolves them for one model of appointments; the faults go to ``attempts``."""

    def __init__(self, attempts: Attempts, models: Models, mapper: Mapper[Any]) -> None:
        self._attempts = attempts
        self._models = models
        self._mapper = mapper

    def client(self, spec: str | ColumnsSpec | None, person: PersonSettings) -> Client | None:
        """The client, or None where there is none or after a fault."""
        if spec is None:
            return None
        if isinstance(spec, ColumnsSpec):
            return self._row_client(spec)
        found = self._leads_to("client", spec, person.model)
        if found is None:
            return None
        to, target = found
        name, email, phone, locale, group = (
            self._words(target, f"{HOST}.client.{field}", getattr(person, field)) for field in PERSON
        )
        if isinstance(to, ById):
            to = ById(to, target.class_, [path for part in (name, email, phone, locale, group) for path in part.paths])
        return RelatedClient(to, target.class_, name, email, phone, locale, group)

    def _row_client(self, spec: ColumnsSpec) -> RowClient:
        key = f"{APPOINTMENT}.client"
        name, email, phone, locale, group = (
            self._words(self._mapper, f"{key}.{field}", getattr(spec, field)) for field in PERSON
        )
        own = self._attempts.attempt(checks.either, self._mapper, f"{key}.key", spec.key) if spec.key else None
        return RowClient(name, email, phone, locale, group, own)

    def party(self, name: str, text: str | None, spec: NamedSettings) -> Party | None:
        """Staff, service or location, or None where there is none or after a fault."""
        if text is None:
            return None
        plain = self._attempts.attempt(self._plain, f"{APPOINTMENT}.{name}", text) if spec.model is None else None
        if plain is not None:
            return Plain(plain)
        found = self._leads_to(name, text, spec.model)
        if found is None:
            return None
        to, target = found
        words = self._words(target, f"{HOST}.{name}.name", spec.name)
        if isinstance(to, ById):
            to = ById(to, target.class_, words.paths)
        return Named(to, target.class_, words)

    def service(self, text: str | None, spec: NamedSettings) -> Party | Several | None:
        """The service or, behind a relation to many, the services."""
        key, before = f"{APPOINTMENT}.service", len(self._attempts.faults)
        found = None if text is None else self._attempts.attempt(checks.many, self._mapper, key, text)
        if found is None or text is None:
            return self.party("service", text, spec) if len(self._attempts.faults) == before else None
        many, each, relation = found
        target = relation.mapper
        for step in each.steps:
            target = checks.relation_target(target, step)
        named = self._attempts.attempt(self._models.find, spec.model, f"{HOST}.service.model") if spec.model else target
        if named is None or not self._fit("service", text, target, named):
            return None
        return Several(many, each, self._words(named, f"{HOST}.service.name", spec.name), bool(relation.order_by))

    def _plain(self, key: str, text: str) -> Path | None:
        """The path of a column of texts that point at no row."""
        path = checks.column(self._mapper, key, text)
        if path is None:
            return None
        owner, name = checks.end_of(self._mapper, path)
        if not isinstance(checks.column_type(owner, name), String) or checks.points_at_rows(owner, name):
            return None
        return path

    def _leads_to(self, name: str, text: str, model: Model | None) -> tuple[Path, Mapper[Any]] | None:
        """The way called ``name`` in the mapping, and the model behind it, as configured or as related."""
        key = f"{HOST}.{name}.model"
        named = self._attempts.attempt(self._models.find, model, key) if model is not None else None
        if model is not None and named is None:
            return None
        if named is not None:
            column = self._attempts.attempt(self._raw, f"{APPOINTMENT}.{name}", text, named)
            if column is not None:
                return column, named
        found = self._attempts.attempt(checks.related, self._mapper, f"{APPOINTMENT}.{name}", text)
        if found is None or named is None:
            return found
        return (found[0], named) if self._fit(name, text, found[1], named) else None

    def _fit(self, name: str, text: str, target: Mapper[Any], named: Mapper[Any]) -> bool:
        """Whether the path leads to the model that the configuration names; the fault is noted."""
        if named.isa(target) or target.isa(named):
            return True
        expected = f"{full_name(target.class_)}, where {text!r} leads"
        self._attempts.faults.append(Fault(f"{HOST}.{name}.model", full_name(named.class_), expected))
        return False

    def _raw(self, key: str, text: str, target: Mapper[Any]) -> ById | None:
        """The way by a column that holds the primary key, or None if the path ends in something else."""
        path = checks.column(self._mapper, key, text)
        if path is None:
            return None
        if len(target.primary_key) > 1:
            expected = f"a relation: {target.class_.__name__} has a primary key of several columns"
            raise Faulty(Fault(key, f"{text!r}, one column", expected))
        return ById(path, target.class_, ())

    def _words(self, mapper: Mapper[Any], key: str, spec: Spec) -> Words | FirstOf:
        if isinstance(spec, FirstOfSpec):
            return FirstOf(tuple(self._joined(mapper, key, texts) for texts in spec.texts))
        return self._joined(mapper, key, (spec,) if isinstance(spec, str) else spec or ())

    def _joined(self, mapper: Mapper[Any], key: str, texts: tuple[str, ...]) -> Words:
        paths = [self._attempts.attempt(checks.scalar, mapper, key, text, below=True) for text in texts]
        return Words(tuple(path for path in paths if path is not None))
