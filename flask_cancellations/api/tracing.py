"""The id of a request, by which the log of the host's proxy and our audit log can be read together."""

from __future__ import annotations

import re
import uuid

from flask import request

_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


def request_id() -> str:
    """The id as the host's proxy gave it, else one of our own; it goes into the audit log."""
    given = request.headers.get("X-Request-ID", "")
    return given if _ID.fullmatch(given) else uuid.uuid4().hex
