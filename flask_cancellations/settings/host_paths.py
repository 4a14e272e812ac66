"""Reads paths of the mapping."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask_cancellations.settings.host import FirstOfSpec, Model, SumSpec
from flask_cancellations.settings.place import Place, Table, read_list

_MODEL = re.compile(r"\w+|\w+(\.\w+)*:\w+(\.\w+)*")
_FUNCTION = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*")


def model(place: Place, value: object) -> Model:
    """A model, as itself or by name."""
    if isinstance(value, type):
        return value
    if isinstance(value, str) and _MODEL.fullmatch(value):
        return value
    meant = ":".join(value.rsplit(".", 1)) if isinstance(value, str) else ""
    raise place.wrong(
        value,
        "a model: its class, its name, or 'package.module:Name'",
        [meant] if _MODEL.fullmatch(meant) else (),
    )


def function(place: Place, value: object) -> Callable[..., Any] | str:
    """A function of the host, as itself or by name; it is imported when the models are looked up."""
    if callable(value) or (isinstance(value, str) and _FUNCTION.fullmatch(value)):
        return value
    raise place.wrong(value, "a function, or 'package.module:function'")


def path(place: Place, value: object) -> str:
    """An attribute, or several joined by dots."""
    if isinstance(value, str) and all(part.isidentifier() for part in value.split(".")):
        return value
    raise place.wrong(value, "an attribute, or a path such as 'treatment.minutes'")


def paths(place: Place, value: object) -> tuple[str, ...]:
    """One path or a list of them."""
    if isinstance(value, str):
        return (path(place, value),)
    if not value:
        raise place.wrong(value, "an attribute, or a list of them")
    return read_list(place, value, path, "attributes")


def joined(place: Place, value: object) -> tuple[str, ...] | FirstOfSpec:
    """One path, a list of them to be joined, or a table with ``first_of``: several of these."""
    return _first_of(place, value) if isinstance(value, Mapping) else paths(place, value)


def text(place: Place, value: object) -> str | FirstOfSpec:
    """One path, or a table with ``first_of``."""
    return _first_of(place, value) if isinstance(value, Mapping) else path(place, value)


def total(place: Place, value: object) -> SumSpec:
    """A table with the path of what is summed up."""
    table = Table(place, value, ("sum",))
    spec = SumSpec(table.need("sum", path, ""))
    table.close()
    return spec


def _first_of(place: Place, value: object) -> FirstOfSpec:
    table = Table(place, value, ("first_of",))
    texts = table.need("first_of", _several, ())
    table.close()
    return FirstOfSpec(texts)


def _several(place: Place, value: object) -> tuple[tuple[str, ...], ...]:
    return read_list(place, value, paths, "attributes, in the order in which they are tried")
