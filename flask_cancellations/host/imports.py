"""Things that the configuration names by ``package.module:name``: the clock's source and the adapter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask_cancellations.clock import system_now
from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.host.adapter import HostAdapter
from flask_cancellations.host.lookup import Faulty, named_object

ClockSource = Callable[[], datetime]


def load_adapter(named: Any) -> HostAdapter:
    """The adapter: a subclass or an instance of HostAdapter, or the text that names one; nothing means the default.

    Raises ConfigError if there is none of that name or it is no HostAdapter.
    """
    if not named:
        return HostAdapter()
    found = _load(named, "CANCELLATIONS_ADAPTER")
    adapter = found() if isinstance(found, type) and issubclass(found, HostAdapter) else found
    if not isinstance(adapter, HostAdapter):
        raise ConfigError([Fault("CANCELLATIONS_ADAPTER", repr(named), "a subclass of HostAdapter")])
    return adapter


def clock_source(named: Any) -> ClockSource:
    """The source of "now": a callable, or the text that names one, looked up when the time is first asked for.

    A host may well set us up before the module of its clock can be imported.
    """
    if not named:
        return system_now
    loaded: list[ClockSource] = [named] if callable(named) else []

    def now() -> datetime:
        if not loaded:
            loaded.append(_load(named, "CANCELLATIONS_CLOCK"))
        return loaded[0]()

    return now


def _load(named: Any, key: str) -> Any:
    if not isinstance(named, str):
        return named
    try:
        return named_object(named, key)
    except Faulty as faulty:
        raise ConfigError([faulty.fault]) from faulty
