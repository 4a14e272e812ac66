"""Client credit, and the numbered documents for it."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flask_cancellations.models.base import Base, big_id, binary_text, key_text


class CreditAccount(Base):
    """A client's credit in one currency: the row that settles who redeems first. ``client_key`` is empty for nobody.

    Whoever changes a balance writes this row first, so that changes of one client follow one another.
    """

    __tablename__ = "cancellations_credit_account"
    __table_args__ = (
        UniqueConstraint("scope", "client_key", "currency", name="uq_cancellations_credit_account_client"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    client_key: Mapped[str] = mapped_column(key_text())
    currency: Mapped[str] = mapped_column(String(3))
    changes: Mapped[int] = mapped_column(BigInteger)


class CreditLot(Base):
    """One credit: where it comes from, what is left of it (``balance``), and until when (None: for ever).

    The balance is the sum of its entries. ``origin`` is the purpose of the movement that made it.
    """

    __tablename__ = "cancellations_credit_lot"
    __table_args__ = (
        UniqueConstraint("movement_id", name="uq_cancellations_credit_lot_movement"),
        Index("ix_cancellations_credit_lot_client", "scope", "client_key", "currency"),
        Index("ix_cancellations_credit_lot_cancellation", "cancellation_id"),
        Index("ix_cancellations_credit_lot_expires", "expires_us"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    client_key: Mapped[str] = mapped_column(key_text())
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(BigInteger)
    balance: Mapped[int] = mapped_column(BigInteger)
    origin: Mapped[str] = mapped_column(String(16))
    cancellation_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_credit_lot_cancellation")
    )
    movement_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_movement.id", name="fk_cancellations_credit_lot_movement")
    )
    issued_us: Mapped[int] = mapped_column(BigInteger)
    expires_us: Mapped[int | None] = mapped_column(BigInteger)


class CreditEntry(Base):
    """One change of a lot's balance; never updated.

    ``kind``: issue, redeem, void, pay_out, expire, take_back (the cancellation was undone). ``amount`` is negative
    where credit goes away. ``reference`` is what it was redeemed for, in the host's words; ``request_key`` the
    idempotency key.
    """

    __tablename__ = "cancellations_credit_entry"
    __table_args__ = (
        Index("ix_cancellations_credit_entry_lot", "lot_id"),
        Index("ix_cancellations_credit_entry_request", "scope", "request_key"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    lot_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_credit_lot.id", name="fk_cancellations_credit_entry_lot")
    )
    kind: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str] = mapped_column(key_text())
    request_key: Mapped[str | None] = mapped_column(binary_text(64))
    reason: Mapped[str] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(String(8))
    actor_key: Mapped[str] = mapped_column(key_text())
    at_us: Mapped[int] = mapped_column(BigInteger)


class CreditNote(Base):
    """The numbered document for one credit, or (``reverses_id``) for taking one back; never updated, no expiry.

    Notes and reversals share one gap-free series per scope. ``outside_number`` is the host's own, if its adapter gave
    one. ``facts`` is a JSON object with everything else that the document says, as it stood when it was drawn.
    """

    __tablename__ = "cancellations_credit_note"
    __table_args__ = (
        UniqueConstraint("scope", "number", name="uq_cancellations_credit_note_number"),
        UniqueConstraint("reverses_id", name="uq_cancellations_credit_note_reverses"),
        Index("ix_cancellations_credit_note_cancellation", "cancellation_id"),
        Index("ix_cancellations_credit_note_lot", "lot_id"),
    )

    id: Mapped[int] = mapped_column(big_id(), primary_key=True)
    scope: Mapped[str] = mapped_column(key_text())
    number: Mapped[int] = mapped_column(BigInteger)
    outside_number: Mapped[str | None] = mapped_column(String(60))
    cancellation_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_cancellation.id", name="fk_cancellations_credit_note_cancellation")
    )
    lot_id: Mapped[int] = mapped_column(
        ForeignKey("cancellations_credit_lot.id", name="fk_cancellations_credit_note_lot")
    )
    reverses_id: Mapped[int | None] = mapped_column(
        ForeignKey("cancellations_credit_note.id", name="fk_cancellations_credit_note_reverses")
    )
    issued_us: Mapped[int] = mapped_column(BigInteger)
    local_day: Mapped[date] = mapped_column(Date)
    currency: Mapped[str] = mapped_column(String(3))
    net: Mapped[int] = mapped_column(BigInteger)
    vat_rate: Mapped[int] = mapped_column(BigInteger)
    vat: Mapped[int] = mapped_column(BigInteger)
    gross: Mapped[int] = mapped_column(BigInteger)
    tax_document: Mapped[bool] = mapped_column(Boolean)
    facts: Mapped[str] = mapped_column(Text)
