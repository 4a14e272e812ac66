"""The one class that a host may subclass, for what configuration cannot say."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_login import current_user

from flask_cancellations.host.values import Appointment, User


class HostAdapter:
    """Decisions that the host may take itself. Name the subclass, or an instance, in ``CANCELLATIONS_ADAPTER``.

    Every method has a default, so a subclass holds only what differs.
    """

    def current_user(self) -> Any | None:
        """The host's object for the signed-in person, or None if nobody is signed in.

        By default the user of Flask-Login. A host with its own sessions or tokens returns the mapped row of
        its user.
        """
        if not hasattr(current_app, "login_manager"):
            return None
        user = current_user._get_current_object()
        return user if user is not None and user.is_authenticated else None

    def permission(  # the default needs none of what a subclass is told
        self,
        user: User,  # noqa: ARG002
        right: str,  # noqa: ARG002
        appointment: Appointment | None,  # noqa: ARG002
    ) -> bool | None:
        """Whether ``user`` has ``right`` for this appointment, or in general where ``appointment`` is None.

        None leaves the decision to ``CANCELLATIONS_ROLES``. True and False are final. ``appointment.row`` is None
        once the host has deleted the row; the rest then comes from our record of the cancellation.
        """
        return None
