"""Stop a message that has not left yet."""

from __future__ import annotations

from sqlalchemy import select

from flask_cancellations.errors import Conflict, NotFound
from flask_cancellations.i18n import fcx_
from flask_cancellations.models import Cancellation, Message
from flask_cancellations.models.message import STOPPED, WAITING
from flask_cancellations.services.actor import Actor, visible
from flask_cancellations.services.appointments import of_record
from flask_cancellations.services.history import record_of
from flask_cancellations.services.log import log
from flask_cancellations.services.signals import message_stopped
from flask_cancellations.services.transaction import Publication, announce
from flask_cancellations.state import State


def stop_message(state: State, message_id: int, actor: Actor) -> Publication:
    """Stop one message in the caller's transaction.

    Raises NotFound if the actor may not see its appointment, Conflict if it has left or is being sent.
    """
    found = state.store.execute(
        select(Message.channel, Message.cancellation_id, Message.client_key, Cancellation.appointment_key)
        .join(Cancellation, Cancellation.id == Message.cancellation_id)
        .where(Message.scope == state.scope, Message.id == message_id)
    ).first()
    if found is None:
        raise NotFound(fcx_("There is no such message."))
    visible(state, actor, of_record(state, record_of(state, found.cancellation_id)))
    stopped = state.store.update(Message, Message.id == message_id, Message.state == WAITING, state=STOPPED)
    if stopped != 1:
        raise Conflict(fcx_("This message can no longer be stopped: it has left, or was stopped already."))
    log(
        state,
        actor,
        "message.stopped",
        found.appointment_key,
        client_key=found.client_key,
        before={"state": WAITING},
        after={
            "state": STOPPED,
            "message": message_id,
            "channel": found.channel,
            "cancellation": found.cancellation_id,
        },
        private={"actor": actor.name},
    )
    return announce(message_stopped, message_id=message_id, cancellation_id=found.cancellation_id)
