"""Small hosts of the shapes that real apps have; the numbers are those of the survey behind the mapping.

Each shape has models, the TOML that maps them, and nothing that knows of us.
"""

from __future__ import annotations

import enum
from datetime import date, datetime, time

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Enum, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, backref, mapped_column, relationship, validates

# The clinic of DESIGN: a DateTime, a text status, relations that exist only as backrefs, prices as Numeric.
db = SQLAlchemy(disable_autonaming=True)


class Treatment(db.Model):  # type: ignore[name-defined,misc]
    __tablename__ = "treatments"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))
    minutes = db.Column(db.Integer)
    price = db.Column(db.Numeric(10, 2))
    visits = db.relationship("Visit", backref="treatment")


class Patient(db.Model):  # type: ignore[name-defined,misc]
    __tablename__ = "patients"
    id = db.Column(db.Integer, primary_key=True)
    first_name = db.Column(db.String(80))
    last_name = db.Column(db.String(80))
    email = db.Column(db.String(120))
    mobile = db.Column(db.String(40))
    language = db.Column(db.String(40))
    # A host that loads everything at once; our lists must not pay for it.
    visits = db.relationship("Visit", backref="patient", lazy="joined")


class Therapist(db.Model):  # type: ignore[name-defined,misc]
    __tablename__ = "therapists"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))
    visits = db.relationship("Visit", backref=backref("therapist", lazy="joined"))


class Member(UserMixin, db.Model):  # type: ignore[name-defined,misc]
    """Who signs in."""

    __tablename__ = "members"
    number = db.Column(db.Integer, primary_key=True)
    full_name = db.Column(db.String(80))
    role = db.Column(db.String(40))
    therapist_id = db.Column(db.Integer, db.ForeignKey("therapists.id"))
    therapist = db.relationship("Therapist")

    def get_id(self) -> str:
        return f"a token, not {self.number}"


class Visit(db.Model):  # type: ignore[name-defined,misc]
    __tablename__ = "visits"
    id = db.Column(db.Integer, primary_key=True)
    begins_at = db.Column(db.DateTime, index=True)
    state = db.Column(db.String(20))
    deposit_paid = db.Column(db.Float)
    created_at = db.Column(db.DateTime)
    patient_id = db.Column(db.Integer, db.ForeignKey("patients.id"))
    therapist_id = db.Column(db.Integer, db.ForeignKey("therapists.id"))
    treatment_id = db.Column(db.Integer, db.ForeignKey("treatments.id"))


CLINIC = """
[CANCELLATIONS_HOST.appointment]
model  = "Visit"
start  = "begins_at"
end    = {minutes = "treatment.minutes"}
client = "patient"
staff  = "therapist"
service = "treatment"
price  = "treatment.price"
deposit = "deposit_paid"
booked_at = {attribute = "created_at", zone = "utc"}

[CANCELLATIONS_HOST.appointment.status]
attribute = "state"
open = ["booked", "confirmed"]
cancelled = ["cancelled", "by us"]
no_show = ["missed"]
done = ["done"]
write = {clinic = "by us"}

[CANCELLATIONS_HOST.client]
name = ["first_name", "last_name"]
email = "email"
phone = "mobile"
locale = "language"

[CANCELLATIONS_HOST.user]
name = "full_name"
role = "role"
staff = "therapist_id"
"""


# Shape 1: plain SQLAlchemy 2, a duration on the row, no provider, a client who never signs in; a host that is strict.
class BarberBase(DeclarativeBase):
    pass


class Customer(BarberBase):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str | None] = mapped_column(String(80))
    last_name: Mapped[str | None] = mapped_column(String(80))


class Booking(BarberBase):
    __tablename__ = "booking"
    appt_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    appointment_date: Mapped[datetime] = mapped_column("starts", index=True)
    duration_minutes: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime | None]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    customer: Mapped[Customer | None] = relationship(lazy="raise")
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @validates("status")
    def known_status(self, key: str, value: str) -> str:
        if value not in ("Scheduled", "Cancelled", "Completed"):
            raise ValueError(f"{value} is no status")
        return value


BARBER = """
[CANCELLATIONS_HOST.appointment]
model  = "tests.host_shapes:Booking"
start  = "appointment_date"
end    = [{minutes = "duration_minutes"}, {minutes = 45}]
client = "customer"
booked_at = {attribute = "created_at", zone = "local"}
status = {attribute = "status", open = ["Scheduled"], cancelled = ["Cancelled"], done = ["Completed"]}

[CANCELLATIONS_HOST.client]
name = ["first_name", "last_name"]
"""


# Shape 2: a Date and two Times, users by joined-table inheritance in one table, a service with a price as float.
class SalonBase(DeclarativeBase):
    pass


class Account(SalonBase):
    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80))
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "account"}  # noqa: RUF012


class Shopper(Account):
    __tablename__ = "shopper"
    id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    mail: Mapped[str | None] = mapped_column(String(120))
    __mapper_args__ = {"polymorphic_identity": "shopper"}  # noqa: RUF012


class Stylist(Account):
    __tablename__ = "stylist"
    id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    nickname: Mapped[str] = mapped_column(String(80))
    __mapper_args__ = {"polymorphic_identity": "stylist"}  # noqa: RUF012


class Style(SalonBase):
    __tablename__ = "style"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    price: Mapped[float | None]


class Chair(SalonBase):
    """An appointment of the salon."""

    __tablename__ = "chair"
    id: Mapped[int] = mapped_column(primary_key=True)
    date: Mapped[date | None] = mapped_column(index=True)
    start_time: Mapped[time | None]
    end_time: Mapped[time | None]
    status: Mapped[str] = mapped_column(String(20), default="open")
    shopper_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    stylist_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    style_id: Mapped[int | None] = mapped_column(ForeignKey("style.id"))
    shopper: Mapped[Account | None] = relationship(foreign_keys=[shopper_id])
    stylist: Mapped[Account | None] = relationship(foreign_keys=[stylist_id])
    style: Mapped[Style | None] = relationship()


SALON = """
[CANCELLATIONS_HOST.appointment]
model  = "tests.host_shapes:Chair"
start  = {date = "date", time = "start_time"}
end    = ["end_time", {minutes = 30}]
client = "shopper"
staff  = "stylist"
service = "style"
price  = "style.price"
status = {attribute = "status", open = ["open"], cancelled = ["gone"]}

[CANCELLATIONS_HOST.client]
email = "mail"

[CANCELLATIONS_HOST.staff]
model = "tests.host_shapes:Stylist"
name = "nickname"
"""


# Shape 6: an Enum, the start on another row, the client two steps away, fees on the type, a composite key for staff.
class Phase(enum.Enum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    NO_SHOW = "no-show"
    OVER = 4


class Level(enum.Enum):
    DESK = "reception"
    BOSS = "manager"


class VetBase(DeclarativeBase):
    pass


class Login(UserMixin, VetBase):  # type: ignore[misc]
    __tablename__ = "login"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(120))
    level: Mapped[Level | None]


class Owner(VetBase):
    __tablename__ = "owner"
    id: Mapped[int] = mapped_column(primary_key=True)
    login_id: Mapped[int | None] = mapped_column(ForeignKey("login.id"))
    login: Mapped[Login | None] = relationship()

    @property
    def name(self) -> str:
        return f"owner {self.id}"


class Animal(VetBase):
    __tablename__ = "animal"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owner.id"))
    owner: Mapped[Owner | None] = relationship()


class Kind(VetBase):
    __tablename__ = "kind"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(80))
    cents: Mapped[int | None]


class Vet(VetBase):
    __tablename__ = "vet"
    site: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(80))


class Opening(VetBase):
    __tablename__ = "opening"
    __table_args__ = (UniqueConstraint("start", "vet_site", "vet_number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    start: Mapped[datetime]
    finish: Mapped[datetime | None]
    vet_site: Mapped[str] = mapped_column(String(20))
    vet_number: Mapped[int]
    vet: Mapped[Vet] = relationship(
        primaryjoin="and_(foreign(Opening.vet_site) == Vet.site, foreign(Opening.vet_number) == Vet.number)"
    )


class Checkup(VetBase):
    __tablename__ = "checkup"
    id: Mapped[int] = mapped_column(primary_key=True)
    phase: Mapped[Phase] = mapped_column(Enum(Phase))
    animal_id: Mapped[int | None] = mapped_column(ForeignKey("animal.id"))
    kind_id: Mapped[int | None] = mapped_column(ForeignKey("kind.id"))
    opening_id: Mapped[int] = mapped_column(ForeignKey("opening.id"))
    animal: Mapped[Animal | None] = relationship()
    kind: Mapped[Kind | None] = relationship()
    opening: Mapped[Opening] = relationship()


VET = """
[CANCELLATIONS_HOST.appointment]
model  = "tests.host_shapes:Checkup"
start  = "opening.start"
end    = ["opening.finish", {minutes = 20}]
client = "animal.owner"
staff  = "opening.vet"
service = "kind"
price  = {attribute = "kind.cents", unit = "minor"}

[CANCELLATIONS_HOST.appointment.status]
attribute = "phase"
open = ["pending", "CONFIRMED"]
cancelled = ["CANCELLED"]
no_show = ["no-show"]
done = ["4"]

[CANCELLATIONS_HOST.client]
email = "login.email"

[CANCELLATIONS_HOST.service]
name = "title"

[CANCELLATIONS_HOST.user]
model = "tests.host_shapes:Login"
name = "email"
role = "level"
"""
