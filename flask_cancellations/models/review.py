"""What was done to an appointment past us, and waits for somebody of the clinic to look at it."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, key_text

# The kinds: a cancellation without a reason, one whose appointment stands again, an appointment at another time.
REASON, RESTORED, MOVED = "reason", "restored", "moved"
OPEN, CLOSED = "open", "closed"


class Review(Base):
    """One thing to look at. ``start_us`` is the appointment's start now, ``before_us`` the one that it was moved from.

    The names are those of the moment, so that the list needs no row of the host. ``cancellation_id`` is None for a
    move of an appointment that was not cancelled.
    """

    __tablename__ = "cancellations_review"
    __table_args__ = (
        Index("ix_cancellations_review_state", "scope", "state", "id"),
        Index("ix_cancellations_review_appointment", "scope", "appointment_key"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8))
    appointment_key: Mapped[str] = mapped_column(key_text())
    cancellation_id: Mapped[int | None] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_review_cancellation")
    )
    public_id: Mapped[str | None] = mapped_column(key_text())
    start_us: Mapped[int] = mapped_column(BigInteger)
    end_us: Mapped[int] = mapped_column(BigInteger)
    before_us: Mapped[int | None] = mapped_column(BigInteger)
    client_key: Mapped[str | None] = mapped_column(key_text())
    client_name: Mapped[str] = mapped_column(String(200))
    staff_key: Mapped[str | None] = mapped_column(key_text())
    staff_name: Mapped[str] = mapped_column(String(200))
    service_key: Mapped[str | None] = mapped_column(key_text())
    service_name: Mapped[str] = mapped_column(String(200))
    location_key: Mapped[str | None] = mapped_column(key_text())
    location_name: Mapped[str] = mapped_column(String(200))
    booked_us: Mapped[int | None] = mapped_column(BigInteger)
    opened_us: Mapped[int] = mapped_column(BigInteger)
    closed_us: Mapped[int | None] = mapped_column(BigInteger)
    closed_by: Mapped[str] = mapped_column(String(200), default="")
