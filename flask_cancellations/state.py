"""What one app has of us: its settings, clock, resolved host mapping, and the way to our tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, cast

from flask import current_app, g, has_request_context, request
from sqlalchemy import select, union

from flask_cancellations.clock import Clock
from flask_cancellations.errors import NoScope
from flask_cancellations.host.adapter import HostAdapter
from flask_cancellations.host.host import Host
from flask_cancellations.host.identity import person
from flask_cancellations.host.keys import key_of_value
from flask_cancellations.i18n import EXTENSION_KEY, fcx_
from flask_cancellations.models import (
    Cancellation,
    CreditLot,
    Message,
    Movement,
    Pending,
    ReasonRow,
    SettlementRow,
    Sweep,
)
from flask_cancellations.models.message import SENDING, WAITING
from flask_cancellations.models.settlement import CREATED
from flask_cancellations.models.settlement import SENT as HANDED_OVER
from flask_cancellations.models.store import Store
from flask_cancellations.rules.calendar import Calendar
from flask_cancellations.settings import Settings

AHEAD = timedelta(days=365)  # of the host's appointments only those of the coming year tell a scope

# The scopes that code has chosen, each for its own app.
_chosen: ContextVar[Mapping[State, str]] = ContextVar("flask_cancellations_scopes")


@dataclass(eq=False)
class State:
    """The state of one app; kept in ``app.extensions["cancellations"]``, never on the extension object.

    ``resolve`` takes the function that tells the current scope.
    """

    settings: Settings
    clock: Clock
    store: Store
    load_adapter: Callable[[], HostAdapter]
    resolve: Callable[[Callable[[], str]], Host]

    @cached_property
    def host(self) -> Host:
        """The resolved mapping; the first use resolves it and raises ConfigError with all its faults."""
        return self.resolve(lambda: self.scope)

    @cached_property
    def adapter(self) -> HostAdapter:
        """The host's adapter, or the default one."""
        return self.load_adapter()

    def signed_in(self) -> Any | None:
        """The host's own object for the signed-in person, or None; the adapter has the last word."""
        return person(self.adapter.current_user())

    def validate(self) -> None:
        """Resolve the mapping now, and look for what it needs in the database. Raises ConfigError with all faults."""
        _ = self.host, self.adapter, self.clock.now()
        self.host.check_rows(self.store.session)

    @cached_property
    def calendar(self) -> Calendar | None:
        """The clinic's working days on its wall clock; None where it configured none."""
        days = self.settings.calendar
        return Calendar(self.clock, days) if days is not None else None

    @property
    def scoped(self) -> bool:
        """Whether the host maps a scope, so that there may be several."""
        return self.settings.host.appointment.scope is not None

    @property
    def scope(self) -> str:
        """The tenant or legal entity whose rows are read and written.

        The one that the surrounding code chose by :meth:`within`; where the host maps no scope, the only one; else the
        adapter's for this request, or that of the signed-in user. Raises NoScope if none of them says which.
        """
        chosen = _chosen.get({}).get(self)
        if chosen is not None:
            return chosen
        return self._of_request() if self.scoped else self.settings.scope

    @contextmanager
    def within(self, scope: Any) -> Iterator[None]:
        """Have what is done inside belong to a scope, a primary key or its text. It may be nested.

        Raises ValueError for another scope than the only one, in a host that maps none.
        """
        text = key_of_value(scope)
        if not self.scoped:
            if text != self.settings.scope:
                raise ValueError(f"there is one scope, {self.settings.scope!r}, as the host maps none")
            yield
            return
        token = _chosen.set({**_chosen.get({}), self: text})
        try:
            with self.adapter.entering(text):
                yield
        finally:
            _chosen.reset(token)

    @contextmanager
    def within_scope_of(self, row: Any) -> Iterator[None]:
        """Have what is done inside belong to the scope of a host's appointment, whoever is signed in.

        Raises NoScope for a row that belongs to none.
        """
        scope = self.host.scope_of(row) if self.scoped else self.settings.scope
        if scope is None:
            raise _no_scope(f"this {type(row).__name__} has none")
        with self.within(scope):
            yield

    def scopes(self) -> list[str]:
        """All scopes with rows of ours, or with open appointments of the host in the coming year; in order."""
        if not self.scoped:
            return [self.settings.scope]
        now = self.clock.to_wall(self.clock.now())
        ours = self.store.execute(union(select(ReasonRow.scope), select(Sweep.scope), *self._due())).scalars()
        return sorted({*ours, *self.host.scopes(self.store.session, now, now + AHEAD)})

    def due_scopes(self) -> list[str]:
        """The scopes in which a worker has messages, money or an undecided cancellation to see to now; in order."""
        if not self.scoped:
            return [self.settings.scope]
        return sorted(self.store.execute(union(*self._due())).scalars())

    def _due(self) -> list[Any]:
        now = self.clock.now()
        return [
            select(Message.scope).where(Message.state == WAITING, Message.not_before_us <= now),
            select(Message.scope).where(Message.state == SENDING),
            select(Movement.scope).where(Movement.state == CREATED, Movement.not_before_us <= now),
            select(Movement.scope).where(Movement.state == HANDED_OVER, Movement.lease_until_us <= now),
            select(Pending.scope),
            select(Cancellation.scope)
            .join(SettlementRow, SettlementRow.cancellation_id == Cancellation.id)
            .where(SettlementRow.pending_until_us.is_not(None), SettlementRow.stood_again_us.is_(None)),
            select(CreditLot.scope).where(CreditLot.expires_us <= now, CreditLot.balance > 0),
        ]

    def _of_request(self) -> str:
        """What the adapter or the signed-in user says; asked once in a request, since either may ask the database."""
        asked = request._get_current_object() if has_request_context() else None  # type: ignore[attr-defined]
        if asked is None:
            return self._asked_for()
        known: tuple[Any, str] | None = g.get("_cancellations_scope")
        if known is None or known[0] is not asked:
            known = g._cancellations_scope = (asked, self._asked_for())
        return known[1]

    def _asked_for(self) -> str:
        told = self.adapter.scope()
        if told is not None:
            return key_of_value(told)
        user = self.signed_in()
        scope = None if user is None else self.host.user_scope(user)
        if scope is None:
            raise _no_scope("nobody is signed in" if user is None else "the signed-in user has none")
        return scope


def _no_scope(why: str) -> NoScope:
    error = NoScope(fcx_("You do not belong to any clinic here. Ask a manager."))
    error.add_note(
        f"No scope is known: {why}. It comes from CANCELLATIONS_HOST.user.scope or HostAdapter.scope; for visitors, "
        "name it with cancellations.scope()."
    )
    return error


def current_state() -> State:
    """The state of the current app. Raises RuntimeError where ``init_app`` was not called on it."""
    try:
        return cast(State, current_app.extensions[EXTENSION_KEY])
    except KeyError:
        raise RuntimeError("flask_cancellations is not set up on this app: call init_app(app, db=db)") from None
