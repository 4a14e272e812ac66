"""Reads ``CANCELLATIONS_HOST.user``: who is signed in, and with which roles; and whose own an appointment is."""

from __future__ import annotations

from collections.abc import Mapping

from flask_cancellations.settings.host import (
    FlagsSpec,
    HostFunction,
    IdentitySpec,
    Model,
    ModelsSpec,
    OwnerSpec,
    RoleSpec,
    SessionSpec,
    UserSettings,
)
from flask_cancellations.settings.host_paths import function, model, path, paths
from flask_cancellations.settings.place import Place, Spoiled, Table, free_name, read_list, read_table
from flask_cancellations.settings.values import off, text

_IDENTITY = "a function, 'package.module:function', or entries of the session such as {session = 'user_id'}"
_ROLE = "a path, a function, {flags = {is_admin = 'manager'}}, or {models = {Doctor = 'therapist'}}"


def user(place: Place, value: object) -> UserSettings:
    """The signed-in person."""
    table = Table(place, value, ("model", "identity", "name", "role", "staff", "scope"))
    settings = UserSettings(
        models=table.get("model", _models, ()),
        identity=table.get("identity", off(_identity), None),
        name=table.get("name", paths, ()),
        role=table.get("role", off(_role), None),
        staff=table.get("staff", off(path), None),
        scope=table.get("scope", off(path), None),
    )
    logins = settings.identity if isinstance(settings.identity, tuple) else ()
    if table.sound and any(login.model is None for login in logins) and len(settings.models) != 1:
        place.at("model").note("nothing" if not settings.models else "several models", "the model of identity.session")
    table.close()
    return settings


def owner(place: Place, value: object) -> OwnerSpec:
    """The path of the login user whose own the appointment is, or a table with the path of a key and its model."""
    if not isinstance(value, Mapping):
        return OwnerSpec(path(place, value))
    table = Table(place, value, ("key", "model"))
    spec = OwnerSpec(table.need("key", path, ""), table.need("model", model, ""))
    table.close()
    return spec


def _models(place: Place, value: object) -> tuple[Model, ...]:
    return read_list(place, value, model, "models") if isinstance(value, list | tuple) else (model(place, value),)


def _identity(place: Place, value: object) -> IdentitySpec:
    if isinstance(value, Mapping):
        return (_login(place, value),)
    if isinstance(value, list | tuple) and value:
        logins = read_list(place, value, _login, "login tables")
        if len(logins) > 1 and any(login.model is None for login in logins):
            place.note("a login table without its model", "a model in each, as there are several")
            raise Spoiled
        return logins
    return _function(place, value, _IDENTITY)


def _login(place: Place, value: object) -> SessionSpec:
    table = Table(place, value, ("session", "model", "role", "when"))
    spec = SessionSpec(
        session=table.need("session", text, ""),
        model=table.get("model", model, None),
        role=table.get("role", text, None),
        when=table.get("when", _conditions, {}),
    )
    table.close()
    return spec


def _conditions(place: Place, value: object) -> dict[str, str | int | bool]:
    return read_table(place, value, _condition, "other entries of the session")


def _condition(place: Place, value: object) -> str | int | bool:
    if isinstance(value, str | int):
        return value
    raise place.wrong(value, "a text, a number, true or false")


def _role(place: Place, value: object) -> RoleSpec:
    if isinstance(value, Mapping):
        table = Table(place, value, ("models",) if "models" in value else ("flags",))
        spec: RoleSpec = FlagsSpec(table.need("flags", _flags, {})) if "models" not in value else None
        if spec is None:
            spec = ModelsSpec(table.need("models", _roles_by_model, {}))
        table.close()
        return spec
    if isinstance(value, str) and ":" not in value:
        return path(place, value)
    return _function(place, value, _ROLE)


def _flags(place: Place, value: object) -> dict[str, str]:
    return _filled(place, value, read_table(place, value, text, "roles by path", path))


def _roles_by_model(place: Place, value: object) -> dict[str, str]:
    return _filled(place, value, read_table(place, value, text, "roles by model", _model_name))


def _filled(place: Place, value: object, roles: dict[str, str]) -> dict[str, str]:
    if not roles:
        raise place.wrong(value, "at least one role")
    return roles


def _model_name(place: Place, value: object) -> str:
    model(place, free_name(place, value))
    return free_name(place, value)


def _function(place: Place, value: object, expected: str) -> HostFunction:
    if not (callable(value) or isinstance(value, str)):
        raise place.wrong(value, expected)
    return HostFunction(function(place, value))
