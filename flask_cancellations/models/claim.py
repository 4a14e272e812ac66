"""The claim: our row for one appointment, the arbiter of every race about it."""

from __future__ import annotations

from sqlalchemy import BigInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, key_text

BOOKED = "booked"
CANCELLED = "cancelled"


class Claim(Base):
    """One appointment as far as we decide about it.

    ``state`` is ``booked`` or ``cancelled`` (FHIR AppointmentStatus). ``generation`` counts the lives of a key: SQLite
    gives the id of a deleted row to the next one, which ``start_us`` and ``client_key`` tell apart.
    """

    __tablename__ = "cancellations_claim"
    __table_args__ = (UniqueConstraint("scope", "appointment_key", name="uq_cancellations_claim_appointment"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    appointment_key: Mapped[str] = mapped_column(key_text())
    state: Mapped[str] = mapped_column(String(16))
    generation: Mapped[int] = mapped_column(BigInteger, default=1)
    start_us: Mapped[int | None] = mapped_column(BigInteger)
    client_key: Mapped[str | None] = mapped_column(key_text())
    changed_us: Mapped[int] = mapped_column(BigInteger)
