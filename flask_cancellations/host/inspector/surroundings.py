"""Finds what the app itself tells: its time zone, its currency, and the layout of its pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.numbers import get_territory_currencies
from flask import Flask
from jinja2 import Environment, TemplateError

from flask_cancellations.host.inspector.proposal import Found, Proposal
from flask_cancellations.i18n import EXTENSION_KEY
from flask_cancellations.rules.money import is_currency

_ZONE_ENDS = ("TIMEZONE", "TIME_ZONE", "TZ")
_CURRENCY_ENDS = ("CURRENCY", "CURRENCY_CODE")
PREFIX = "CANCELLATIONS_"
_EXTENDS = re.compile(r"{%-?\s*extends\s+[\"']([^\"']+)[\"']")
_BLOCK = re.compile(r"{%-?\s*block\s+(\w+)")
_CONTENT = ("content", "main", "body", "page", "page_content", "main_content", "app_content")
_TITLE = ("title", "page_title", "head_title")
_UTC = "UTC"
_EURO = "EUR"


def models_of(app: Flask) -> dict[str, Any]:
    """Where the app keeps its models, and its session: that of Flask-SQLAlchemy, or else of our own ``init_app``.

    Nothing, for a host on plain SQLAlchemy that has not set us up: then all imported models count.
    """
    db: Any = app.extensions.get("sqlalchemy")
    if hasattr(db, "Model"):
        return {"registries": [db.Model.registry], "metadata": db.metadata, "session": lambda: db.session}
    state = app.extensions.get(EXTENSION_KEY)
    return {} if state is None else {"session": lambda: state.store.session}


def propose_zone(config: Mapping[str, Any], proposal: Proposal) -> None:
    """The clinic's time zone: the app's own setting, or a question."""
    for key, name in _ending(config, _ZONE_ENDS):
        if isinstance(name, str) and name != _UTC and _is_zone(name):
            proposal.put("", "CANCELLATIONS_TIMEZONE", Found(name, "likely", f"the app's {key}"))
            return
    proposal.ask(f"In which time zone is the clinic, such as Europe/Sofia? {_UTC} is assumed.")
    proposal.put("", "CANCELLATIONS_TIMEZONE", Found(_UTC, "guess", "nothing tells where the clinic is"))


def propose_currency(config: Mapping[str, Any], proposal: Proposal) -> None:
    """The currency: the app's own setting, that of its language's country, or a question."""
    for key, stated in _ending(config, _CURRENCY_ENDS):
        code = str(stated).upper()
        if is_currency(code):
            proposal.put("", "CANCELLATIONS_CURRENCY", Found(code, "likely", f"the app's {key}"))
            return
    country = _currency_of(config.get("BABEL_DEFAULT_LOCALE"))
    why = "the country of BABEL_DEFAULT_LOCALE" if country else "nothing tells what prices are in"
    proposal.ask(f"What currency are prices in? {country or _EURO} is assumed.")
    proposal.put("", "CANCELLATIONS_CURRENCY", Found(country or _EURO, "guess", why))


def _ending(config: Mapping[str, Any], ends: tuple[str, ...]) -> list[tuple[str, Any]]:
    """The app's own settings whose keys end so, such as ``CLINIC_CURRENCY``."""
    return [(key, config[key]) for key in sorted(config) if key.endswith(ends) and not key.startswith(PREFIX)]


def _currency_of(locale: object) -> str | None:
    try:
        territory = Locale.parse(locale).territory if isinstance(locale, str) else None
    except (ValueError, UnknownLocaleError):
        return None
    return next(iter(get_territory_currencies(territory)), None) if territory else None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, malformed, or a folder
        return False
    return True


def propose_layout(templates: Environment, proposal: Proposal) -> None:
    """The template that most of the host's pages extend, and its blocks for our content and title."""
    sources = _sources(templates)
    bases = Counter(base for source in sources.values() for base in _EXTENDS.findall(source) if base in sources)
    for layout, count in bases.most_common():
        blocks = _blocks(layout, sources)
        content = next((name for name in _CONTENT if name in blocks), None)
        if content is None:
            continue
        proposal.put("", "CANCELLATIONS_LAYOUT", Found(layout, "likely", f"{count} templates extend it"))
        title = next((name for name in _TITLE if name in blocks), None)
        if (content, title) != ("content", "title"):
            named = {"content": content, "title": title or False}
            proposal.put("", "CANCELLATIONS_BLOCKS", Found(named, "likely", f"blocks of {layout}"))
        return
    if bases:
        proposal.ask(f"Which block of {bases.most_common(1)[0][0]} takes a page's content? See CANCELLATIONS_BLOCKS.")


def _sources(templates: Environment) -> dict[str, str]:
    loader = templates.loader
    if loader is None or not loader.has_source_access:
        return {}
    sources = {}
    try:
        for name in loader.list_templates():
            if name.endswith((".html", ".jinja", ".jinja2", ".j2")) and not name.startswith("cancellations/"):
                sources[name] = loader.get_source(templates, name)[0]
    except (TypeError, TemplateError, UnicodeDecodeError):  # a loader that cannot list its templates tells nothing
        return {}
    return sources


def _blocks(layout: str, sources: Mapping[str, str]) -> set[str]:
    names: set[str] = set()
    seen: set[str] = set()
    while layout in sources and layout not in seen:
        seen.add(layout)
        names |= set(_BLOCK.findall(sources[layout]))
        layout = next(iter(_EXTENDS.findall(sources[layout])), "")
    return names
