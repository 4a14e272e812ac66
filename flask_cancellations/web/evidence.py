"""The evidence for one fee, as a file to keep."""

from __future__ import annotations

from flask import make_response
from werkzeug.wrappers import Response

from flask_cancellations.services import evidence as packs
from flask_cancellations.state import current_state
from flask_cancellations.web.access import staff


def evidence(cancellation_id: int) -> Response:
    """The archive of one cancellation. Its name is the number alone: names of files end up in lists and mails."""
    state = current_state()
    response = make_response(packs.pack(state, cancellation_id, staff(state)))
    response.headers["Content-Type"] = "application/zip"
    response.headers["Content-Disposition"] = f'attachment; filename="evidence-{cancellation_id}.zip"'
    return response
