"""What tests of host mappings share: a resolved host, a session with its tables, the statements it takes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import MetaData, create_engine, event, inspect
from sqlalchemy.orm import Mapper, Session, registry

from flask_cancellations.clock import Clock
from flask_cancellations.host import Host, resolve
from flask_cancellations.settings import Settings, load

from . import host_shapes

ZONE = ZoneInfo("Europe/Sofia")
NOW = datetime(2026, 12, 2, 8, 5, tzinfo=UTC)  # 10:05 at the clinic


def settings_from(toml: str) -> Settings:
    """Checked settings of a clinic in Sofia, with this mapping."""
    return load({"CANCELLATIONS_TIMEZONE": "Europe/Sofia", "CANCELLATIONS_CURRENCY": "EUR", **tomllib.loads(toml)})


def registry_of(flask_db: Any) -> Any:
    """Where a Flask-SQLAlchemy host keeps its models."""
    return flask_db.Model.registry


def host_from(toml: str, **where: Any) -> Host:
    """The resolved host of this mapping, on a clock that stands still.

    Unless `where` says otherwise its models are those of `host_shapes`: other tests load hosts with the same names.
    """
    return resolve(
        settings_from(toml), clock=Clock(ZONE, lambda: NOW), **(where or {"registries": registries_of(host_shapes)})
    )


def registries_of(module: ModuleType) -> set[registry]:
    """Where the models of a module are kept."""
    classes = (value for value in vars(module).values() if isinstance(value, type))
    found: list[Any] = [inspect(model, raiseerr=False) for model in classes]
    return {mapper.registry for mapper in found if isinstance(mapper, Mapper)}


@contextmanager
def open_session(url: str, metadata: MetaData) -> Iterator[Session]:
    """A session on a database with these tables."""
    engine = create_engine(url)
    try:
        metadata.create_all(engine)
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


@contextmanager
def counting(session: Session) -> Iterator[list[str]]:
    """The statements that the session's database gets meanwhile."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
