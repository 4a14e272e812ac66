"""The extension object: ``init_app`` builds one app's state and registers what is ours; the rest delegates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import ColumnElement, MetaData
from sqlalchemy.orm import Session

from flask_cancellations.cli import cli
from flask_cancellations.clock import Clock
from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.host import clock_source, database, load_adapter, resolve
from flask_cancellations.i18n import EXTENSION_KEY, jinja_globals
from flask_cancellations.models import copy_into
from flask_cancellations.models.store import Store
from flask_cancellations.services import acceptance, cancel, history, slots, transaction, visibility
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.decide import CancelCommand
from flask_cancellations.services.money_calls import MoneyCalls
from flask_cancellations.services.terms import Terms
from flask_cancellations.settings import load
from flask_cancellations.state import State, current_state
from flask_cancellations.web import build_blueprint, cancellations_terms, host_globals


class Slots:
    """The freed times of the current app; ``start`` and ``end`` are the clinic's naive wall clock."""

    def at(self, start: datetime, end: datetime, staff: Any = None) -> slots.TimeState:
        """``open``, ``held``, ``closed`` or ``taken``; ``staff`` is the therapist's primary key, if there is one."""
        return slots.at(current_state(), start, end, staff)

    def blocked(self, start: datetime, end: datetime, staff: Any = None) -> list[slots.BlockedTime]:
        """The times that online booking must not offer, of one therapist or of all (None)."""
        return slots.blocked(current_state(), start, end, staff)

    def claim(self, start: datetime, end: datetime, staff: Any = None) -> None:
        """Take a time inside the booking's own transaction, before its row is added. Raises SlotTaken."""
        slots.claim(current_state(), start, end, staff)


class Cancellations(MoneyCalls):
    """Cancellations for one or several Flask apps; it keeps nothing of any app on itself."""

    slots = Slots()

    def init_app(
        self,
        app: Flask,
        db: Any = None,
        *,
        session: Callable[[], Session] | None = None,
        metadata: MetaData | None = None,
    ) -> None:
        """Set the app up.

        Pass the Flask-SQLAlchemy object as ``db``, or for plain SQLAlchemy a ``session`` (a scoped_session, or any
        callable that returns the session in use) and the ``metadata`` that our tables are copied into; that of
        Flask-SQLAlchemy-Lite as ``db``, with the metadata of its models. Raises
        ConfigError with all faults of the configuration's keys, types and shapes; models and attributes are checked by
        :meth:`validate` or on first use.
        """
        settings = load(app.config)
        if settings.blueprint_name in app.blueprints:
            taken = f"{settings.blueprint_name!r}, a blueprint that the app has already"
            raise ConfigError([Fault("CANCELLATIONS_BLUEPRINT_NAME", taken, "another name")])
        found = database(db, session, metadata, settings.bind)
        if found.metadata is not None:
            copy_into(found.metadata, settings.bind)

        clock = Clock(settings.timezone, clock_source(settings.clock))
        app.extensions[EXTENSION_KEY] = State(
            settings=settings,
            clock=clock,
            store=Store(found.session, found.engine, found.schema),
            load_adapter=lambda: load_adapter(settings.adapter),
            resolve=lambda scope: resolve(
                settings,
                clock=clock,
                registries=found.registries,
                metadata=found.metadata,
                scope=scope,
            ),
        )
        ours = jinja_globals() | host_globals()
        app.jinja_env.globals.update(ours, cancellations_owed=self.owed, cancellations_credit=self.credit)
        app.register_blueprint(build_blueprint(settings))
        app.cli.add_command(cli)

    def validate(self) -> None:
        """Resolve the mapping now: every model, attribute and value. Raises ConfigError with all that do not exist."""
        current_state().validate()

    def scope(self, scope: Any) -> AbstractContextManager[None]:
        """Have what is done inside belong to this tenant, a primary key or its text, whoever is signed in.

        For visitors of one tenant's online booking, and for your own jobs. The links of clients and the worker do it by
        themselves.
        """
        return current_state().within(scope)

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what is done inside, then send its signals."""
        return transaction.transaction(current_state())

    def cancel(self, command: CancelCommand, actor: Actor) -> cancel.Cancelled:
        """Cancel an appointment in the caller's transaction; see :func:`flask_cancellations.services.cancel.cancel`."""
        return cancel.cancel(current_state(), command, actor)

    def history(self, key: str, cancellation_id: int | None = None) -> list[history.HistoryEntry]:
        """Everything recorded about the appointment with this key, the oldest first.

        ``cancellation_id`` asks for an earlier appointment that had the key; see
        :func:`flask_cancellations.services.history.history`.
        """
        return history.history(current_state(), key, cancellation_id)

    def is_cancelled(self, keys: Iterable[Any]) -> dict[Any, bool]:
        """For each of these primary keys whether we have cancelled it, in a host without a status (``none = "hide"``).

        One statement for all. Raises ConfigError in a host with a status of its own, which is the one to ask.
        """
        return visibility.is_cancelled(current_state(), keys)

    def not_cancelled(self, model: Any = None) -> ColumnElement[bool]:
        """The condition that leaves out what we have cancelled, for the queries of a host without a status.

        ``select(Visit).where(cancellations.not_cancelled(Visit))``; ``model`` may be an alias, and is by default the
        mapped appointment. Raises ConfigError in a host with a status of its own.
        """
        return visibility.not_cancelled(current_state(), model)

    def accept_policy(self, appointment: Any, *, channel: str, ip: str | None = "") -> None:
        """Record in the booking's transaction that the client accepted the policy in force; the row must be flushed."""
        acceptance.accept_policy(current_state(), appointment, channel=channel, ip=ip)

    def terms(self, appointment: Any, locale: str | None = None, *, link: bool = False) -> Terms:
        """What cancelling this appointment costs from now on; see :func:`flask_cancellations.web.cancellations_terms`.

        With ``link`` it has a new link for the client, which writes a row.
        """
        return cancellations_terms(appointment, locale, link=link)
