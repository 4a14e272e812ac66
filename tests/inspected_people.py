"""More hosts that `flask cancellations inspect` has never seen: who signs in, whose own, which tenant.

Each function makes the models on a new base, and returns the rows that the host's database has from the start.
"""

# mypy: disable-error-code="misc"

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from flask_login import UserMixin
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship


def grouped_host(base: Any) -> list[Any]:
    """The role is the name of a group; a client may be missing; the price stands on the row or on the service."""

    class Group(base):
        __tablename__ = "group"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))

    class User(UserMixin, base):
        __tablename__ = "user"
        id: Mapped[int] = mapped_column(primary_key=True)
        username: Mapped[str] = mapped_column(String(40))
        position: Mapped[str] = mapped_column(String(40), default="Head of admin")
        group_id: Mapped[int] = mapped_column(ForeignKey("group.id"))
        group: Mapped[Group] = relationship()

    class Customer(base):
        __tablename__ = "customer"
        id: Mapped[int] = mapped_column(primary_key=True)
        first_name: Mapped[str] = mapped_column(String(40))
        last_name: Mapped[str] = mapped_column(String(40))
        email: Mapped[str] = mapped_column(String(40))
        doctor_user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
        doctor_user: Mapped[User] = relationship(foreign_keys=[doctor_user_id])

    class Treatment(base):
        __tablename__ = "treatment"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))
        price: Mapped[float]

    class Line(base):
        __tablename__ = "line"
        id: Mapped[int] = mapped_column(primary_key=True)
        booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id"))
        price_cents: Mapped[int]
        treatment_id: Mapped[int] = mapped_column(ForeignKey("treatment.id"))
        treatment: Mapped[Treatment] = relationship()

    class Booking(base):
        __tablename__ = "booking"
        id: Mapped[int] = mapped_column(primary_key=True)
        starts_at: Mapped[datetime]
        status: Mapped[str] = mapped_column(String(20))
        price: Mapped[float | None]
        cancel_uuid: Mapped[str] = mapped_column(String(36), unique=True)
        guid_token: Mapped[str] = mapped_column(String(36), unique=True)
        uuid: Mapped[str] = mapped_column(String(36))
        customer_name: Mapped[str | None] = mapped_column(String(40))
        customer_phone: Mapped[str | None] = mapped_column(String(40))
        customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
        customer: Mapped[Customer | None] = relationship()
        lines: Mapped[list[Line]] = relationship()

        def cancel(self, reason: str, user_id: int, note: str = "") -> None:
            """More than a status."""
            self.status = f"off: {reason} {user_id} {note}"

        def cancel_url(self) -> str:
            return f"/cancel/{self.cancel_uuid}"

        def can_cancel(self) -> bool:
            return bool(self.status)

    return [Group(name="Receptionists"), Group(name="Stylists"), Group(name="Everybody")]


def doored_host(base: Any) -> list[Any]:
    """Two tables of logins behind Flask-Login, each a role; each row belongs to a practice; a day without a time."""

    class Practice(base):
        __tablename__ = "practice"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))

    class Doctor(UserMixin, base):
        __tablename__ = "doctors"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))
        practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"))

    class Admin(UserMixin, base):
        __tablename__ = "admins"
        id: Mapped[int] = mapped_column(primary_key=True)
        login: Mapped[str] = mapped_column(String(40))
        practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"))

    class Patient(base):
        __tablename__ = "patients"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))
        phone: Mapped[str] = mapped_column(String(40))

    class Appointment(base):
        __tablename__ = "appointments"
        id: Mapped[int] = mapped_column(primary_key=True)
        public_id: Mapped[uuid.UUID] = mapped_column(unique=True)
        day: Mapped[date]
        cancelled: Mapped[bool] = mapped_column(default=False)
        practice_id: Mapped[int] = mapped_column(ForeignKey("practice.id"))
        doctor_id: Mapped[int] = mapped_column(ForeignKey("doctors.id"))
        patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
        doctor: Mapped[Doctor] = relationship()
        patient: Mapped[Patient] = relationship()

    return []


def wordless_host(base: Any) -> list[Any]:
    """A login with a password and properties, in an app without Flask-Login; a tenant that may be missing."""

    class Account(base):
        __tablename__ = "accounts"
        id: Mapped[int] = mapped_column(primary_key=True)
        email: Mapped[str] = mapped_column(String(40))
        password_hash: Mapped[str] = mapped_column(String(40))
        level: Mapped[int]
        tenant_id: Mapped[int | None]

        @property
        def is_manager(self) -> bool:
            return self.level > 1

        @property
        def is_admin_notified(self) -> bool:
            return False

    class Member(base):
        __tablename__ = "members"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))
        email: Mapped[str] = mapped_column(String(40))
        account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))

    class Visit(base):
        __tablename__ = "visits"
        id: Mapped[int] = mapped_column(primary_key=True)
        begins: Mapped[datetime]
        status: Mapped[str] = mapped_column(String(20))
        tenant_id: Mapped[int]
        member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
        member: Mapped[Member] = relationship()

    word = "Open"  # nothing in the source gives it to a status
    return [Visit(begins=datetime(2026, 12, 1, 9), status=word, tenant_id=1, member=Member(name="A", email="a@b.org"))]
