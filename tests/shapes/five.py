"""Shape 5: UUIDs kept as text, attributes that are not called like their columns, a CHECK; roles and permissions."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, Column, ForeignKey, Numeric, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from .frame import START, Shape


class Base5(DeclarativeBase):
    pass


def new_key() -> str:
    return str(uuid4())


user_roles = Table(
    "user_roles",
    Base5.metadata,
    Column("user_id", ForeignKey("app_users.uid")),
    Column("role_id", ForeignKey("roles.id")),
)
role_permissions = Table(
    "role_permissions",
    Base5.metadata,
    Column("role_id", ForeignKey("roles.id")),
    Column("permission_id", ForeignKey("permissions.id")),
)


class Permission5(Base5):
    __tablename__ = "permissions"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_key)
    code: Mapped[str] = mapped_column(String(40))


class Role5(Base5):
    __tablename__ = "roles"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_key)
    name: Mapped[str] = mapped_column(String(40))
    permissions: Mapped[list[Permission5]] = relationship(secondary=role_permissions)


class User5(UserMixin, Base5):  # type: ignore[misc]
    __tablename__ = "app_users"
    id: Mapped[str] = mapped_column("uid", String(36), primary_key=True, default=new_key)
    full_name: Mapped[str] = mapped_column("nm", String(80))
    roles: Mapped[list[Role5]] = relationship(secondary=user_roles)


class Client5(Base5):
    __tablename__ = "clients"
    id: Mapped[str] = mapped_column("client_uid", String(36), primary_key=True, default=new_key)
    full_name: Mapped[str] = mapped_column("nm", String(80))


class Appointment5(Base5):
    __tablename__ = "appts"
    __table_args__ = (
        CheckConstraint(
            "st IN ('requested', 'confirmed', 'cancelled_by_client', 'cancelled_by_clinic')", "ck_appts_st"
        ),
    )
    id: Mapped[str] = mapped_column("appt_uid", String(36), primary_key=True, default=new_key)
    start_time: Mapped[datetime] = mapped_column("starts_at")
    end_time: Mapped[datetime] = mapped_column("ends_at")
    status: Mapped[str] = mapped_column("st", String(30), default="confirmed")
    fee: Mapped[Decimal] = mapped_column("amt", Numeric(10, 2))
    client_id: Mapped[str] = mapped_column("c_uid", ForeignKey("clients.client_uid"))
    provider_id: Mapped[str] = mapped_column("p_uid", ForeignKey("app_users.uid"))
    client: Mapped[Client5] = relationship()
    provider: Mapped[User5] = relationship()


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes.five:Appointment5"
start = "start_time"
end = "end_time"
client = "client"
staff = "provider"
price = "fee"
[CANCELLATIONS_HOST.appointment.status]
attribute = "status"
open = ["confirmed", "requested"]
cancelled = ["cancelled_by_clinic", "cancelled_by_client"]
write = {client = "cancelled_by_client"}
[CANCELLATIONS_HOST.client]
name = "full_name"
[CANCELLATIONS_HOST.staff]
name = "full_name"
"""
USERS = """
[CANCELLATIONS_HOST.user]
name = "full_name"
role = "roles.permissions.code"
[CANCELLATIONS_ROLES]
"appointment:cancel" = ["*"]
"""


def fill(session: Any) -> Any:
    row = Appointment5(
        start_time=START,
        end_time=START.replace(minute=50),
        fee=Decimal(60),
        client=Client5(full_name="Ada Byron"),
        provider=User5(full_name="Dr Kolev"),
    )
    session.add(row)
    return row


def desk(session: Any) -> Any:
    front = Role5(
        name="front desk", permissions=[Permission5(code="appointment:read"), Permission5(code="appointment:cancel")]
    )
    person = User5(full_name="Elena Desk", roles=[Role5(name="trainee"), front])
    session.add(person)
    return person


FIVE = Shape(
    "5", Base5, Appointment5, TOML, fill, User5, "cancelled_by_client", staff="Dr Kolev", users=USERS, desk=desk
)
