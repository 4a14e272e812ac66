"""Reasons and policy versions: what is in force, and bringing changes of the configuration in.

There is one source of truth (``CANCELLATIONS_SOURCE``). With ``config`` a sync makes the database agree with the
configuration. With ``pages`` the configuration only fills an empty catalogue, once; from then on the pages count.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.models import Acceptance, Cancellation, PolicyVersion, ReasonRow, SettlementRow
from flask_cancellations.models.base import table_of
from flask_cancellations.rules.policy import Policy
from flask_cancellations.rules.policy_body import policy_body, policy_from_body
from flask_cancellations.rules.reasons import Reason
from flask_cancellations.state import State

_REASON_COLUMNS = [table_of(ReasonRow).c[field.name] for field in fields(Reason)]


@dataclass(frozen=True, slots=True)
class Version:
    """A policy version; ``id`` is None before the first sync, ``withdrawn_us`` (microseconds UTC) while it holds."""

    policy: Policy
    id: int | None = None
    withdrawn_us: int | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All reasons by code in their order, and all policy versions."""

    reasons: dict[str, Reason]
    policies: tuple[Version, ...]

    def by_id(self, version_id: int | None) -> Version | None:
        """A stored version, withdrawn or not."""
        return next((v for v in self.policies if v.id == version_id), None) if version_id else None


@dataclass(slots=True)
class SyncReport:
    """What a sync changed; the names are codes of reasons and ``name valid_from`` of policies."""

    added: list[str]
    changed: list[str]
    archived: list[str]
    removed: list[str]

    @property
    def nothing(self) -> bool:
        """Whether the database agreed with the configuration already."""
        return not (self.added or self.changed or self.archived or self.removed)


def load(state: State, *, store_if_new: bool = False, current: bool = False) -> Catalogue:
    """What is in force, from the database.

    Before the first ``flask cancellations sync`` that is the configuration itself, whichever the source;
    ``store_if_new`` then brings it in, since a cancellation must point at stored policy versions. ``current`` reads
    what others have committed since this transaction began.
    """
    reasons = _stored_reasons(state, current=current)
    if not reasons:
        if not store_if_new:
            return Catalogue(
                {reason.code: reason for reason in _ordered(state.settings.reasons)},
                tuple(Version(policy) for policy in state.settings.policies),
            )
        _bring_in(state)
        # Another first request may have stored them meanwhile, after MariaDB's snapshot of this transaction.
        reasons, current = _stored_reasons(state, current=True), True
    versions = [
        Version(policy_from_body(row.name, row.valid_from, row.body), row.id, row.withdrawn_us)
        for row in _policy_rows(state, current=current)
    ]
    return Catalogue({reason.code: reason for reason in _ordered(reasons)}, tuple(versions))


def _ordered(reasons: Any) -> list[Reason]:
    return sorted(reasons, key=lambda reason: (reason.position, reason.code))


def _stored_reasons(state: State, *, current: bool = False) -> list[Reason]:
    query = select(*_REASON_COLUMNS).where(ReasonRow.scope == state.scope)
    rows = state.store.execute(query.with_for_update(read=True) if current else query)
    return [Reason(**{**row, "labels": json.loads(row["labels"])}) for row in rows.mappings()]


def _policy_rows(state: State, *, current: bool = False) -> Sequence[Row[Any]]:
    table = table_of(PolicyVersion)
    query = select(table).where(table.c.scope == state.scope).order_by(table.c.id)
    return state.store.execute(query.with_for_update(read=True) if current else query).all()


def sync(state: State) -> SyncReport:
    """Bring the configuration's reasons and policies into the database, in the caller's transaction.

    A reason that is gone from the configuration is archived if it was used, else removed. A policy that is gone is
    withdrawn. Raises ConfigError if a policy changed under an unchanged ``valid_from`` although a booking or fee
    points at it: give the new text a new date instead. Raises it, too, where the pages are the source.
    """
    if state.settings.source == "pages":
        expected = '"config", if the configuration is to overwrite what was entered on the pages'
        raise ConfigError([Fault("CANCELLATIONS_SOURCE", '"pages"', expected)])
    return _bring_in(state)


def first_import(state: State) -> SyncReport | None:
    """Fill an empty catalogue from the configuration, in the caller's transaction; None if it is not empty."""
    return None if _stored_reasons(state, current=True) else _bring_in(state)


def _bring_in(state: State) -> SyncReport:
    report = SyncReport([], [], [], [])
    _sync_reasons(state, report)
    _sync_policies(state, report)
    return report


def _sync_reasons(state: State, report: SyncReport) -> None:
    store, scope = state.store, state.scope
    stored = {reason.code: reason for reason in _stored_reasons(state)}
    wanted = {reason.code: reason for reason in state.settings.reasons}
    # In the order of the unique index: inserted otherwise, two at once would wait for each other on MariaDB.
    for code, reason in sorted(wanted.items()):
        values = reason_values(reason)
        if code not in stored:
            store.insert_if_absent(ReasonRow, ("scope", "code"), scope=scope, **values)
            report.added.append(code)
        elif stored[code] != reason:
            store.update(ReasonRow, ReasonRow.scope == scope, ReasonRow.code == code, **values)
            report.changed.append(code)
    for code, reason in stored.items():
        if code in wanted or reason.archived:
            continue
        used = store.execute(
            select(Cancellation.id).where(Cancellation.scope == scope, Cancellation.reason_code == code).limit(1)
        ).first()
        if used:
            store.update(ReasonRow, ReasonRow.scope == scope, ReasonRow.code == code, archived=True)
            report.archived.append(code)
        else:
            store.delete(ReasonRow, ReasonRow.scope == scope, ReasonRow.code == code)
            report.removed.append(code)


def reason_values(reason: Reason) -> dict[str, Any]:
    """The columns of a reason's row."""
    values = {field.name: getattr(reason, field.name) for field in fields(Reason)}
    return {**values, "labels": json.dumps(reason.labels, ensure_ascii=False, sort_keys=True)}


def _sync_policies(state: State, report: SyncReport) -> None:
    store, scope = state.store, state.scope
    stored = {(row.name, row.valid_from): row for row in _policy_rows(state)}
    wanted = {(policy.name, policy.valid_from): policy for policy in state.settings.policies}
    faults = []
    for (name, valid_from), policy in sorted(wanted.items(), key=lambda item: item[0]):
        row, body, title = stored.get((name, valid_from)), policy_body(policy), f"{name} {valid_from}"
        if row is None:
            store.insert_if_absent(
                PolicyVersion,
                ("scope", "name", "valid_from"),
                scope=scope,
                name=name,
                valid_from=valid_from,
                body=body,
                withdrawn_us=None,
            )
            report.added.append(title)
        elif row.body != body and used(state, row.id):
            faults.append(
                Fault(
                    f"CANCELLATIONS_POLICIES {name!r} of {valid_from}",
                    "other terms than those that bookings or fees already point at",
                    "a new valid_from for the new terms",
                )
            )
        elif row.body != body or row.withdrawn_us is not None:
            store.update(PolicyVersion, PolicyVersion.id == row.id, body=body, withdrawn_us=None)
            report.changed.append(title)
    for (name, valid_from), row in stored.items():
        if (name, valid_from) not in wanted and row.withdrawn_us is None:
            store.update(PolicyVersion, PolicyVersion.id == row.id, withdrawn_us=state.clock.now())
            report.archived.append(f"{name} {valid_from}")
    if faults:
        raise ConfigError(faults)


def used(state: State, version_id: int) -> bool:
    """Whether a booking or a fee points at a policy version, so that its terms must stay what they are."""
    pointers = (SettlementRow.policy_version_id, Acceptance.policy_version_id)
    return any(state.store.execute(select(c).where(c == version_id).limit(1)).first() for c in pointers)


def choosable(catalogue: Catalogue, *, by_client: bool) -> list[Reason]:
    """The reasons that staff, or a client, may pick now, in their order."""
    return [
        reason
        for reason in catalogue.reasons.values()
        if not reason.archived and (reason.client if by_client else reason.staff)
    ]


def recently_used(state: State, actor_kind: str, actor_key: str) -> list[str]:
    """The codes of the reasons in this actor's last 20 cancellations, the latest first, each once."""
    rows = state.store.execute(
        select(Cancellation.reason_code)
        .where(
            Cancellation.scope == state.scope,
            Cancellation.actor_kind == actor_kind,
            Cancellation.actor_key == actor_key,
        )
        .order_by(Cancellation.id.desc())
        .limit(20)
    )
    return list(dict.fromkeys(rows.scalars()))
