"""The outbox: what must leave the building."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, binary_text, key_text

WAITING, SENDING, SENT, STOPPED, DEAD = "waiting", "sending", "sent", "stopped", "dead"
PENDING_HOST = "pending_host"


class Message(Base):
    """One message to one address.

    The row stores template and parameters; the worker renders at sending and keeps the text that left. ``uid`` is the
    provider's idempotency key. ``state``: waiting, sending (leased until ``lease_until_us``), sent, stopped, dead;
    ``pending_host`` until a host function that commits by itself has cancelled the appointment.
    """

    __tablename__ = "cancellations_message"
    __table_args__ = (
        UniqueConstraint("uid", name="uq_cancellations_message_uid"),
        Index("ix_cancellations_message_due", "state", "not_before_us"),
        Index("ix_cancellations_message_lease", "lease_token"),
        Index("ix_cancellations_message_cancellation", "cancellation_id"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    uid: Mapped[str] = mapped_column(binary_text(36))
    scope: Mapped[str] = mapped_column(key_text())
    cancellation_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_message_cancellation")
    )
    client_key: Mapped[str | None] = mapped_column(key_text())
    channel: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(320))
    locale: Mapped[str] = mapped_column(String(20))
    template: Mapped[str] = mapped_column(String(40))
    parameters: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    created_us: Mapped[int] = mapped_column(BigInteger)
    not_before_us: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer)
    lease_token: Mapped[str | None] = mapped_column(binary_text(32))
    lease_until_us: Mapped[int | None] = mapped_column(BigInteger)
    sent_us: Mapped[int | None] = mapped_column(BigInteger)
    sent_text: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
