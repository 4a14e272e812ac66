"""Finds columns of the host's own that a cancellation may fill: reason, time, who did it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Mapper

from flask_cancellations.host.inspector.model import attributes, best
from flask_cancellations.host.inspector.proposal import Found, Proposal

_CANCEL = r"(cancel|cancelled|canceled|cancellation)"
_REASON = (rf"{_CANCEL}_(reason|note|notes|comment)|reason_for_{_CANCEL}",)
_AT = (rf"{_CANCEL}_(at|on|date|time)|date_{_CANCEL}",)
_BY = (rf"{_CANCEL}_by(_id|_user_id)?",)
_ACTIVE = (r"(is_)?active",)


def propose_write_back(mapper: Mapper[Any], status: Found, zone: str, proposal: Proposal) -> Found | None:
    """The line of the columns to fill. ``zone`` is the clock of the host's other stamps."""
    own = attributes(mapper)
    columns = {
        "reason": best(own, ("text",), _REASON),
        "cancelled_at": best(own, ("datetime",), _AT),
        "cancelled_by": best(own, ("text", "integer", "other"), _BY),
        "active": best(own, ("truth",), _ACTIVE),
    }
    known = {key: one for key, one in columns.items() if one is not None and one.name != status.value.get("attribute")}
    if not known:
        return None
    line: dict[str, Any] = {key: one.name for key, one in known.items()}
    if "cancelled_at" in line:
        line["cancelled_at"] = {"attribute": line["cancelled_at"], "zone": zone}
        proposal.ask(f"Is {known['cancelled_at'].where} UTC or the clinic's wall clock? {zone} is assumed.")
    return Found(line, "likely", ", ".join(one.where for one in known.values()))
