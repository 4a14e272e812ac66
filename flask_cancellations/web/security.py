"""Guards every request of the blueprint: no POST from another site, no copy of a page left in a cache.

Most hosts protect nothing against forged requests, so this is ours to do, whatever the host does on top of it. A
browser says itself where a request comes from, in a header that no script and no form can set:

1. ``Sec-Fetch-Site``: ``same-origin`` (our own form) and ``none`` (typed by the person) pass, everything else is
   refused, a sibling subdomain (``same-site``) too.
2. Without it (an old browser, or plain http in a local network): ``Origin``, else ``Referer``, must name this host
   or the host of ``CANCELLATIONS_PUBLIC_URL``.
3. With none of the three the request passes only if it carries nothing that a browser would add by itself: no
   cookie, and no ``Authorization`` other than a bearer token. A program that signs in by token needs no header; a
   program that keeps the session's cookie sends ``Origin``.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from flask_cancellations.errors import Forbidden
from flask_cancellations.i18n import fcx_
from flask_cancellations.state import current_state

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSite(Forbidden):
    """The request was made by another site."""

    code = "cross_site"


def guard(blueprint: Blueprint) -> None:
    """Check every request of the blueprint, and mark every answer."""
    blueprint.before_request(refuse_other_sites)
    blueprint.after_request(mark)


def refuse_other_sites() -> None:
    """Raise CrossSite for a changing request that did not come from our own pages."""
    if request.method not in SAFE_METHODS and not _ours():
        raise CrossSite(
            fcx_("This request came from another website, so nothing was done. Open the page again and repeat it here.")
        )


def mark(response: Response) -> Response:
    """Keep pages with personal data out of caches, and their addresses away from other sites.

    A client's link is a secret. ``same-origin`` never sends it elsewhere; ``no-referrer`` would also take the Origin
    from our own form's POST, on which the check above relies in browsers without Sec-Fetch-Site.
    """
    if request.endpoint is None or not request.endpoint.endswith(".static"):
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _ours() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if source is not None:
        return host_of(source) in own_hosts()
    return not _carries_what_browsers_add()


def host_of(url: str) -> str:
    """Host and port, a scheme's own port left out; empty for "null" and for anything that is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").lower()
    return host if port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f"{host}:{port}"


def own_hosts() -> set[str]:
    """The names by which browsers know this site."""
    hosts = {host_of(f"{request.scheme}://{request.host}"), host_of(current_state().settings.public_url)}
    return hosts - {""}


def _carries_what_browsers_add() -> bool:
    authorization = request.headers.get("Authorization", "")
    by_browser = bool(authorization) and not authorization.lower().startswith("bearer ")
    return "Cookie" in request.headers or by_browser
