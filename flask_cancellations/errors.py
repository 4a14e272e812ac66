"""Every error the package raises on purpose.

::

    CancellationsError
    +-- ConfigError              the configuration is wrong; lists all its faults
    +-- DeliveryFailed           a message did not leave; the worker tries again
    +-- PaymentRefused           a payment provider said no: it is certain that no money has moved
    +-- UpgradeFailed            the database refused a change of our tables
    +-- Refused                  a command was refused and changed nothing; carries a status and a stable code
        +-- InvalidInput         422  the input is wrong; names each field and how to mend it
        |   +-- RequestReused    422  the idempotency key was used for another request
        +-- Forbidden            403  the actor lacks the right
        +-- NoScope              403  nothing says which tenant it is about
        +-- NotFound             404  unknown, or not the actor's to see
        +-- Gone                 410  a link is used up or expired
        +-- Conflict             409  somebody was faster, or the facts changed
            +-- AlreadyCancelled 409  says who cancelled and when
            +-- NotOpen          409  the appointment is past, done or missed
            +-- ChangedMeanwhile 409  the numbers shown are no longer the numbers in force
            +-- SlotTaken        409  the time is held, closed or booked
            +-- HostRefused      409  the host's own function did not cancel
        +-- HostFailed           500  the host's own function raised an error

Messages are written for the person at the screen, in the language in force when the error is raised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class CancellationsError(Exception):
    """Base of all errors of this package."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a configuration: where, what was found, what is expected, and the nearest valid name."""

    key: str
    found: str
    expected: str
    nearest: str = ""

    def __str__(self) -> str:
        hint = f" Did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{self.key}: found {self.found}, expected {self.expected}.{hint}"


class ConfigError(CancellationsError):
    """The configuration cannot be used. ``faults`` lists everything that is wrong with it, at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        count = len(self.faults)
        lines = "\n".join(f"  {number}. {fault}" for number, fault in enumerate(self.faults, start=1))
        super().__init__(
            f"flask_cancellations: {count} fault{'s' if count != 1 else ''} in the configuration:\n{lines}"
        )


class DeliveryFailed(CancellationsError):
    """A mail server or gateway did not take a message. The text is for staff and log, and holds no password."""


class PaymentRefused(CancellationsError):
    """Raised by a host's adapter: the provider said no, and no money has moved. The text is for staff and log."""


class UpgradeFailed(CancellationsError):
    """Our tables could not be brought up to date. ``done`` lists the changes that stand all the same."""

    def __init__(self, message: str, done: Sequence[str] = ()) -> None:
        self.done: tuple[str, ...] = tuple(done)
        super().__init__(message)


class Refused(CancellationsError):
    """A command was refused; nothing was changed.

    ``status`` is the HTTP status that fits, ``code`` a stable name for programs, and ``str(error)`` the
    sentence for people.
    """

    status = 400
    code = "refused"


class InvalidInput(Refused):
    """``fields`` maps each wrong field to its sentences."""

    status = 422
    code = "invalid_input"

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self.fields: dict[str, list[str]] = {name: list(messages) for name, messages in fields.items()}
        super().__init__(" ".join(f"{name}: {' '.join(texts)}" for name, texts in self.fields.items()))


class RequestReused(InvalidInput):
    """The idempotency key belongs to another request."""

    code = "request_reused"


class Forbidden(Refused):
    """The actor lacks the right named in the message."""

    status = 403
    code = "forbidden"


class NoScope(Refused):
    """The host has several tenants, and neither the signed-in user nor the code says which one is meant."""

    status = 403
    code = "no_scope"


class NotFound(Refused):
    """No such object, or none that the actor may see: the two look alike on purpose."""

    status = 404
    code = "not_found"


class Gone(Refused):
    """A client's link is used up or expired."""

    status = 410
    code = "gone"


class Conflict(Refused):
    """The state of the appointment does not allow the command."""

    status = 409
    code = "conflict"


class AlreadyCancelled(Conflict):
    """Somebody cancelled first. ``cancelled_by`` and ``cancelled_us`` (microseconds UTC) are None if unknown."""

    code = "already_cancelled"

    def __init__(self, message: str, *, cancelled_by: str | None = None, cancelled_us: int | None = None) -> None:
        self.cancelled_by = cancelled_by
        self.cancelled_us = cancelled_us
        super().__init__(message)


class NotOpen(Conflict):
    """The appointment has started, is done, or was missed."""

    code = "not_open"


class ChangedMeanwhile(Conflict):
    """The appointment or its quote is not what the person saw."""

    code = "changed_meanwhile"


class SlotTaken(Conflict):
    """The time cannot be booked. ``state`` is ``held``, ``closed`` or ``taken``."""

    code = "slot_taken"

    def __init__(self, message: str, *, state: str) -> None:
        self.state = state
        super().__init__(message)


class HostRefused(Conflict):
    """The host's own function did not cancel the appointment, which stands as before."""

    code = "host_refused"


class HostFailed(Refused):
    """The host's own function raised an error, the ``__cause__`` of this one. The appointment stands as before."""

    status = 500
    code = "host_failed"
