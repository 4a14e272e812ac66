"""A client's own appointment, by a link or signed in: look, then cancel. Looking never changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask import current_app, redirect, request
from flask_babel import force_locale
from werkzeug.wrappers import Response

from flask_cancellations.api.schemas import parse
from flask_cancellations.errors import (
    AlreadyCancelled,
    ChangedMeanwhile,
    Conflict,
    Gone,
    HostFailed,
    HostRefused,
    InvalidInput,
)
from flask_cancellations.i18n import fcx_, parse_locale, use_locale
from flask_cancellations.services.actor import signed_in
from flask_cancellations.services.cancel import cancel
from flask_cancellations.services.decide import MAX_NOTE
from flask_cancellations.services.links import Opened
from flask_cancellations.services.requests import once
from flask_cancellations.services.transaction import run
from flask_cancellations.state import State, current_state
from flask_cancellations.web.access import NotSignedIn, new_key
from flask_cancellations.web.errors import title_of
from flask_cancellations.web.link_view import Offer, check_offer, offer_for, outcome
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.way_in import ByLink, BySignIn, WayIn


def link(token: str) -> Response:
    """The page of a client's link."""
    state = current_state()
    return _visit(state, ByLink(state, token, address("link", token=token)))


def mine(key: str) -> Response:
    """The same page for the client who is signed in. Raises NotSignedIn."""
    state = current_state()
    actor = signed_in(state)
    if actor is None or actor.user is None:
        raise NotSignedIn
    return _visit(state, BySignIn(state, actor.user, key, address("mine", key=key)))


def _visit(state: State, way: WayIn) -> Response:
    """Show the appointment and what cancelling it would cost (GET); cancel it (POST)."""
    try:
        found = way.open()
    except Gone as error:
        return _closed(state, error)
    with way.inside(found), _in_language_of(found):
        try:
            if request.method == "POST":
                return _cancel(state, way, found)
            if found.appointment.status == "cancelled":  # by the client or by the clinic
                return _cancelled(state, found)
            return _form(state, way, offer_for(state, found))
        except (Gone, Conflict) as error:
            return _closed(state, error)


def _cancel(state: State, way: WayIn, found: Opened) -> Response:
    form = request.form
    asked = {name: form.get(name, "").strip() for name in ("reason", "note", "seen")}
    # Any text can be read, so this leaves no faults; what no database takes is dropped.
    parsed = parse(state, found.appointment.key, {name: asked[name] for name in ("reason", "note")}).command

    def work() -> dict[str, Any]:
        # Read again inside the transaction: the first reading only chose the language.
        opened = way.open()
        actor = way.use(opened)
        offer = offer_for(state, opened)
        check_offer(offer, parsed.reason, asked["seen"])
        command = replace(parsed, told_channel="online", seen=offer.fingerprints.get(parsed.reason))
        return {"cancellation": cancel(state, command, actor).cancellation_id}

    def again(cancellation_id: int) -> dict[str, Any]:
        return {"cancellation": cancellation_id}

    try:
        key = form.get("idempotency_key", "")
        run(state, lambda: once(state, way.sender(found), key, {"page": way.url, **asked}, work, again))
    except (HostRefused, HostFailed) as error:
        told = fcx_("Your appointment could not be cancelled online, so it stands. Please call us.")
        return _closed(state, type(error)(told))
    except AlreadyCancelled:
        # Said without the name of whoever was faster: that is for staff to know.
        return _closed(state, AlreadyCancelled(fcx_("This appointment is already cancelled.")))
    except (InvalidInput, ChangedMeanwhile) as error:
        return _form(state, way, offer_for(state, way.open()), asked, error)
    return redirect(way.url, 303)


def _form(
    state: State,
    way: WayIn,
    offer: Offer,
    asked: dict[str, str] | None = None,
    error: InvalidInput | ChangedMeanwhile | None = None,
) -> Response:
    settings = state.settings
    return page(
        "link.html",
        title=fcx_("Cancel your appointment"),
        status=error.status if error else 200,
        offer=offer,
        asked=asked or {"reason": "", "note": ""},
        errors=error.fields if isinstance(error, InvalidInput) else {},
        notice=str(error) if isinstance(error, ChangedMeanwhile) else "",
        action=way.url,
        idempotency_key=new_key(),
        max_note=MAX_NOTE,
        clinic_name=settings.clinic_name,
        phone=settings.clinic_phone,
    )


def _cancelled(state: State, found: Opened) -> Response:
    settings = state.settings
    return page(
        "link_done.html",
        title=fcx_("Your appointment is cancelled"),
        outcome=outcome(state, found),
        clinic_name=settings.clinic_name,
        phone=settings.clinic_phone,
        rebook_url=settings.rebook_url,
    )


def _closed(state: State, error: Gone | Conflict | HostFailed) -> Response:
    settings = state.settings
    return page(
        "link_closed.html",
        title=title_of(error),
        status=error.status,
        heading=title_of(error),
        text=str(error),
        clinic_name=settings.clinic_name,
        phone=settings.clinic_phone,
        rebook_url=settings.rebook_url,
    )


@contextmanager
def _in_language_of(found: Opened) -> Iterator[None]:
    """Speak the client's language, and have the host's layout speak it too where Flask-Babel runs."""
    client = found.appointment.client
    wanted = client.locale if client is not None and client.locale else ""
    known = parse_locale(wanted) if wanted else None
    if known is None:
        yield
        return
    with use_locale(wanted):
        if "babel" in current_app.extensions:
            with force_locale(str(known)):
                yield
        else:
            yield
