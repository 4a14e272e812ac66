"""Who asks: the signed-in member of staff, or an answer that says what is missing."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import current_app, redirect, request
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from flask_cancellations.api import request_id
from flask_cancellations.errors import CancellationsError
from flask_cancellations.services.actor import Actor, require, signed_in
from flask_cancellations.state import State, current_state


class NotSignedIn(CancellationsError):
    """Nobody is signed in; the blueprint answers with the host's login."""


def staff(state: State) -> Actor:
    """The signed-in user, who may cancel something. Raises NotSignedIn, or Forbidden without any such right."""
    return holder(state, "cancel")


def holder(state: State, right: str) -> Actor:
    """The signed-in user, who has this right. Raises NotSignedIn, or Forbidden without it."""
    actor = signed_in(state, request_id=request_id())
    if actor is None:
        raise NotSignedIn
    require(state, actor, right)
    return actor


def new_key() -> str:
    """A fresh idempotency key for a form."""
    return uuid.uuid4().hex


def host_login() -> Response | None:
    """What sends somebody to sign in: the host's own answer (Flask-Login), else ``CANCELLATIONS_LOGIN_URL``.

    None where neither says.
    """
    manager = getattr(current_app, "login_manager", None)
    try:
        answer = None if manager is None else manager.unauthorized()
    except Unauthorized:  # it has no page for that
        answer = None
    if answer is not None:
        return current_app.make_response(answer)
    login_url = current_state().settings.login_url
    return redirect(_with_way_back(login_url)) if login_url else None


def _with_way_back(login_url: str) -> str:
    """The login's address, which is told in ``next`` what was asked for: a path of this site."""
    parts, asked = urlsplit(login_url), urlsplit(request.url)
    path = parts.path if parts.netloc else request.script_root + parts.path
    here = asked.path + (f"?{asked.query}" if asked.query else "")
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("next", here)]
    return urlunsplit(parts._replace(path=path, query=urlencode(query)))
