"""What is watched for changes that went past us, and how far the sweep of each scope is."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, binary_text, key_text

OPEN = "open"
HIDDEN = "hidden"


class Watched(Base):
    """One appointment of the open future as it was last seen, with what a record needs once the row is gone.

    ``mark`` is a digest of the row's own columns: while it stays the same, nothing that we read there has changed.
    ``missing`` counts the passes running that did not find the row. ``state`` is ``open``, or ``hidden`` for a row
    that we have cancelled in a host without a status, where it stays.
    """

    __tablename__ = "cancellations_watch"
    __table_args__ = (UniqueConstraint("scope", "appointment_key", name="uq_cancellations_watch_appointment"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    appointment_key: Mapped[str] = mapped_column(key_text())
    state: Mapped[str] = mapped_column(String(8))
    mark: Mapped[str] = mapped_column(binary_text(32))
    missing: Mapped[int] = mapped_column(Integer)
    seen_us: Mapped[int] = mapped_column(BigInteger)
    # snapshot of the host's row
    status: Mapped[str] = mapped_column(String(100))
    public_id: Mapped[str | None] = mapped_column(key_text())
    start_us: Mapped[int] = mapped_column(BigInteger)
    end_us: Mapped[int] = mapped_column(BigInteger)
    client_key: Mapped[str | None] = mapped_column(key_text())
    client_name: Mapped[str] = mapped_column(String(200))
    staff_key: Mapped[str | None] = mapped_column(key_text())
    staff_name: Mapped[str] = mapped_column(String(200))
    service_key: Mapped[str | None] = mapped_column(key_text())
    service_name: Mapped[str] = mapped_column(String(200))
    location_key: Mapped[str | None] = mapped_column(key_text())
    location_name: Mapped[str] = mapped_column(String(200))
    price: Mapped[int | None] = mapped_column(BigInteger)
    deposit: Mapped[int] = mapped_column(BigInteger)
    booked_us: Mapped[int | None] = mapped_column(BigInteger)


class Sweep(Base):
    """The sweep of one scope: who is at it, and the last pass.

    Until ``finished_us`` is set for the first time a pass is the baseline. ``held_back`` is how many changes the last
    pass found and did not believe.
    """

    __tablename__ = "cancellations_sweep"
    __table_args__ = (UniqueConstraint("scope", name="uq_cancellations_sweep_scope"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    lease_token: Mapped[str | None] = mapped_column(binary_text(32))
    lease_until_us: Mapped[int] = mapped_column(BigInteger)
    started_us: Mapped[int | None] = mapped_column(BigInteger)
    finished_us: Mapped[int | None] = mapped_column(BigInteger)
    held_back: Mapped[int] = mapped_column(Integer)
