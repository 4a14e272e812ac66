"""The deposits of an appointment: from the host's adapter, or the one that the mapping reads."""

from __future__ import annotations

from flask_cancellations.errors import InvalidInput
from flask_cancellations.host.values import Appointment
from flask_cancellations.i18n import fcx_
from flask_cancellations.rules.deposits import Deposit, OtherCurrency, total
from flask_cancellations.state import State


def deposits_of(state: State, appointment: Appointment) -> tuple[Deposit, ...] | None:
    """The deposits that the adapter names, or None where it leaves them to the mapping."""
    named = state.adapter.deposits(appointment)
    return None if named is None else tuple(named)


def deposit_left(state: State, appointment: Appointment, deposits: tuple[Deposit, ...] | None) -> int:
    """What is left of them, in minor units. Raises InvalidInput for one in another currency than the price."""
    if deposits is None:
        return appointment.deposit
    try:
        return total(deposits, state.settings.currency)
    except OtherCurrency as error:
        raise InvalidInput(
            {
                "deposit": [
                    fcx_(
                        "A deposit of this appointment is in %(found)s, but prices are in %(expected)s. Settle it "
                        "first; we do not convert money.",
                        found=error.currency,
                        expected=error.expected,
                    )
                ]
            }
        ) from None
