"""Everything people read can be translated: a made-up right-to-left language leaves no plain letter but data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Message
from jinja2 import DictLoader

from flask_cancellations import i18n
from flask_cancellations.i18n import fcx_, fcx_n, moment_text, use_locale

from .language_clients import clients_walk
from .language_staff import refusals, staff_walk
from .language_walk import Seen, Walk
from .pseudo_locale import forms, messages, pseudo, write_catalogue
from .site import Site

MADE_UP = "he"  # right to left, with a script of its own, and no language of ours
# What comes from the clinic's data. Everything else that people read must be in the catalogue.
DATA = (
    *("Мария Петрова", "Dr Ivan Kolev", "Vesela Marinova", "Massage", "Elena Desk", "Sunny Clinic"),
    *("EUR", "USD", "m…@e….com", "https://clinic.example/book", "desk@clinic.example", "TimeoutError"),
    "Петрова",  # searched for
    "worker: 7.7",  # an event of a kind that the pages do not know is shown by its code
)
PLAIN_LETTER = re.compile(r"[A-Za-z\u0400-\u04ff]")
# Texts that the walk cannot reach, and why.
UNREACHED = {
    "No fee: cancelled shortly after booking.": "only where the policy's own text is no longer on file",
    "The worker ended while it was sending, at each attempt; nobody knows whether it left.": "in the outbox table only",
    "This did not work": "for refusals by the host's adapter with a status of its own",
}
FILLED = r"(?:[^⟦⟧]|⟦(?:[^⟦⟧]|⟦[^⟦⟧]*⟧)*⟧)+?"


def not_extracted(seen: Iterable[Seen]) -> set[str]:
    """The texts that hold letters which are neither data nor from the catalogue."""
    data = re.compile("|".join(re.escape(word) for word in DATA))
    return {found.text for found in seen if PLAIN_LETTER.search(data.sub("", found.text))}


@pytest.fixture(scope="module", autouse=True)
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The made-up language in the place of the real ones."""
    folder = tmp_path_factory.mktemp("translations")
    write_catalogue(folder, MADE_UP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(i18n, "CATALOGUES", folder)
        i18n._catalogue.cache_clear()
        yield
    i18n._catalogue.cache_clear()


@pytest.fixture(scope="module")
def walk(made_up: None) -> Walk:
    walk = Walk(MADE_UP)
    staff_walk(walk)
    clients_walk(walk)
    return walk


def test_no_text_was_forgotten(walk: Walk) -> None:
    assert not_extracted(walk.seen) == set()


def test_the_walk_meets_every_text_of_the_catalogue(walk: Walk) -> None:
    """If this fails for a new text, the walk (tests/language_staff.py, language_clients.py) lacks a step."""
    seen = " ".join(found.text for found in walk.seen).replace("\xa0", " ")

    def met(message: Message) -> bool:
        patterns = [re.sub(r"%\\\(\w+\\\)[a-z]", lambda _: FILLED, re.escape(form)) for form in forms(message)]
        return any(re.search(pattern, seen) for pattern in patterns)

    missed = {str(message.id) for message in messages() if not met(message)}
    assert missed == set(UNREACHED)


def test_every_page_is_mirrored(walk: Walk) -> None:
    assert len(walk.pages) > 200
    assert {(lang, direction) for _, lang, direction in walk.pages} == {(MADE_UP, "rtl")}


def test_dates_are_in_the_languages_own_script(walk: Walk) -> None:
    seen = {found.text for found in walk.seen}
    assert "יום רביעי, 2 בדצמבר 2026" in seen  # a page's heading
    assert any("יום ד׳ 2 דצמ׳" in text for text in seen)  # a text message


class Careless(Walk):
    """A walk through a clinic whose page of refusals has this in it."""

    markup = ""

    def site(self, **config: Any) -> Site:
        site = super().site(**config)
        site.clinic.app.jinja_loader = DictLoader({"cancellations/error.html": self.markup})
        return site


@pytest.mark.parametrize(
    "markup",
    [
        "<p>Try again</p>",
        '<p title="Try again"></p>',
        '<img alt="Try again" src="">',
        '<input placeholder="Try again">',
        '<input type="submit" value="Try again">',
        '<nav aria-label="Try again"></nav>',
        '<select><optgroup label="Try again"></optgroup></select>',
        '<form data-fcx-failed="Try again"></form>',
        "<p>{{ fcx_('Note') }}: <b>Try again</b></p>",
    ],
)
def test_a_forgotten_text_would_be_found(markup: str) -> None:
    walk = Careless(MADE_UP)
    walk.markup = markup
    refusals(walk)
    assert not_extracted(walk.seen) == {"Try again"}


def test_scripts_styles_and_what_is_typed_in_are_no_texts() -> None:
    walk = Careless(MADE_UP)
    walk.markup = '<style>Try</style><script>again()</script><input type="hidden" value="Try again">'
    refusals(walk)
    assert not_extracted(walk.seen) == set()


def test_the_made_up_language_keeps_placeholders_and_plural_forms(tmp_path: Path) -> None:
    assert pseudo("Hello %(name)s,") == "⟦Ĥéļļö %(name)s,⟧"
    with use_locale(MADE_UP):
        assert fcx_("Hello %(name)s,", name="Ana") == "⟦Ĥéļļö Ana,⟧"
        assert fcx_n("%(num)s day", "%(num)s days", 1) == "⟦1 đåý⟧"
        assert fcx_n("%(num)s day", "%(num)s days", 2) == "⟦2 đåýš⟧"
        assert moment_text(datetime(2026, 12, 2, 16, 40)).endswith("16:40")
    assert all(write_catalogue(tmp_path, locale).is_file() for locale in ("fa", "ar"))
