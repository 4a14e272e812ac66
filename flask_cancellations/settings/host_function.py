"""Reads what the host itself does to cancel: a function of its own, or a method of the appointment's row."""

from __future__ import annotations

from collections.abc import Mapping

from flask_cancellations.settings.host import AppointmentSettings, CancelSpec, HostFunction, NoStatusSpec
from flask_cancellations.settings.host_paths import function, path
from flask_cancellations.settings.place import Place, Spoiled, Table, read_list
from flask_cancellations.settings.values import choice, flag

ARGUMENTS = ("row", "key", "reason", "code", "note", "side", "actor", "actor_name")
_FORMS = "a table such as {function = 'clinic.finance:cancel_visit'} or {method = 'cancel'}"


def own_cancel(place: Place, value: object) -> CancelSpec:
    """The function or method, and how it is called. A function gets the row if nothing else is said."""
    if not isinstance(value, Mapping):
        raise place.wrong(value, _FORMS)
    of_row = "method" in value
    if of_row and "function" in value:
        place.note("function and method", "one of the two")
        raise Spoiled
    table = Table(place, value, ("method" if of_row else "function", "arguments", "commits"))
    call = table.need("method", path, "") if of_row else HostFunction(table.need("function", function, ""))
    spec = CancelSpec(
        call=call,
        arguments=table.get("arguments", _arguments, () if of_row else ("row",)),
        commits=table.get("commits", flag, default=False),
    )
    table.close()
    return spec


def check_cancel(place: Place, settings: AppointmentSettings) -> None:
    """Note what does not go together with it."""
    spec, here = settings.cancel, place.at("cancel")
    if spec is None:
        return
    if settings.write_back is not None:
        expected = "one of the two: a function of yours writes your columns itself, by the arguments it is given"
        here.note("cancel beside write_back", expected)
    if spec.commits and isinstance(settings.status, NoStatusSpec) and settings.status.cancelled == "hide":
        # After a commit only the host's row tells whether it was cancelled, and here it never does.
        here.at("commits").note("true where the status is {none = 'hide'}", "a status to read afterwards, or false")


def _arguments(place: Place, value: object) -> tuple[str, ...]:
    return read_list(place, value, choice(*ARGUMENTS), "arguments")
