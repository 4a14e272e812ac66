"""Error pages in the clinic's layout."""

from __future__ import annotations

from flask import Flask, render_template
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import Forbidden, NotFound


def init_app(app: Flask) -> None:
    @app.errorhandler(NotFound)
    def not_found(_error: NotFound) -> tuple[str, int]:
        return _page(_("This page is not here"), _("It may have been moved, or the address has a typing mistake."), 404)

    @app.errorhandler(Forbidden)
    def forbidden(_error: Forbidden) -> tuple[str, int]:
        return _page(_("You may not do this"), _("Ask the practice manager if you need this right."), 403)

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> tuple[str, int]:
        return _page(_("This form is too old"), _("Go back, load the page again, and send it once more."), 400)


def _page(title: str, text: str, status: int) -> tuple[str, int]:
    return render_template("error.html", title=title, text=text), status
