"""The only room that knows the host's models."""

from flask_cancellations.host.adapter import HostAdapter
from flask_cancellations.host.database import database
from flask_cancellations.host.host import Host
from flask_cancellations.host.imports import clock_source, load_adapter
from flask_cancellations.host.resolve import resolve
from flask_cancellations.host.values import Appointment, CreditNoteFacts, Payment, Person, User

__all__ = [
    "Appointment",
    "CreditNoteFacts",
    "Host",
    "HostAdapter",
    "Payment",
    "Person",
    "User",
    "clock_source",
    "database",
    "load_adapter",
    "resolve",
]
