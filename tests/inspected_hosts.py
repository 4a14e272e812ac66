"""Hosts that `flask cancellations inspect` has never seen.

Each function makes the models on a new base, and returns the rows that the host's database has from the start.
"""

# mypy: disable-error-code="misc"

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time
from typing import Any

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship


def lookup_host(base: Any) -> list[Any]:
    """Shape 3: a table of localised statuses, the client behind the pet, several services at once."""

    chosen = Table(
        "chosen",
        base.metadata,
        Column("consultation_id", ForeignKey("consultation.id"), primary_key=True),
        Column("service_id", ForeignKey("service.id"), primary_key=True),
    )

    class Status(base):
        __tablename__ = "status"
        id: Mapped[int] = mapped_column(primary_key=True)
        description: Mapped[str] = mapped_column(String(40))

    class Owner(base):
        __tablename__ = "owner"
        id: Mapped[int] = mapped_column(primary_key=True)
        first_name: Mapped[str] = mapped_column(String(40))
        last_name: Mapped[str] = mapped_column(String(40))
        phone_number: Mapped[str] = mapped_column(String(40))

    class Pet(base):
        __tablename__ = "pet"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))
        owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"))
        owner: Mapped[Owner] = relationship()

    class Service(base):
        __tablename__ = "service"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))
        duration: Mapped[int]
        price: Mapped[float]

    class Consultation(base):
        __tablename__ = "consultation"
        id: Mapped[int] = mapped_column(primary_key=True)
        scheduled_for: Mapped[datetime]
        created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC).replace(tzinfo=None))
        status_id: Mapped[int] = mapped_column(ForeignKey("status.id"))
        pet_id: Mapped[int] = mapped_column(ForeignKey("pet.id"))
        status: Mapped[Status] = relationship()
        pet: Mapped[Pet] = relationship()
        services: Mapped[list[Service]] = relationship(secondary=chosen)

    class ConsultationReminder(base):
        """Has a time of its own, but is no appointment."""

        __tablename__ = "consultation_reminder"
        id: Mapped[int] = mapped_column(primary_key=True)
        scheduled_for: Mapped[datetime]
        status: Mapped[str] = mapped_column(String(20))
        pet_id: Mapped[int] = mapped_column(ForeignKey("pet.id"))
        pet: Mapped[Pet] = relationship()

    return [Status(description=text) for text in ("Agendada", "Cancelada", "Concluída", "Não sei")]


def keyed_host(base: Any) -> list[Any]:
    """Shape 4: text keys, no foreign keys, two tables of logins."""

    class Patient(base):
        __tablename__ = "patient"
        patient_id: Mapped[str] = mapped_column(String(45), primary_key=True)
        name: Mapped[str] = mapped_column(String(45))
        email: Mapped[str] = mapped_column(String(45))
        password: Mapped[str] = mapped_column(String(45))

    class Doctor(base):
        __tablename__ = "doctor"
        doctor_id: Mapped[str] = mapped_column(String(45), primary_key=True)
        name: Mapped[str] = mapped_column(String(45))
        role: Mapped[str] = mapped_column(String(20), default="doctor")
        password: Mapped[str] = mapped_column(String(45))

    class Appointment(base):
        __tablename__ = "appointment"
        appointment_id: Mapped[str] = mapped_column(String(45), primary_key=True)
        appointment_date: Mapped[datetime]
        patient_id: Mapped[str] = mapped_column(String(45))
        doctor_id: Mapped[str] = mapped_column(String(45))
        status: Mapped[str] = mapped_column(String(20), default="PENDING")

    return []


def checked_host(base: Any) -> list[Any]:
    """Shape 5: UUID keys, attributes named otherwise than columns, a CHECK on the status."""

    class Person(UserMixin, base):
        __tablename__ = "people"
        id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
        full_name: Mapped[str] = mapped_column("nm", String(80))
        email: Mapped[str] = mapped_column("em", String(80))
        is_admin: Mapped[bool]

    class Booking(base):
        __tablename__ = "bk"
        __table_args__ = (
            CheckConstraint(
                "st IN ('requested', 'confirmed', 'cancelled_by_client', 'cancelled_by_clinic', 'no_show', 'completed')"
            ),
        )
        id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
        starts_at: Mapped[datetime] = mapped_column("t0")
        ends_at: Mapped[datetime] = mapped_column("t1")
        status: Mapped[str] = mapped_column("st", String(30))
        client_id: Mapped[uuid.UUID] = mapped_column("c", ForeignKey("people.id"))
        provider_id: Mapped[uuid.UUID] = mapped_column("p", ForeignKey("people.id"))
        client: Mapped[Person] = relationship(foreign_keys=[client_id])
        provider: Mapped[Person] = relationship(foreign_keys=[provider_id])

    return []


def slot_host(base: Any) -> list[Any]:
    """Shape 9: the start on a slot; no status."""

    class Dentist(base):
        __tablename__ = "dentist"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))

    class Slot(base):
        __tablename__ = "slot"
        id: Mapped[int] = mapped_column(primary_key=True)
        start_time: Mapped[datetime]
        end_time: Mapped[datetime]
        dentist_id: Mapped[int] = mapped_column(ForeignKey("dentist.id"))
        dentist: Mapped[Dentist] = relationship()

    class Customer(base):
        __tablename__ = "customer"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))
        phone: Mapped[str] = mapped_column(String(40))

    class Reservation(base):
        __tablename__ = "reservation"
        id: Mapped[int] = mapped_column(primary_key=True)
        slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), unique=True)
        customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
        slot: Mapped[Slot] = relationship()
        customer: Mapped[Customer] = relationship()

    return []


def text_host(base: Any) -> list[Any]:
    """Shape 10: day and time as text, provider and service as text, the client in columns."""

    class Appointment(base):
        __tablename__ = "Appointment"
        id: Mapped[int] = mapped_column(primary_key=True)
        date: Mapped[str] = mapped_column(String(20))
        time: Mapped[str] = mapped_column(String(20))
        doctor_name: Mapped[str] = mapped_column(String(40))
        service: Mapped[str] = mapped_column(String(40))
        customer_name: Mapped[str] = mapped_column(String(40))
        phone: Mapped[str] = mapped_column(String(40))
        email: Mapped[str] = mapped_column(String(40))
        status: Mapped[str] = mapped_column(String(20), default="Pending")

    return [
        Appointment(
            date=day,
            time=hour,
            doctor_name="Dr House",
            service="Check-up",
            customer_name="Maria",
            phone="1",
            email="m@example.com",
            status=status,
        )
        for day, hour, status in (
            ("24/12/2026", "09:30", "Pending"),
            ("02/12/2026", "14:00", "Annulé"),
            ("03/01/2027", "16:15", "Absent"),
        )
    ]


def day_host(base: Any) -> list[Any]:
    """Shape 7: a Date, a Time that may be empty, a flag for cancelled."""

    class Client(base):
        __tablename__ = "client"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(40))
        email: Mapped[str] = mapped_column(String(40))

    class Visit(base):
        __tablename__ = "visit"
        vid: Mapped[int] = mapped_column(primary_key=True)
        uuid: Mapped[str] = mapped_column(String(36))
        visit_date: Mapped[date]
        visit_time: Mapped[time | None]
        duration: Mapped[int | None]
        is_cancelled: Mapped[bool]
        client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
        client: Mapped[Client] = relationship()

    return []


def tenant_host(base: Any) -> list[Any]:
    """Shapes 1 and 8: columns of its own for a cancellation, a tenant, statuses in capitals, a start that is unique."""

    class Customer(base):
        __tablename__ = "customers"
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant_id: Mapped[int]
        first_name: Mapped[str] = mapped_column(String(40))
        last_name: Mapped[str] = mapped_column(String(40))
        email: Mapped[str] = mapped_column(String(40))

    class Appointment(base):
        __tablename__ = "appointments"
        __table_args__ = (UniqueConstraint("customer_id", "appointment_date"),)
        id: Mapped[int] = mapped_column(primary_key=True)
        tenant_id: Mapped[int]
        appointment_date: Mapped[datetime]
        duration_minutes: Mapped[int]
        status: Mapped[str] = mapped_column(String(20), default="SCHEDULED")
        cancellation_reason: Mapped[str | None] = mapped_column(String(80))
        cancelled_at: Mapped[datetime | None]
        updated_at: Mapped[datetime | None]
        customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
        customer: Mapped[Customer] = relationship()

    return []
