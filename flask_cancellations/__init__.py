"""Appointment cancellations for Flask clinics: reasons, late fees, deposits, freed slots, messages, audit."""

from flask_cancellations.errors import (
    AlreadyCancelled,
    CancellationsError,
    ChangedMeanwhile,
    ConfigError,
    Conflict,
    Fault,
    Forbidden,
    Gone,
    HostFailed,
    HostRefused,
    InvalidInput,
    NotFound,
    NotOpen,
    PaymentRefused,
    Refused,
    RequestReused,
    SlotTaken,
)
from flask_cancellations.extension import Cancellations
from flask_cancellations.host.adapter import HostAdapter
from flask_cancellations.host.values import CreditNoteFacts, Payment
from flask_cancellations.rules.deposits import Deposit
from flask_cancellations.services.actor import Actor
from flask_cancellations.services.cancel import Cancelled
from flask_cancellations.services.decide import CancelCommand
from flask_cancellations.services.signals import appointment_cancelled, message_stopped

__all__ = [
    "Actor",
    "AlreadyCancelled",
    "CancelCommand",
    "Cancellations",
    "CancellationsError",
    "Cancelled",
    "ChangedMeanwhile",
    "ConfigError",
    "Conflict",
    "CreditNoteFacts",
    "Deposit",
    "Fault",
    "Forbidden",
    "Gone",
    "HostAdapter",
    "HostFailed",
    "HostRefused",
    "InvalidInput",
    "NotFound",
    "NotOpen",
    "Payment",
    "PaymentRefused",
    "Refused",
    "RequestReused",
    "SlotTaken",
    "appointment_cancelled",
    "message_stopped",
]

__version__ = "0.1.0"
