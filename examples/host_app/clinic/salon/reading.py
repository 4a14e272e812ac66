"""Reads the salon's files. Whatever is wrong with them is said before anything is written."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple, TypeVar

BOOKINGS = "Future Bookings (All Clients)0.csv"
CANCELLATIONS = "Client Cancellations0.csv"
NO_SHOWS = "No-Show Report0.csv"
SERVICES = "Service Listing0.csv"
CANCELLATION_COLUMNS = ("Cancel Date", "Code", "Service", "Staff", "Booking Date", "Canceled By", "Days")


class SalonError(Exception):
    """The import cannot be done; the text is for the person at the terminal."""


class VisitKey(NamedTuple):
    """What tells one visit from another in these files. ``code`` is the client's; empty for a walk-in."""

    code: str
    day: date
    service: str
    staff: str


@dataclass(frozen=True, slots=True)
class Booking:
    """A visit that was not cancelled."""

    key: VisitKey
    begins_at: datetime


@dataclass(frozen=True, slots=True)
class CancelledRow:
    """A row of the cancellations. ``days_blank``: its notice had to be computed from the dates."""

    line: int
    key: VisitKey
    cancelled_on: date
    cancelled_by: str
    days_blank: bool
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A service with its list price in dollars."""

    code: str
    name: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class SalonData:
    """All that is loaded; the cancellations in the order in which they happened."""

    bookings: list[Booking]
    no_shows: frozenset[VisitKey]
    cancellations: list[CancelledRow]
    services: list[Service]
    fingerprint: str

    @property
    def last_day(self) -> date:
        """The last day that the files record anything about: what lies after it has not happened yet."""
        return max([row.cancelled_on for row in self.cancellations] + [key.day for key in self.no_shows])


Row = dict[str, str]
T = TypeVar("T")


def read(folder: Path) -> SalonData:
    """Read and check the files of a folder. Raises SalonError."""
    names = (BOOKINGS, CANCELLATIONS, NO_SHOWS, SERVICES)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise SalonError(f"{folder} lacks: {', '.join(missing)}. Nothing was imported.")
    services = _rows(folder / SERVICES, ("Code", "Desc", "Price"), _service)
    known = {service.code for service in services}

    def key(row: Row, day: str) -> VisitKey:
        if row["Service"] not in known:
            raise ValueError(f"the service {row['Service']!r} is not in {SERVICES}")
        return VisitKey(row["Code"].strip(), _day(row[day]), row["Service"], row["Staff"])

    bookings = _rows(
        folder / BOOKINGS,
        ("Code", "Staff", "Service", "Date", "Time"),
        lambda row, _: _booking(key(row, "Date"), row),
    )
    booked = {booking.key for booking in bookings}

    def no_show(row: Row, _line: int) -> VisitKey:
        if key(row, "Date") not in booked:
            raise ValueError(f"no row of {BOOKINGS} has this client, day, service and staff")
        return key(row, "Date")

    cancellations = _rows(
        folder / CANCELLATIONS,
        CANCELLATION_COLUMNS,
        lambda row, line: _cancellation(key(row, "Booking Date"), row, line),
    )
    if not cancellations:
        raise SalonError(f"{CANCELLATIONS} has no rows. Nothing was imported.")
    return SalonData(
        bookings=bookings,
        no_shows=frozenset(_rows(folder / NO_SHOWS, ("Date", "Code", "Service", "Staff"), no_show)),
        cancellations=sorted(cancellations, key=lambda row: (row.cancelled_on, row.line)),
        services=services,
        fingerprint=hashlib.sha256(b"\0".join((folder / name).read_bytes() for name in names)).hexdigest(),
    )


def _rows(path: Path, columns: Sequence[str], parse: Callable[[Row, int], T]) -> list[T]:
    """The rows of a file, each with its line; the first fault ends the reading and names its place."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            absent = [column for column in columns if column not in (reader.fieldnames or ())]
            if absent:
                raise SalonError(f"{path.name} lacks the column {', '.join(absent)}. Nothing was imported.")
            rows = []
            for row in reader:
                try:
                    if any(row[column] is None for column in columns):
                        raise ValueError("the line ends too early")
                    rows.append(parse(row, reader.line_num))
                except ValueError as error:
                    raise SalonError(f"{path.name}, line {reader.line_num}: {error}. Nothing was imported.") from error
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise SalonError(f"{path.name} cannot be read: {error}. Nothing was imported.") from error
    return rows


def _service(row: Row, _line: int) -> Service:
    try:
        price = Decimal(row["Price"])
    except InvalidOperation:
        raise ValueError(f"{row['Price']!r} is not a price") from None
    return Service(row["Code"], row["Desc"].strip() or row["Code"], price)


def _booking(key: VisitKey, row: Row) -> Booking:
    return Booking(key, datetime.combine(key.day, datetime.strptime(row["Time"], "%I:%M:%S %p").time()))


def _cancellation(key: VisitKey, row: Row, line: int) -> CancelledRow:
    cancelled_on = _day(row["Cancel Date"])
    notice = (key.day - cancelled_on).days
    days = row["Days"].strip()
    if days and int(days) != notice:
        raise ValueError(f"Days is {days}, but the dates lie {notice} days apart")
    cells = tuple(row[column] for column in CANCELLATION_COLUMNS)
    return CancelledRow(line, key, cancelled_on, row["Canceled By"], not days, cells)


def _day(text: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()
