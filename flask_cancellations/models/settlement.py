"""Money of one cancellation: the settlement, a waiver, and the movements that carry it out."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, key_text

# The states of a movement.
CREATED, MANUAL, DONE, STOPPED, PENDING_HOST = "created", "manual", "done", "stopped", "pending_host"


class SettlementRow(Base):
    """What happens to fee and deposit, in minor units; the two equations of ``rules.settlement`` hold on each row.

    ``why`` holds the quote's codes separated by spaces, ``price`` the price the quote was computed from.
    """

    __tablename__ = "cancellations_settlement"
    __table_args__ = (UniqueConstraint("cancellation_id", name="uq_cancellations_settlement_cancellation"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    cancellation_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_settlement_cancellation")
    )
    policy_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("cancellations_policy_version.id", name="fk_cancellations_settlement_policy")
    )
    band_less_than_us: Mapped[int | None] = mapped_column(BigInteger)
    why: Mapped[str] = mapped_column(String(100))
    currency: Mapped[str] = mapped_column(String(3))
    price: Mapped[int | None] = mapped_column(BigInteger)
    otherwise: Mapped[int] = mapped_column(BigInteger)
    deposit: Mapped[int] = mapped_column(BigInteger)
    taken: Mapped[int] = mapped_column(BigInteger)
    forfeited: Mapped[int] = mapped_column(BigInteger)
    refunded: Mapped[int] = mapped_column(BigInteger)
    credited: Mapped[int] = mapped_column(BigInteger)
    held: Mapped[int] = mapped_column(BigInteger)
    fee: Mapped[int] = mapped_column(BigInteger)
    kept: Mapped[int] = mapped_column(BigInteger)
    given_back: Mapped[int] = mapped_column(BigInteger)
    due: Mapped[int] = mapped_column(BigInteger)
    waived: Mapped[int] = mapped_column(BigInteger)
    dropped: Mapped[int] = mapped_column(BigInteger)
    pending: Mapped[int] = mapped_column(BigInteger)


class Waiver(Base):
    """A recorded decision not to charge: who, why, how much; or to keep a deposit although the fee was waived."""

    __tablename__ = "cancellations_waiver"
    __table_args__ = (Index("ix_cancellations_waiver_cancellation", "cancellation_id"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    cancellation_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_waiver_cancellation")
    )
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(Text)
    keep_reason: Mapped[str] = mapped_column(Text, default="")
    actor_kind: Mapped[str] = mapped_column(String(8))
    actor_key: Mapped[str] = mapped_column(key_text())
    waived_us: Mapped[int] = mapped_column(BigInteger)


class Movement(Base):
    """Money that has to move because of a cancellation.

    ``kind`` is ``charge``, ``refund`` or ``credit``. ``state`` is ``created`` until the undo delay is over
    (``not_before_us``); then a charge or refund becomes ``manual``, to be settled at the desk, and a credit ``done``
    with its credit note's ``number``. ``stopped``: the appointment stood again before that; ``pending_host``: a host
    function that commits by itself has not cancelled it yet.
    """

    __tablename__ = "cancellations_movement"
    __table_args__ = (
        UniqueConstraint("cancellation_id", "kind", name="uq_cancellations_movement_kind"),
        UniqueConstraint("scope", "number", name="uq_cancellations_movement_number"),
        Index("ix_cancellations_movement_due", "state", "not_before_us"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    cancellation_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_movement_cancellation")
    )
    kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    client_key: Mapped[str | None] = mapped_column(key_text())
    number: Mapped[int | None] = mapped_column(BigInteger)
    not_before_us: Mapped[int] = mapped_column(BigInteger)
    done_us: Mapped[int | None] = mapped_column(BigInteger)


class Series(Base):
    """The last number drawn of a gap-free series; one per scope and kind of document."""

    __tablename__ = "cancellations_series"
    __table_args__ = (UniqueConstraint("scope", "document", name="uq_cancellations_series_document"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    document: Mapped[str] = mapped_column(String(16))
    last_number: Mapped[int] = mapped_column(BigInteger)
