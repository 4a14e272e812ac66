"""Looks whether the host's layout can take our pages: the template is there, and so are its blocks."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import Environment, TemplateError, TemplateNotFound, nodes


class LayoutFault(Exception):
    """The layout cannot be used; the text says why."""


def missing_blocks(templates: Environment, layout: str, blocks: Mapping[str, str]) -> list[str]:
    """Of the parts in ``blocks`` (``content``, ``title``), those whose block the layout and its parents lack.

    Raises LayoutFault if the template, or one that it extends, is missing or no valid template.
    """
    names, whole = _blocks(templates, layout)
    return [part for part, name in blocks.items() if name not in names] if whole else []


def _blocks(templates: Environment, layout: str) -> tuple[set[str], bool]:
    """The names of all blocks, and whether that is all: a parent that is computed cannot be looked at."""
    names: set[str] = set()
    seen: set[str] = set()
    parent: str | None = layout
    while parent is not None and parent not in seen:
        seen.add(parent)
        tree = _parse(templates, parent)
        names |= {block.name for block in tree.find_all(nodes.Block)}
        extends = tree.find(nodes.Extends)
        if extends is None:
            return names, True
        named = extends.template
        parent = named.value if isinstance(named, nodes.Const) and isinstance(named.value, str) else None
    return names, False


def _parse(templates: Environment, name: str) -> nodes.Template:
    if templates.loader is None:
        raise LayoutFault(f"the app has no templates, so no {name!r}")
    try:
        source, _, _ = templates.loader.get_source(templates, name)
        return templates.parse(source, name)
    except TemplateNotFound as error:
        raise LayoutFault(f"there is no template {error.name!r}") from error
    except TemplateError as error:
        raise LayoutFault(f"{name!r} is no valid template: {error}") from error
