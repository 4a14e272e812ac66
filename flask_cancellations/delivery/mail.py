"""Write a letter as an e-mail: text and HTML, one sender, exactly one recipient, and no header but ours."""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from flask_cancellations.clock import us_to_utc
from flask_cancellations.delivery.addresses import plain_email
from flask_cancellations.delivery.letter import Letter, one_line
from flask_cancellations.errors import DeliveryFailed

# Not every server passes 8-bit text on, so everything is encoded to 7 bits.
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the clinic's name, which may be empty, and its e-mail address."""

    name: str
    email: str

    @property
    def domain(self) -> str:
        """The domain of the address, as machines write it."""
        return _ascii_domain(self.email.rpartition("@")[2])


def compose(letter: Letter, sender: Sender) -> EmailMessage:
    """The e-mail of a letter.

    Raises DeliveryFailed if the recipient is not exactly one plain address; the name and the subject are brought onto
    one line, so nothing that somebody typed in can start a header.
    """
    if plain_email(letter.address) != letter.address:
        raise DeliveryFailed("the recipient is not exactly one e-mail address")
    message = EmailMessage(policy=_POLICY)
    author = _address(sender.email, one_line(sender.name))
    message["From"] = author
    message["Reply-To"] = author
    message["To"] = _address(letter.address)
    message["Subject"] = one_line(letter.subject)
    message["Date"] = us_to_utc(letter.at_us)
    message["Message-ID"] = f"<{letter.uid}@{sender.domain}>"
    # Answering machines must not answer (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    # After the parts: whatever is set of the content before moves into the first of them.
    message["Content-Language"] = letter.language
    return message


def _address(text: str, name: str = "") -> Address:
    local, _, domain = text.rpartition("@")
    return Address(name, local, _ascii_domain(domain))


def _ascii_domain(domain: str) -> str:
    """The domain in its ASCII form; most servers cannot do with another."""
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise DeliveryFailed(f"the domain of the address cannot be encoded: {error}") from error
