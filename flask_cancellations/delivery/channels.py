"""Which way a message leaves, by the URLs of the configuration."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import click

from flask_cancellations.delivery.letter import Channel, Letter
from flask_cancellations.delivery.mail import Sender
from flask_cancellations.delivery.sms import AppriseChannel, GatewayChannel
from flask_cancellations.delivery.smtp import SmtpChannel
from flask_cancellations.errors import ConfigError, Fault
from flask_cancellations.settings import Settings


class ConsoleChannel:
    """Writes messages to standard output instead of sending them: for development."""

    def send(self, letter: Letter) -> None:
        """Print the letter; its text only, as HTML is no pleasure to read there."""
        click.echo(f"--- to {letter.address} ({letter.uid})\n{letter.record.rstrip()}\n---")


def channels(settings: Settings) -> dict[str, Channel]:
    """The channels of an app, by what a message calls them. Raises ConfigError with the faults of both URLs."""
    found: dict[str, Channel] = {}
    faults: list[Fault] = []
    sender = Sender(settings.clinic_name, settings.clinic_email)
    makers: dict[str, Callable[[], Channel]] = {
        "email": lambda: mail_channel(settings.mail_url, sender),
        "sms": lambda: sms_channel(settings.sms_url),
    }
    for name, make in makers.items():
        try:
            found[name] = make()
        except ConfigError as error:
            faults.extend(error.faults)
    if faults:
        raise ConfigError(faults)
    return found


def mail_channel(url: str, sender: Sender) -> Channel:
    """The way of e-mail. Raises ConfigError if mail shall leave without a sender."""
    if urlsplit(url).scheme == "console":
        return ConsoleChannel()
    if not sender.email:
        raise ConfigError(
            [Fault("CANCELLATIONS_CLINIC_EMAIL", "nothing", "the address that e-mail is sent from and answered to")]
        )
    return SmtpChannel(url, sender)


def sms_channel(url: str) -> Channel:
    """The way of text messages. Raises ConfigError for a URL that nothing here can send by."""
    match urlsplit(url).scheme:
        case "console":
            return ConsoleChannel()
        case "http" | "https":
            return GatewayChannel(url)
        case _:
            return AppriseChannel(url)
