"""Our own translation domain: words, dates, money and spans of time in the language in force.

The functions have names of their own (``fcx_`` ...), so that the host's catalogue and ours never mix. The language is,
in this order: the one set by :func:`use_locale` (the worker writes to each client in the client's language), the one
that Flask-Babel chose for the request, ``CANCELLATIONS_LOCALE`` of the app, English. A language that we have no texts
in is passed over, so that words, dates and the direction of writing always belong together.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import cast

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency
from babel.support import Translations
from flask import current_app, has_app_context, has_request_context
from flask_babel import get_locale as request_locale

from flask_cancellations.clock import MINUTE

DOMAIN = "flask_cancellations"
EXTENSION_KEY = "cancellations"

_PACKAGE = Path(__file__).parent
# In the wheel the compiled catalogues lie inside the package; in a source tree beside it.
CATALOGUES = next(
    (folder for folder in (_PACKAGE / "translations", _PACKAGE.parent / "translations") if folder.is_dir()),
    _PACKAGE / "translations",
)

_ENGLISH = Locale("en")
_forced: ContextVar[Locale | None] = ContextVar("flask_cancellations_locale", default=None)


def parse_locale(text: str) -> Locale | None:
    """The locale that a text such as ``bg``, ``pt_BR`` or ``pt-BR`` names, or None."""
    try:
        return Locale.parse(text.strip().replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None


def locale() -> Locale:
    """The language in force; always one that we have texts in."""
    forced = _forced.get()
    if forced is not None:
        return forced
    if has_app_context():
        # Outside a request a host's locale selector has nothing to look at, and may fail.
        if has_request_context() and "babel" in current_app.extensions:
            chosen = cast("Locale | None", request_locale())
            if chosen is not None and _speaks(chosen):
                return chosen
        configured = parse_locale(str(current_app.config.get("CANCELLATIONS_LOCALE", "")))
        if configured is not None and _speaks(configured):
            return configured
    return _ENGLISH


@contextmanager
def use_locale(text: str | None) -> Iterator[None]:
    """Write in the language that ``text`` names; one that is empty, unknown or not ours changes nothing."""
    wanted = parse_locale(text) if text else None
    token = _forced.set(wanted if wanted is not None and _speaks(wanted) else _forced.get())
    try:
        yield
    finally:
        _forced.reset(token)


@cache
def _catalogue(name: str) -> NullTranslations:
    return Translations.load(CATALOGUES, [name], DOMAIN)


def _catalogue_of(language: Locale) -> NullTranslations:
    """The catalogue of a language, or of its parent language; an empty one if there is none."""
    found = _catalogue(str(language))
    return found if isinstance(found, Translations) else _catalogue(language.language)


def _speaks(language: Locale) -> bool:
    return language.language == _ENGLISH.language or isinstance(_catalogue_of(language), Translations)


def languages() -> list[str]:
    """The languages that we have texts in, English first."""
    found = {path.parent.parent.name for path in CATALOGUES.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")}
    return ["en", *sorted(found - {"en"})]


def language_text(name: str) -> str:
    """The name of a language in the language in force: "Bulgarian"."""
    known = parse_locale(name)
    return (known.get_display_name(locale()) if known else None) or name


def catalogue() -> NullTranslations:
    """The catalogue of the language in force; English needs none."""
    return _catalogue_of(locale())


def fcx_mark(text: str) -> str:
    """Mark a text for extraction that is translated later, where it is shown."""
    return text


def fcx_(text: str, /, **values: object) -> str:
    """Translate, then fill in ``%(name)s``."""
    translated = catalogue().gettext(text)
    return translated % values if values else translated


def fcx_n(singular: str, plural: str, number: int, /, **values: object) -> str:
    """Translate with the plural form of ``number``, which is also ``%(num)s``."""
    return catalogue().ngettext(singular, plural, number) % {"num": number, **values}


def fcx_p(context: str, text: str, /, **values: object) -> str:
    """Translate a text that is ambiguous without its context."""
    translated = catalogue().pgettext(context, text)
    return translated % values if values else translated


def fcx_np(context: str, singular: str, plural: str, number: int, /, **values: object) -> str:
    """Translate with context and plural form."""
    return catalogue().npgettext(context, singular, plural, number) % {"num": number, **values}


def label_of(labels: dict[str, str], fallback: str) -> str:
    """The label of the language in force from a table of languages, else English, else any, else ``fallback``."""
    current = locale()
    for name in (str(current), str(current).replace("_", "-"), current.language, "en"):
        if name in labels:
            return labels[name]
    return next(iter(labels.values()), fallback)


def money_text(amount: Decimal, currency: str) -> str:
    """An amount in major units with its ISO code: "30.00 EUR", in Bulgarian "30,00 EUR"."""
    return format_currency(amount, currency, format="#,##0.00\xa0¤¤", locale=locale(), currency_digits=True)


def day_text(day: date) -> str:
    """A day with its weekday: "Wednesday, 2 December 2026"."""
    current = locale()
    # Babel takes English of no country for American, which puts the month first.
    return format_date(day, "EEEE, d MMMM y" if current == _ENGLISH else "full", locale=current)


def short_day_text(day: date) -> str:
    """A day in few characters, for text messages: "Wed 2 Dec"."""
    return f"{short_weekday_text(day)} {format_date(day, 'd MMM', locale=locale())}"


def short_weekday_text(day: date) -> str:
    """A weekday in few characters: "Wed"."""
    return format_date(day, "EEE", locale=locale())


def time_text(moment: time | datetime) -> str:
    """A time of day on the 24-hour clock: "16:40"."""
    return format_time(moment, format="HH:mm", locale=locale())


def moment_text(wall: datetime) -> str:
    """A wall-clock moment: "Wednesday, 2 December 2026, 16:40"."""
    return f"{day_text(wall.date())}, {time_text(wall)}"


def span_text(us: int) -> str:
    """A span of time in its two largest units: "3 h 20 min", "2 days 4 h", "25 min"."""
    minutes = abs(us) // MINUTE
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = []
    if days:
        parts.append(fcx_n("%(num)s day", "%(num)s days", days))
    if hours:
        parts.append(fcx_("%(hours)s h", hours=hours))
    if (minutes and not days) or not parts:
        parts.append(fcx_("%(minutes)s min", minutes=minutes))
    return " ".join(parts)


def jinja_globals() -> dict[str, object]:
    """The words and forms that our templates use."""
    functions = (fcx_, fcx_n, fcx_p, fcx_np)
    return {function.__name__: function for function in functions}
