"""What one round of the worker did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Summary:
    """Counts of one round.

    Messages: ``sent``, ``failed`` (they wait for another attempt), ``dead`` (given up). Pending ``fees`` decided,
    ``movements`` of money carried out, ``payments_failed`` given up, answers ``forgotten``, cancellations ``decided``
    that the host's own function had left pending. ``errors`` counts what broke off; the tracebacks are in the log.
    """

    sent: int = 0
    failed: int = 0
    dead: int = 0
    fees: int = 0
    movements: int = 0
    payments_failed: int = 0
    forgotten: int = 0
    decided: int = 0
    found: int = 0
    errors: int = 0

    @property
    def text(self) -> str:
        """One line for the terminal."""
        return (
            f"messages: {self.sent} sent, {self.failed} to be tried again, {self.dead} given up; "
            f"fees decided: {self.fees}; money movements: {self.movements}, {self.payments_failed} failed; "
            f"old answers forgotten: {self.forgotten}; changes by other pages found: {self.found}"
        )
