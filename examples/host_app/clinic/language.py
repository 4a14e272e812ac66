"""English and Bulgarian: which one a visitor reads, and the switch in the header."""

from __future__ import annotations

import os
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Blueprint, Flask, abort, has_request_context, redirect, request, session
from flask_babel import get_locale
from werkzeug.wrappers import Response

from .extensions import babel
from .links import way_back

LANGUAGES = {"en": "English", "bg": "Български"}

blueprint = Blueprint("language", __name__)


def init_app(app: Flask) -> None:
    """Compile the catalogues into the instance folder and let Flask-Babel read them there."""
    compiled = Path(app.instance_path) / "translations"
    _compile(Path(app.root_path) / "translations", compiled)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(compiled)
    babel.init_app(app, locale_selector=select)
    app.jinja_env.globals.update(current_locale=current, languages=LANGUAGES)


def select() -> str | None:
    """The visitor's choice, else what the browser asks for; nothing where there is no visitor (the worker)."""
    if not has_request_context():
        return None
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES)


def current() -> Locale:
    """The locale of this request."""
    return get_locale() or Locale("en")


@blueprint.post("/language")
def switch() -> Response:
    code = request.form.get("language", "")
    if code not in LANGUAGES:
        abort(400)
    session["language"] = code
    return redirect(way_back(), 303)


def _compile(source: Path, target: Path) -> None:
    for po in source.glob("*/LC_MESSAGES/messages.po"):
        mo = target / po.relative_to(source).with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        mo.parent.mkdir(parents=True, exist_ok=True)
        draft = mo.with_suffix(f".{os.getpid()}")
        with po.open("rb") as text, draft.open("wb") as binary:
            write_mo(binary, read_po(text))
        draft.replace(mo)  # web and worker may start together; neither may read half a file
