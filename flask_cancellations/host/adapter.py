"""The one class that a host may subclass, for what configuration cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flask import current_app

from flask_cancellations.host.values import Appointment, CreditNoteFacts, Payment, User
from flask_cancellations.i18n import EXTENSION_KEY
from flask_cancellations.rules.deposits import Deposit


class HostAdapter:
    """Decisions that the host may take itself. Name the subclass, or an instance, in ``CANCELLATIONS_ADAPTER``.

    Every method has a default, so a subclass holds only what differs.
    """

    def current_user(self) -> Any | None:
        """The mapped row of the signed-in person, or None if nobody is signed in.

        By default what ``CANCELLATIONS_HOST.user.identity`` says, without it the user of Flask-Login. It is asked for
        each appointment of a diary, so it should cost nothing the second time.
        """
        state: Any = current_app.extensions[EXTENSION_KEY]  # the room that knows it lies above this one
        return state.host.signed_in(state.store.session)

    def scope(self) -> Any | None:
        """The tenant that this request is about: its primary key, or whatever ``appointment.scope`` leads to.

        None leaves it to the signed-in user's ``user.scope``. The answer is final: of what an address or a choice of
        the user names, give only a tenant in which this person may work. Asked once in a request, and only in a host
        that maps ``appointment.scope``.
        """
        return None

    def entering(self, scope: str) -> AbstractContextManager[Any]:  # noqa: ARG002 - the default needs none
        """What surrounds our work in a scope that no signed-in user has chosen: a client's link, the worker, a command.

        A host whose session refuses rows, or leaves them out, unless its own tenant is set, sets it here. ``scope``
        is the text of the key.
        """
        return nullcontext()

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

    def deposits(self, appointment: Appointment) -> Sequence[Deposit] | None:  # noqa: ARG002 - for subclasses
        """The deposits of an appointment, the one to be used first in front; each with what is left of it.

        None, the default, leaves it to the mapping: one deposit, in the clinic's currency.
        """
        return None

    def refund(self, payment: Payment) -> str | None:  # noqa: ARG002 - for subclasses
        """Give money back to the client; the worker calls it, outside of any transaction.

        Return the provider's reference once it is certain, or None for what is to be settled at the desk (the default).
        Raise PaymentRefused if it is certain that no money has moved. Any other exception means that nobody knows; the
        worker then calls again with the same ``payment.key``, which the provider must recognise. A worker may be killed
        after the call, so it is called again in that case too.
        """
        return None

    def charge(self, payment: Payment) -> str | None:  # noqa: ARG002 - for subclasses
        """Take money from the client, for instance from a card on file. As :meth:`refund`."""
        return None

    def credit_note_number(self, note: CreditNoteFacts) -> str | None:  # noqa: ARG002 - for subclasses
        """The host's own number of a credit note, drawn in the session's transaction; None, the default, for ours."""
        return None
