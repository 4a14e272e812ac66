"""E-mail by SMTP."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from urllib.parse import parse_qs, unquote, urlsplit

from flask_cancellations.delivery.letter import Letter, one_line
from flask_cancellations.delivery.mail import Sender, compose
from flask_cancellations.errors import DeliveryFailed

TIMEOUT_SECONDS = 20


class SmtpChannel:
    """Sends by the server of ``smtp://[user:password@]host[:port][?starttls=1]`` or ``smtps://...``.

    User and password are percent-encoded in the URL. Certificates are checked. The default ports are 25, with
    ``starttls`` 587, and 465 for ``smtps``.
    """

    def __init__(self, url: str, sender: Sender) -> None:
        parts = urlsplit(url)
        self._sender = sender
        self._tls = parts.scheme == "smtps"
        self._starttls = parse_qs(parts.query).get("starttls", ["0"])[-1] == "1"
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if self._tls else 587 if self._starttls else 25)
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")

    def send(self, letter: Letter) -> None:
        """Send one e-mail. Raises DeliveryFailed with the server's answer."""
        message = compose(letter, self._sender)
        to = message["To"].addresses[0].addr_spec
        try:
            server = self._connect()
            try:
                server.send_message(message, from_addr=message["From"].addresses[0].addr_spec, to_addrs=[to])
            finally:
                # The mail is taken or refused by now. A server that fumbles its goodbye must not make us send twice.
                with contextlib.suppress(OSError):
                    server.quit()
        except OSError as error:  # SMTPException is one too
            raise DeliveryFailed(_reason(error)) from error

    def _connect(self) -> smtplib.SMTP:
        # Named after the clinic: by default smtplib asks the DNS for this machine's name, and tells it to the world.
        name = self._sender.domain
        server: smtplib.SMTP
        if self._tls:
            context = ssl.create_default_context()
            server = smtplib.SMTP_SSL(self._host, self._port, name, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, name, timeout=TIMEOUT_SECONDS)
        try:
            if self._starttls:
                server.starttls(context=ssl.create_default_context())
            if self._user:
                server.login(self._user, self._password)
        except OSError:
            server.close()
            raise
        return server


def _reason(error: OSError) -> str:
    """The server's own words where it gave any."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()))
        return f"SMTP {code}: {_decoded(answer)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"SMTP {error.smtp_code}: {_decoded(error.smtp_error)}"
    return one_line(f"{type(error).__name__}: {error}")


def _decoded(answer: bytes | str) -> str:
    return one_line(answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer)
