"""Render a message from the outbox in the client's language.

The templates lie in ``cancellations/messages/`` and are looked up by the app's own Jinja loader first, so a clinic
overrides one by a file of the same name in its templates folder. Each message has four: ``NAME.subject.txt``,
``NAME.txt`` and ``NAME.html`` for e-mail, ``NAME.sms.txt`` for a text message.
"""

from __future__ import annotations

import json
import re
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from flask_cancellations.clock import Clock
from flask_cancellations.delivery.letter import Letter, one_line
from flask_cancellations.delivery.outbox import Leased
from flask_cancellations.delivery.wording import deposit_sentences, fee_sentence
from flask_cancellations.i18n import (
    day_text,
    jinja_globals,
    locale,
    moment_text,
    short_day_text,
    time_text,
    use_locale,
)
from flask_cancellations.rules.settlement import Settlement
from flask_cancellations.settings import Settings

FOLDER = "cancellations/messages"


class Renderer:
    """Turns messages of one app into letters."""

    def __init__(self, settings: Settings, clock: Clock, loader: BaseLoader | None) -> None:
        self._settings = settings
        self._clock = clock
        ours = PackageLoader("flask_cancellations")
        # An environment of its own: the host's filters, globals and autoescape rules must not change our letters.
        self._jinja = Environment(
            loader=ChoiceLoader([loader, ours]) if loader else ours,
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,  # a typo in a clinic's template must not leave the building
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals.update(jinja_globals())

    def render(self, message: Leased) -> Letter:
        """The letter of one message. Raises Jinja's TemplateError if a clinic's own template is faulty."""
        name = f"{FOLDER}/{message.template}"
        with use_locale(self._settings.locale), use_locale(message.locale):
            values = self._values(message)
            if message.channel == "sms":
                text, subject, html = one_line(self._fill(f"{name}.sms.txt", values)), "", ""
            else:
                subject = values["subject"] = one_line(self._fill(f"{name}.subject.txt", values))
                text = _paragraphs(self._fill(f"{name}.txt", values))
                html = self._fill(f"{name}.html", values)
            return Letter(
                uid=message.uid,
                address=message.address,
                language=values["language"],
                text=text,
                at_us=self._clock.now(),
                subject=subject,
                html=html,
            )

    def _fill(self, template: str, values: dict[str, Any]) -> str:
        return self._jinja.get_template(template).render(values)

    def _values(self, message: Leased) -> dict[str, Any]:
        """What the templates know; names of people and things are on one line, whatever was typed in."""
        told: dict[str, Any] = json.loads(message.parameters)
        settlement = Settlement(**told["settlement"])
        settings, current = self._settings, locale()
        start = self._clock.to_wall(told["start_us"])
        free_until, pending_until = told.get("free_until_us"), told.get("pending_until_us")
        decided_by = moment_text(self._clock.to_wall(pending_until)) if pending_until is not None else ""
        return {
            "client": one_line(told["client"]),
            "service": one_line(told["service"]),
            "staff": one_line(told["staff"]),
            "moment": moment_text(start),
            "day": day_text(start.date()),
            "short_day": short_day_text(start.date()),
            "time": time_text(start),
            "settlement": settlement,
            "fee_sentence": fee_sentence(settlement, decided_by),
            "deposit_sentences": deposit_sentences(settlement),
            "free_until": moment_text(self._clock.to_wall(free_until)) if free_until is not None else "",
            "clinic": one_line(settings.clinic_name),
            "clinic_phone": settings.clinic_phone,
            "rebook_url": settings.rebook_url,
            "language": str(current).replace("_", "-"),
            "direction": current.text_direction,
        }


def _paragraphs(text: str) -> str:
    """The text without the blank lines that the templates' own lines leave; one separates paragraphs."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n"
