"""A made-up translation that shows what was never given to the translators.

From the template `translations/flask_cancellations.pot` it makes a catalogue in which every letter bears an accent and
every text stands in brackets: "Cancel appointment" becomes "⟦Çåñçéļ åþþöîñţɱéñţ⟧". A plain letter on a page is then
data, or a text that was not extracted. Placeholders stay as they are; a text's context stands before it, so that two
texts that only differ in it can be told apart.

To look at it in a browser, write it beside the real catalogues, and remove it afterwards:

    python -m tests.pseudo_locale translations he
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

DOMAIN = "flask_cancellations"
TEMPLATE = Path(__file__).resolve().parent.parent / "translations" / f"{DOMAIN}.pot"
# The accents that Hebrew, Arabic and the like cannot contain, one for each letter.
ACCENTS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "åƀçđéƒĝĥîĵķļɱñöþɋŕšţûṽŵẋýžÅƁÇĐÉƑĜĤÎĴĶĻṀÑÖÞɊŔŠŢÛṼŴẊÝŽ",
)
PLACEHOLDER = re.compile(r"(%\(\w+\)[a-z])")


def pseudo(text: str, context: str | None = None) -> str:
    """A text as the made-up language has it."""
    said = f"{context}·{text}" if context else text
    parts = PLACEHOLDER.split(said)
    return "⟦" + "".join(part if PLACEHOLDER.fullmatch(part) else part.translate(ACCENTS) for part in parts) + "⟧"


def messages(template: Path = TEMPLATE) -> Iterator[Message]:
    """The texts of the template, without its header."""
    with template.open("rb") as file:
        yield from (message for message in read_po(file, domain=DOMAIN, abort_invalid=True) if message.id)


def forms(message: Message) -> tuple[str, ...]:
    """A message's text in the made-up language: one form, or singular and plural."""
    texts = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    return tuple(pseudo(text, message.context) for text in texts)


def write_catalogue(folder: Path, locale: str, template: Path = TEMPLATE) -> Path:
    """Write the compiled catalogue for a locale into a folder of catalogues; returns its path."""
    catalogue = Catalog(locale=Locale.parse(locale), domain=DOMAIN, fuzzy=False)
    for message in messages(template):
        said = forms(message)
        many = (said[0], *[said[1]] * (catalogue.num_plurals - 1)) if len(said) > 1 else said[0]
        catalogue.add(message.id, many, context=message.context)
    path = folder / locale / "LC_MESSAGES" / f"{DOMAIN}.mo"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_mo(file, catalogue)
    return path


if __name__ == "__main__":
    print(write_catalogue(Path(sys.argv[1]), sys.argv[2]))  # noqa: T201  # the answer of a command
