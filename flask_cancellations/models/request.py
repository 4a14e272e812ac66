"""Requests already answered, and links that clients hold."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import KEY_LENGTH, Base, big_id, binary_text, key_text


class AnsweredRequest(Base):
    """The answer to a request with an idempotency key, so that sending it twice does it once.

    ``actor`` is kind and key, as in ``staff:17``. ``request_hash`` is the SHA-256 of what was asked for; ``answer`` is
    JSON. ``cancellation_id`` is the one that was begun where the host's own function commits by itself: without an
    answer nobody has seen yet what came of it.
    """

    __tablename__ = "cancellations_request"
    __table_args__ = (
        UniqueConstraint("scope", "actor", "idempotency_key", name="uq_cancellations_request_key"),
        Index("ix_cancellations_request_created", "created_us"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    actor: Mapped[str] = mapped_column(binary_text(KEY_LENGTH + 10))
    idempotency_key: Mapped[str] = mapped_column(binary_text(64))
    request_hash: Mapped[str] = mapped_column(binary_text(64))
    answer: Mapped[str] = mapped_column(Text)
    created_us: Mapped[int] = mapped_column(BigInteger)
    cancellation_id: Mapped[int | None] = mapped_column(BigInteger)


class Link(Base):
    """A client's link. Only the SHA-256 of its token is stored; ``used_us`` is set once, by a conditional update."""

    __tablename__ = "cancellations_link"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_cancellations_link_token"),
        Index("ix_cancellations_link_appointment", "scope", "appointment_key"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    token_hash: Mapped[str] = mapped_column(binary_text(64))
    purpose: Mapped[str] = mapped_column(String(16))
    appointment_key: Mapped[str] = mapped_column(key_text())
    client_key: Mapped[str | None] = mapped_column(key_text())
    start_us: Mapped[int] = mapped_column(BigInteger)
    created_us: Mapped[int] = mapped_column(BigInteger)
    expires_us: Mapped[int] = mapped_column(BigInteger)
    used_us: Mapped[int | None] = mapped_column(BigInteger)
