"""Who asks: the signed-in member of staff, or an answer that says what is missing."""

from __future__ import annotations

import uuid

from flask import current_app
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from flask_cancellations.api import request_id
from flask_cancellations.errors import CancellationsError
from flask_cancellations.services.actor import Actor, require, signed_in
from flask_cancellations.state import State


class NotSignedIn(CancellationsError):
    """Nobody is signed in; the blueprint answers with the host's login."""


def staff(state: State) -> Actor:
    """The signed-in user, who may cancel something. Raises NotSignedIn, or Forbidden without any such right."""
    actor = signed_in(state, request_id=request_id())
    if actor is None:
        raise NotSignedIn
    require(state, actor, "cancel")
    return actor


def new_key() -> str:
    """A fresh idempotency key for a form."""
    return uuid.uuid4().hex


def host_login() -> Response | None:
    """The host's own answer to somebody who has to sign in (Flask-Login), or None if it has none."""
    manager = getattr(current_app, "login_manager", None)
    if manager is None:
        return None
    try:
        return current_app.make_response(manager.unauthorized())
    except Unauthorized:
        return None
