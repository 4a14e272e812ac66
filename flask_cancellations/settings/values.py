"""Readers of single values: texts, durations, money, addresses, names of zones, currencies and languages."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import phonenumbers
from babel.core import get_global
from babel.localedata import locale_identifiers

from flask_cancellations.clock import system_now
from flask_cancellations.i18n import parse_locale
from flask_cancellations.rules.durations import parse_duration
from flask_cancellations.rules.money import is_currency, to_minor
from flask_cancellations.rules.policy import NO_FEE, Fee
from flask_cancellations.settings.place import Place, Read, T, one_of

# Fits every database's BIGINT with room for sums; whoever writes more has slipped.
_MOST = 10**12
_DURATION = "a duration such as '20s', '90m', '24h' or '2d'"
_IMPORT = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*")
_PREFIX = re.compile(r"(/[\w.~-]+)+")
_EMAIL = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")
_SMS = re.compile(r"console:|[a-z][a-z0-9+.-]*://[^\s/]\S*")


def off(read: Read[T]) -> Read[T | None]:
    """A reader of something optional: ``false`` and the empty text switch it off."""

    def read_or_off(place: Place, value: object) -> T | None:
        return None if value is False or value == "" else read(place, value)

    return read_or_off


def choice(*names: str) -> Read[str]:
    """A reader of one of these words."""

    def read(place: Place, value: object) -> str:
        if isinstance(value, str) and value in names:
            return value
        raise place.wrong(value, one_of([repr(name) for name in names]), names)

    return read


def flag(place: Place, value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise place.wrong(value, "true or false")


def line(limit: int) -> Read[str]:
    """A reader of a text of up to ``limit`` characters, on one line since it may go into a mail header."""

    def read(place: Place, value: object) -> str:
        if isinstance(value, str) and 0 < len(value.strip()) <= limit and value.isprintable():
            return value.strip()
        raise place.wrong(value, f"a text on one line, of up to {limit} characters")

    return read


text = line(200)


def optional_text(place: Place, value: object) -> str:
    """The same, or nothing."""
    return off(text)(place, value) or ""


def off_line(limit: int) -> Read[str]:
    """A reader of a text on one line of up to ``limit`` characters, or nothing; it may look like a number."""

    def read(place: Place, value: object) -> str:
        return off(line(limit))(place, str(value) if type(value) is int else value) or ""

    return read


def digits_text(place: Place, value: object) -> str:
    """A text that may look like a number: the environment turns ``35921234567`` into an integer."""
    return optional_text(place, str(value) if type(value) is int else value)


def key_text(place: Place, value: object) -> str:
    """The key of a row, or the name of a scope: what our key columns take."""
    return line(190)(place, str(value) if type(value) is int or isinstance(value, UUID) else value)


def duration(place: Place, value: object) -> int:
    """Microseconds of a duration above 0."""
    if isinstance(value, str):
        try:
            us = parse_duration(value)
        except ValueError:
            us = 0
        if us > 0:
            return us
    raise place.wrong(value, _DURATION)


def optional_duration(place: Place, value: object) -> int:
    """Microseconds of a duration; ``false`` and ``"0m"`` mean none."""
    if value is False:
        return 0
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError:
            pass  # the fault is noted below
    raise place.wrong(value, f"{_DURATION}, or false")


def fee(place: Place, value: object) -> Fee:
    """A fee. A bare number is refused, since 50 could be a percentage or an amount."""
    if value is False:
        return NO_FEE
    if isinstance(value, str):
        try:
            parsed = Fee.parse(value, place.currency)
        except (ValueError, ArithmeticError):
            parsed = None
        if parsed is not None and parsed.minor <= _MOST:
            return parsed
    raise place.wrong(value, "a fee as text: 'none', 'full', a percentage up to '100%', or an amount such as '30.00'")


def amount(place: Place, value: object) -> int:
    """A positive amount of money in minor units, written in major units."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            minor = to_minor(value, place.currency)
        except (ValueError, ArithmeticError):
            minor = 0
        if 0 < minor <= _MOST:
            return minor
    raise place.wrong(value, "an amount above 0, such as '30.00'")


def day(place: Place, value: object) -> date:
    """A day. A time of day is refused: the day counts from its start, which would be earlier than written."""
    found = value
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found.strip())
        except ValueError:
            found = None
    if isinstance(found, datetime):
        found = found.date() if found.time() == time.min else None
    if isinstance(found, date):
        return found
    raise place.wrong(value, "a day such as 2026-12-01")


def time_zone(place: Place, value: object) -> ZoneInfo:
    """A time zone by its IANA name."""
    if isinstance(value, ZoneInfo):
        return value
    if isinstance(value, str):
        try:
            return ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            pass  # the fault is noted below; OSError is a folder such as "Europe"
    # Reading all names takes a while, and is only done for the hint.
    raise place.wrong(value, "a time zone such as 'Europe/Sofia'", zoneinfo.available_timezones())


def currency(place: Place, value: object) -> str:
    """An ISO 4217 code."""
    if isinstance(value, str) and is_currency(value):
        return value
    raise place.wrong(value, "a currency code such as 'EUR'", get_global("all_currencies"))


def language(place: Place, value: object) -> str:
    """A language, as Babel writes it: ``bg``, ``pt_BR``."""
    locale = parse_locale(value) if isinstance(value, str) else None
    if locale is not None:
        return str(locale)
    raise place.wrong(value, "a language such as 'en', 'bg' or 'pt_BR'", locale_identifiers())


def region(place: Place, value: object) -> str:
    """A country as phone numbers know it, or nothing."""
    if value is False or value == "":
        return ""
    if isinstance(value, str) and value in phonenumbers.SUPPORTED_REGIONS:
        return value
    raise place.wrong(value, "a country code such as 'BG'", phonenumbers.SUPPORTED_REGIONS)


def email(place: Place, value: object) -> str:
    """An e-mail address, or nothing."""
    if value is False or value == "":
        return ""
    if isinstance(value, str) and value.isprintable() and _EMAIL.fullmatch(value):
        return value
    raise place.wrong(value, "an e-mail address")


def identifier(place: Place, value: object) -> str:
    """A name made of letters, digits and underscores."""
    if isinstance(value, str) and value.isidentifier():
        return value
    raise place.wrong(value, "a name of letters, digits and underscores")


def public_url(place: Place, value: object) -> str:
    """The address under which clients reach the app, without a slash at its end, or nothing."""
    if value is False or value == "":
        return ""
    url = _split(value)
    if url and url.scheme in ("http", "https") and url.hostname and not (url.query or url.fragment):
        return str(value).rstrip("/")
    raise place.wrong(value, "an address such as 'https://clinic.example'")


def page_url(place: Place, value: object) -> str:
    """An address, or a path under the public one, or nothing."""
    if value is False or value == "":
        return ""
    url = _split(value)
    if url and url.scheme in ("http", "https") and url.hostname:
        return str(value)
    if url and not url.scheme and not url.netloc and url.path.startswith("/"):
        return str(value)
    raise place.wrong(value, "an address such as 'https://clinic.example/book', or a path such as '/book'")


def url_prefix(place: Place, value: object) -> str:
    """The path of the blueprint."""
    if isinstance(value, str) and _PREFIX.fullmatch(value):
        return value
    raise place.wrong(value, "a path such as '/cancellations'")


def mail_url(place: Place, value: object) -> str:
    """Where e-mail goes."""
    url = _split(value)
    if url and url.scheme in ("smtp", "smtps") and url.hostname:
        options = parse_qsl(url.query, keep_blank_values=True)
        if all(name == "starttls" and switch in ("0", "1") for name, switch in options):
            return str(value)
    if value == "console:":
        return "console:"
    raise place.wrong(value, "'console:', 'smtp://user:password@host:587?starttls=1' or 'smtps://host:465'")


def sms_url(place: Place, value: object) -> str:
    """Where text messages go: Apprise knows dozens of schemes, so only the shape is checked here."""
    if isinstance(value, str) and _SMS.fullmatch(value):
        return value
    raise place.wrong(value, "'console:', the https: address of a gateway, or an Apprise URL")


def clock_source(place: Place, value: object) -> Callable[[], datetime] | str:
    """A function that tells the time, or where to import it from; it is imported at first use."""
    if value is False or value == "":
        return system_now
    if isinstance(value, str) and _IMPORT.fullmatch(value):
        return value
    if callable(value):
        return value
    raise place.wrong(value, "a function, or 'package.module:function'")


def adapter(place: Place, value: object) -> Any:
    """A HostAdapter, its class, or where to import it from; it is looked at when the models are."""
    if value is False or value == "":
        return None
    if isinstance(value, str):
        if _IMPORT.fullmatch(value):
            return value
    elif not isinstance(value, (bool, int, float, list, tuple, date, time, Mapping)):
        return value
    raise place.wrong(value, "a subclass of HostAdapter, an instance, or 'package.module:Class'")


def _split(value: object) -> SplitResult | None:
    """The parts of an address; None for no text, spaces inside, or a port that is none."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return None
    try:
        url = urlsplit(value)
        _ = url.port
    except ValueError:
        return None
    return url
