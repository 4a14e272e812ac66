"""The audit log, and the personal values that it holds only as commitments."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, binary_text, key_text


class Event(Base):
    """One audit event; never updated.

    ``body`` is canonical JSON (sorted ASCII keys, no floats) with ``before`` and ``after``; a personal value stands in
    it only as a salted commitment, whose value is in :class:`PrivateValue`.
    """

    __tablename__ = "cancellations_event"
    __table_args__ = (
        Index("ix_cancellations_event_appointment", "scope", "appointment_key", "id"),
        Index("ix_cancellations_event_at", "scope", "at_us"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    at_us: Mapped[int] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(String(40))
    appointment_key: Mapped[str] = mapped_column(key_text())
    actor_kind: Mapped[str] = mapped_column(String(8))
    actor_key: Mapped[str] = mapped_column(key_text())
    source: Mapped[str] = mapped_column(String(8))
    request_id: Mapped[str] = mapped_column(binary_text(64))
    body: Mapped[str] = mapped_column(Text)


class PrivateValue(Base):
    """A personal value and its salt; deleting the row leaves the log intact and the value gone."""

    __tablename__ = "cancellations_private_value"
    __table_args__ = (Index("ix_cancellations_private_value_client", "scope", "client_key"),)

    commitment: Mapped[str] = mapped_column(binary_text(64), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    client_key: Mapped[str | None] = mapped_column(key_text())
    salt: Mapped[str] = mapped_column(binary_text(32))
    value: Mapped[str] = mapped_column(Text)
