"""Shape 8: several clinics that the session keeps apart; capital letters; a UNIQUE that stays occupied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Flask, g
from flask_login import UserMixin, current_user
from sqlalchemy import ForeignKey, Numeric, String, UniqueConstraint, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, with_loader_criteria

from .frame import START, Running, Shape, by_flask_login

_tenant: ContextVar[int | None] = ContextVar("tenant of shape 8", default=None)


class NoTenant(RuntimeError):
    """Rows of a clinic were asked for, or written, where none was chosen."""


@contextmanager
def tenant(number: int) -> Iterator[None]:
    """Work for one clinic."""
    token = _tenant.set(number)
    try:
        yield
    finally:
        _tenant.reset(token)


class Base8(DeclarativeBase):
    pass


class OfTenant:
    """What belongs to one clinic; the session fills this in and looks for no other's."""

    tenant_id: Mapped[int] = mapped_column()


class User8(UserMixin, Base8):  # type: ignore[misc]
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(40))
    role: Mapped[str] = mapped_column(String(20))


class Patient8(OfTenant, Base8):
    __tablename__ = "patients"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))


class Booking8(OfTenant, Base8):
    __tablename__ = "bookings"
    __table_args__ = (UniqueConstraint("patient_id", "starts_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(20), default="CONFIRMED")
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    patient: Mapped[Patient8] = relationship()


class TenantSession(Session):
    """The host's session: refuses whatever has a ``tenant_id`` where no clinic is chosen."""


@event.listens_for(TenantSession, "do_orm_execute")
def _only_this_clinics(execution: Any) -> None:
    asked = [mapper.class_ for mapper in execution.all_mappers if issubclass(mapper.class_, OfTenant)]
    number = _tenant.get()
    if asked and number is None:
        raise NoTenant(f"{asked[0].__name__} is asked for, and no clinic is chosen")
    if number is not None and execution.is_select:
        criteria = with_loader_criteria(OfTenant, lambda model: model.tenant_id == number, include_aliases=True)
        execution.statement = execution.statement.options(criteria)


@event.listens_for(TenantSession, "before_flush")
def _fill_in(session: Session, *_: Any) -> None:
    for row in session.new:
        if isinstance(row, OfTenant):
            number = _tenant.get()
            if number is None:
                raise NoTenant(f"{type(row).__name__} is written, and no clinic is chosen")
            row.tenant_id = row.tenant_id or number


TOML = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes.eight:Booking8"
start = "starts_at"
end = "ends_at"
client = "patient"
price = "price"
scope = "tenant_id"
status = {attribute = "status", open = ["CONFIRMED", "PENDING"], cancelled = ["CANCELLED"], no_show = ["NO_SHOW"]}
"""
USERS = """
[CANCELLATIONS_HOST.user]
name = "name"
role = "role"
scope = "tenant_id"
[CANCELLATIONS_ROLES]
MANAGER = ["*"]
"""


def fill(session: Any) -> Any:
    row = Booking8(
        starts_at=START, ends_at=START.replace(minute=50), price=Decimal(60), patient=Patient8(name="Ada Byron")
    )
    session.add(row)
    return row


def desk(session: Any, number: int = 1, name: str = "Elena Desk") -> Any:
    person = User8(name=name, role="MANAGER", tenant_id=number)
    session.add(person)
    return person


def another_desk(running: Running) -> str:
    """The login of the front desk of clinic 2."""
    person = desk(running.session, 2, "Ivo Neighbour")
    running.session.commit()
    return str(person.id)


def sign_in(app: Flask, session: Any, login: Any) -> None:
    """Flask-Login; a request is one of the clinic that the user belongs to."""
    by_flask_login(app, session, login)

    @app.before_request
    def choose() -> None:
        number = current_user.tenant_id if current_user.is_authenticated else None
        g.of_tenant = _tenant.set(number)

    @app.teardown_request
    def leave(_: BaseException | None) -> None:
        if "of_tenant" in g:
            _tenant.reset(g.pop("of_tenant"))


EIGHT = Shape(
    "8",
    Base8,
    Booking8,
    TOML,
    fill,
    User8,
    "CANCELLED",
    users=USERS,
    desk=desk,
    sign_in=sign_in,
    within=lambda: tenant(1),
    options=(("class_", TenantSession),),
)
