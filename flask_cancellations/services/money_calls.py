"""What the extension object offers a host about money; all of it works in the caller's transaction."""

from __future__ import annotations

from typing import Any

from flask_cancellations.host.keys import key_of, key_of_value
from flask_cancellations.services import credit as balances
from flask_cancellations.services import evidence as packs
from flask_cancellations.services import owed as debts
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.credit_notes import Document, document
from flask_cancellations.state import current_state


class MoneyCalls:
    """Amounts are minor units.

    ``client`` is a client's row or its primary key. A host that keeps clients in columns of the appointment has neither
    and gives the appointment's row, which need not be added to the session yet.
    """

    def owed(self, client: Any) -> debts.Owed:
        """What the client owes, with the warning for the booking page.

        Its ``refuse`` raises where ``CANCELLATIONS_OWING`` is ``block``.
        """
        return debts.owed(current_state(), _key(client))

    def credit(self, client: Any) -> balances.Credit:
        """What the client can redeem, with its lots in the order in which they are used."""
        return balances.balance(current_state(), _key(client))

    def redeem(
        self, client: Any, amount: int, actor: Actor, *, reference: str = "", key: str = ""
    ) -> balances.Redeemed:
        """Redeem credit in the booking's own transaction; see :func:`flask_cancellations.services.credit.redeem`."""
        return balances.redeem(current_state(), _key(client), amount, actor, reference=reference, key=key)

    def credit_note(self, number: int) -> Document:
        """A credit note, or its reversal, by our number. Raises NotFound."""
        return document(current_state(), number)

    def evidence(self, cancellation_id: int, actor: Actor) -> bytes:
        """The evidence for one fee as a zip; see :func:`flask_cancellations.services.evidence.pack`."""
        return packs.pack(current_state(), cancellation_id, actor)


def _key(client: Any) -> str:
    """The key of a client. Raises ValueError for an appointment's row that has none, or a row without a key yet."""
    host = current_state().host
    if isinstance(client, host.model):
        key = host.client_key(client)
        if key is None:
            raise ValueError(f"this {type(client).__name__} has no client")
        return key
    return key_of(client) if hasattr(type(client), "__mapper__") else key_of_value(client)
