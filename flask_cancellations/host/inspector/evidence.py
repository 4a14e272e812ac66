"""What else a host tells about its values: the rows of its database, and the literals in its source."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from sqlalchemy import Select, String, cast, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper, Session

SAMPLES = 200  # texts that a format is recognised by
ROWS = 20_000  # looked at for the values of a column
VALUES = 40  # a column with more distinct values than this is no status and no role


class Database:
    """The host's database, if there is one that can be read; every statement is bounded."""

    def __init__(self, session: Callable[[], Session] | None) -> None:
        self._session = session

    def values(self, mapper: Mapper[Any], name: str) -> list[str]:
        """The texts in a column, the most frequent first; none without a database, a table, or rows."""
        # As stored: a value that the host's Enum lacks could not be read through it.
        value = cast(getattr(mapper.class_, name), String).label("value")
        some = select(value).select_from(mapper).limit(ROWS).subquery()
        counted = select(some.c.value).group_by(some.c.value).order_by(func.count().desc()).limit(VALUES + 1)
        found = self._read(mapper, counted)
        return [text for text in found if text] if len(found) <= VALUES else []

    def samples(self, mapper: Mapper[Any], name: str) -> list[str]:
        """Some of the texts in a column."""
        value = getattr(mapper.class_, name)
        some = select(value).where(value.is_not(None)).limit(SAMPLES)
        return [text.strip() for text in self._read(mapper, some) if text.strip()]

    def _read(self, mapper: Mapper[Any], statement: Select[Any]) -> list[Any]:
        if self._session is None:
            return []
        session = self._session()
        try:
            return list(session.execute(statement, bind_arguments={"mapper": mapper}).scalars())
        except SQLAlchemyError:  # there is no such database or table yet: then it has nothing to tell
            session.rollback()
            return []


def literals(model: type[Any], attribute: str) -> list[str]:
    """The texts that the host's own source assigns to the attribute or compares it with, in order of appearance.

    The model's own module is asked first; only if it says nothing, the other loaded modules of its package.
    """
    home = sys.modules.get(model.__module__)
    found = list(_literals(home, model, attribute)) if home is not None else []
    if not found:
        package = model.__module__.partition(".")[0]
        for name, module in sorted(sys.modules.items()):
            if name == package or name.startswith(f"{package}."):
                found += _literals(module, model, attribute)
    return list(dict.fromkeys(found))


def _literals(module: ModuleType, model: type[Any], attribute: str) -> Iterator[str]:
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):  # a module without readable source has nothing to tell
        return
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value) if any(_is(target, attribute) for target in targets):
                yield from _texts(value)
            case ast.Compare(left=left, comparators=comparators):
                if any(_is(side, attribute) for side in (left, *comparators)):
                    for side in (left, *comparators):
                        yield from _texts(side)
            case ast.Call(func=ast.Attribute(value=owner, attr="in_" | "not_in" | "notin_"), args=args):
                if _is(owner, attribute):
                    for argument in args:
                        yield from _texts(argument)
            case ast.Call(func=ast.Name(id=name), keywords=keywords) if name == model.__name__:
                for keyword in keywords:
                    if keyword.arg == attribute:
                        yield from _texts(keyword.value)
            case ast.ClassDef(name=name, body=body) if name == model.__name__:
                for method in body:
                    if isinstance(method, ast.FunctionDef) and any(
                        _validates(one, attribute) for one in method.decorator_list
                    ):
                        yield from _compared(method)


def _compared(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Compare):
            for side in node.comparators:
                yield from _texts(side)


def _is(node: ast.expr, attribute: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == attribute


def _validates(node: ast.expr, attribute: str) -> bool:
    return isinstance(node, ast.Call) and attribute in [text for argument in node.args for text in _texts(argument)]


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) and node.value else []
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [text for element in node.elts for text in _texts(element)]
    return []
