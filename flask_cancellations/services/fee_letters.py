"""Tells the client what became of a pending fee: to the addresses that the cancellation itself was told to."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, select

from flask_cancellations.delivery.addresses import Address
from flask_cancellations.delivery.outbox import enqueue
from flask_cancellations.models import Message
from flask_cancellations.models.base import table_of
from flask_cancellations.models.message import STOPPED
from flask_cancellations.rules.fee_book import Step
from flask_cancellations.state import State

TEMPLATE = "fee_decided"


def tell_if_decided(state: State, kept: Row[Any], step: Step) -> None:
    """Queue the message if this step was the end of a pending fee. ``kept`` is the row of the cancellation.

    Whoever was not told of the cancellation, on purpose or for want of an address, is not told of this either;
    nor is who was to be told by a message that was stopped.
    """
    if not step.before.pending or step.after.pending:
        return
    table = table_of(Message)
    told = state.store.execute(
        select(table)
        .where(table.c.cancellation_id == kept.id, table.c.template.like("cancelled%"), table.c.state != STOPPED)
        .order_by(table.c.id)
    ).all()
    now = state.clock.now()
    # The text message names no amount, so it is for those only who get no e-mail.
    by_email = [message for message in told if message.channel == "email"]
    for message in by_email or told:
        parameters = {
            **json.loads(message.parameters),
            "settlement": asdict(step.after),
            "free_until_us": None,
            "pending_until_us": None,
        }
        enqueue(
            state.store,
            [Address(message.channel, message.address)],
            scope=kept.scope,
            cancellation_id=kept.id,
            client_key=message.client_key,
            locale=message.locale,
            template=TEMPLATE,
            parameters=parameters,
            now=now,
            # Not before the message that says what this is about.
            not_before=max(now, message.not_before_us),
        )
