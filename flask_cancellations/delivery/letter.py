"""A rendered message, and what sends one."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Protocol

_BREAKS = {"Cc", "Zl", "Zp"}  # control characters, line and paragraph separators


@dataclass(frozen=True, slots=True)
class Letter:
    """What leaves, to exactly one ``address``.

    ``uid`` is the same at every attempt, so that a provider can drop repetitions. ``subject`` and ``html`` are empty in
    a text message. ``at_us`` (microseconds UTC) is the date it bears.
    """

    uid: str
    address: str
    language: str
    text: str
    at_us: int
    subject: str = ""
    html: str = ""

    @property
    def record(self) -> str:
        """What is kept of it for disputes: the words, without their design."""
        return f"{self.subject}\n\n{self.text}" if self.subject else self.text


class Channel(Protocol):
    """A way out of the building."""

    def send(self, letter: Letter) -> None:
        """Hand the letter over. Raises DeliveryFailed if it was not taken."""


def one_line(text: str) -> str:
    """The text on one line: names come from people, and a line break in one could start a header or a sentence."""
    plain = "".join(" " if unicodedata.category(character) in _BREAKS else character for character in text)
    return " ".join(plain.split())
