"""Who does it: every use case takes an actor and records it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flask_cancellations.errors import Forbidden, NotFound
from flask_cancellations.host.values import Appointment, User
from flask_cancellations.i18n import fcx_
from flask_cancellations.rules.rights import RIGHTS, granted, may_cancel, may_cancel_some
from flask_cancellations.state import State

ActorKind = Literal["staff", "client", "link", "api", "job", "unknown"]
Source = Literal["web", "link", "api", "job", "cli", "host"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or program that acts.

    ``key`` is the mapped primary key of the signed-in user, staff or client; the client's key for a link; a program's
    name.
    ``staff_key`` is the actor's own staff record. ``user`` is the signed-in person as the host's mapping
    reads them, for the adapter.
    """

    kind: ActorKind
    key: str
    name: str
    source: Source
    rights: frozenset[str] = frozenset()
    staff_key: str | None = None
    request_id: str = ""
    user: User | None = None


def job_actor(name: str, *, source: Source = "job") -> Actor:
    """A program of the clinic itself, such as an import; it may do everything."""
    return Actor("job", name, name, source, rights=frozenset(RIGHTS))


def somebody() -> Actor:
    """Whoever did something in the host's own pages, which do not tell us; it has no right of ours."""
    return Actor("unknown", "", "", "host")


def signed_in(state: State, *, source: Source = "web", request_id: str = "") -> Actor | None:
    """The signed-in user of the host as an actor, or None if nobody is signed in."""
    user = state.signed_in()
    if user is None:
        return None
    known = state.host.user(user)
    rights = granted(known.roles, state.settings.roles)
    kind: ActorKind = "api" if source == "api" else "staff"
    return Actor(kind, known.key, known.name, source, rights, known.staff_key, request_id, known)


def may(state: State, actor: Actor, right: str, appointment: Appointment | None = None) -> bool:
    """Whether the actor has a right: the adapter's answer if it gives one, else ``CANCELLATIONS_ROLES``.

    A signed-in client has what a client's link gives, whatever else the same person may do as staff.
    """
    if actor.kind == "client" and actor.user is not None:
        return right == "cancel" and (appointment is None or state.host.owns(actor.user, appointment))
    if actor.user is not None:
        decided = state.adapter.permission(actor.user, right, appointment)
        if decided is not None:
            return decided
    if right == "cancel":
        if appointment is None:
            return may_cancel_some(actor.rights)
        return may_cancel(actor.rights, actor.staff_key, appointment.staff_key)
    return right in actor.rights


def require(state: State, actor: Actor, right: str, appointment: Appointment | None = None) -> None:
    """Raise Forbidden unless the actor has the right."""
    if not may(state, actor, right, appointment):
        raise Forbidden(fcx_("You do not have the right to do this. Ask a manager."))


def visible(state: State, actor: Actor, appointment: Appointment | None) -> Appointment:
    """The appointment, if there is one that this actor may cancel or read about.

    Raises Forbidden for an actor without any right to cancel, and NotFound for an unknown appointment as for a
    foreign one, so that the answer does not tell which keys exist.
    """
    require(state, actor, "cancel")
    if appointment is None or not may(state, actor, "cancel", appointment):
        raise NotFound(fcx_("There is no such appointment."))
    return appointment
