"""Several rows in the place of one, such as the services of a visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect

from flask_cancellations.host.keys import key_of
from flask_cancellations.host.mapping import FirstOf, Words
from flask_cancellations.host.paths import Path


@dataclass(frozen=True, slots=True)
class Several:
    """All that a relation to many leads to. ``many`` leads to them, ``each`` from there on, and ``name`` starts there.

    Their names are joined. The key is that of the only one: a policy for one service is not one for two at once.
    ``ordered`` says that the host has put them in an order.
    """

    many: Path
    each: Path
    name: Words | FirstOf
    ordered: bool

    @property
    def paths(self) -> tuple[Path, ...]:
        to = self.many.steps + self.each.steps
        return (Path(self.many.model, to), *(Path(self.many.model, to + path.steps) for path in self.name.paths))

    def value(self, row: Any) -> tuple[str | None, str]:
        """The key and the names; None and an empty text where there is none."""
        found = list(self.many.value(row) or ())
        if not self.ordered:
            found.sort(key=lambda one: inspect(one).identity or ())
        rows = [one for one in map(self.each.value, found) if one is not None]
        names = list(dict.fromkeys(filter(None, map(self.name.value, rows))))
        keys = {key_of(one) for one in rows}
        return (keys.pop() if len(keys) == 1 else None, ", ".join(names))
