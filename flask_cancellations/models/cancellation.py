"""The record of one cancellation: who, why, when, and a snapshot that outlives the host's row."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Boolean, Date, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, key_text


class Cancellation(Base):
    """One cancellation.

    ``told_us`` is when the client told the clinic (notice counts from it), ``cancelled_us`` when it was entered.
    ``local_day``, ``local_minute`` (after midnight) and ``lead_minutes`` (booking to start) are computed in Python,
    since zone arithmetic is not portable SQL. ``public_id`` is what addresses show, in a host that has another id for
    it than the key. ``status_before`` is the host's own status text. ``late`` is kept apart from both status and money.
    ``status`` is ``cancelled``, or ``noshow`` where the host's own pages said so. One that was found there has no
    actor, and no ``reason_code`` until somebody tells it.
    """

    __tablename__ = "cancellations_cancellation"
    __table_args__ = (
        Index("ix_cancellations_cancellation_appointment", "scope", "appointment_key"),
        Index("ix_cancellations_cancellation_public", "scope", "public_id"),
        Index("ix_cancellations_cancellation_day", "scope", "local_day"),
        Index("ix_cancellations_cancellation_actor", "scope", "actor_kind", "actor_key", "id"),
        Index("ix_cancellations_cancellation_client", "scope", "client_key", "cancelled_us"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    appointment_key: Mapped[str] = mapped_column(key_text())
    generation: Mapped[int] = mapped_column(BigInteger)
    public_id: Mapped[str | None] = mapped_column(key_text())
    # snapshot of the host's row
    start_us: Mapped[int] = mapped_column(BigInteger)
    end_us: Mapped[int] = mapped_column(BigInteger)
    local_day: Mapped[date] = mapped_column(Date)
    local_minute: Mapped[int] = mapped_column(Integer)
    lead_minutes: Mapped[int | None] = mapped_column(Integer)
    client_key: Mapped[str | None] = mapped_column(key_text())
    client_name: Mapped[str] = mapped_column(String(200), default="")
    staff_key: Mapped[str | None] = mapped_column(key_text())
    staff_name: Mapped[str] = mapped_column(String(200), default="")
    service_key: Mapped[str | None] = mapped_column(key_text())
    service_name: Mapped[str] = mapped_column(String(200), default="")
    location_key: Mapped[str | None] = mapped_column(key_text())
    location_name: Mapped[str] = mapped_column(String(200), default="")
    booked_us: Mapped[int | None] = mapped_column(BigInteger)
    status_before: Mapped[str] = mapped_column(String(100))
    # who, why, when
    side: Mapped[str] = mapped_column(String(8))
    reason_code: Mapped[str] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(Text, default="")
    told_us: Mapped[int] = mapped_column(BigInteger)
    told_channel: Mapped[str] = mapped_column(String(16))
    notice_minutes: Mapped[int] = mapped_column(Integer)
    late: Mapped[bool] = mapped_column(Boolean)
    cancelled_us: Mapped[int] = mapped_column(BigInteger)
    actor_kind: Mapped[str] = mapped_column(String(8))
    actor_key: Mapped[str] = mapped_column(key_text())
    actor_name: Mapped[str] = mapped_column(String(200), default="")
    source: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(16), server_default="cancelled")
    # telling the client
    tell: Mapped[bool] = mapped_column(Boolean)
    silent_reason: Mapped[str] = mapped_column(Text, default="")
