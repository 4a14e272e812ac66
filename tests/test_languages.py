"""Bulgarian as staff and clients read it, and whose words are whose in hosts with and without Flask-Babel."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import request
from flask_babel import Babel, get_locale
from jinja2 import DictLoader

from flask_cancellations import i18n
from flask_cancellations.clock import DAY, HOUR, MINUTE
from flask_cancellations.i18n import money_text, span_text, use_locale
from flask_cancellations.rules.money import from_minor

from .language_clients import clients_walk
from .language_staff import staff_walk
from .language_walk import Walk
from .site import ROOT, Site, at, text_of

TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"
# Latin words that Bulgarians read too, and the clinic's data.
KNOWN = (
    *("EUR", "USD", "SMS", "API", "JSON", "null", "true", "false"),
    *("Dr Ivan Kolev", "Vesela Marinova", "Massage", "Elena Desk", "Sunny Clinic"),
    *("m…@e….com", "https://clinic.example/book", "desk@clinic.example", "worker: 7.7", "TimeoutError", "ZIP"),
)
OWN_REASON = {"code": "holiday", "side": "client", "label": {"en": "On holiday", "bg": "На почивка"}}
LAYOUT = (
    "<html lang='{{ get_locale() }}'><title>{% block title %}{% endblock %}</title>"
    "<nav>{{ _('Reason') }} / {% trans %}Cancel appointment{% endtrans %}</nav>{% block content %}{% endblock %}"
)


@pytest.fixture(scope="module")
def walk() -> Walk:
    walk = Walk("bg")
    staff_walk(walk)
    clients_walk(walk)
    return walk


def test_bulgarian_pages_and_messages_hold_no_english(walk: Walk) -> None:
    known = re.compile("|".join(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])" for word in KNOWN))
    assert {found.text for found in walk.seen if re.search("[A-Za-z]", known.sub("", found.text))} == set()
    assert {(lang, direction) for _, lang, direction in walk.pages} == {("bg", "ltr")}


def test_no_placeholder_and_no_gap_is_left_in_a_text(walk: Walk) -> None:
    broken = re.compile(r"%\(|\{\{|None|\(\)|\s[,.;:]| {2}")
    assert {found.text for found in walk.seen if broken.search(found.text)} == set()


def test_text_messages_are_short(walk: Walk) -> None:
    texts = {found.text for found in walk.seen if found.where.startswith("sms ")}
    assert "Sunny Clinic: Часът Ви за ср 2 дек, 16:40 е отменен. Нов час: https://clinic.example/book" in texts
    assert max(map(len, texts)) <= 2 * 67  # two parts in Cyrillic


def test_no_translation_uses_a_word_that_the_glossary_bans() -> None:
    section = (TRANSLATIONS / "GLOSSARY.md").read_text(encoding="utf-8").split("## Not these")[1]
    banned = [word.strip() for word in re.split(r"[·,\n]", re.sub(r"\(.*?\)", "", section)) if word.strip()]
    assert {"капаро", "отказ", "линк"} < set(banned)
    words = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in banned), re.IGNORECASE)
    with (TRANSLATIONS / "bg" / "LC_MESSAGES" / "flask_cancellations.po").open("rb") as file:
        texts = [text for message in read_po(file) if message.id for text in _strings(message.string)]
    assert len(texts) > 300
    assert [text for text in texts if words.search(text)] == []


def _strings(string: Any) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string)


def test_spans_and_amounts_in_bulgarian() -> None:
    with use_locale("bg"):
        assert span_text(DAY + 2 * HOUR) == "1 ден 2\xa0ч"
        assert span_text(2 * DAY) == "2 дни"
        assert span_text(3 * HOUR + 20 * MINUTE) == "3\xa0ч 20\xa0мин"
        assert money_text(from_minor(123050, "EUR"), "EUR") == "1\xa0230,50\xa0EUR"


@pytest.mark.parametrize(("locale", "label", "ours"), [("en", "On holiday", "Reason"), ("bg", "На почивка", "Причина")])
def test_a_clinics_own_reason_shows_in_both_languages(locale: str, label: str, ours: str) -> None:
    site = Site(CANCELLATIONS_LOCALE=locale, CANCELLATIONS_REASONS=[OWN_REASON])
    key, desk = site.visit(at(15)), site.browser()
    page = desk.get(f"{ROOT}/cancel/{key}").text
    assert f'<option value="holiday">{label}</option>' in page
    assert f">{ours}</label>" in page
    number = site.cancel(key, reason="holiday")
    for path in (f"/cancellation/{number}", f"/appointment/{key}", "/"):
        assert label in desk.get(ROOT + path).text


def test_a_host_without_flask_babel_gets_the_configured_language() -> None:
    for locale, heading in (("bg", "Отмяна на час"), ("en", "Cancel appointment"), ("bg_BG", "Отмяна на час")):
        site = Site(CANCELLATIONS_LOCALE=locale)
        assert "babel" not in site.clinic.app.extensions
        page = site.browser().get(f"{ROOT}/cancel/{site.visit(at(15))}", headers={"Accept-Language": "fr"})
        assert f'<html class="fcx-own" lang="{locale.replace("_", "-")}" dir="ltr">' in page.text
        assert heading in text_of(page)


@pytest.fixture
def babel_site(tmp_path: Path) -> Site:
    """A host with its own layout and catalogue, which translates two of our texts in other words."""
    host_words = Catalog(locale="bg", domain="messages")
    host_words.add("Reason", "Дума на сайта")
    host_words.add("Cancel appointment", "Друга дума на сайта")
    folder = tmp_path / "bg" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, host_words)
    site = Site(CANCELLATIONS_LAYOUT="host.html", BABEL_TRANSLATION_DIRECTORIES=str(tmp_path))
    app = site.clinic.app
    Babel(app, locale_selector=lambda: request.args.get("language"))
    app.jinja_loader = DictLoader({"host.html": LAYOUT})
    app.jinja_env.globals["get_locale"] = get_locale
    return site


def test_a_host_with_flask_babel_keeps_its_own_words(babel_site: Site) -> None:
    key, desk = babel_site.visit(at(15)), babel_site.browser()
    bulgarian = desk.get(f"{ROOT}/cancel/{key}?language=bg").text
    assert "<nav>Дума на сайта / Друга дума на сайта</nav>" in bulgarian
    assert ">Причина</label>" in bulgarian
    assert "Отмени часа" in bulgarian
    assert bulgarian.count("Дума на сайта") == 1
    english = desk.get(f"{ROOT}/cancel/{key}?language=en").text
    assert "<nav>Reason / Cancel appointment</nav>" in english
    assert ">Reason</label>" in english


def test_a_clients_link_speaks_the_clients_language_and_the_hosts_layout_with_it(babel_site: Site) -> None:
    path = babel_site.link(babel_site.visit(at(15), client={"language": "bg"}))
    page = babel_site.stranger().get(f"{path}?language=en").text
    assert "<html lang='bg'>" in page
    assert "Дума на сайта" in page
    assert "Искате ли да отмените часа си?" in page
    assert "сряда, 2 декември 2026" in page


def test_in_a_language_that_is_not_ours_words_dates_and_direction_stay_together(babel_site: Site) -> None:
    key, desk = babel_site.visit(at(15)), babel_site.browser()
    page = desk.get(f"{ROOT}/cancel/{key}?language=ar").text
    assert "<html lang='ar'>" in page  # the host's own
    assert '<div class="fcx-page fcx-cancel" lang="en" dir="ltr">' in page
    assert "Wednesday, 2 December 2026" in page
    babel_site.clinic.app.config["CANCELLATIONS_LOCALE"] = "bg"
    assert "сряда, 2 декември 2026" in desk.get(f"{ROOT}/cancel/{key}?language=ar").text


def test_every_language_with_a_catalogue_is_complete() -> None:
    assert {path.parent.parent.name for path in TRANSLATIONS.glob("*/LC_MESSAGES/*.po")} >= {"bg"}
    assert (i18n.CATALOGUES / "bg" / "LC_MESSAGES" / "flask_cancellations.mo").is_file()
