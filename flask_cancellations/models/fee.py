"""The book of a cancellation's fee, step by step, and the payments that refunds go back to."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, key_text


class FeeStep(Base):
    """One step after the cancellation; never updated.

    ``step`` as in ``rules.fee_book``; ``changes`` is a JSON object of what it added to each amount of the settlement,
    so that the steps lead from the settlement of the cancellation to the present one. ``seq`` counts from 1.
    """

    __tablename__ = "cancellations_fee_step"
    __table_args__ = (UniqueConstraint("cancellation_id", "seq", name="uq_cancellations_fee_step_seq"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    cancellation_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_fee_step_cancellation")
    )
    seq: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    changes: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(String(8))
    actor_key: Mapped[str] = mapped_column(key_text())
    at_us: Mapped[int] = mapped_column(BigInteger)


class Paid(Base):
    """A payment of the client that lies with the clinic for one cancellation: a deposit, or a fee that was charged.

    ``reference`` is the name under which the host or its payment provider can refund it, up to ``amount``; ``returned``
    is how much of it refunds have asked for. Hosts with one deposit and no reference for it have no such rows.
    """

    __tablename__ = "cancellations_paid"
    __table_args__ = (Index("ix_cancellations_paid_cancellation", "cancellation_id"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    cancellation_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_paid_cancellation")
    )
    kind: Mapped[str] = mapped_column(String(8))
    reference: Mapped[str] = mapped_column(String(190))
    amount: Mapped[int] = mapped_column(BigInteger)
    returned: Mapped[int] = mapped_column(BigInteger)
