"""The e-mail that confirms a booking: when, what, what cancelling would cost, and a link to do it."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from urllib.parse import urlsplit

from flask import current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from .display import clock_time, long_day
from .extensions import cancellations
from .models import Visit

TIMEOUT = 10.0


def confirmation(visit: Visit) -> EmailMessage:
    """The letter, written in the booking's transaction: the link in it is a row there."""
    terms = cancellations.terms(visit, link=True)
    letter = EmailMessage()
    letter["From"] = current_app.config["CANCELLATIONS_CLINIC_EMAIL"]
    letter["To"] = visit.patient.email
    with force_locale(visit.patient.language):
        when = _("%(day)s, %(time)s", day=long_day(visit.begins_at), time=clock_time(visit.begins_at))
        letter["Subject"] = _("Your visit: %(when)s", when=when)
        letter.set_content(render_template("confirmation.txt", visit=visit, when=when, terms=terms))
    return letter


def send(letter: EmailMessage) -> None:
    """Send it by the mail server that flask_cancellations uses, if there is one; the booking stands all the same."""
    server = urlsplit(current_app.config.get("CANCELLATIONS_MAIL_URL", ""))
    if server.scheme != "smtp":
        return
    try:
        with smtplib.SMTP(server.hostname or "", server.port or 25, timeout=TIMEOUT) as smtp:
            smtp.send_message(letter)
    except (OSError, smtplib.SMTPException):
        current_app.logger.exception("the confirmation to %s was not sent", letter["To"])
