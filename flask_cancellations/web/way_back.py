"""The way back: the page that somebody came from, such as the host's diary, handed on in a field named ``back``.

It comes from the browser, so only a path of this site is taken, never an address that leads elsewhere.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from flask import request

from flask_cancellations.web.security import host_of, own_hosts

# Browsers read a backslash as a slash and pass over tabs and line ends, so "/\x" and "/<tab>/x" name other sites.
_PATH = re.compile(r"/(?!/)[^\\\x00-\x20\x7f]{0,2000}")


def handed_on() -> str:
    """The page that the form or link before this one named; empty if it named none of this site."""
    return _other_page(request.values.get("back", ""))


def came_from() -> str:
    """The page that was handed on, else the one whose link led here; empty if there is none of this site."""
    return handed_on() or _other_page(_path_of(request.referrer or ""))


def _other_page(path: str) -> str:
    """The path, if it is one of this site and not the page that is asked for."""
    here = request.script_root + request.path
    return path if _PATH.fullmatch(path) and unquote(path.partition("?")[0]) != here else ""


def _path_of(url: str) -> str:
    if host_of(url) not in own_hosts():
        return ""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
