"""Signals: past-tense facts, sent after the commit. Nothing of ours depends on one."""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

#: Sent after a cancellation is committed; ``appointment_key`` and ``cancellation_id`` tell which.
appointment_cancelled = _signals.signal("appointment-cancelled")

#: Sent after a message was stopped before it left; ``message_id`` and ``cancellation_id`` tell which.
message_stopped = _signals.signal("message-stopped")
