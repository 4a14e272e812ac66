"""The Jinja global for confirmations and reminders: an appointment's terms, with a link if it is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask_cancellations.services.terms import Terms, terms
from flask_cancellations.state import current_state
from flask_cancellations.web.actions import cancellations_link


def cancellations_terms(row: Any, locale: str | None = None, *, link: bool = False) -> Terms:
    """What cancelling the host's appointment ``row`` costs from now until it begins, in its client's language.

    ``row`` must be flushed; ``locale`` names another language than the client's, as for a page that is in one. With
    ``link`` the answer has a new link by which the client may cancel, empty where the policy no longer allows that. A
    link writes a row, see :func:`cancellations_link`; without it nothing is written. It asks the database a few times,
    so it is for one appointment, not for every row of a list. Raises InvalidInput for a deposit in another currency
    than the price, and with ``link`` ConfigError without ``CANCELLATIONS_PUBLIC_URL``.
    """
    found = terms(current_state(), row, locale, by_link=link)
    if not (link and found.online):
        return found
    return replace(found, link=cancellations_link(row))
