"""Policies as people keep them on the pages: which versions there are, which one wins, saving and withdrawing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from flask_cancellations.errors import InvalidInput, NotFound
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import PolicyVersion
from flask_cancellations.rules.policy import Policy, ranked
from flask_cancellations.rules.policy_body import policy_body
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.catalogue import Catalogue, Version, used
from flask_cancellations.services.policy_draft import PolicyDraft
from flask_cancellations.services.policy_reading import read_draft
from flask_cancellations.services.sources import begin_change, changed_meanwhile, log_change
from flask_cancellations.state import State

Phase = Literal["in_force", "upcoming", "past", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One version and whether it holds: for bookings made now, from its day on, no longer, or withdrawn."""

    version: Version
    phase: Phase

    @property
    def policy(self) -> Policy:
        return self.version.policy


def standings(state: State, known: Catalogue) -> dict[str, list[Standing]]:
    """All versions by the policy's name; the names in order, of each the latest version first."""
    today = state.clock.today()
    found: dict[str, list[Standing]] = {}
    for name in sorted({version.policy.name for version in known.policies}, key=str.casefold):
        versions = versions_of(known, name)
        holding = [v.policy.valid_from for v in versions if v.withdrawn_us is None and v.policy.valid_from <= today]
        latest = max(holding, default=None)
        found[name] = [Standing(version, _phase(version, today, latest)) for version in versions]
    return found


def versions_of(known: Catalogue, name: str) -> list[Version]:
    """The versions of one policy, the latest first."""
    mine = [version for version in known.policies if version.policy.name == name]
    return sorted(mine, key=lambda version: version.policy.valid_from, reverse=True)


def _phase(version: Version, today: date, latest: date | None) -> Phase:
    if version.withdrawn_us is not None:
        return "withdrawn"
    if version.policy.valid_from > today:
        return "upcoming"
    return "in_force" if version.policy.valid_from == latest else "past"


@dataclass(frozen=True, slots=True)
class Winner:
    """The policy for an appointment, the sentence why, and those that it outweighs; None where none covers it."""

    policy: Policy | None
    why: str
    outweighed: tuple[Policy, ...] = ()


def winner(
    state: State, known: Catalogue, day: date, service: str | None, staff: str | None, location: str | None
) -> Winner:
    """Which policy an appointment (keys) has that is booked on a day of the clinic, and why."""
    at = state.clock.now() if day == state.clock.today() else state.clock.day_start(day)
    holding = [v.policy for v in known.policies if v.withdrawn_us is None or v.withdrawn_us > at]
    found = ranked(holding, day, service, staff, location)
    if not found:
        return Winner(None, fcx_("No policy covers such an appointment, so there is no fee."))
    first, *others = found
    if not others:
        return Winner(first, fcx_("It is the only one that covers such an appointment."))
    return Winner(first, _why(first, others[0]), tuple(others))


def _why(first: Policy, second: Policy) -> str:
    other = second.name
    if first.specificity[0] > second.specificity[0]:
        return fcx_("It is more specific than “%(other)s”.", other=other)
    if first.specificity > second.specificity:
        return fcx_(
            "“%(other)s” is as specific, but staff count before services, and services before locations.", other=other
        )
    if first.valid_from > second.valid_from:
        return fcx_("“%(other)s” is as specific, but began earlier.", other=other)
    return fcx_("“%(other)s” is as specific and began on the same day, but comes earlier by name.", other=other)


def fingerprint(versions: Iterable[Version]) -> str:
    """What a form returns to prove which versions of its policy it was opened with."""
    told = [(v.policy.valid_from, policy_body(v.policy), v.withdrawn_us) for v in versions]
    return hashlib.sha256(repr(sorted(told, key=repr)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved."""

    version_id: int
    policy: Policy


def save(state: State, draft: PolicyDraft, actor: Actor, *, new: bool, seen: str = "") -> Saved:
    """Save a draft as a version of its policy, in the caller's transaction.

    A version that has not begun and that nothing points at is replaced by one of the same day; every other stays as it
    is. ``new``: the policy itself is new, else ``seen`` is the fingerprint of the versions that the form was opened
    with. Raises Forbidden without the right ``policies`` or where the configuration is the source, InvalidInput with
    all faults of the draft, ChangedMeanwhile if somebody else has changed the policy.
    """
    known = begin_change(state, actor)
    versions = versions_of(known, draft.name)
    policy = _checked(state, draft, versions, new=new)
    if not new and fingerprint(versions) != seen:
        raise changed_meanwhile(state, {"policy": draft.name})
    replaced = next((v for v in versions if v.policy.valid_from == policy.valid_from), None)
    before = replaced or next((v for v in versions if v.policy.valid_from < policy.valid_from), None)
    body = policy_body(policy)
    if replaced is None:
        version_id = state.store.insert(
            PolicyVersion,
            scope=state.scope,
            name=policy.name,
            valid_from=policy.valid_from,
            body=body,
            withdrawn_us=None,
        )
    else:
        assert replaced.id is not None  # it was stored before the change began
        version_id = replaced.id
        state.store.update(PolicyVersion, PolicyVersion.id == version_id, body=body, withdrawn_us=None)
    told_before = {} if before is None else _told(before.policy, before.id)
    log_change(state, actor, "policy.saved", told_before, _told(policy, version_id))
    return Saved(version_id, policy)


def _checked(state: State, draft: PolicyDraft, versions: Sequence[Version], *, new: bool) -> Policy:
    faults: dict[str, list[str]] = {}
    policy = None
    try:
        policy = read_draft(state, draft)
    except InvalidInput as error:
        faults.update(error.fields)
    if new and versions:
        faults.setdefault("name", []).append(fcx_("There is a policy of this name already; open it to change it."))
    day = _day(draft.valid_from)
    if day is not None:
        taken = next((v for v in versions if v.policy.valid_from == day), None)
        if day <= state.clock.today() or (taken is not None and taken.id is not None and used(state, taken.id)):
            faults.setdefault("valid_from", []).append(
                fcx_("Tomorrow at the earliest: bookings that were made already keep the terms they were made under.")
            )
    if faults or policy is None:
        raise InvalidInput(faults)
    return policy


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def withdraw(state: State, name: str, valid_from: date, actor: Actor) -> None:
    """Make no further bookings under a version, in the caller's transaction; those that were made keep it.

    With a version that has begun the earlier ones go as well, else they would take its place. Raises Forbidden like
    :func:`save`, NotFound for a version that is not there or was withdrawn before.
    """
    known = begin_change(state, actor)
    versions = versions_of(known, name)
    asked = next((v for v in versions if v.policy.valid_from == valid_from and v.withdrawn_us is None), None)
    if asked is None:
        raise NotFound(fcx_("There is no such policy."))
    begun = asked.policy.valid_from <= state.clock.today()
    gone = [v for v in versions if v is asked or (begun and v.policy.valid_from < asked.policy.valid_from)]
    for version in gone:
        state.store.update(
            PolicyVersion,
            PolicyVersion.id == version.id,
            PolicyVersion.withdrawn_us.is_(None),
            withdrawn_us=state.clock.now(),
        )
    told = {"policy": name, "versions": [version.id for version in gone]}
    log_change(state, actor, "policy.withdrawn", _told(asked.policy, asked.id), told)


def _told(policy: Policy, version_id: int | None) -> dict[str, Any]:
    return {
        "policy": policy.name,
        "version": version_id,
        "valid_from": policy.valid_from.isoformat(),
        "terms": json.loads(policy_body(policy)),
    }
