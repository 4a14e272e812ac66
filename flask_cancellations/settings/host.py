"""The mapping of the host's models as the configuration spells it; the models are not looked at here.

A *path* is an attribute name or several with dots (``treatment.minutes``). A *model* is the class itself,
its name in the host's registry (``Visit``), or ``package.module:Visit``. ``host/`` reads by these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Model = str | type[Any]
Unit = Literal["major", "minor"]
StampZone = Literal["utc", "local"]
DEFAULT_NAME = ("name",)


@dataclass(frozen=True, slots=True)
class PairSpec:
    """A start kept as a day and a time of day: the paths of a Date and of a Time."""

    date: str
    time: str


@dataclass(frozen=True, slots=True)
class MinutesSpec:
    """An end counted from the start: the path of a number of minutes, or the number itself."""

    minutes: str | int


@dataclass(frozen=True, slots=True)
class MoneySpec:
    """The path of an amount, in major units (30.5) or minor units (3050)."""

    attribute: str
    unit: Unit = "major"


@dataclass(frozen=True, slots=True)
class StampSpec:
    """The path of a naive DateTime, and whether it holds UTC or the clinic's wall clock."""

    attribute: str
    zone: StampZone


@dataclass(frozen=True, slots=True)
class WriteSpec:
    """The status values that are written back.

    ``client`` and ``clinic`` are for a cancellation of that side, and the same as ``cancelled`` where the
    configuration says nothing. ``no_show`` is None in a host without such a status.
    """

    cancelled: str
    client: str
    clinic: str
    restored: str
    no_show: str | None = None


@dataclass(frozen=True, slots=True)
class StatusSpec:
    """The path of the status, and its values in groups: texts, or names or values of an Enum."""

    attribute: str
    open: tuple[str, ...]
    cancelled: tuple[str, ...]
    write: WriteSpec
    no_show: tuple[str, ...] = ()
    done: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppointmentSettings:
    """The appointment. ``end`` holds what to try in turn; a path is None where the host has no such thing."""

    model: Model
    start: str | PairSpec
    end: tuple[str | MinutesSpec, ...]
    status: StatusSpec
    client: str | None = None
    staff: str | None = None
    service: str | None = None
    location: str | None = None
    price: MoneySpec | None = None
    deposit: MoneySpec | None = None
    booked_at: StampSpec | None = None


@dataclass(frozen=True, slots=True)
class PersonSettings:
    """The client: paths from the row that ``appointment.client`` leads to; names are joined by a space."""

    model: Model | None = None
    name: tuple[str, ...] = DEFAULT_NAME
    email: str | None = None
    phone: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class NamedSettings:
    """Staff, service or location: the row that the appointment's path leads to, and its name."""

    model: Model | None = None
    name: tuple[str, ...] = DEFAULT_NAME


@dataclass(frozen=True, slots=True)
class UserSettings:
    """The signed-in person. Without ``name`` the key stands for it.

    ``role`` is a path to a text or Enum, or a function of the user that returns one or several; None.
    ``staff`` is the path of the person's own staff record, or of its primary key.
    """

    model: Model | None = None
    name: tuple[str, ...] = ()
    role: str | Callable[[Any], Any] | None = None
    staff: str | None = None


@dataclass(frozen=True, slots=True)
class HostSettings:
    """All of ``CANCELLATIONS_HOST``."""

    appointment: AppointmentSettings
    client: PersonSettings = PersonSettings()
    staff: NamedSettings = NamedSettings()
    service: NamedSettings = NamedSettings()
    location: NamedSettings = NamedSettings()
    user: UserSettings = UserSettings()
