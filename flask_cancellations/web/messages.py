"""Stop a message that has not left yet."""

from __future__ import annotations

from flask import redirect
from werkzeug.wrappers import Response

from flask_cancellations.services import messages
from flask_cancellations.services.transaction import run
from flask_cancellations.state import current_state
from flask_cancellations.web.access import staff
from flask_cancellations.web.pages import address
from flask_cancellations.web.way_back import handed_on


def stop_message(message_id: int) -> Response:
    """Stop one message and show its cancellation again.

    It needs no idempotency key: a message that is stopped stays stopped, and the second request is told so.
    """
    state = current_state()
    actor = staff(state)
    stopped = run(state, lambda: messages.stop_message(state, message_id, actor))
    number, back = stopped.facts["cancellation_id"], handed_on() or None
    return redirect(address("cancellation", cancellation_id=number, back=back, _anchor="messages"), 303)
