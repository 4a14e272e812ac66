"""The audit log: what happened, by whom, before and after."""

from flask_cancellations.audit.record import Entry, record

__all__ = ["Entry", "record"]
