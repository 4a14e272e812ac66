"""The mapping of the host's models as the configuration spells it; the models are not looked at here.

A *path* is an attribute name or several with dots (``treatment.minutes``). A *model* is the class itself,
its name in the host's registry (``Visit``), or ``package.module:Visit``. ``host/`` reads by these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Model = str | type[Any]
Unit = Literal["major", "minor"]
StampZone = Literal["utc", "local"]
StatusValue = str | int
Group = Literal["open", "cancelled", "no_show", "done"]
DEFAULT_NAME = ("name",)


@dataclass(frozen=True, slots=True)
class PairSpec:
    """A start kept as a day and a time of day: the paths of a Date and of a Time, or of texts in a format."""

    date: str
    time: str
    date_format: str | None = None
    time_format: str | None = None


@dataclass(frozen=True, slots=True)
class TextSpec:
    """The path of a moment kept as text, and its format."""

    attribute: str
    format: str


@dataclass(frozen=True, slots=True)
class SumSpec:
    """The sum over the rows that one relation of the path leads to, as ``services.price``."""

    sum: str


@dataclass(frozen=True, slots=True)
class MinutesSpec:
    """An end counted from the start: the path of a number of minutes, a sum of them, or the number itself."""

    minutes: str | int | SumSpec


@dataclass(frozen=True, slots=True)
class MoneySpec:
    """The path of an amount or a sum, in major units (30.5) or minor units (3050).

    ``currency`` is the path of its currency; None: the clinic's.
    """

    attribute: str | SumSpec
    unit: Unit = "major"
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class FixedSpec:
    """The same amount for every appointment, in minor units of the clinic's currency."""

    amount: int


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

    cancelled: StatusValue
    client: StatusValue
    clinic: StatusValue
    restored: StatusValue
    no_show: StatusValue | None = None


@dataclass(frozen=True, slots=True)
class StatusSpec:
    """The path of the status, and its values in groups.

    A value is a text, the name or value of an Enum's member, a number (the key of a lookup table's row, or a code),
    or true or false. A path through a relation, such as ``status.description``, reads a lookup table: the value
    stands in its row, and writing makes the relation lead to another row of it. ``null`` is the group of a row without
    any status, which otherwise is in none.
    """

    attribute: str
    open: tuple[StatusValue, ...]
    cancelled: tuple[StatusValue, ...]
    write: WriteSpec
    no_show: tuple[StatusValue, ...] = ()
    done: tuple[StatusValue, ...] = ()
    null: Group | None = None


@dataclass(frozen=True, slots=True)
class NoStatusSpec:
    """A host without a status column: ``hide`` keeps the state in our own rows, ``delete`` deletes the host's row."""

    cancelled: Literal["hide", "delete"]


@dataclass(frozen=True, slots=True)
class FirstOfSpec:
    """Several texts, each an attribute or some joined by a space, of which the first that is not empty counts."""

    texts: tuple[tuple[str, ...], ...]


NameSpec = tuple[str, ...] | FirstOfSpec
TextsSpec = str | FirstOfSpec | None


@dataclass(frozen=True, slots=True)
class ColumnsSpec:
    """A client on the appointment's own row, or in several places: all paths start at the appointment.

    ``key`` is the path of what tells clients apart, a relation or a value; None: their e-mail address, else their phone
    number. ``group`` is what policies may exempt clients by.
    """

    name: NameSpec
    email: TextsSpec = None
    phone: TextsSpec = None
    locale: TextsSpec = None
    key: str | None = None
    group: TextsSpec = None


@dataclass(frozen=True, slots=True)
class OwnerSpec:
    """The path of the login user whose own the appointment is, or of its key.

    ``model`` is the login table that a key without a foreign key is meant for.
    """

    key: str
    model: Model | None = None


@dataclass(frozen=True, slots=True)
class WriteBackSpec:
    """Columns that are written when an appointment is cancelled; each may be missing.

    ``reason`` takes the label, ``cancelled_by`` the actor's name or, in a number, UUID or foreign key, the key of
    the user; ``active`` becomes false.
    """

    reason: str | None = None
    cancelled_at: StampSpec | None = None
    cancelled_by: str | None = None
    active: str | None = None


@dataclass(frozen=True, slots=True)
class CancelSpec:
    """What the host itself does to cancel, instead of the status that we would write.

    ``call`` is a function, or the path of a method that starts at the appointment's row. ``arguments`` are what it is
    handed, in this order. One that ``commits`` may end the transaction that it is called in.
    """

    call: HostFunction | str
    arguments: tuple[str, ...]
    commits: bool = False


@dataclass(frozen=True, slots=True)
class AppointmentSettings:
    """The appointment. ``end`` and money hold what to try in turn; a path is None where the host has no such thing.

    ``scope`` leads to the tenant that the appointment belongs to, ``public_id`` to what stands in its addresses.
    """

    model: Model
    start: str | PairSpec | TextSpec
    end: tuple[str | MinutesSpec | TextSpec, ...]
    status: StatusSpec | NoStatusSpec
    client: str | ColumnsSpec | None = None
    staff: str | None = None
    service: str | None = None
    location: str | None = None
    price: tuple[MoneySpec | FixedSpec, ...] = ()
    deposit: tuple[MoneySpec | FixedSpec, ...] = ()
    booked_at: StampSpec | None = None
    write_back: WriteBackSpec | None = None
    cancel: CancelSpec | None = None
    scope: str | None = None
    public_id: str | None = None
    owner: OwnerSpec | None = None


@dataclass(frozen=True, slots=True)
class PersonSettings:
    """The client: paths from the row that ``appointment.client`` leads to; names are joined by a space."""

    model: Model | None = None
    name: NameSpec = DEFAULT_NAME
    email: TextsSpec = None
    phone: TextsSpec = None
    locale: TextsSpec = None
    group: TextsSpec = None


@dataclass(frozen=True, slots=True)
class NamedSettings:
    """Staff, service or location: the row that the appointment's path leads to, and its name."""

    model: Model | None = None
    name: NameSpec = DEFAULT_NAME


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A function of the host: itself, or ``package.module:name``."""

    function: Callable[..., Any] | str


@dataclass(frozen=True, slots=True)
class FlagsSpec:
    """Roles by true or false: the role that each of these paths gives where it is true."""

    roles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ModelsSpec:
    """Roles by login table, each by the name of its model."""

    roles: Mapping[str, str]


RoleSpec = str | HostFunction | FlagsSpec | ModelsSpec | None


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """A login table whose primary key the host keeps in this entry of ``flask.session``.

    ``model`` may be None where the table ``user`` names the only one. ``role`` is that of everybody who signs in
    there, instead of the mapped one. ``when`` are other entries of the session and what they must be.
    """

    session: str
    model: Model | None = None
    role: str | None = None
    when: Mapping[str, str | int | bool] = field(default_factory=dict)


IdentitySpec = HostFunction | tuple[SessionSpec, ...] | None


@dataclass(frozen=True, slots=True)
class UserSettings:
    """The signed-in person. Without ``name`` the key stands for it.

    ``models`` are the login tables, as far as they are known. ``identity`` says who is signed in: a function, entries
    of the session, of which the first that leads to a row counts, or None for Flask-Login. ``role`` is the path of a
    text or Enum, also over many rows, or one of the specs above. ``staff`` is the path of the person's own staff
    record, or of its primary key; ``scope`` that of the person's tenant.
    """

    models: tuple[Model, ...] = ()
    identity: IdentitySpec = None
    name: tuple[str, ...] = ()
    role: RoleSpec = None
    staff: str | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class HostSettings:
    """All of ``CANCELLATIONS_HOST``."""

    appointment: AppointmentSettings
    client: PersonSettings = PersonSettings()
    staff: NamedSettings = NamedSettings()
    service: NamedSettings = NamedSettings()
    location: NamedSettings = NamedSettings()
    user: UserSettings = UserSettings()
