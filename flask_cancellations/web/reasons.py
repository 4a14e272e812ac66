"""The pages of reasons: a list for reading, and where the pages are the source a form for each."""

from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, request
from werkzeug.wrappers import Response

from flask_cancellations.errors import ChangedMeanwhile, InvalidInput, NotFound, RequestReused
from flask_cancellations.i18n import fcx_, language_text, languages, use_locale
from flask_cancellations.rules.reasons import SIDES, Reason
from flask_cancellations.services import catalogue
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.reasons import FLAGS, ReasonDraft, fingerprint, reason_draft, save_reason
from flask_cancellations.services.sources import begin_change, on_pages
from flask_cancellations.state import State, current_state
from flask_cancellations.web.access import holder, new_key
from flask_cancellations.web.errors import error_page, title_of
from flask_cancellations.web.forms import do_once
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.policy_form import all_values
from flask_cancellations.web.policy_words import origin_text
from flask_cancellations.web.words import side_label, typed


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One reason of the list; ``url`` is empty where it cannot be changed here."""

    label: str
    detail: str
    archived: bool
    url: str


def reasons() -> Response:
    """All reasons by side, in their order."""
    state = current_state()
    actor = holder(state, "policies")
    known = catalogue.load(state).reasons.values()
    sides = [(side_label(side), [_line(state, one) for one in known if one.side == side]) for side in SIDES]
    return page(
        "reasons.html",
        title=fcx_("Reasons"),
        actor=actor,
        done=fcx_("The reason is saved.") if "done" in request.args else "",
        origin="" if on_pages(state) else origin_text(state),
        sides=[(label, lines) for label, lines in sides if lines],
        new_url=address("new_reason") if on_pages(state) else "",
        policies_url=address("policies"),
        day_url=address("day"),
    )


def _line(state: State, reason: Reason) -> ReasonLine:
    said = [
        fcx_("Staff and clients choose it") if reason.staff and reason.client else "",
        fcx_("only staff choose it") if reason.staff and not reason.client else "",
        fcx_("only clients choose it") if reason.client and not reason.staff else "",
        fcx_("no fee") if not reason.fee else "",
        fcx_("the time stays closed") if not reason.frees else "",
        fcx_("needs a note") if reason.note else "",
        fcx_("the client is not told") if not reason.tell else "",
        fcx_("left out of rates") if not reason.counts else "",
    ]
    detail = " · ".join(text for text in said if text)
    url = address("reason", code=reason.code) if on_pages(state) else ""
    return ReasonLine(reason.label, detail[:1].upper() + detail[1:], reason.archived, url)


def reason(code: str) -> Response:
    """The form of one reason."""
    state = current_state()
    actor = holder(state, "policies")
    _refuse_elsewhere(state, actor)
    stored = catalogue.load(state).reasons.get(code)
    if stored is None:
        raise NotFound(fcx_("There is no such reason."))
    if request.method == "POST":
        return _save(state, actor, _read(code), stored)
    return _show(actor, reason_draft(stored), stored, fingerprint(stored))


def new_reason() -> Response:
    """The form of a reason that is to be."""
    state = current_state()
    actor = holder(state, "policies")
    _refuse_elsewhere(state, actor)
    if request.method == "POST":
        return _save(state, actor, _read(typed(request.form.get("code", ""))), None)
    return _show(actor, ReasonDraft(), None, "")


def _refuse_elsewhere(state: State, actor: Actor) -> None:
    if not on_pages(state):
        begin_change(state, actor)  # which refuses it


def _read(code: str) -> ReasonDraft:
    sent = request.form
    labels = {key.removeprefix("label-"): typed(text) for key, text in sent.items() if key.startswith("label-")}
    flags = frozenset(name for name in FLAGS if sent.get(name))
    return ReasonDraft(code, sent.get("side", ""), typed(sent.get("order", "")), labels, flags)


def _save(state: State, actor: Actor, draft: ReasonDraft, stored: Reason | None) -> Response:
    seen = request.form.get("seen", "")

    def work() -> None:
        save_reason(state, draft, actor, new=stored is None, seen=seen)

    try:
        do_once(state, actor, all_values(request.form), work)
    except RequestReused as error:
        return error_page(error.status, title_of(error), " ".join(error.fields["idempotency_key"]))
    except InvalidInput as error:
        return _show(actor, draft, stored, seen, error.fields, title_of(error), 422)
    except ChangedMeanwhile as error:
        now = catalogue.load(state).reasons.get(draft.code)
        seen = fingerprint(now) if now else ""
        return _show(actor, draft, stored, seen, {}, title_of(error), error.status, str(error))
    return redirect(address("reasons", done=1), 303)


def _show(
    actor: Actor,
    draft: ReasonDraft,
    stored: Reason | None,
    seen: str,
    errors: dict[str, list[str]] | None = None,
    title: str = "",
    status: int = 200,
    conflict: str = "",
) -> Response:
    heading = stored.label if stored else fcx_("New reason")
    wanted = [*languages(), *sorted(set(draft.labels) - set(languages()))]
    return page(
        "reason.html",
        title=heading,
        actor=actor,
        status=status,
        heading=heading,
        new=stored is None,
        draft=draft,
        errors=errors or {},
        faults_title=title,
        conflict=conflict,
        seen=seen,
        idempotency_key=new_key(),
        action=address("reason", code=stored.code) if stored else address("new_reason"),
        list_url=address("reasons"),
        languages=[(name, language_text(name), _usual(stored, name)) for name in wanted],
        sides=[(side, side_label(side)) for side in SIDES],
        flags=_flags(),
    )


def _usual(stored: Reason | None, language: str) -> str:
    """What a seeded reason is called in a language where the clinic says nothing."""
    if stored is None or not stored.title:
        return ""
    with use_locale(language):
        return fcx_(stored.title)


def _flags() -> list[tuple[str, str]]:
    return [
        ("staff", fcx_("Staff can choose it")),
        ("client", fcx_("Clients can choose it")),
        ("fee", fcx_("A fee may follow")),
        ("frees", fcx_("The time can be booked again")),
        ("note", fcx_("A note is needed")),
        ("tell", fcx_("The client is told")),
        ("counts", fcx_("It counts in rates")),
        ("archived", fcx_("Archived: nobody chooses it any more")),
    ]
