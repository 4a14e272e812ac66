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
from flask_cancellations.host.inspector.evidence import Database
from flask_cancellations.host.inspector.money import propose_deposit, propose_price
from flask_cancellations.host.inspector.people import (
    Related,
    client_on_row,
    propose_client,
    propose_named,
    text_of_role,
)
from flask_cancellations.host.inspector.proposal import Found, Proposal
from flask_cancellations.host.inspector.statuses import propose_status
from flask_cancellations.host.inspector.surroundings import propose_currency, propose_layout, propose_zone
from flask_cancellations.host.inspector.times import find_booked, find_end
from flask_cancellations.host.inspector.users import propose_user
from flask_cancellations.host.inspector.written import ask_for_tenant, propose_write_back
from flask_cancellations.host.lookup import Faulty, Models, full_name
from flask_cancellations.host.resolve import resolve
from flask_cancellations.settings import load

HOST = "CANCELLATIONS_HOST"
APPOINTMENT = f"{HOST}.appointment"


def propose(
    *,
    registries: Iterable[registry] = (),
    metadata: MetaData | None = None,
    session: Callable[[], Session] | None = None,
    config: Mapping[str, Any] | None = None,
    templates: Environment | None = None,
    model: str | None = None,
) -> Proposal:
    """A configuration for a host whose models are loaded; nothing is written.

    ``session`` reaches the host's database, from which values of status and role are read; without one they come from
    types, constraints and source. ``model`` names the appointment where the choice was wrong. Raises ConfigError if
    SQLAlchemy cannot configure the models, or there is no such model.
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
    chosen = _choose(models, mappers, model, database, proposal)
    if chosen is not None:
        _propose_appointment(chosen, database, names, proposal)
    propose_user(mappers, chosen.related.get("staff") if chosen else None, database, names, proposal)
    if chosen is not None:
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


def _propose_appointment(chosen: Candidate, database: Database, names: Mapping[Any, str], proposal: Proposal) -> None:
    mapper, related = chosen.mapper, chosen.related

    def put(key: str, found: Found | None) -> None:
        proposal.put(APPOINTMENT, key, found)

    put("model", Found(names[mapper.class_], "sure" if chosen.points > 10 else "likely", chosen.why))
    put("start", chosen.start.found)
    for question in chosen.start.questions:
        proposal.ask(question)
    service = related["service"].path if "service" in related else None
    put("end", find_end(mapper, chosen.start, service, database, proposal))
    for role in ("client", "staff", "service", "location"):
        put(role, _party(mapper, role, related))
    put("price", propose_price(mapper, related, proposal))
    put("deposit", propose_deposit(mapper, proposal))
    booked = find_booked(mapper, chosen.start, proposal)
    put("booked_at", booked)
    status = propose_status(mapper, database, proposal)
    put("status", status)
    zone = str(booked.value["zone"]) if booked is not None else "utc"
    put("write_back", propose_write_back(mapper, status, zone, proposal))
    ask_for_tenant(mapper, proposal)
    for role, one in related.items():
        if one.by_key:
            proposal.put(f"{HOST}.{role}", "model", Found(names[one.target.class_], one.confidence, one.why))
    if "client" in related:
        propose_client(f"{HOST}.client", related["client"], proposal)
        beside = client_on_row(mapper)
        if beside is not None and beside.confidence != "guess":
            proposal.ask(f"Rows also have a client's {beside.why}. Are they needed? See first_of.")
    elif client_on_row(mapper) is None:
        proposal.lack(f"the client of {mapper.class_.__name__}: no relation, key or column leads to a person")
    for role in ("staff", "service", "location"):
        if role in related:
            propose_named(f"{HOST}.{role}", related[role], proposal)


def _party(mapper: Mapper[Any], role: str, related: Mapping[str, Related]) -> Found | None:
    if role in related:
        return Found(related[role].path, related[role].confidence, related[role].why)
    return client_on_row(mapper) if role == "client" else text_of_role(mapper, role)


def _faults(proposal: Proposal, registries: Iterable[registry], metadata: MetaData | None) -> list[str]:
    """What the package itself says about the proposal."""
    try:
        settings = load(tomllib.loads(proposal.toml()))
        resolve(settings, clock=Clock(settings.timezone), registries=registries, metadata=metadata)
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    return []
