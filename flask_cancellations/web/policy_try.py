"""The tester of stored policies, on a page of its own."""

from __future__ import annotations

from flask import request
from werkzeug.wrappers import Response

from flask_cancellations.errors import InvalidInput
from flask_cancellations.i18n import fcx_
from flask_cancellations.services import catalogue
from flask_cancellations.services.catalogue import Version
from flask_cancellations.services.policies import standings
from flask_cancellations.services.policy_trial import example, try_out
from flask_cancellations.state import current_state
from flask_cancellations.web import policy_view
from flask_cancellations.web.access import holder
from flask_cancellations.web.errors import title_of
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.policy_form import read_trial


def try_name(version: Version) -> str:
    """What the tester's address calls a version."""
    return f"{version.policy.valid_from.isoformat()} {version.policy.name}"


def try_policy() -> Response:
    """The tester on its own: one of the stored versions, and one made-up appointment. It only reads."""
    state = current_state()
    actor = holder(state, "policies")
    known = catalogue.load(state)
    versions = [one for standing in standings(state, known).values() for one in standing]
    ordered = [one.version for one in versions]
    usual = next((one for one in versions if one.phase == "in_force"), None)
    chosen = request.args.get("policy") or (try_name(usual.version) if usual else "")
    version = next((v for v in ordered if try_name(v) == chosen), ordered[0] if ordered else None)
    trial = read_trial(request.args) if "try_start" in request.args else example(state)
    errors: dict[str, list[str]] = {}
    tried, title = None, ""
    if version is not None:
        try:
            tried = policy_view.tried_view(state.clock, try_out(state, version.policy, trial))
        except InvalidInput as error:
            errors, title = error.fields, title_of(error)
    return page(
        "try_policy.html",
        title=fcx_("Try out a policy"),
        actor=actor,
        status=422 if errors else 200,
        errors=errors,
        faults_title=title,
        policies=[(try_name(v), _named(v)) for v in ordered],
        chosen=try_name(version) if version else "",
        trial=trial,
        tried=tried,
        currency=state.settings.currency,
        action=address("try_policy"),
        list_url=address("policies"),
    )


def _named(version: Version) -> str:
    return f"{version.policy.name} · {version.policy.valid_from.isoformat()}"
