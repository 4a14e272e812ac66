"""Our tables in the host's database: what they lack there, how they get it, and the triggers that guard the log."""

from __future__ import annotations

from flask_cancellations.schema.migrate import include_object
from flask_cancellations.schema.upgrade import Drift, drift, upgrade

__all__ = ["Drift", "drift", "include_object", "upgrade"]
