"""What a refusal looks like. The handlers belong to the blueprint: a host's own error pages stay the host's."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from flask_cancellations.api import is_api, problem
from flask_cancellations.errors import AlreadyCancelled, Conflict, HostFailed, HostRefused, Refused
from flask_cancellations.i18n import fcx_
from flask_cancellations.web.access import NotSignedIn, host_login
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.way_back import came_from


def handle(blueprint: Blueprint) -> None:
    """Answer the blueprint's refusals with pages."""
    blueprint.register_error_handler(Refused, refused)
    blueprint.register_error_handler(NotSignedIn, not_signed_in)


def refused(error: Refused) -> Response:
    """The page of a refusal, with its status; for a program the problem document."""
    if is_api(request.endpoint):
        return problem(error)
    key = (request.view_args or {}).get("key", "") if isinstance(error, Conflict) else ""
    return error_page(error.status, title_of(error), str(error), history_of=key)


def not_signed_in(_error: NotSignedIn) -> Response:
    """The host's login, or a page that asks for it where the host has none to send people to.

    A form that was sent is not forwarded to the login: afterwards it would come back as a plain page view.
    """
    answer = host_login() if request.method in ("GET", "HEAD") else None
    if answer is not None:
        return answer
    return error_page(
        401,
        fcx_("Please sign in"),
        fcx_("You are not signed in, or your session has ended. Sign in, then repeat this step. Nothing was changed."),
    )


def title_of(error: Refused) -> str:
    """A refusal in three words."""
    if isinstance(error, AlreadyCancelled):
        return fcx_("Already cancelled")
    if isinstance(error, HostRefused | HostFailed):
        return fcx_("Not cancelled")
    titles = {
        403: fcx_("Not allowed"),
        404: fcx_("Not found"),
        409: fcx_("This is no longer possible"),
        410: fcx_("This link no longer works"),
        422: fcx_("Please check what you entered"),
    }
    return titles.get(error.status, fcx_("This did not work"))


def error_page(status: int, title: str, text: str, *, history_of: str = "") -> Response:
    """A page with one sentence and a way on: back, and to the history of the appointment with this key."""
    for_client = (request.endpoint or "").rpartition(".")[2] in ("link", "mine")
    for_staff = not for_client and status not in (401, 403)
    back = came_from() if for_staff else ""
    return page(
        "error.html",
        title=title,
        status=status,
        heading=title,
        text=text,
        kind="warning" if status in (401, 409, 410) else "error",
        back=back,
        home_url=address("day") if for_staff else "",
        history_url=address("appointment", key=history_of, back=back or None) if history_of else "",
    )
