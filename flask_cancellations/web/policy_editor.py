"""The editor of a policy; where the configuration is the source, the page that only shows it.

Every button but one saves nothing: it renders the form again, with what was typed and what follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response

from flask_cancellations.errors import ChangedMeanwhile, InvalidInput, NotFound, RequestReused
from flask_cancellations.i18n import fcx_, language_text, languages
from flask_cancellations.rules.policy import Policy
from flask_cancellations.services import catalogue
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.backtesting import past_year
from flask_cancellations.services.catalogue import Catalogue, Version
from flask_cancellations.services.policies import fingerprint, save, standings, versions_of
from flask_cancellations.services.policy_draft import PolicyDraft, draft_of
from flask_cancellations.services.policy_reading import read_draft
from flask_cancellations.services.policy_trial import Trial, example, try_out
from flask_cancellations.services.sources import begin_change, on_pages
from flask_cancellations.state import State, current_state
from flask_cancellations.web import policy_view, policy_words
from flask_cancellations.web.access import holder, new_key
from flask_cancellations.web.errors import error_page, title_of
from flask_cancellations.web.forms import do_once
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.policy_form import all_values, changed, read_form, read_trial, text_languages
from flask_cancellations.web.policy_try import try_name
from flask_cancellations.web.policy_words import Options, Places

SAVE, SHOW, BACKTEST = "save", "show", "backtest"


@dataclass(frozen=True, slots=True)
class Words:
    """What the rows and selects of the editor offer."""

    units: Options
    spans: Options
    fees: Options
    windows: Options

    @classmethod
    def now(cls) -> Words:
        """In the language in force."""
        units = policy_words.unit_options
        return cls(units(clock=True), units(), policy_words.fee_options(), policy_words.window_options())

    def rests(self, present: str) -> Options:
        return policy_words.rest_options(present, empty=fcx_("As for the policy"))

    def other_rests(self, present: str) -> Options:
        return policy_words.rest_options(present, empty=fcx_("As for the client"))

    def policy_rests(self, present: str) -> Options:
        return policy_words.rest_options(present)

    def clinic_rests(self, present: str) -> Options:
        return policy_words.rest_options(present, keeps=False)


@dataclass(slots=True)
class Edit:
    """One rendering of the editor: what was typed, what is wrong with it, and what follows from it."""

    name: str
    draft: PolicyDraft
    trial: Trial
    seen: str
    errors: dict[str, list[str]]
    title: str = ""
    conflict: str = ""
    status: int = 200
    policy: Policy | None = None
    backtest: bool = False


def policy(name: str) -> Response:
    """The editor of a policy, from the version of the day ``from``, else from the latest one."""
    state = current_state()
    actor = holder(state, "policies")
    known = catalogue.load(state)
    versions = versions_of(known, name)
    if not versions:
        raise NotFound(fcx_("There is no such policy."))
    asked = request.args.get("from", "")
    version = next((v for v in versions if v.policy.valid_from.isoformat() == asked), versions[0])
    if request.method == "POST":
        return _sent(state, actor, known, name)
    if not on_pages(state):
        return _shown(state, actor, known, version)
    draft = draft_of(version.policy, state.settings.currency)
    if version.policy.valid_from <= state.clock.today():
        draft = replace(draft, valid_from=_earliest(state).isoformat())
    edit = Edit(name, draft, example(state), fingerprint(versions), {}, policy=version.policy)
    return _page(state, actor, known, edit)


def new_policy() -> Response:
    """The editor of a policy that is to be."""
    state = current_state()
    actor = holder(state, "policies")
    known = catalogue.load(state)
    if request.method == "POST":
        return _sent(state, actor, known, "")
    if not on_pages(state):
        begin_change(state, actor)  # which refuses it
    draft = PolicyDraft(valid_from=_earliest(state).isoformat())
    return _page(state, actor, known, Edit("", draft, example(state), "", {}))


def _earliest(state: State) -> date:
    return state.clock.today() + timedelta(days=1)


def _sent(state: State, actor: Actor, known: Catalogue, name: str) -> Response:
    draft = read_form(request.form)
    deed = request.form.get("do", SHOW)
    edit = Edit(
        name, replace(draft, name=name or draft.name), read_trial(request.form), request.form.get("seen", ""), {}
    )
    if deed == SAVE:
        return _save(state, actor, known, edit)
    edit.draft = changed(edit.draft, deed, request.form.get("preset", ""))
    if deed in (SHOW, BACKTEST):
        _read(state, edit)
        edit.backtest = deed == BACKTEST
    return _page(state, actor, known, edit)


def _read(state: State, edit: Edit) -> None:
    """Read the draft, noting what is wrong with it."""
    try:
        edit.policy = read_draft(state, edit.draft)
    except InvalidInput as error:
        edit.errors, edit.title, edit.status = error.fields, title_of(error), 422


def _save(state: State, actor: Actor, known: Catalogue, edit: Edit) -> Response:
    def work() -> None:
        save(state, edit.draft, actor, new=not edit.name, seen=edit.seen)

    try:
        do_once(state, actor, all_values(request.form), work)
    except RequestReused as error:
        return error_page(error.status, title_of(error), " ".join(error.fields["idempotency_key"]))
    except InvalidInput as error:
        edit.errors, edit.title, edit.status = error.fields, title_of(error), 422
        return _page(state, actor, known, edit)
    except ChangedMeanwhile as error:
        edit.conflict, edit.title, edit.status = str(error), title_of(error), error.status
        known = catalogue.load(state)
        edit.seen = fingerprint(versions_of(known, edit.name))
        return _page(state, actor, known, edit)
    return redirect(address("policies", done="saved"), 303)


def _page(state: State, actor: Actor, known: Catalogue, edit: Edit) -> Response:
    draft, places, new = edit.draft, Places.of(state), not edit.name
    title = fcx_("New policy") if new else edit.name
    tried = None
    if edit.policy is not None:
        try:
            tried = policy_view.tried_view(state.clock, try_out(state, edit.policy, edit.trial))
        except InvalidInput as error:
            edit.errors, edit.title, edit.status = {**edit.errors, **error.fields}, title_of(error), 422
    sheet = None
    if edit.backtest and edit.policy is not None:
        sheet = policy_view.sheet(past_year(state, known, edit.policy), edit.policy)
    wanted = text_languages(draft)
    return page(
        "policy_edit.html",
        title=title,
        actor=actor,
        status=edit.status,
        heading=title,
        new=new,
        draft=draft,
        trial=edit.trial,
        errors=edit.errors,
        faults_title=edit.title,
        conflict=edit.conflict,
        seen=edit.seen,
        idempotency_key=new_key(),
        action=address("new_policy") if new else address("policy", name=edit.name),
        list_url=address("policies"),
        earliest=_earliest(state).isoformat(),
        presets=policy_words.preset_options(),
        preset=request.form.get("preset", "fair"),
        words=Words.now(),
        currency=state.settings.currency,
        scope=_scope(draft, places),
        languages=[(name, language_text(name)) for name in wanted],
        texts=policy_view.previews(edit.policy, wanted) if edit.policy else [],
        tried=tried,
        sheet=sheet,
    )


def _scope(draft: PolicyDraft, places: Places) -> list[tuple[str, str, Options, bool, tuple[str, ...]]]:
    """Field, label, what to tick (keys that there are no more among it), whether the host has such, what is ticked."""
    found = []
    for name, label, names, mapped in places.parts():
        chosen: tuple[str, ...] = getattr(draft, name)
        gone = [(key, key) for key in chosen if key not in names]
        found.append((name, label, [*names.items(), *gone] if names else [], mapped, chosen))
    return found


def _shown(state: State, actor: Actor, known: Catalogue, version: Version) -> Response:
    """The policy for reading, and what it would have charged."""
    shown, name = version.policy, version.policy.name
    phase = next(one.phase for one in standings(state, known)[name] if one.version is version)
    here: dict[str, Any] = {"name": name, "from": shown.valid_from.isoformat()}
    wanted = [*languages(), *sorted(set(shown.texts) - set(languages()))]
    sheet = None
    if "past" in request.args:
        sheet = policy_view.sheet(past_year(state, known, shown), shown)
    return page(
        "policy.html",
        title=name,
        actor=actor,
        heading=name,
        origin=policy_words.origin_text(state),
        badge=policy_words.PHASE_BADGES[phase],
        phase=policy_words.phase_label(phase),
        facts=policy_view.facts(shown, Places.of(state)),
        texts=policy_view.previews(shown, wanted),
        sheet=sheet,
        past_url=address("policy", past=1, **here) + "#fcx-backtest",
        list_url=address("policies"),
        try_url=address("try_policy", policy=try_name(version)),
    )
