"""Readers of the small tables: template blocks, roles, limits of waivers, waitlist."""

from __future__ import annotations

from flask_cancellations.rules.rights import EVERYTHING, RIGHTS
from flask_cancellations.settings import values
from flask_cancellations.settings.place import Place, Table, read_list, read_table


def blocks(place: Place, value: object) -> dict[str, str]:
    """The host's template blocks for our ``content`` and ``title``; ``title = false`` leaves its own."""
    table = Table(place, value, ("content", "title"))
    content = table.get("content", values.identifier, "content")
    title = table.get("title", values.off(values.identifier), "title")
    table.close()
    return {"content": content} | ({"title": title} if title else {})


def roles(place: Place, value: object) -> dict[str, tuple[str, ...]]:
    """Rights by role."""
    return read_table(place, value, _rights, "rights by role")


def _rights(place: Place, value: object) -> tuple[str, ...]:
    return read_list(place, value, values.choice(*RIGHTS, EVERYTHING), "rights")


def waiver_limits(place: Place, value: object) -> dict[str, int]:
    """The highest fee, in minor units, that a role may waive."""
    return read_table(place, value, values.amount, "amounts by role")


def waitlist(place: Place, value: object) -> int | None:
    """How long a freed time is held for waiting clients, in microseconds; None without a waitlist."""
    if value is False:
        return None
    table = Table(place, value, ("hold",))
    hold = table.need("hold", values.duration, 0)
    table.close()
    return hold
