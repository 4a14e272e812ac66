"""``flask cancellations check``: proves the mapping in force against the database, and says what is amiss.

An *error* keeps the package from working and fails the check; a *warning* costs something and should be mended; a
*hint* is what cannot be known from here. Everything is read within limits, over the open future and the last year.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from jinja2 import Environment
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from flask_cancellations.delivery.addresses import reachable
from flask_cancellations.errors import ConfigError
from flask_cancellations.host.survey import Survey
from flask_cancellations.host.values import Appointment
from flask_cancellations.models import Acceptance
from flask_cancellations.rules.money import from_minor
from flask_cancellations.services.check_report import LEVELS, FieldReport, Finding, Level, Report
from flask_cancellations.services.elsewhere.passes import last_pass
from flask_cancellations.services.template_check import LayoutFault, missing_blocks
from flask_cancellations.state import State

LOOKED_AT = 2000  # appointments that are read
COUNTED = 20_000  # rows whose status is counted
SCOPES = 20  # tenants whose rows are read
YEAR = timedelta(days=365)
_AT_ONCE = 500  # keys in one statement; SQLite took 999 parameters for long


def check(state: State, templates: Environment) -> Report:
    """Check the configuration of one app. ``templates`` is the app's Jinja environment. Writes nothing."""
    report = Report()
    _look(state, templates, report)
    report.findings.sort(key=lambda finding: LEVELS.index(finding.level))
    return report


def _look(state: State, templates: Environment, report: Report) -> None:
    _check_settings(state, report)
    _check_layout(state, templates, report)
    try:
        host, now = state.host, state.clock.now()
        state.validate()
    except ConfigError as error:
        for fault in error.faults:
            report.findings.append(Finding("error", "mapping", str(fault)))
        return
    report.model, survey = f"{host.model.__module__}:{host.model.__qualname__}", Survey(host, state.store.session)
    report.table = survey.table
    report.fields = [FieldReport(name, reads) for name, reads in survey.fields().items()]
    ours, wall = _check_schema(state, report), state.clock.to_wall(now)
    scopes: list[str] = []
    with _readable(state, report):
        _check_indexes(survey, report)
        scopes = _scopes(state, wall, report)
    for scope in scopes:
        with _readable(state, report, f"{scope}: " if state.scoped else ""), state.within(scope):
            _check_rows(state, survey, wall, report, ours=ours)
            if ours and state.settings.sweep_every is not None:
                _check_sweep(state, report)


@contextmanager
def _readable(state: State, report: Report, of: str = "") -> Iterator[None]:
    """Take down what keeps the host's rows from being read."""
    try:
        yield
    # What a host's own types, properties and listeners raise is not ours to foresee; each stops the real work too.
    except (SQLAlchemyError, LookupError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        state.store.session.rollback()
        text = " ".join(str(error).split("[SQL:")[0].split())
        report.findings.append(
            Finding("error", "unreadable", f"{of}The appointments cannot be read: {type(error).__name__}: {text}")
        )


def _check_settings(state: State, report: Report) -> None:
    settings, add = state.settings, report.findings.append
    if not settings.public_url:
        add(Finding("warning", "public_url", "CANCELLATIONS_PUBLIC_URL is not set: messages to clients have no links."))
    if not settings.roles:
        add(Finding("warning", "roles", "CANCELLATIONS_ROLES is empty: nobody may cancel, unless the adapter says so."))
    for name, url in (("MAIL", settings.mail_url), ("SMS", settings.sms_url)):
        if url == "console:":
            add(Finding("hint", f"{name.lower()}_url", f"CANCELLATIONS_{name}_URL is not set: messages are printed."))
    if settings.hold is not None:
        add(
            Finding(
                "hint",
                "slots",
                "The waiting list holds freed times, but only for those who ask: online booking must call "
                "cancellations.slots.blocked() and .claim(). Whether yours does cannot be seen from here.",
            )
        )


def _check_layout(state: State, templates: Environment, report: Report) -> None:
    settings = state.settings
    if settings.layout is None:
        return
    try:
        missing = missing_blocks(templates, settings.layout, settings.blocks)
    except LayoutFault as fault:
        report.findings.append(Finding("error", "layout", f"CANCELLATIONS_LAYOUT: {fault}."))
        return
    for part in missing:
        block = settings.blocks[part]
        level: Level = "error" if part == "content" else "warning"
        text = f"The layout {settings.layout!r} has no block {block!r} for our {part}; see CANCELLATIONS_BLOCKS."
        report.findings.append(Finding(level, "block", text))


def _check_schema(state: State, report: Report) -> bool:
    """Whether our tables are as they should be."""
    # Alembic, by which they are compared, takes its time to load.
    from flask_cancellations.schema import drift

    found, add = drift(state.store.connection(), state.store.schema), report.findings.append
    for text in found.tables:
        add(Finding("error", "schema", f"The database lacks {text}: run `flask cancellations upgrade`."))
    if found.triggers:
        text = f"The log is unguarded, it lacks {', '.join(found.triggers)}: run `flask cancellations upgrade`."
        add(Finding("warning", "trigger", text))
    for text in found.left_alone:
        add(Finding("warning", "schema_differs", f"Made otherwise than by us: {text}."))
    return not found.tables


def _check_sweep(state: State, report: Report) -> None:
    of, last = f"{state.scope}: " if state.scoped else "", last_pass(state)
    if last is None or last.finished_us is None:
        text = f"{of}The worker has never looked for changes that the app's own pages make past us. Does it run?"
        report.findings.append(Finding("hint", "sweep", text))
    elif last.held_back:
        text = (
            f"{of}{last.held_back} appointments changed at once past us, and nothing of it was recorded; "
            "`flask cancellations sweep` says what to do."
        )
        report.findings.append(Finding("error", "sweep", text, last.held_back))
    else:
        text = f"{of}The last look for changes past us was at {state.clock.to_wall(last.finished_us):%Y-%m-%d %H:%M}."
        report.findings.append(Finding("hint", "sweep", text))


def _check_indexes(survey: Survey, report: Report) -> None:
    costs = {
        "start": "lists read the whole table",
        "status": "open ones are picked out row by row",
        "public_id": "each address is looked up in the whole table, and two appointments may have one",
    }
    for name, column in survey.unindexed().items():
        report.findings.append(Finding("warning", "index", f"No index on {column} ({name}): {costs[name]}."))


def _scopes(state: State, now: datetime, report: Report) -> list[str]:
    """The scopes whose rows are looked at; in a host of many tenants the first few."""
    if not state.scoped:
        return state.scopes()
    found = sorted(state.host.scopes(state.store.session, now, now + YEAR))
    if not found:
        report.findings.append(Finding("hint", "scope", "No tenant has an open appointment ahead, so none was read."))
    if len(found) > SCOPES:
        text = f"Of {len(found)} tenants with open appointments {SCOPES} were looked at."
        report.findings.append(Finding("hint", "scope", text, len(found)))
    return found[:SCOPES]


def _check_rows(state: State, survey: Survey, now: datetime, report: Report, *, ours: bool) -> None:
    of = f"{state.scope}: " if state.scoped else ""

    def add(level: Level, code: str, text: str, count: int) -> None:
        report.findings.append(Finding(level, code, of + text, count))

    for status in survey.statuses(now - YEAR, now + YEAR, COUNTED):
        if not status.mapped:
            what = f"status {status.text!r}, which is in no group" if status.text else "no status at all"
            text = f"Appointments with {what}, and so not to be cancelled: {status.count}."
            add("warning", "status", text, status.count)
    session = state.store.session
    ahead = state.host.between(session, now, now + YEAR, limit=LOOKED_AT)
    future = [one for one in ahead if one.status == "booked"]
    shown = future or ahead or state.host.between(session, now - YEAR, now, limit=1)
    if shown and report.sample is None:
        report.sample = shown[0].key
        values = _sample(shown[0], state.settings.currency)
        for one in report.fields:
            one.sample = values.get(one.name)
    among = f"Of the next {len(future)} open appointments"
    if state.host.parts["client"] is not None:
        region = state.settings.phone_region
        nobody = sum(not reachable(one.client, region) for one in future)
        if nobody:
            text = f"{among} without a usable e-mail address or phone number, so that nobody is told: {nobody}."
            if not region:
                text += " Without CANCELLATIONS_PHONE_REGION only numbers that start with + are usable."
            add("warning", "contact", text, nobody)
    if ours:
        unproven = _without_proof(state, future)
        if unproven:
            text = f"{among} without proof of a policy, so that a late cancellation is free: {unproven}."
            add("warning", "proof", text, unproven)
    nameless = sum(not one.public_id for one in future)
    if nameless:
        add(
            "warning",
            "public_id",
            f"{among} without a public id, so that they have no page of ours: {nameless}.",
            nameless,
        )


def _without_proof(state: State, future: list[Appointment]) -> int:
    """Open appointments that no policy version can be shown for: neither accepted nor booked under one."""
    settings = state.settings
    if not settings.policies or settings.policy_without_proof == "current":
        return 0
    first = state.clock.day_start(min(policy.valid_from for policy in settings.policies))
    left = {one.key: one for one in future if one.booked_us is None or one.booked_us < first}
    keys = list(left)
    for number in range(0, len(keys), _AT_ONCE):
        accepted = state.store.execute(
            select(Acceptance.appointment_key, Acceptance.client_key).where(
                Acceptance.scope == state.scope, Acceptance.appointment_key.in_(keys[number : number + _AT_ONCE])
            )
        )
        for row in accepted:
            if row.appointment_key in left and left[row.appointment_key].client_key == row.client_key:
                del left[row.appointment_key]
    return len(left)


def _sample(one: Appointment, currency: str) -> dict[str, str]:
    """The values of an appointment by field, personal data masked."""
    money = {
        name: f"{from_minor(minor, currency)} {currency}"
        for name, minor in (("price", one.price), ("deposit", one.deposit))
        if minor is not None
    }
    texts = {
        "start": f"{one.start:%Y-%m-%d %H:%M}",
        "end": f"{one.end:%Y-%m-%d %H:%M}",
        "status": one.status,
        "client": "nobody" if one.client is None else "a client",
        "staff": _masked(one.staff_name) or "nobody",
        "service": one.service_name or "none",
        "location": one.location_name or "none",
        "scope": one.scope or "none",
        "public_id": one.public_id or "none",
        "price": f"in {one.other_currency}, and so unknown" if one.other_currency else "unknown",
        "booked_at": "unknown" if one.booked_us is None else "known",
        **money,
    }
    if one.client is not None:
        texts["client.name"] = _masked(one.client.name) or "empty"
        texts["client.email"] = _masked(one.client.email) or "empty"
        texts["client.phone"] = f"…{one.client.phone[-2:]}" if one.client.phone else "empty"
        texts["client.locale"] = one.client.locale or "empty"
    return texts


def _masked(text: str | None) -> str:
    """Enough to see that the right column was mapped: ``Maria Petrova`` as ``M… P…``, an address as ``m…@e…``."""
    words = (text or "").replace("@", " @ ").split()
    return " ".join(word if word == "@" else f"{word[0]}…" for word in words).replace(" @ ", "@")
