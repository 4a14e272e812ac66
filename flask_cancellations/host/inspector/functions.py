"""Finds what the host itself does to cancel: methods of the appointment, and functions that are given one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from inspect import Parameter, getattr_static
from types import FunctionType
from typing import Any

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector import words
from flask_cancellations.host.inspector.proposal import Found, Proposal
from flask_cancellations.host.inspector.source import modules_beside

_NO_DEEDS = words.word_set("url link token deadline until reason reasons fee policy form view page email mail")
_GIVEN = (
    ("reason", r"reason|(cancel|cancellation)_reason|why"),
    ("note", r"notes?|comment|remark"),
    ("actor", r"(user|actor|staff|by|cancelled_by|canceled_by)_id"),
    ("actor_name", r"(user|actor|staff|cancelled_by|canceled_by)_name"),
    ("side", r"side"),
)
_MOST = 3  # a host with more of them tells nothing by it


def hint_cancel(mapper: Mapper[Any], table: str, proposal: Proposal) -> None:
    """Lines, as comments, that call the host's own code; what it does cannot be known, so nothing is put in force."""
    found = [*_methods(mapper.class_), *_functions(mapper.class_)]
    for line, why in found[:_MOST]:
        proposal.hint(table, "cancel", Found(line, "guess", why))
    if found:
        names = ", ".join(str(line.get("method") or line.get("function")) for line, _ in found[:_MOST])
        proposal.ask(
            f"The app has code of its own that cancels: {names}. Does it do more than set a status (void bills, say)? "
            "Then put the line cancel in force, in place of write_back."
        )


def _methods(model: type[Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for name in dir(model):
        method = getattr_static(model, name)
        if isinstance(method, FunctionType) and _cancels(name) and method.__module__ == model.__module__:
            yield _line("method", name, method, [], f"a method of {model.__name__}")


def _functions(model: type[Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Functions beside the models whose first parameter is an appointment; a view takes a number instead."""
    for module in modules_beside([model]):
        for name, function in sorted(vars(module).items()):
            if not isinstance(function, FunctionType) or function.__module__ != module.__name__ or not _cancels(name):
                continue
            first = next(iter(inspect.signature(function).parameters.values()), None)
            if first is not None and _is_row(first, model):
                full = f"{module.__name__}:{name}"
                yield _line("function", full, function, ["row"], f"a function that takes a {model.__name__}")


def _cancels(name: str) -> bool:
    parts = words.tokens(name)
    if not parts or name.startswith("_"):
        return False
    deed = parts[0] in ("cancel", "annul") or (parts[0] in ("mark", "set", "do") and "cancel" in name.lower())
    return deed and not set(parts) & _NO_DEEDS


def _is_row(first: Parameter, model: type[Any]) -> bool:
    said = str(getattr(first.annotation, "__name__", first.annotation)).strip("\"'").rpartition(".")[2]
    if said not in ("_empty", "Any"):
        return said == model.__name__
    return first.name in ("row", model.__name__.lower()) or set(words.tokens(first.name)) <= words.APPOINTMENT


def _line(
    kind: str, name: str, function: Callable[..., Any], arguments: list[str], why: str
) -> tuple[dict[str, Any], str]:
    """How it is called, as far as its parameters tell."""
    unknown: list[str] = []
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.kind is not Parameter.POSITIONAL_OR_KEYWORD:
            continue
        given = next((given for given, pattern in _GIVEN if words.rank(parameter.name, (pattern,)) is not None), None)
        if given is not None and not unknown:
            arguments.append(given)
        elif parameter.default is Parameter.empty:
            unknown.append(parameter.name)
        else:
            break
    line: dict[str, Any] = {kind: name, "arguments": arguments}
    if _commits(function):
        line["commits"] = True
        why += ", which commits"
    return line, why + (f", and needs {', '.join(unknown)}, which we cannot give" if unknown else "")


def _commits(function: Callable[..., Any]) -> bool:
    try:
        return ".commit(" in inspect.getsource(function)
    except (OSError, TypeError):  # without source it cannot be seen
        return False
