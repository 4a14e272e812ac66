"""Where in the configuration we are reading, and how faults are gathered on the way.

A reader is a function ``(place, value) -> result``. It notes what is wrong with the value there and raises
:class:`Spoiled`; whoever reads a table or list goes on with its next part, so one start shows all faults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from difflib import get_close_matches
from typing import Any, TypeVar

from flask_cancellations.errors import Fault

T = TypeVar("T")
D = TypeVar("D")
_LONGEST = 60


class Spoiled(Exception):
    """A value cannot be used; its faults are noted already."""


@dataclass(frozen=True, slots=True)
class Place:
    """A key such as ``CANCELLATIONS_POLICIES[0].bands[1].fee``.

    ``currency`` is the one that fixed fees are in. The value of a ``secret`` place is never shown.
    """

    key: str
    currency: str
    secret: bool = False
    faults: list[Fault] = field(default_factory=list)

    def at(self, name: str) -> Place:
        """The place of a key in the table here."""
        return replace(self, key=f"{self.key}.{name}")

    def item(self, index: int) -> Place:
        """The place of an item of the list here, counted from 0."""
        return replace(self, key=f"{self.key}[{index}]")

    def note(self, found: str, expected: str, near: str = "", known: Iterable[str] = ()) -> None:
        """Note a fault; ``near`` is what the nearest of ``known`` is looked up for."""
        self.faults.append(Fault(self.key, found, expected, nearest(near, known) if near else ""))

    def wrong(self, value: object, expected: str, known: Iterable[str] = ()) -> Spoiled:
        """Note that ``value`` is not what is expected, and give the exception to raise.

        For a text the nearest of the ``known`` ones is proposed.
        """
        hidden = self.secret and isinstance(value, str) and value
        found = "a text (not shown, it may hold a password)" if hidden else describe(value)
        self.note(found, expected, value if isinstance(value, str) else "", known)
        return Spoiled()


Read = Callable[[Place, Any], T]


class Table:
    """Reads a table: ``allowed`` keys only, each by its reader; :meth:`close` raises Spoiled after a fault.

    An absent key and None are the same: TOML has no null, and Python configurations use None for "not set".
    """

    def __init__(self, place: Place, value: object, allowed: Sequence[str]) -> None:
        if not isinstance(value, Mapping):
            raise place.wrong(value, f"a table with {one_of(allowed)}")
        self._place = place
        self._value: Mapping[Any, Any] = value
        self._before = len(place.faults)
        for name in value:
            if name not in allowed:
                place.at(str(name)).note("an unknown key", one_of(allowed), str(name), allowed)

    def __contains__(self, name: str) -> bool:
        return self._value.get(name) is not None

    def get(self, name: str, read: Read[T], default: D) -> T | D:
        """The value of a key that may be absent."""
        if name not in self:
            return default
        try:
            return read(self._place.at(name), self._value[name])
        except Spoiled:
            return default

    def need(self, name: str, read: Read[T], stand_in: D) -> T | D:
        """The value of a key that must be there; ``stand_in`` keeps the reading going where it is wrong."""
        if name in self:
            return self.get(name, read, stand_in)
        self._place.at(name).note("nothing", "this key, which is required")
        return stand_in

    @property
    def sound(self) -> bool:
        """Whether nothing was wrong so far."""
        return len(self._place.faults) == self._before

    def close(self) -> None:
        """Raise Spoiled if the table had a fault."""
        if not self.sound:
            raise Spoiled


def read_list(place: Place, value: object, read: Read[T], what: str) -> tuple[T, ...]:
    """Read each item of a list; ``what`` names the items. Raises Spoiled after the last if one was wrong."""
    if not isinstance(value, (list, tuple)):
        raise place.wrong(value, f"a list of {what}")
    items = []
    for index, item in enumerate(value):
        try:
            items.append(read(place.item(index), item))
        except Spoiled:
            continue
    if len(items) != len(value):
        raise Spoiled
    return tuple(items)


def free_name(place: Place, value: object) -> str:
    """The reader of a key that may be any text."""
    if isinstance(value, str):
        return value
    raise place.wrong(value, "a key that is a text")


def read_table(place: Place, value: object, read: Read[T], what: str, read_name: Read[str] = free_name) -> dict[str, T]:
    """Read a table of ``what``, its keys free or of a kind that ``read_name`` reads. Raises like a list."""
    if not isinstance(value, Mapping):
        raise place.wrong(value, f"a table of {what}")
    before = len(place.faults)
    items: dict[str, T] = {}
    for key, item in value.items():
        here = place.at(str(key))
        try:
            name = read_name(here, key)
            if name in items:
                here.note(f"a second {name!r}", "each key once")
            items[name] = read(here, item)
        except Spoiled:
            continue
    if len(place.faults) > before:
        raise Spoiled
    return items


def nearest(text: str, known: Iterable[str]) -> str:
    """The known name that looks most like ``text``, whatever its case; empty if none comes near."""
    names = {name.lower(): name for name in sorted(known)}
    close = get_close_matches(text.lower(), names, n=1)
    return names[close[0]] if close else ""


def one_of(names: Sequence[str]) -> str:
    """ "a", "a or b", "one of a, b, c"."""
    return " or ".join(names) if len(names) < 3 else f"one of {', '.join(names)}"


def describe(value: object) -> str:
    """What was found, in the words of a configuration file."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return repr(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}...")
        case int() | float():
            return str(value)
        case date() | time():  # a datetime is a date too
            return value.isoformat()
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case type():
            return f"the class {value.__name__}"
    return f"an object of type {type(value).__name__}"
