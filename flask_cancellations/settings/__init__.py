"""The configuration: every ``CANCELLATIONS_*`` key, its type, default and one line of doc.

:func:`load` is the first of two phases: it checks keys, types and shapes, and reports all faults at once. The
models, attributes and Enum values that the mapping names are looked up later, by ``host/``.
"""

from flask_cancellations.settings.host import HostSettings
from flask_cancellations.settings.keys import KEYS, Key, Settings, load

__all__ = ["KEYS", "HostSettings", "Key", "Settings", "load"]
