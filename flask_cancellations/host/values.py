"""What the rest of the package sees of a host: plain values, whatever the host's models look like."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Status = Literal["booked", "cancelled", "noshow", "fulfilled", "unknown"]


@dataclass(frozen=True, slots=True)
class Person:
    """A client. ``locale`` is the host's own text; it may name no language that we know.

    ``group`` is the host's own text too, as "vip": what a policy may exempt clients by.
    """

    key: str
    name: str
    email: str | None
    phone: str | None
    locale: str | None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Appointment:
    """One appointment at the moment it was read.

    ``start`` and ``end`` are naive wall clock of the clinic, ``*_us`` the instants in microseconds UTC,
    ``price`` and ``deposit`` minor units of the clinic's currency. ``price`` is None where it is unknown,
    or in another currency, whose code is ``other_currency`` then;
    ``booked_us`` where nothing says when the booking was made. A status in no group of the configuration is
    ``unknown``, and so not open. ``row`` is the host's own object, None once
    the host has deleted it and only our record of its cancellation is left. ``scope`` is empty for a row that
    belongs to no tenant. ``public_id`` is what addresses show: the key, unless the host has another id for it.
    """

    key: str
    start: datetime
    end: datetime
    start_us: int
    end_us: int
    client: Person | None
    staff_key: str | None
    staff_name: str
    service_key: str | None
    service_name: str
    location_key: str | None
    location_name: str
    price: int | None
    deposit: int
    booked_us: int | None
    status: Status
    scope: str
    public_id: str
    row: Any = field(repr=False, compare=False)
    other_currency: str = ""

    @property
    def client_key(self) -> str | None:
        """The client's key, if there is a client."""
        return None if self.client is None else self.client.key


@dataclass(frozen=True, slots=True)
class User:
    """The signed-in person. ``staff_key`` is the key of the own staff record, if there is one.

    ``key`` is the primary key; where several login tables are configured the model stands before it, as in
    ``Doctor:7``, since these count each for itself. ``row`` is the host's own object.
    """

    key: str
    name: str
    roles: tuple[str, ...]
    staff_key: str | None
    row: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Payment:
    """A refund or charge that the host's adapter is asked to carry out.

    ``key`` is the idempotency key: the same payment always comes under the same key, however often it is tried.
    ``amount`` is in minor units of ``currency``. ``reference`` is the payment that a refund goes back to, as the
    adapter named it (a deposit's reference, or what ``charge`` returned); empty if there is none. ``attempt`` counts
    from 1.
    """

    kind: Literal["refund", "charge"]
    key: str
    amount: int
    currency: str
    client_key: str | None
    appointment_key: str
    cancellation_id: int
    reference: str
    attempt: int


@dataclass(frozen=True, slots=True)
class CreditNoteFacts:
    """A credit note that is being drawn, for an adapter that gives it a number of the host's own.

    Amounts in minor units; ``vat_rate`` in hundredths of a per cent; ``number`` is ours. ``reverses`` is the label of
    the note that this one takes back, empty for a note itself.
    """

    number: int
    currency: str
    net: int
    vat_rate: int
    vat: int
    gross: int
    client_key: str | None
    appointment_key: str
    reverses: str
