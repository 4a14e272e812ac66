"""What the clinic configured, as it stood: reasons, policy versions, and proof of what a client accepted."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, binary_text, key_text


class ReasonRow(Base):
    """A reason; the columns are the fields of ``rules.reasons.Reason``, ``labels`` as a JSON object."""

    __tablename__ = "cancellations_reason"
    __table_args__ = (UniqueConstraint("scope", "code", name="uq_cancellations_reason_code"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    code: Mapped[str] = mapped_column(String(40))
    side: Mapped[str] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(String(200))
    labels: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer)
    staff: Mapped[bool] = mapped_column(Boolean)
    client: Mapped[bool] = mapped_column(Boolean)
    note: Mapped[bool] = mapped_column(Boolean)
    fee: Mapped[bool] = mapped_column(Boolean)
    tell: Mapped[bool] = mapped_column(Boolean)
    frees: Mapped[bool] = mapped_column(Boolean)
    counts: Mapped[bool] = mapped_column(Boolean)
    fhir: Mapped[str] = mapped_column(String(40))
    ihe: Mapped[str] = mapped_column(String(40))
    archived: Mapped[bool] = mapped_column(Boolean)


class PolicyVersion(Base):
    """One version of one policy.

    ``body`` is its text as JSON and never changes once a booking or fee points at it. From ``withdrawn_us`` on new
    bookings are no longer made under it.
    """

    __tablename__ = "cancellations_policy_version"
    __table_args__ = (UniqueConstraint("scope", "name", "valid_from", name="uq_cancellations_policy_version_from"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    name: Mapped[str] = mapped_column(binary_text(100))
    valid_from: Mapped[date] = mapped_column(Date)
    body: Mapped[str] = mapped_column(Text)
    withdrawn_us: Mapped[int | None] = mapped_column(BigInteger)


class Acceptance(Base):
    """Proof that a client accepted a policy at booking: which version, when, by which channel, from which address."""

    __tablename__ = "cancellations_acceptance"
    __table_args__ = (Index("ix_cancellations_acceptance_appointment", "scope", "appointment_key"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    appointment_key: Mapped[str] = mapped_column(key_text())
    start_us: Mapped[int] = mapped_column(BigInteger)
    client_key: Mapped[str | None] = mapped_column(key_text())
    policy_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("cancellations_policy_version.id", name="fk_cancellations_acceptance_policy")
    )
    accepted_us: Mapped[int] = mapped_column(BigInteger)
    channel: Mapped[str] = mapped_column(String(16))
    ip: Mapped[str] = mapped_column(String(45))
