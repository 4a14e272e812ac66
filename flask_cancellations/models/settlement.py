"""Money of one cancellation: the settlement, a waiver, and the movements that carry it out."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, binary_text, key_text

# The states of a movement.
CREATED, MANUAL, DONE, STOPPED, PENDING_HOST = "created", "manual", "done", "stopped", "pending_host"
SENT, FAILED = "sent", "failed"
# What a movement is for: the cancellation's own outcome, a later step of its fee, a fee given back, credit paid out.
CANCEL, STEP, GIVE_BACK, PAY_OUT = "cancel", "step", "give_back", "pay_out"


class SettlementRow(Base):
    """What happens to fee and deposit, in minor units; the two equations of ``rules.settlement`` hold on each row.

    ``why`` holds the quote's codes separated by spaces, ``price`` the price the quote was computed from, ``trace``
    how it came about (``rules.trace``), and ``band_less_than_us`` the limit of a band by hours. ``version``
    counts the steps of :class:`~flask_cancellations.models.fee.FeeStep` that led here. A fee is pending until
    ``pending_until_us``; ``rest`` is where the deposit goes that is set free. ``stood_again_us`` is since when the
    appointment stands again: from then on people alone decide about this money. The two rates of value added tax, in
    hundredths of a per cent, are those of the day of the cancellation.
    """

    __tablename__ = "cancellations_settlement"
    __table_args__ = (
        UniqueConstraint("cancellation_id", name="uq_cancellations_settlement_cancellation"),
        Index("ix_cancellations_settlement_pending", "pending_until_us"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    cancellation_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_settlement_cancellation")
    )
    policy_version_id: Mapped[int | None] = mapped_column(
        ForeignKey("cancellations_policy_version.id", name="fk_cancellations_settlement_policy")
    )
    band_less_than_us: Mapped[int | None] = mapped_column(BigInteger)
    why: Mapped[str] = mapped_column(String(100))
    trace: Mapped[str | None] = mapped_column(Text)
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
    version: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    pending_until_us: Mapped[int | None] = mapped_column(BigInteger)
    rest: Mapped[str | None] = mapped_column(String(8))
    stood_again_us: Mapped[int | None] = mapped_column(BigInteger)
    fee_vat_rate: Mapped[int | None] = mapped_column(BigInteger)
    kept_vat_rate: Mapped[int | None] = mapped_column(BigInteger)


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

    ``kind`` is ``charge``, ``refund`` or ``credit``, ``purpose`` what it is for. ``state`` is ``created`` until the
    undo delay is over (``not_before_us``). A credit then becomes ``done`` with its credit note's ``number``. A charge
    or refund becomes ``manual``, to be settled at the desk, where the host's adapter does not carry it out. Where it
    does:

    ``sent``: handed over, under ``uid`` as idempotency key; the answer may still be out, and nobody may call it off.
    Another attempt is made after ``lease_until_us``. ``done``: carried out (``provider_reference``) or settled by hand
    (``settled_by``; ``settled_how`` is cash, card, transfer or other). ``failed``: given up; with ``doubt`` nobody
    knows whether money has moved.

    ``stopped``: called off before it moved; ``pending_host``: a host function that commits by itself has not cancelled
    the appointment yet. ``paid_id`` is the payment that a refund goes back to, ``lot_id`` the credit that is paid out.
    """

    __tablename__ = "cancellations_movement"
    __table_args__ = (
        UniqueConstraint("scope", "number", name="uq_cancellations_movement_number"),
        UniqueConstraint("uid", name="uq_cancellations_movement_uid"),
        Index("ix_cancellations_movement_cancellation", "cancellation_id"),
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
    purpose: Mapped[str] = mapped_column(String(16), default=CANCEL, server_default=CANCEL)
    uid: Mapped[str | None] = mapped_column(binary_text(36))
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    lease_token: Mapped[str | None] = mapped_column(binary_text(32))
    lease_until_us: Mapped[int | None] = mapped_column(BigInteger)
    doubt: Mapped[bool | None] = mapped_column(Boolean)
    provider_reference: Mapped[str | None] = mapped_column(String(190))
    error: Mapped[str | None] = mapped_column(Text)
    settled_by: Mapped[str | None] = mapped_column(String(200))
    settled_how: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(Text)
    paid_id: Mapped[int | None] = mapped_column(
        ForeignKey("cancellations_paid.id", name="fk_cancellations_movement_paid")
    )
    lot_id: Mapped[int | None] = mapped_column(BigInteger)


class Series(Base):
    """The last number drawn of a gap-free series; one per scope and kind of document."""

    __tablename__ = "cancellations_series"
    __table_args__ = (UniqueConstraint("scope", "document", name="uq_cancellations_series_document"),)

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    document: Mapped[str] = mapped_column(String(16))
    last_number: Mapped[int] = mapped_column(BigInteger)
