"""Cancellations that wait for what a host function that commits by itself makes of them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, key_text


class Pending(Base):
    """A cancellation between the commit of the host's function and our look at what it did.

    Whoever deletes the row decides what becomes of the cancellation, so it is decided once. ``frees`` is whether its
    reason frees the time.
    """

    __tablename__ = "cancellations_pending"
    __table_args__ = (UniqueConstraint("cancellation_id", name="uq_cancellations_pending_cancellation"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    cancellation_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_pending_cancellation")
    )
    frees: Mapped[bool] = mapped_column(Boolean)
    since_us: Mapped[int] = mapped_column(BigInteger)
