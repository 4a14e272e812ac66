"""A mapping that does not fit the host's models is refused, with everything that is wrong with it."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from flask_cancellations.errors import ConfigError

from .host_shapes import BARBER, CLINIC, SALON, VET, VetBase, db
from .host_shapes import Visit as ClinicVisit
from .host_tools import host_from, registry_of


def faults(toml, **where):
    with pytest.raises(ConfigError) as refused:
        host_from(toml, **where)
    return [str(fault) for fault in refused.value.faults]


def test_every_fault_is_told_at_once_with_the_nearest_name():
    toml = CLINIC
    for right, wrong in {
        '"begins_at"': '"begin_at"',
        '"treatment.minutes"': '"treatment.minuts"',
        '"patient"': '"patients"',
        '"therapist"\n': '"therapist_id"\n',
        '"treatment.price"': '"treatment"',
        '"created_at"': '"state"',
        '"email"': '"mail"',
        '"last_name"': '"visits"',
        "[CANCELLATIONS_HOST.user]": '[CANCELLATIONS_HOST.user]\nmodel = "Member"',
        '"full_name"': '"fullname"',
    }.items():
        assert right in toml
        toml = toml.replace(right, wrong, 1)
    assert faults(toml) == [
        (
            "CANCELLATIONS_HOST.appointment.start: found 'begin_at', expected an attribute of Visit. "
            "Did you mean 'begins_at'?"
        ),
        (
            "CANCELLATIONS_HOST.appointment.end.minutes: found 'minuts', expected an attribute of Treatment. "
            "Did you mean 'minutes'?"
        ),
        (
            "CANCELLATIONS_HOST.appointment.client: found 'patients', expected an attribute of Visit. "
            "Did you mean 'patient'?"
        ),
        (
            "CANCELLATIONS_HOST.appointment.staff: found 'therapist_id', which is no relation, "
            "expected a relation of Visit to one row. Did you mean 'therapist'?"
        ),
        (
            "CANCELLATIONS_HOST.appointment.price: found 'treatment', a relation to Treatment, "
            "expected an attribute with a value. Did you mean 'treatment.name'?"
        ),
        "CANCELLATIONS_HOST.appointment.booked_at: found 'state' of type String, expected a column of type DateTime.",
        "CANCELLATIONS_HOST.user.name: found 'fullname', expected an attribute of Member. Did you mean 'full_name'?",
    ]


def test_faults_of_the_client_name_the_clients_model():
    assert faults(CLINIC.replace('"email"', '"mail"').replace('"last_name"', '"visits"')) == [
        "CANCELLATIONS_HOST.client.name: found 'visits', a relation to Visit, expected an attribute with a value.",
        "CANCELLATIONS_HOST.client.email: found 'mail', expected an attribute of Patient. Did you mean 'email'?",
    ]


@pytest.mark.parametrize(
    ("toml", "right", "wrong", "fault"),
    [
        (SALON, 'date = "date"', 'date = "start_time"', "'start_time' of type Time, expected a column of type Date"),
        (SALON, 'time = "start_time"', 'time = "date"', "'date' of type Date, expected a column of type Time"),
        (CLINIC, '"begins_at"', '"state"', "'state' of type String, expected a column of type DateTime"),
        (
            SALON,
            '"style.price"',
            '"date"',
            "'date' of type Date, expected a column of type Integer or Numeric or Float",
        ),
        (CLINIC, '"state"', '"deposit_paid"', "of type Float, expected a column of type String or Enum or Integer"),
        (CLINIC, '"state"', '"id"', "'booked', expected a whole number"),
        (VET, '"pending"', '"pendin"', "'pendin', expected a name or value of Phase. Did you mean 'pending'?"),
        (VET, '["no-show"]', '["PENDING"]', "'PENDING', expected a value that is in no other group"),
        (VET, '"opening.start"', '"opening.vet.site"', "'opening.vet.site' of type String"),
        (VET, '"opening.start"', '"phase.start"', "'phase', which is no relation, expected a relation of Checkup"),
        (VET, '"animal.owner"', '"animal.name"', "'name', expected an attribute of Animal"),
        (VET, '"login.email"', '"login.emails"', "'emails', expected an attribute of Login. Did you mean 'email'?"),
        (SALON, 'hapes:Stylist"', 'hapes:Style"', "tests.host_shapes:Style, expected tests.host_shapes:Account"),
        (SALON, 'hapes:Chair"', 'hapes:Chairs"', "expected a name in tests.host_shapes. Did you mean 'Chair'?"),
        (SALON, 'hapes:Chair"', 'hapes:CLINIC"', "'tests.host_shapes:CLINIC', which is not mapped"),
        (SALON, 'host_shapes:Chair"', 'no_such:Chair"', "No module named 'tests.no_such'"),
        (
            CLINIC,
            'price  = "treatment.price"',
            'price = ["treatment.price", {attribute = "deposit_paid", currency = "treatment.price"}]',
            "price[1].currency: found 'treatment.price' of type Numeric, expected a column of type String or Enum.",
        ),
        (CLINIC, '"treatment"', '"treatment.visits.id"', "service: found 'id', which is no relation"),
        (CLINIC, '"treatment"', '"treatment.visits.patient.visits"', "'visits', which leads to many rows"),
        (CLINIC, '"Visit"', '"visits"', "'visits', expected one of the host's models. Did you mean 'Visit'?"),
    ],
)
def test_what_does_not_fit_is_named(toml, right, wrong, fault):
    assert right in toml
    found = faults(toml.replace(right, wrong, 1))
    assert fault in found[0]


def test_an_unknown_appointment_does_not_hide_an_unknown_user():
    assert [
        fault.partition(":")[0]
        for fault in faults(VET.replace("host_shapes:Checkup", "nowhere:Checkup").replace("hapes:Login", "hapes:Log"))
    ] == [
        "CANCELLATIONS_HOST.appointment.model",
        "CANCELLATIONS_HOST.user.model",
    ]


def test_an_attribute_that_only_some_rows_have_cannot_be_searched():
    assert "'nickname', expected an attribute of Account" in faults(SALON.replace('"date"', '"stylist.nickname"'))[0]


def test_a_property_of_python_can_be_read_but_not_searched():
    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "row"
        id: Mapped[int] = mapped_column(primary_key=True)
        status: Mapped[str] = mapped_column(String(20))

        @property
        def begins(self) -> None:
            return None

        @hybrid_property
        def shown(self) -> str:
            return self.status

    settings = """
    [CANCELLATIONS_HOST.appointment]
    model = "Row"
    start = "begins"
    end = {minutes = 30}
    status = {attribute = "shown", open = ["a"], cancelled = ["b"]}
    """
    assert faults(settings, registries=[Base.registry]) == [
        (
            "CANCELLATIONS_HOST.appointment.start: found 'begins', a property of Python, "
            "expected a column, or a hybrid property that the database can compare."
        ),
        (
            "CANCELLATIONS_HOST.appointment.status.attribute: found 'shown', which cannot be set, "
            "expected an attribute to write."
        ),
    ]


def test_a_relation_to_many_rows_is_no_client():
    class Base(DeclarativeBase):
        pass

    class Guest(Base):
        __tablename__ = "guest"
        id: Mapped[int] = mapped_column(primary_key=True)
        stay_id: Mapped[int] = mapped_column(ForeignKey("stay.id"))

    class Stay(Base):
        __tablename__ = "stay"
        id: Mapped[int] = mapped_column(primary_key=True)
        guests: Mapped[list[Guest]] = relationship()

    toml = BARBER.replace("tests.host_shapes:Booking", "Stay").replace('"customer"', '"guests"')
    assert any("'guests', which leads to many rows" in fault for fault in faults(toml, registries=[Base.registry]))


def test_a_name_that_two_models_have_is_refused_with_their_full_names():
    class Base(DeclarativeBase):
        pass

    kept = []  # a registry holds its classes weakly
    for part in ("shop", "ward"):

        class Visit(Base):
            __module__, __qualname__ = f"clinic.{part}", "Visit"
            __tablename__ = part
            id = mapped_column(Integer, primary_key=True)

        kept.append(Visit)

    assert faults(CLINIC, registries=[Base.registry]) == [
        (
            "CANCELLATIONS_HOST.appointment.model: found 'Visit', which several models are called, "
            "expected one of clinic.shop:Visit, clinic.ward:Visit."
        )
    ]
    with pytest.raises(ConfigError, match="which several models are called"):
        host_from(CLINIC, registries=[registry_of(db), Base.registry])
    assert host_from(CLINIC, registries=[registry_of(db), Base.registry], metadata=db.metadata).model is ClinicVisit


def test_two_apps_with_models_of_one_name_do_not_meet():
    other = SQLAlchemy(disable_autonaming=True)

    class Visit(other.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "visit"
        id = other.Column(other.Integer, primary_key=True)
        begins = other.Column(other.DateTime)
        state = other.Column(other.String(20))

    toml = """
    [CANCELLATIONS_HOST.appointment]
    model = "Visit"
    start = "begins"
    end = {minutes = 30}
    status = {attribute = "state", open = ["a"], cancelled = ["b"]}
    """
    assert host_from(toml, registries=[registry_of(other)]).model is Visit
    assert host_from(CLINIC, registries=[registry_of(db)]).model is not Visit


def test_a_model_on_another_bind_than_our_tables_is_refused():
    assert faults("CANCELLATIONS_BIND = 'ours'\n" + CLINIC) == [
        "CANCELLATIONS_BIND: found 'ours', expected None, the bind of Visit."
    ]


def test_models_that_sqlalchemy_cannot_configure_are_one_fault():
    """In a process of its own: a broken mapper would break every later test."""
    script = """
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
    from flask_cancellations.errors import ConfigError
    from tests.host_shapes import BARBER
    from tests.host_tools import host_from

    class Base(DeclarativeBase):
        pass

    class Broken(Base):
        __tablename__ = "broken"
        id: Mapped[int] = mapped_column(primary_key=True)
        friend = relationship("Nobody")

    try:
        host_from(BARBER)
    except ConfigError as error:
        print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "1 fault" in shown
    assert "'Nobody' failed to locate a name" in shown


def test_an_app_that_is_the_started_program_is_not_imported_again(tmp_path):
    """``python app.py`` is called ``__main__``; importing ``app`` would define every model twice."""
    app = tmp_path / "startedapp.py"
    app.write_text(
        textwrap.dedent(
            """
            from sqlalchemy import String
            from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
            from datetime import datetime

            class Base(DeclarativeBase):
                pass

            class Visit(Base):
                __tablename__ = "visit"
                id: Mapped[int] = mapped_column(primary_key=True)
                begins: Mapped[datetime]
                state: Mapped[str] = mapped_column(String(20))

            if __name__ == "__main__":
                from tests.host_tools import host_from
                host = host_from('''
                [CANCELLATIONS_HOST.appointment]
                model = "startedapp:Visit"
                start = "begins"
                end = {minutes = 30}
                status = {attribute = "state", open = ["a"], cancelled = ["b"]}
                ''')
                print(host.model is Visit)
            """
        )
    )
    command = [sys.executable, str(app)]
    path = ":".join(filter(None, [*sys.path]))
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": path}).stdout
    assert shown == "True\n"


def test_a_class_may_be_given_itself():
    toml = CLINIC.replace('"Visit"', '"tests.host_shapes:Visit"')
    assert host_from(toml).model is ClinicVisit
    assert host_from(VET, registries=[VetBase.registry]).model.__name__ == "Checkup"
