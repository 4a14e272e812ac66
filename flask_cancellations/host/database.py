"""The host's database as ``init_app`` is given it: by Flask-SQLAlchemy, Flask-SQLAlchemy-Lite or plain SQLAlchemy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, MetaData
from sqlalchemy.orm import Session, registry

from flask_cancellations.errors import ConfigError, Fault


@dataclass(frozen=True, slots=True)
class Database:
    """``engine`` is that of our bind, None for the session's own; in ``registries`` bare model names are looked up."""

    session: Callable[[], Session]
    engine: Callable[[], Engine | None]
    metadata: MetaData | None
    registries: tuple[registry, ...]

    @property
    def schema(self) -> str | None:
        """The schema that our tables lie in, beside the host's own; None: the connection's."""
        return self.metadata.schema if self.metadata is not None else None


def database(db: Any, session: Callable[[], Session] | None, metadata: MetaData | None, bind: str | None) -> Database:
    """What ``init_app`` works with; ``bind`` is the name of our bind. Raises ConfigError for too little."""
    if db is None and session is None:
        raise ConfigError([Fault("init_app", "neither db nor session", "db=db or session=db.session")])
    if metadata is None and hasattr(db, "metadata"):
        metadata = _metadata_of(db, bind)
    if metadata is None and session is None:
        found = f"a db of the class {type(db).__name__}, which has no metadata"
        raise ConfigError([Fault("init_app", found, "metadata=Model.metadata as well")])
    return Database(
        session=session if session is not None else lambda: _session_of(db),
        engine=lambda: db.engines[bind] if db is not None and bind is not None else None,
        metadata=metadata,
        registries=(db.Model.registry,) if hasattr(db, "Model") else (),
    )


def _session_of(db: Any) -> Session:
    """Of Flask-SQLAlchemy it is a registry of sessions, of Flask-SQLAlchemy-Lite the session itself."""
    found: Session = db.session() if callable(db.session) else db.session
    return found


def _metadata_of(db: Any, bind: str | None) -> MetaData:
    """The metadata of a bind, made as Flask-SQLAlchemy makes it if no model of the bind is defined yet."""
    default: MetaData = db.metadata
    if bind is None:
        return default
    made = MetaData(naming_convention=default.naming_convention, info={"bind_key": bind})
    found: MetaData = db.metadatas.setdefault(bind, made)
    return found
