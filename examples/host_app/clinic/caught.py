"""A caught e-mail, taken apart the way a mail program shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class CaughtMail:
    id: int
    to: str
    sender: str
    subject: str
    html: str | None
    text: str | None
    attachments: list[Attachment]
    at: datetime


def read_mail(mail_id: int, recipient: str, raw: bytes, at: datetime) -> CaughtMail:
    message = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    return CaughtMail(
        id=mail_id,
        to=str(message["to"] or recipient),
        sender=str(message["from"] or ""),
        subject=str(message["subject"] or ""),
        html=_content(message, "html"),
        text=_content(message, "plain"),
        attachments=[
            Attachment(part.get_filename() or f"{index + 1}.bin", part.get_content_type(), _bytes(part))
            for index, part in enumerate(message.iter_attachments())
        ],
        at=at,
    )


def _content(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return None if part is None else str(part.get_content())


def _bytes(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else part.as_bytes()
