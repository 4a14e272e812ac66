"""Where a client can be reached, and how an address is shown without giving it away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import phonenumbers

from flask_cancellations.host.values import Person

Channel = Literal["sms", "email"]
LONGEST_EMAIL = 254  # what a mail server has to take (RFC 5321)


@dataclass(frozen=True, slots=True)
class Address:
    """One way to reach a client: an E.164 number for ``sms``, an e-mail address for ``email``."""

    channel: Channel
    address: str

    @property
    def masked(self) -> str:
        """Enough for staff to recognise it: "+359 … 12", "m…@e….com"."""
        return mask_phone(self.address) if self.channel == "sms" else mask_email(self.address)


def reachable(client: Person | None, region: str) -> list[Address]:
    """The usable addresses of a client, SMS first. ``region`` is for numbers without a country code."""
    if client is None:
        return []
    number = e164(client.phone, region)
    email = plain_email(client.email)
    found = [Address("sms", number)] if number else []
    return [*found, Address("email", email)] if email else found


def e164(text: str | None, region: str) -> str | None:
    """The number in E.164 form, or None if it is none that exists."""
    if not text:
        return None
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def plain_email(text: str | None) -> str | None:
    """The address if it is exactly one, without anything that could reach a mail header; else None."""
    address = (text or "").strip()
    local, at, domain = address.rpartition("@")
    forbidden = set(' \t\r\n,;:<>()[]"\\')
    if not (at and local and "." in domain) or forbidden & set(address) or "@" in local or not address.isprintable():
        return None
    return address if len(address) <= LONGEST_EMAIL else None


def mask_phone(number: str) -> str:
    """The country code and the last two digits."""
    country = phonenumbers.parse(number).country_code
    return f"+{country} … {number[-2:]}"


def mask_email(address: str) -> str:
    """The first letters of both parts, and the top-level domain."""
    local, _, domain = address.rpartition("@")
    return f"{local[0]}…@{domain[0]}….{domain.rpartition('.')[2]}"
