"""The list of policies: what each is for, which version holds, and which policy wins for an appointment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response

from flask_cancellations.errors import NotFound, RequestReused
from flask_cancellations.i18n import day_text, fcx_
from flask_cancellations.rules.policy_text import policy_sentences
from flask_cancellations.services import catalogue
from flask_cancellations.services.policies import Standing, Winner, standings, winner, withdraw
from flask_cancellations.services.sources import on_pages
from flask_cancellations.state import State, current_state
from flask_cancellations.web.access import holder, new_key
from flask_cancellations.web.errors import error_page, title_of
from flask_cancellations.web.forms import do_once
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.policy_words import PHASE_BADGES, Options, Places, origin_text, phase_label

_YEARS = range(1970, 2200)
_ASKED = ("service", "staff", "location")


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version of a policy; ``withdraw_url`` is empty where it cannot be withdrawn here."""

    day: str
    valid_from: str
    phase: str
    badge: str
    url: str
    withdraw_url: str


@dataclass(frozen=True, slots=True)
class PolicyCard:
    """One policy; scope and sentences are those of the version that holds, else of the next one."""

    name: str
    scope: str
    lines: list[str]
    versions: list[VersionLine]


def policies() -> Response:
    """The list, and with ``day`` in the address which policy wins."""
    state = current_state()
    actor = holder(state, "policies")
    known = catalogue.load(state)
    places = Places.of(state)
    asked = {name: request.args.get(name, "") for name in _ASKED}
    day, wrong = _asked_day(state)
    found: Winner | None = None
    if "day" in request.args and not wrong:
        found = winner(state, known, day, *(asked[name] or None for name in _ASKED))
    done = {"saved": fcx_("The policy is saved."), "withdrawn": fcx_("The policy is withdrawn.")}
    return page(
        "policies.html",
        title=fcx_("Cancellation policies"),
        actor=actor,
        status=422 if wrong else 200,
        done=done.get(request.args.get("done", ""), ""),
        origin="" if on_pages(state) else origin_text(state),
        policies=[_card(state, name, versions, places) for name, versions in standings(state, known).items()],
        new_url=address("new_policy") if on_pages(state) else "",
        try_url=address("try_policy"),
        reasons_url=address("reasons"),
        day_url=address("day"),
        action=address("policies"),
        choices=_choices(places),
        asked={**asked, "day": request.args.get("day") or day.isoformat()},
        errors={"day": wrong} if wrong else {},
        winner=found,
        new_key=new_key,
    )


def withdraw_version(name: str) -> Response:
    """No further bookings under a version."""
    state = current_state()
    actor = holder(state, "policies")
    sent = {"valid_from": request.form.get("valid_from", "")}
    try:
        day = date.fromisoformat(sent["valid_from"])
    except ValueError:
        raise NotFound(fcx_("There is no such policy.")) from None
    try:
        do_once(state, actor, sent, lambda: withdraw(state, name, day, actor))
    except RequestReused as error:
        return error_page(error.status, title_of(error), " ".join(error.fields["idempotency_key"]))
    return redirect(address("policies", done="withdrawn"), 303)


def _asked_day(state: State) -> tuple[date, list[str]]:
    today = state.clock.today()
    text = request.args.get("day", "")
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError:
        day = date.min
    return (day, []) if day.year in _YEARS else (today, [fcx_("A day.")])


def _choices(places: Places) -> list[tuple[str, str, Options]]:
    """The kinds of places that a policy can be for and that there are any of."""
    anything = ("", fcx_("Any other"))
    kinds = [
        ("service", fcx_("Service"), places.services),
        ("staff", fcx_("Therapist"), places.staff),
        ("location", fcx_("Location"), places.locations),
    ]
    return [(name, label, [anything, *names.items()]) for name, label, names in kinds if names]


def _card(state: State, name: str, versions: list[Standing], places: Places) -> PolicyCard:
    shown = next((one for one in versions if one.phase == "in_force"), versions[0])
    lines: list[Any] = policy_sentences(shown.policy) if shown.phase != "withdrawn" else []
    return PolicyCard(name, places.scope_text(shown.policy), lines, [_line(state, one) for one in versions])


def _line(state: State, one: Standing) -> VersionLine:
    name, day = one.policy.name, one.policy.valid_from
    open_to = on_pages(state) and one.phase in ("in_force", "upcoming")
    return VersionLine(
        day=day_text(day),
        valid_from=day.isoformat(),
        phase=phase_label(one.phase),
        badge=PHASE_BADGES[one.phase],
        url=address("policy", name=name, **{"from": day.isoformat()}),
        withdraw_url=address("withdraw_policy", name=name) if open_to else "",
    )
