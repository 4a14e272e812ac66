"""Keep the catalogues in `translations/` true to the sources.

    python .ci/check_catalogues.py            say what is wrong, and fail
    python .ci/check_catalogues.py --write    bring every catalogue up to date first (`make catalogue`)

The check fails when `flask_cancellations.pot` differs from what the sources hold now, when a `.po` file
was not brought up to date with it, when a complete locale has an untranslated or fuzzy entry, and when a
translation's placeholders are not those of its text. Files carry no line numbers and no dates of
extraction, so they change only when a text does.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from babel.messages.catalog import Message

ROOT = Path(__file__).resolve().parent.parent
DOMAIN = "flask_cancellations"
TRANSLATIONS = ROOT / "translations"
POT = TRANSLATIONS / f"{DOMAIN}.pot"
COMPLETE_LOCALES = ("bg",)
KEYWORDS: dict[str, Any] = dict(parse_keywords(["fcx_", "fcx_mark", "fcx_n:1,2", "fcx_p:1c,2", "fcx_np:1c,2,3"]))
COMMENT_TAGS = ("TRANSLATORS:",)
PLACEHOLDER = re.compile(r"%\((\w+)\)[#0\- +]?\d*(?:\.\d+)?[a-z]|\{(\w*)[^{}]*\}")
CHURN = re.compile(r'^"(POT-Creation-Date|Generated-By):.*\n', re.MULTILINE)


def extract() -> Catalog:
    """Every text that the sources mark for translation."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as config:
        methods, options = parse_mapping_cfg(config)  # type: ignore[no-untyped-call]  # Babel left it untyped
    catalogue = Catalog(
        domain=DOMAIN,
        project="flask_cancellations",
        version="0",
        copyright_holder="flask_cancellations contributors",
        charset="utf-8",
        fuzzy=False,
    )
    catalogue.header_comment = "# Texts of flask_cancellations, extracted by `make catalogue`."
    methods = [(pattern.removeprefix(f"{DOMAIN}/"), method) for pattern, method in methods]
    found = extract_from_dir(ROOT / DOMAIN, methods, options, KEYWORDS, COMMENT_TAGS, strip_comment_tags=True)
    for _path, _line, text, comments, context in found:
        catalogue.add(text, auto_comments=comments, context=context)
    return catalogue


def render(catalogue: Catalog) -> str:
    """The text of a catalogue file."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=110, no_location=True, sort_output=True)
    return CHURN.sub("", buffer.getvalue().decode())


def read(path: Path) -> Catalog:
    """Parse a `.po` or `.pot` file."""
    locale = path.parent.parent.name if path.suffix == ".po" else None
    with path.open("rb") as file:
        return read_po(file, locale=locale, domain=DOMAIN, abort_invalid=True)


def updated(path: Path, template: Catalog) -> str:
    """The text of this `.po` file once every text of the template is in it."""
    catalogue = read(path)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return render(catalogue)


def faults(path: Path) -> Iterator[str]:
    """What is wrong with the translations in this `.po` file."""
    locale = path.parent.parent.name
    for message in read(path):
        if not message.id:
            continue
        name = _texts(message.id)[0]
        strings = _texts(message.string or "")
        if locale in COMPLETE_LOCALES and not all(strings):
            yield f"{locale}: not translated: {name!r}"
        elif locale in COMPLETE_LOCALES and message.fuzzy:
            yield f"{locale}: fuzzy: {name!r}"
        yield from (f"{locale}: {fault}: {name!r}" for fault in _placeholder_faults(message, strings))


def _texts(texts: str | Sequence[str]) -> tuple[str, ...]:
    """The forms of a text, which Babel keeps as one string where there is no plural."""
    return (texts,) if isinstance(texts, str) else tuple(texts)


def _placeholder_faults(message: Message, strings: tuple[str, ...]) -> Iterator[str]:
    ids = _texts(message.id)
    # A singular may spell out its number, so only what both forms name is a must.
    allowed = set.union(*(_placeholders(text) for text in ids))
    needed = set.intersection(*(_placeholders(text) for text in ids))
    for string in filter(None, strings):
        given = _placeholders(string)
        if given - allowed:
            yield f"unknown placeholder {', '.join(sorted(given - allowed))}"
        if needed - given:
            yield f"missing placeholder {', '.join(sorted(needed - given))}"


def _placeholders(text: str) -> set[str]:
    return {match.group() for match in PLACEHOLDER.finditer(text.replace("%%", ""))}


def main(arguments: list[str]) -> int:
    """Check, or write with `--write`; the exit status says whether all is well."""
    if arguments not in ([], ["--write"]):
        print(__doc__)
        return 2
    template = extract()
    wanted = {POT: render(template)}
    for path in sorted(TRANSLATIONS.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        wanted[path] = updated(path, template)
    missing = [locale for locale in COMPLETE_LOCALES if not (TRANSLATIONS / locale).is_dir()]
    found = [f"{locale}: has no catalogue" for locale in missing]
    for path, text in wanted.items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if arguments:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")
        else:
            found.append(f"{path.relative_to(ROOT)}: out of date, run `make catalogue`")
    for path in wanted:
        if path != POT:
            found.extend(faults(path))
    for fault in found:
        print(fault)
    print(f"{len(template)} texts, {len(wanted) - 1} locales, {len(found)} faults")
    return 0 if arguments or not found else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
