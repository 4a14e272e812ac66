"""Finds the host's models by what the configuration calls them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable
from pathlib import Path as File
from types import ModuleType
from typing import Any, TypeVar

from sqlalchemy import MetaData, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper, configure_mappers, registry

from flask_cancellations.errors import Fault
from flask_cancellations.settings.host import Model
from flask_cancellations.settings.place import nearest

T = TypeVar("T")
K = TypeVar("K")


class Faulty(Exception):
    """Something of the mapping could not be resolved. ``resolve`` collects the faults and raises them all at once."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


class Attempts:
    """Gathers the faults of what is tried one after the other."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def attempt(self, work: Callable[..., T], *args: Any, **options: Any) -> T | None:
        """What ``work`` returns, or None after noting why there is none."""
        try:
            return work(*args, **options)
        except Faulty as faulty:
            if faulty.fault not in self.faults:  # one attribute may be tried in several forms
                self.faults.append(faulty.fault)
            return None

    def any_of(self, work: Callable[..., T], each: Iterable[K], *args: Any, **options: Any) -> dict[K, T]:
        """What ``work`` returns for those of ``each`` that it works for; a fault only if it works for none."""
        tried = Attempts()
        found = {one: tried.attempt(work, one, *args, **options) for one in each}
        kept = {one: result for one, result in found.items() if result is not None}
        if not kept:
            self.faults.extend(tried.faults)
        return kept


class Models:
    """The mapped classes that can be reached: those of the host's registries, or of every loaded module."""

    def __init__(self, registries: Iterable[registry] = (), metadata: MetaData | None = None) -> None:
        self._registries = set(registries)
        self._metadata = metadata

    @property
    def schema(self) -> str | None:
        """The schema that the host's tables and ours lie in; None: the connection's."""
        return self._metadata.schema if self._metadata is not None else None

    def configure(self) -> bool:
        """Complete the relations, many of which exist only as the backref of another model. Returns True."""
        try:
            configure_mappers()
        except SQLAlchemyError as error:
            found = " ".join(str(error).split())
            raise Faulty(Fault("CANCELLATIONS_HOST", found, "models that SQLAlchemy can configure")) from error
        return True

    @property
    def mappers(self) -> frozenset[Mapper[Any]]:
        """All models that can be reached."""
        return self._reachable()

    def find(self, model: Model, key: str) -> Mapper[Any]:
        """The mapper of a class, of ``Visit`` or of ``package.module:Visit``."""
        if not isinstance(model, str):
            return self._mapped(model, key, full_name(model))
        if ":" in model:
            return self._mapped(named_object(model, key), key, repr(model))
        return self._named(model, key)

    def _mapped(self, found: Any, key: str, name: str) -> Mapper[Any]:
        mapper: Any = inspect(found, raiseerr=False) if isinstance(found, type) else None
        if not isinstance(mapper, Mapper):
            raise Faulty(Fault(key, f"{name}, which is not mapped", "a mapped class"))
        return mapper

    def _named(self, name: str, key: str) -> Mapper[Any]:
        reachable = self._reachable()
        found = [mapper for mapper in reachable if mapper.class_.__name__ == name]
        if self._metadata is not None and len(found) > 1:
            found = [mapper for mapper in found if _in_metadata(mapper, self._metadata)] or found
        if len(found) == 1:
            return found[0]
        if found:
            full = ", ".join(sorted(full_name(mapper.class_) for mapper in found))
            raise Faulty(Fault(key, f"{name!r}, which several models are called", f"one of {full}"))
        names = {mapper.class_.__name__ for mapper in reachable}
        expected = "one of the host's models"
        if not names:
            expected = "a model that is already imported, or 'package.module:Name'"
        raise Faulty(Fault(key, repr(name), expected, nearest(name, names)))

    def _reachable(self) -> frozenset[Mapper[Any]]:
        if not self._registries:
            self._registries = _loaded_registries()
        return frozenset(mapper for found in self._registries for mapper in found.mappers)


def named_object(text: str, key: str) -> Any:
    """What ``package.module:name`` stands for; ``key`` is the setting that says so. Raises Faulty if there is none."""
    module_name, _, path = text.partition(":")
    try:
        found: Any = _module(module_name)
    except ImportError as error:
        raise Faulty(Fault(key, f"{text!r} ({error})", "a module that can be imported")) from error
    for step in path.split("."):
        if not hasattr(found, step):
            expected = f"a name in {module_name}"
            raise Faulty(Fault(key, repr(text), expected, nearest(step, vars(found))))
        found = getattr(found, step)
    return found


def full_name(model: type[Any]) -> str:
    """``package.module:Name``, the form that the configuration understands."""
    return f"{model.__module__}:{model.__qualname__}"


def _in_metadata(mapper: Mapper[Any], metadata: MetaData) -> bool:
    return any(table in metadata.tables.values() for table in mapper.tables)


def _loaded_registries() -> set[registry]:
    """The registries of the mapped classes in all loaded modules: a plain SQLAlchemy host names none to us."""
    return {
        mapper.registry
        for module in list(sys.modules.values())
        # The type is asked, not isinstance: proxies in foreign modules answer it by running their own code.
        for value in list(getattr(module, "__dict__", {}).values())
        if issubclass(type(value), type)
        and isinstance(mapper := inspect(value, raiseerr=False), Mapper)
        and not value.__module__.startswith("flask_cancellations.")
    }


def _module(name: str) -> ModuleType:
    """A module that is loaded, under its name or as the program that was started; else it is imported.

    An app started as ``python app.py`` is ``__main__``; importing ``app`` would run it, and define its
    models, again.
    """
    if name in sys.modules:
        return sys.modules[name]
    main = sys.modules["__main__"]
    spec = importlib.util.find_spec(name)
    file = getattr(main, "__file__", None)
    if spec is not None and spec.origin and file and File(spec.origin).resolve() == File(file).resolve():
        return main
    return importlib.import_module(name)
