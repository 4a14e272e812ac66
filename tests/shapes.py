"""Small hosts of the shapes that real apps have, each a whole app: models, mapping, an appointment, a desk.

The numbers are those of the survey behind the mapping. A host knows nothing of us but its TOML.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

from flask import Flask
from flask_login import LoginManager, UserMixin, login_user
from sqlalchemy import Column, ForeignKey, Integer, Numeric, String, Table, Text, UniqueConstraint, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, scoped_session, sessionmaker

from flask_cancellations import Cancellations

from .small_host import Wall

START = datetime(2026, 12, 2, 15, 5)  # five hours from now

COMMON = """
[CANCELLATIONS_HOST.user]
name = "name"
role = "role"
[CANCELLATIONS_ROLES]
desk = ["*"]
[[CANCELLATIONS_POLICIES]]
name = "standard"
valid_from = 2026-01-01
bands = [{less_than = "24h", fee = "50%"}]
"""


@dataclass(frozen=True)
class Shape:
    """`fill` adds an appointment of Ada Byron at START worth 60.00; `state` reads the host's side of a row."""

    name: str
    base: type[Any]
    model: type[Any]
    toml: str
    fill: Callable[[Any], Any]
    state: Callable[[Any], Any]
    cancelled: Any
    staff: str = ""
    service: str = ""
    minutes: int = 45


@dataclass
class Running:
    """An app of one shape."""

    shape: Shape
    app: Flask
    session: Any
    cancellations: Cancellations
    clock: Wall
    number: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    def add(self) -> str:
        """One more appointment; its key, as the host's links have it."""
        row = self.shape.fill(self.session)
        self.session.commit()
        key = self.key_of(row)
        self.session.remove()
        return key

    def key_of(self, row: Any) -> str:
        with self.app.app_context():
            return str(self.app.extensions["cancellations"].host.read(row).key)

    def row(self, key: str) -> Any:
        """The host's own row, as it is in the database now."""
        self.session.remove()
        with self.app.app_context():
            return self.app.extensions["cancellations"].host.get(self.session(), key)

    def desk(self) -> Any:
        """A browser of the front desk, signed in."""
        client = self.app.test_client()
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
        assert client.post(f"/sign-in/{self.number}").status_code == 204
        return client


def run(shape: Shape, url: str) -> Running:
    """The app on an empty database."""
    app, clock = Flask(__name__), Wall()
    app.config.update(tomllib.loads(shape.toml + COMMON))
    app.config.update(
        SECRET_KEY="test",
        TESTING=True,
        CANCELLATIONS_CLOCK=clock,
        CANCELLATIONS_TIMEZONE="Europe/Sofia",
        CANCELLATIONS_CURRENCY="EUR",
        CANCELLATIONS_POLICY_WITHOUT_PROOF="current",  # most hosts do not say when a booking was made
    )
    engine = create_engine(url)
    session = scoped_session(sessionmaker(engine))
    app.teardown_appcontext(lambda _: session.remove())
    base: Any = shape.base
    login = _login(base)
    manager = LoginManager(app)
    manager.user_loader(lambda number: session.get(login, int(number)))

    @app.post("/sign-in/<int:number>")
    def sign_in(number: int) -> tuple[str, int]:
        login_user(session.get(login, number))
        return "", 204

    cancellations = Cancellations()
    cancellations.init_app(app, session=session, metadata=shape.base.metadata)
    shape.base.metadata.create_all(engine)
    with app.app_context():
        cancellations.validate()
    person = login(name="Elena Desk", role="desk")
    session.add(person)
    session.commit()
    running = Running(shape, app, session, cancellations, clock, person.id, {"engine": engine})
    session.remove()
    return running


@cache
def _login(base: Any) -> Any:
    """The login table of a host, made once for each of them."""

    class Login(UserMixin, base):  # type: ignore[misc]  # made for a base that is given
        __tablename__ = "login"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(String(80))
        role: Mapped[str] = mapped_column(String(20))

    return Login


# 1: one DateTime, a duration, a text status, columns of its own for reason, moment and person, a client without login.
class Base1(DeclarativeBase):
    pass


class Person1(Base1):
    __tablename__ = "client"
    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str] = mapped_column(String(80))
    last_name: Mapped[str] = mapped_column(String(80))


class Appointment1(Base1):
    __tablename__ = "Appointment"
    appointment_id: Mapped[int] = mapped_column(primary_key=True)
    appointment_date: Mapped[datetime]
    duration_minutes: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(20), default="Scheduled")
    cost: Mapped[float | None]
    cancellation_reason: Mapped[str | None] = mapped_column(String(11))
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[int | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    client: Mapped[Person1 | None] = relationship()


ONE = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes:Appointment1"
start = "appointment_date"
end = [{minutes = "duration_minutes"}, {minutes = 30}]
client = "client"
price = "cost"
status = {attribute = "status", open = ["Scheduled"], cancelled = ["Cancelled"], done = ["Completed"]}
[CANCELLATIONS_HOST.appointment.write_back]
reason = "cancellation_reason"
cancelled_at = {attribute = "cancelled_at", zone = "utc"}
cancelled_by = "cancelled_by"
active = "is_active"
[CANCELLATIONS_HOST.client]
name = ["first_name", "last_name"]
"""


def fill_1(session: Any) -> Any:
    row = Appointment1(
        appointment_date=START,
        duration_minutes=45,
        cost=60.0,
        client=Person1(first_name="Ada", last_name="Byron"),
    )
    session.add(row)
    return row


def state_1(row: Any) -> Any:
    return (row.status, row.cancellation_reason, row.cancelled_at, row.cancelled_by, row.is_active)


# 2: a Date and two Times, no status at all; a service with a price.
class Base2(DeclarativeBase):
    pass


class Service2(Base2):
    __tablename__ = "service"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))


class Customer2(Base2):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))


class Rdv(Base2):
    __tablename__ = "rendez_vous"
    id: Mapped[int] = mapped_column(primary_key=True)
    date: Mapped[date]
    start_time: Mapped[time]
    end_time: Mapped[time]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    customer: Mapped[Customer2] = relationship()
    service: Mapped[Service2] = relationship()


TWO = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes:Rdv"
start = {date = "date", time = "start_time"}
end = "end_time"
client = "customer"
service = "service"
price = "service.price"
status = {none = "delete"}
"""


def fill_2(session: Any) -> Any:
    row = Rdv(
        date=START.date(),
        start_time=START.time(),
        end_time=time(15, 50),
        customer=Customer2(name="Ada Byron"),
        service=Service2(name="Massage", price=Decimal(60)),
    )
    session.add(row)
    return row


# 3: a lookup table of localised descriptions, a client two hops away, many services with their prices and minutes.
class Base3(DeclarativeBase):
    pass


class Description(Base3):
    __tablename__ = "status"
    id: Mapped[int] = mapped_column(primary_key=True)
    description: Mapped[str] = mapped_column(String(40))


class Keeper(Base3):
    __tablename__ = "keeper"
    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str] = mapped_column(String(80))


class Pet(Base3):
    __tablename__ = "pet"
    id: Mapped[int] = mapped_column(primary_key=True)
    keeper_id: Mapped[int] = mapped_column(ForeignKey("keeper.id"))
    proprietary: Mapped[Keeper] = relationship()


class Work(Base3):
    __tablename__ = "work"
    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    minutes: Mapped[int]


works = Table(
    "visit_work", Base3.metadata, Column("vid", ForeignKey("visit.vid")), Column("work_id", ForeignKey("work.id"))
)


class Visit3(Base3):
    __tablename__ = "visit"
    vid: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    status_id: Mapped[int] = mapped_column(ForeignKey("status.id"))
    pet_id: Mapped[int] = mapped_column(ForeignKey("pet.id"))
    status: Mapped[Description] = relationship()
    pet: Mapped[Pet] = relationship()
    services: Mapped[list[Work]] = relationship(secondary=works)


THREE = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes:Visit3"
start = "at"
end = [{minutes = {sum = "services.minutes"}}, {minutes = 20}]
client = "pet.proprietary"
price = {sum = "services.price"}
status = {attribute = "status.description", open = ["Agendado"], cancelled = ["Cancelado"]}
[CANCELLATIONS_HOST.client]
name = "full_name"
"""


def fill_3(session: Any) -> Any:
    known = {one.description: one for one in session.query(Description)}
    for word in ("Agendado", "Cancelado"):
        known.setdefault(word, Description(description=word))
    session.add_all(known.values())
    row = Visit3(
        at=START,
        status=known["Agendado"],
        pet=Pet(proprietary=Keeper(full_name="Ada Byron")),
        services=[Work(price=Decimal(20), minutes=15), Work(price=Decimal(40), minutes=30)],
    )
    session.add(row)
    return row


# 4: texts of the app's own making as primary keys, and no foreign key anywhere.
class Base4(DeclarativeBase):
    pass


class Sick(Base4):
    __tablename__ = "patient"
    pid: Mapped[str] = mapped_column(String(45), primary_key=True)
    pname: Mapped[str] = mapped_column(String(45))
    pemail: Mapped[str | None] = mapped_column(String(45))


class Medic(Base4):
    __tablename__ = "doctor"
    did: Mapped[str] = mapped_column(String(45), primary_key=True)
    dname: Mapped[str] = mapped_column(String(45))


class Consultation(Base4):
    __tablename__ = "consultation"
    cid: Mapped[str] = mapped_column(String(45), primary_key=True)
    begins: Mapped[datetime]
    pid: Mapped[str] = mapped_column(String(45))
    did: Mapped[str] = mapped_column(String(45))
    amount: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(String(45), default="booked")


FOUR = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes:Consultation"
start = "begins"
end = {minutes = 45}
client = "pid"
staff = "did"
price = "amount"
status = {attribute = "status", open = ["booked"], cancelled = ["canceled"]}
[CANCELLATIONS_HOST.client]
model = "tests.shapes:Sick"
name = "pname"
email = "pemail"
[CANCELLATIONS_HOST.staff]
model = "tests.shapes:Medic"
name = "dname"
"""


def fill_4(session: Any) -> Any:
    number = session.query(Consultation).count() + 1
    row = Consultation(cid=f"C/{number:04}", begins=START, pid=f"P{number}", did=f"D{number}", amount=60)
    session.add_all([row, Sick(pid=f"P{number}", pname="Ada Byron"), Medic(did=f"D{number}", dname="Dr Kolev")])
    return row


# 8: capital letters, and a UNIQUE that a cancelled row still occupies.
class Base8(DeclarativeBase):
    pass


class Patient8(Base8):
    __tablename__ = "patients"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(40))


class Booking8(Base8):
    __tablename__ = "bookings"
    __table_args__ = (UniqueConstraint("patient_id", "starts_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(20), default="CONFIRMED")
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    patient: Mapped[Patient8] = relationship()


EIGHT = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes:Booking8"
start = "starts_at"
end = "ends_at"
client = "patient"
price = "price"
status = {attribute = "status", open = ["PENDING", "CONFIRMED"], cancelled = ["CANCELLED"], no_show = ["NO_SHOW"]}
"""


def fill_8(session: Any) -> Any:
    row = Booking8(
        tenant_id=1,
        starts_at=START,
        ends_at=START.replace(minute=50),
        price=Decimal(60),
        patient=Patient8(tenant_id=1, name="Ada Byron"),
    )
    session.add(row)
    return row


# 9: the start on another row, which at most one appointment has.
class Base9(DeclarativeBase):
    pass


class Slot9(Base9):
    __tablename__ = "slot"
    id: Mapped[int] = mapped_column(primary_key=True)
    start: Mapped[datetime]
    doctor: Mapped[str] = mapped_column(String(80))


class Entry9(Base9):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    slot_id: Mapped[int | None] = mapped_column(ForeignKey("slot.id"), unique=True)
    slot: Mapped[Slot9 | None] = relationship()
    patient_name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(80))
    fee: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    status: Mapped[str] = mapped_column(String(20), default="active")


NINE = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes:Entry9"
start = "slot.start"
end = {minutes = 45}
client = {name = "patient_name", email = "email"}
staff = "slot.doctor"
price = "fee"
status = {attribute = "status", open = ["active"], cancelled = ["cancelled"]}
"""


def fill_9(session: Any) -> Any:
    row = Entry9(
        slot=Slot9(start=START, doctor="Dr Kolev"), patient_name="Ada Byron", email="ada@example.com", fee=Decimal(60)
    )
    session.add(row)
    return row


# 10: everything is a text.
class Base10(DeclarativeBase):
    pass


class Request10(Base10):
    __tablename__ = "request"
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(String(20))
    hour: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80))
    phone: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(80))
    doctor: Mapped[str] = mapped_column(String(80))
    department: Mapped[str] = mapped_column(Text)
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    status: Mapped[str] = mapped_column(String(20), default="pending")


TEN = """
[CANCELLATIONS_HOST.appointment]
model = "tests.shapes:Request10"
start = {date = "day", time = "hour", date_format = "%d/%m/%Y", time_format = "%I:%M %p"}
end = {minutes = 45}
client = {name = "name", phone = "phone", email = "email"}
staff = "doctor"
service = "department"
price = "price"
status = {attribute = "status", open = ["pending"], cancelled = ["annulé"]}
"""


def fill_10(session: Any) -> Any:
    row = Request10(
        day="02/12/2026",
        hour="03:05 PM",
        name="Ada Byron",
        phone="0888 123 412",
        email="ada@example.com",
        doctor="Dr Kolev",
        department="Massage",
        price=Decimal(60),
    )
    session.add(row)
    return row


def status_of(row: Any) -> Any:
    return row.status


SHAPES = [
    # The reason is cut to its column, the moment is UTC, the person a key.
    Shape(
        "1",
        Base1,
        Appointment1,
        ONE,
        fill_1,
        state_1,
        ("Cancelled", "Family matt", datetime(2026, 12, 2, 8, 5), 1, False),
    ),
    Shape("2-delete", Base2, Rdv, TWO, fill_2, lambda row: row, None, service="Massage"),
    Shape(
        "2-hide", Base2, Rdv, TWO.replace("delete", "hide"), fill_2, lambda row: row is None, False, service="Massage"
    ),
    Shape("3", Base3, Visit3, THREE, fill_3, lambda row: row.status.description, "Cancelado"),
    Shape("4", Base4, Consultation, FOUR, fill_4, status_of, "canceled", staff="Dr Kolev"),
    Shape("8", Base8, Booking8, EIGHT, fill_8, status_of, "CANCELLED"),
    Shape("9", Base9, Entry9, NINE, fill_9, status_of, "cancelled", staff="Dr Kolev"),
    Shape("10", Base10, Request10, TEN, fill_10, status_of, "annulé", staff="Dr Kolev", service="Massage"),
]
BY_NAME = {shape.name: shape for shape in SHAPES}
