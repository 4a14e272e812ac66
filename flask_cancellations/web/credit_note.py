"""The paper of a credit: as it was drawn, in the language of whoever reads it, to be printed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from flask_cancellations.i18n import day_text, fcx_, language_text, languages, locale, moment_text, use_locale
from flask_cancellations.models.settlement import GIVE_BACK
from flask_cancellations.rules.vat import Vat
from flask_cancellations.rules.wording import percent_text
from flask_cancellations.services import credit_notes
from flask_cancellations.services.actor import require, visible
from flask_cancellations.services.appointments import of_record
from flask_cancellations.services.credit_notes import Document
from flask_cancellations.services.history import record_of
from flask_cancellations.state import current_state
from flask_cancellations.web.access import staff
from flask_cancellations.web.pages import address, page
from flask_cancellations.web.way_back import came_from


def credit_note(number: int) -> Response:
    """One document by our number; ``?lang=`` says in which language, by default the client's."""
    state = current_state()
    actor = staff(state)
    require(state, actor, "money")
    note = credit_notes.document(state, number)
    it = visible(state, actor, of_record(state, record_of(state, note.cancellation_id)))
    spoken = languages()
    wanted = request.args.get("lang", "")
    if wanted not in spoken:
        wanted = (it.client.locale if it.client else None) or state.settings.locale
    with use_locale(wanted):
        language = locale().language
        # A template of ours, whose values are escaped already.
        paper = Markup(render_template("cancellations/credit_note_paper.html", **_paper(note)))  # noqa: S704
    others = credit_notes.documents(state, note.cancellation_id)
    return page(
        "credit_note.html",
        title=paper_label(note),
        actor=actor,
        paper=paper,
        reversed_by=[
            (other.label, address("credit_note", number=other.number))
            for other in others
            if other.reverses == note.label and other.lot_id == note.lot_id
        ],
        languages=[
            (name, language_text(name), address("credit_note", number=number, lang=name))
            for name in spoken
            if name != language
        ],
        record_url=address("cancellation", cancellation_id=note.cancellation_id),
        back=came_from(),
    )


def paper_label(note: Document) -> str:
    """What a document is called."""
    if note.reverses:
        return fcx_("Reversal no. %(number)s", number=note.label)
    return fcx_("Credit note no. %(number)s", number=note.label)


def _paper(note: Document) -> dict[str, Any]:
    """What stands on the paper. The reason of the cancellation is not on it: it may be about somebody's health."""
    facts, seller, original = note.facts, note.facts["seller"], note.facts["original"]
    parts = (original["service"], moment_text(datetime.fromisoformat(original["start"])))
    return {
        "title": paper_label(note),
        "day": day_text(date.fromisoformat(note.local_day)),
        "tax_document": note.tax_document,
        "seller": seller["name"],
        "seller_lines": [
            text
            for text in (
                seller["address"],
                fcx_("VAT no. %(number)s", number=seller["vat_number"]) if seller["vat_number"] else "",
                fcx_("Registration no. %(number)s", number=seller["tax_id"]) if seller.get("tax_id") else "",
                seller["phone"],
                seller["email"],
            )
            if text
        ],
        "buyer": facts["buyer"]["name"] or fcx_("No client"),
        "facts": [
            (fcx_("Takes back"), fcx_("Credit note no. %(number)s", number=note.reverses) if note.reverses else ""),
            (fcx_("Reason"), _reason(facts["origin"])),
            (fcx_("Appointment"), " · ".join(filter(None, parts))),
            (fcx_("Cancelled on"), moment_text(datetime.fromisoformat(original["cancelled"]))),
            (fcx_("Original payment"), ", ".join(original["payments"])),
        ],
        "vat": note.vat,
        "vat_label": _vat_label(note.vat),
        "currency": note.currency,
    }


def _vat_label(vat: Vat) -> str:
    return fcx_("VAT %(rate)s", rate=percent_text(Decimal(vat.rate) / 100))


def _reason(origin: str) -> str:
    reasons = {
        "cancel": fcx_("The deposit of a cancelled appointment becomes credit."),
        "step": fcx_("The deposit of a cancelled appointment becomes credit."),
        GIVE_BACK: fcx_("A cancellation fee is given back as credit."),
        "undo": fcx_("The appointment stands again, so the credit is taken back."),
        "void": fcx_("The credit is taken back."),
    }
    return reasons.get(origin, origin)
