"""How long a text message is: what fits into a single one."""

from __future__ import annotations

# 3GPP TS 23.038: the basic table, and the characters that need two places in it.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_GSM, _UCS2 = 160, 70  # places in a single message


def fits_one_message(text: str) -> bool:
    """Whether a text needs one text message only.

    That is 160 places if all of its characters are in the GSM alphabet, where some take two; else 70 units of UTF-16.
    """
    if set(text) <= _BASIC | _EXTENDED:
        return len(text) + sum(character in _EXTENDED for character in text) <= _GSM
    return len(text.encode("utf-16-be")) // 2 <= _UCS2


def plain_spaces(text: str) -> str:
    """The text with spaces that are in every alphabet: a single one that is not would halve what fits."""
    return " ".join(text.split())
