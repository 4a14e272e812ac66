"""Errors of the API: RFC 9457 problem details with a stable ``code``."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Response

from flask_cancellations.clock import us_to_utc
from flask_cancellations.errors import AlreadyCancelled, InvalidInput, Refused

MEDIA_TYPE = "application/problem+json"


def problem(error: Refused) -> Response:
    """The answer to a refusal. ``fields`` maps wrong fields to their sentences."""
    more: dict[str, Any] = {}
    detail = str(error)
    if isinstance(error, InvalidInput):
        more["fields"] = error.fields
        detail = " ".join(text for texts in error.fields.values() for text in texts)
    if isinstance(error, AlreadyCancelled):
        us = error.cancelled_us
        more["cancelled_by"] = error.cancelled_by
        more["cancelled_at"] = None if us is None else us_to_utc(us).isoformat()
    return details(error.status, error.code, detail, **more)


def details(status: int, code: str, detail: str, **more: Any) -> Response:
    """A problem document. The type is ``about:blank``: ``code`` says what the status does not."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }
    # In ASCII: the name of an unknown field may hold what UTF-8 cannot.
    return Response(json.dumps(body), status, content_type=MEDIA_TYPE)
