"""The clinic's own tables. The names are the clinic's, not those of any library."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from flask_login import UserMixin
from sqlalchemy import ForeignKey, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column, relationship
from werkzeug.security import check_password_hash, generate_password_hash

from .extensions import db

OPEN_STATES = ("booked", "confirmed")


class Patient(db.Model):
    __tablename__ = "card_index"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str] = mapped_column(String(60))
    last_name: Mapped[str] = mapped_column(String(60))
    mobile: Mapped[str | None] = mapped_column(String(30))
    email: Mapped[str | None] = mapped_column(String(120), index=True)
    language: Mapped[str] = mapped_column(String(2), default="en")

    @property
    def whole_name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Therapist(db.Model):
    __tablename__ = "practitioners"

    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str] = mapped_column(String(80))
    colour: Mapped[str] = mapped_column(String(7))


class Treatment(db.Model):
    __tablename__ = "price_list"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    minutes: Mapped[int]
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))

    @property
    def is_first_visit(self) -> bool:
        """Whether the cancellation policy for first visits holds (``clinic.toml``)."""
        return self.id == 1


class Visit(db.Model):
    __tablename__ = "visits_book"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Wall clock of the clinic, without zone.
    begins_at: Mapped[datetime] = mapped_column(index=True)
    treatment_id: Mapped[int] = mapped_column(ForeignKey(Treatment.id))
    patient_id: Mapped[int] = mapped_column(ForeignKey(Patient.id), index=True)
    therapist_id: Mapped[int] = mapped_column(ForeignKey(Therapist.id), index=True)
    room: Mapped[str | None] = mapped_column(String(20))
    #: booked, confirmed, cancelled, missed or done.
    state: Mapped[str] = mapped_column(String(12), default="booked")
    deposit_paid: Mapped[Decimal] = mapped_column(Numeric(10, 2), default=Decimal(0))
    #: UTC, without zone.
    created_at: Mapped[datetime]

    treatment: Mapped[Treatment] = relationship()
    patient: Mapped[Patient] = relationship()
    therapist: Mapped[Therapist] = relationship()

    @property
    def ends_at(self) -> datetime:
        return self.begins_at + timedelta(minutes=self.treatment.minutes)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class Account(UserMixin, db.Model):
    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(120), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    full_name: Mapped[str] = mapped_column(String(80))
    #: reception, therapist or manager.
    role: Mapped[str] = mapped_column(String(12))
    therapist_id: Mapped[int | None] = mapped_column(ForeignKey(Therapist.id))

    therapist: Mapped[Therapist | None] = relationship()

    def set_password(self, password: str) -> None:
        self.password_hash = generate_password_hash(password)

    def has_password(self, password: str) -> bool:
        return check_password_hash(self.password_hash, password)
