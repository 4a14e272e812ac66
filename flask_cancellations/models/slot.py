"""Freed times, and the row per therapist and day that settles who books one."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, key_text


class Slot(Base):
    """A freed time. ``state`` as in ``rules.slots``; a hold counts until ``held_until_us`` and then ends by itself."""

    __tablename__ = "cancellations_slot"
    __table_args__ = (
        Index("ix_cancellations_slot_staff", "scope", "staff_key", "start_us"),
        Index("ix_cancellations_slot_start", "scope", "start_us"),
        Index("ix_cancellations_slot_cancellation", "cancellation_id"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    cancellation_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_slot_cancellation")
    )
    staff_key: Mapped[str | None] = mapped_column(key_text())
    service_key: Mapped[str | None] = mapped_column(key_text())
    location_key: Mapped[str | None] = mapped_column(key_text())
    start_us: Mapped[int] = mapped_column(BigInteger)
    end_us: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(8))
    held_until_us: Mapped[int | None] = mapped_column(BigInteger)
    changed_us: Mapped[int] = mapped_column(BigInteger)


class Diary(Base):
    """One therapist's day. Whoever books a time writes this row first, so bookings of a day follow one another.

    ``staff_key`` is empty for appointments without a therapist.
    """

    __tablename__ = "cancellations_diary"
    __table_args__ = (UniqueConstraint("scope", "staff_key", "day", name="uq_cancellations_diary_day"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    staff_key: Mapped[str] = mapped_column(key_text())
    day: Mapped[date] = mapped_column(Date)
    bookings: Mapped[int] = mapped_column(BigInteger)
