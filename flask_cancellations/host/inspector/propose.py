"""Puts the proposal together, and tries it on the host's models before it is shown."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jinja2 import Environment
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapper, Session, registry

from flask_cancellations.clock import Clock
from flask_cancellations.errors import ConfigError
from flask_cancellations.host.inspector.appointments import Candidate, candidate, candidates, rivals
from flask_cancellations.host.inspector.belonging import propose_scope
from flask_cancellations.host.inspector.evidence import Database
from flask_cancellations.host.inspector.fields import APPOINTMENT, propose_appointment
from flask_cancellations.host.inspector.logins import find_users
from flask_cancellations.host.inspector.proposal import Proposal
from flask_cancellations.host.inspector.surroundings import propose_currency, propose_layout, propose_zone
from flask_cancellations.host.inspector.users import USER, propose_user
from flask_cancellations.host.lookup import Faulty, Models, full_name
from flask_cancellations.host.resolve import resolve
from flask_cancellations.settings import load


def propose(
    *,
    registries: Iterable[registry] = (),
    metadata: MetaData | None = None,
    session: Callable[[], Session] | None = None,
    config: Mapping[str, Any] | None = None,
    templates: Environment | None = None,
    model: str | None = None,
    flask_login: bool = True,
) -> Proposal:
    """A configuration for a host whose models are loaded; nothing is written.

    ``session`` reaches the host's database, from which values of status and role are read; without one they come from
    types, constraints and source. ``model`` names the appointment where the choice was wrong; ``flask_login`` says
    whether the app has it, which tells who is signed in. Raises ConfigError if SQLAlchemy cannot configure the models,
    or there is no such model.
    """
    registries = list(registries)
    models = Models(registries, metadata)
    mappers = _host_mappers(models)
    names = _names(mappers, short=bool(registries))
    proposal, database = Proposal(), Database(session)
    propose_zone(config or {}, proposal)
    propose_currency(config or {}, proposal)
    if templates is not None:
        propose_layout(templates, proposal)
    users = find_users(mappers)
    chosen = _choose(models, mappers, model, database, proposal)
    if chosen is not None:
        propose_appointment(chosen, users, database, names, proposal)
    staff = chosen.related.get("staff") if chosen else None
    propose_user(users, staff, database, names, proposal, flask_login=flask_login)
    if chosen is not None:
        propose_scope(chosen.mapper, users, APPOINTMENT, USER, proposal)
        proposal.faults += _faults(proposal, registries, metadata)
    return proposal


@contextmanager
def _faults_raised() -> Iterator[None]:
    try:
        yield
    except Faulty as faulty:
        raise ConfigError([faulty.fault]) from faulty


def _host_mappers(models: Models) -> list[Mapper[Any]]:
    with _faults_raised():
        models.configure()
    found = [one for one in models.mappers if not one.class_.__module__.startswith("flask_cancellations.")]
    return sorted(found, key=lambda one: full_name(one.class_))


def _names(mappers: list[Mapper[Any]], *, short: bool) -> dict[Any, str]:
    """What the configuration calls each model: its own name where that is enough, else the module's too."""
    names = [mapper.class_.__name__ for mapper in mappers]

    def name_of(model: type[Any]) -> str:
        # What a function defined cannot be imported, and the started program has another name as a module.
        alone = "<locals>" in model.__qualname__ or model.__module__ == "__main__"
        return model.__name__ if alone or (short and names.count(model.__name__) == 1) else full_name(model)

    return {mapper.class_: name_of(mapper.class_) for mapper in mappers}


def _choose(
    models: Models, mappers: list[Mapper[Any]], model: str | None, database: Database, proposal: Proposal
) -> Candidate | None:
    if model is not None:
        with _faults_raised():
            chosen = candidate(models.find(model, "--model"), mappers, database)
        if chosen is None:
            proposal.lack(f"the start of {model}: it has no DateTime, no Date with a Time, and leads to none")
        return chosen
    found = candidates(mappers, database)
    if not found:
        names = ", ".join(mapper.class_.__name__ for mapper in mappers) or "none is imported"
        proposal.lack(f"a model of an appointment, among {names}; name it with --model")
        return None
    others = rivals(found)
    if others:
        proposal.ask(
            f"Is an appointment a {found[0].mapper.class_.__name__}, or a {' or a '.join(others)}? See --model."
        )
    return found[0]


def _faults(proposal: Proposal, registries: Iterable[registry], metadata: MetaData | None) -> list[str]:
    """What the package itself says about the proposal."""
    try:
        settings = load(tomllib.loads(proposal.toml()))
        resolve(settings, clock=Clock(settings.timezone), registries=registries, metadata=metadata)
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    return []
