"""The two ways in which a client comes to the page of an appointment: a link's token, and signing in to the host."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from flask_cancellations.api import request_id
from flask_cancellations.host.values import User
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.links import Opened, link_actor, open_link, use_link
from flask_cancellations.services.own import open_own, own_actor
from flask_cancellations.state import State


class WayIn(Protocol):
    """How a client comes to an appointment. Opening it changes nothing and raises NotFound, or Gone."""

    @property
    def url(self) -> str:
        """The path of the page."""
        ...

    def open(self) -> Opened: ...

    def inside(self, opened: Opened) -> AbstractContextManager[Any]:
        """What surrounds all that is done with it."""
        ...

    def use(self, opened: Opened) -> Actor:
        """Who cancels; called once, inside the cancellation's transaction."""
        ...

    def sender(self, opened: Opened) -> str:
        """For whom an idempotency key counts."""
        ...


@dataclass(frozen=True, slots=True)
class ByLink:
    """By the token of a link."""

    state: State
    token: str
    url: str

    def open(self) -> Opened:
        return open_link(self.state, self.token)

    def inside(self, opened: Opened) -> AbstractContextManager[Any]:
        return self.state.within(opened.scope)

    def use(self, opened: Opened) -> Actor:
        use_link(self.state, opened)
        return link_actor(opened, request_id())

    def sender(self, opened: Opened) -> str:
        return f"link:{opened.link_id}"


@dataclass(frozen=True, slots=True)
class BySignIn:
    """By signing in to the host."""

    state: State
    user: User
    name: str
    url: str

    def open(self) -> Opened:
        return open_own(self.state, self.user, self.name)

    def inside(self, opened: Opened) -> AbstractContextManager[Any]:  # noqa: ARG002 - one shape for both
        return nullcontext()  # the scope is the user's already

    def use(self, opened: Opened) -> Actor:
        return own_actor(self.user, opened, request_id())

    def sender(self, opened: Opened) -> str:  # noqa: ARG002 - one shape for both
        return f"client:{self.user.key}"
