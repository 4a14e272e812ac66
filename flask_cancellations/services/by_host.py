"""Have the host's own function cancel, and see to it that our rows say what the host's row says afterwards.

An ordinary function works in our transaction: it cancels, or nothing happens at all. One that is declared with
``commits = true`` may end that transaction, with a commit or a rollback, and leave anything behind; then claim and host
row are read again, in the transaction that follows, and decide.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError

from flask_cancellations.errors import ConfigError, Fault, HostFailed, HostRefused, Refused
from flask_cancellations.host.function import KEY, OwnCancel, still_stands
from flask_cancellations.host.write_back import Deed
from flask_cancellations.i18n import fcx_
from flask_cancellations.services import pending
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.requests import begun, hold
from flask_cancellations.services.transaction import Publication, collided
from flask_cancellations.state import State

logger = logging.getLogger(__name__)


def cancel_by_host(
    state: State, function: OwnCancel, row: Any, deed: Deed, actor: Actor, cancellation_id: int
) -> Publication | None:
    """Call the host's function after our rows are written. Returns the signal, if it is announced already.

    Raises HostRefused or HostFailed if the appointment stands, or the function's own refusal if it raised one of ours;
    then our side is undone or, where the function has committed it, taken back and committed. Raises ConfigError if it
    ended our transaction without being declared so, with our side in agreement with the host's row.
    """
    begun(state, cancellation_id)
    made = pending.made_by(state, cancellation_id)
    assert made is not None  # it was written just now
    call = _Call(state, function, made, actor)
    before = state.store.session.get_transaction()
    refused, error = False, None
    try:
        refused = function(row, deed) is False
        if state.store.session.get_transaction() is before:
            # What it left to be flushed is its own, with all that the host's listeners and constraints say to it.
            refused = refused or call.stands()
    except Exception as raised:  # noqa: BLE001 - the host's own, whatever it is; told below
        error = raised
    ended = state.store.session.get_transaction() is not before
    if not ended and isinstance(error, DBAPIError) and collided(error):
        raise error  # whoever owns the transaction tries again
    # Of a commit that raised, because the connection was lost, nobody knows whether it went through.
    if ended or (function.commits and error is not None):
        return call.afterwards(error, refused=refused)
    return call.inside(error, refused=refused)


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of the host's function for a cancellation, the row ``made``."""

    state: State
    function: OwnCancel
    made: Row[Any]
    actor: Actor

    def inside(self, error: Exception | None, *, refused: bool) -> Publication | None:
        """It left our transaction as it was, so that a rollback still undoes everything."""
        if error is not None or refused:
            raise self.refusal(error) from error
        return pending.confirm(self.state, self.made) if self.function.commits else None

    def afterwards(self, error: Exception | None, *, refused: bool) -> Publication | None:
        """It ended our transaction, or may have."""
        state, session = self.state, self.state.store.session
        if error is not None or refused:
            session.rollback()  # what it has begun and not finished
        hold(state)
        if pending.made_by(state, self.made.id) != self.made:
            session.rollback()
            raise self.rolled_back(error, refused=refused) from error
        why = "failed" if error is not None else "refused" if refused else "unchanged"
        publication = None
        if self.function.commits:
            publication = pending.look_again(state, self.made, self.actor, why)
            stands = publication is None
        else:
            stands = self.stands()
            if stands:
                pending.take_back(state, self.made, self.actor, why)
        if stands:
            session.commit()  # else the caller's rollback would undo it, and keep what the function has committed
        if not self.function.commits:
            raise self.undeclared() from error
        if stands:
            raise self.refusal(error) from error
        if error is not None:
            logger.error("%s raised an error after it had cancelled; the cancellation stands", self, exc_info=error)
        elif refused:
            logger.error("%s returned False although it had cancelled; the cancellation stands", self)
        return publication

    def stands(self) -> bool:
        """Whether the host's row says that the appointment is not cancelled; also to the log."""
        status = still_stands(self.state.host, self.state.store.session, self.made.appointment_key)
        if status is not None:
            logger.error("%s has not cancelled: the appointment's status is %r", self, status)
        return status is not None

    def rolled_back(self, error: Exception | None, *, refused: bool) -> Exception:
        """What to raise if our rows went with a rollback of the function's."""
        if error is not None or refused:
            return self.refusal(error)
        if not self.function.commits:
            return self.undeclared()
        logger.error("%s rolled our rows back and did not say so by False or an exception", self)
        return HostFailed(
            fcx_("The clinic's own program did not finish. Look at the appointment there before you try again.")
        )

    def refusal(self, error: Exception | None) -> Refused:
        """What to raise if the appointment stands."""
        if isinstance(error, Refused):
            return error
        if error is None:
            return HostRefused(fcx_("The clinic's own program did not cancel this appointment. It stands as before."))
        logger.error("%s raised an error", self, exc_info=error)
        return HostFailed(
            fcx_(
                "The clinic's own program broke off while it cancelled. The appointment stands as before. "
                "The error is in the program's log."
            )
        )

    def undeclared(self) -> ConfigError:
        """What to raise if it ended our transaction and the configuration does not know it."""
        found = f"false, but {self.function.name} ended the transaction that it was called in"
        return ConfigError([Fault(f"{KEY}.commits", found, "true, or a function that neither commits nor rolls back")])

    def __str__(self) -> str:
        return f"{self.function.name}, called to cancel appointment {self.made.appointment_key},"
