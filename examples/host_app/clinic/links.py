"""Where a form sends the browser back to."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request, url_for


def way_back() -> str:
    """The page named by the form's ``next`` field, if it is a path on this site; the start page otherwise."""
    target = request.values.get("next", "")
    parts = urlsplit(target)
    is_local_path = target.startswith("/") and not target.startswith("//") and "\\" not in target
    if is_local_path and not parts.scheme and not parts.netloc and target.isprintable():
        return target
    return url_for("home")
