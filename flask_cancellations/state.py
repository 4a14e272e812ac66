"""What one app has of us: its settings, clock, resolved host mapping, and the way to our tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from flask import current_app

from flask_cancellations.clock import Clock
from flask_cancellations.host.adapter import HostAdapter
from flask_cancellations.host.host import Host
from flask_cancellations.i18n import EXTENSION_KEY
from flask_cancellations.models.store import Store
from flask_cancellations.settings import Settings


@dataclass(eq=False)
class State:
    """The state of one app; kept in ``app.extensions["cancellations"]``, never on the extension object."""

    settings: Settings
    clock: Clock
    store: Store
    load_adapter: Callable[[], HostAdapter]
    resolve: Callable[[], Host]

    @cached_property
    def host(self) -> Host:
        """The resolved mapping; the first use resolves it and raises ConfigError with all its faults."""
        return self.resolve()

    @cached_property
    def adapter(self) -> HostAdapter:
        """The host's adapter, or the default one."""
        return self.load_adapter()

    def validate(self) -> None:
        """Resolve the mapping now, and look for what it needs in the database. Raises ConfigError with all faults."""
        _ = self.host, self.adapter, self.clock.now()
        self.host.check_rows(self.store.session)

    @property
    def scope(self) -> str:
        """The tenant or legal entity whose rows are read and written."""
        return self.settings.scope


def current_state() -> State:
    """The state of the current app. Raises RuntimeError where ``init_app`` was not called on it."""
    try:
        return cast(State, current_app.extensions[EXTENSION_KEY])
    except KeyError:
        raise RuntimeError("flask_cancellations is not set up on this app: call init_app(app, db=db)") from None
