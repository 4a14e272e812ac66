"""What a host's own source tells: the texts that it gives to an attribute, the entries of its session."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any


def literals(model: type[Any], attribute: str) -> list[str]:
    """The texts that the host's own source assigns to the attribute or compares it with, in order of appearance.

    The model's own module is asked first; only if it says nothing, the other loaded modules of its package.
    """
    home = sys.modules.get(model.__module__)
    found = list(_literals(home, model, attribute)) if home is not None else []
    if not found:
        for module in modules_beside([model]):
            found += _literals(module, model, attribute)
    return list(dict.fromkeys(found))


def session_entries(models: Iterable[type[Any]]) -> list[str]:
    """The entries of ``flask.session`` that the host's own source names, in order of appearance."""
    return list(dict.fromkeys(entry for module in modules_beside(models) for entry in _entries(module)))


def modules_beside(models: Iterable[type[Any]]) -> list[ModuleType]:
    """The loaded modules of the packages that the models are in."""
    packages = {model.__module__.partition(".")[0] for model in models}
    return [module for name, module in sorted(sys.modules.items()) if name.partition(".")[0] in packages]


def _nodes(module: ModuleType) -> Iterator[ast.AST]:
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):  # a module without readable source has nothing to tell
        return
    yield from ast.walk(tree)


def _entries(module: ModuleType) -> Iterator[str]:
    nodes = list(_nodes(module))
    known = [
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "flask"
        for alias in node.names
        if alias.name == "session"
    ]
    for node in nodes:
        match node:
            case ast.Subscript(value=owner, slice=ast.Constant(value=str(entry))) if _is_session(owner, known):
                yield entry
            case ast.Call(
                func=ast.Attribute(value=owner, attr="get" | "pop" | "setdefault"),
                args=[ast.Constant(value=str(entry)), *_],
            ) if _is_session(owner, known):
                yield entry
            case ast.Compare(left=ast.Constant(value=str(entry)), comparators=[owner]) if _is_session(owner, known):
                yield entry


def _is_session(node: ast.expr, known: Sequence[str]) -> bool:
    match node:
        case ast.Name(id=name):
            return name in known
        case ast.Attribute(value=ast.Name(id="flask"), attr="session"):
            return True
    return False


def _literals(module: ModuleType, model: type[Any], attribute: str) -> Iterator[str]:
    for node in _nodes(module):
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
