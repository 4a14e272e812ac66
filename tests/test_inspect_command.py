"""`flask cancellations inspect` proposes a mapping that works, says why, and asks where it cannot know."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.cli import ScriptInfo
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader
from sqlalchemy import String, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column, scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

from flask_cancellations import Cancellations
from flask_cancellations.cli import cli
from flask_cancellations.host.inspector import propose
from flask_cancellations.host.inspector.words import side_of, status_group

from . import inspected_hosts
from .host_shapes import BarberBase, SalonBase, VetBase
from .host_shapes import db as clinic_db
from .small_host import make_clinic

HOST = "CANCELLATIONS_HOST"
SOURCES = {f"{__package__}.{name}" for name in ("inspected_hosts", "host_shapes", "small_host")} | {__name__}


@pytest.fixture(autouse=True)
def _other_tests_are_no_part_of_these_hosts(monkeypatch):
    """A host's source is its whole package; here that would be every test that was loaded before."""
    for name in [name for name in sys.modules if name.startswith(f"{__package__}.") and name not in SOURCES]:
        monkeypatch.delitem(sys.modules, name)


class Host:
    """An app with these models and rows that knows nothing of us."""

    def __init__(self, define, **config):
        class Base(DeclarativeBase):
            pass

        self.app = Flask(__name__)
        self.app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", SECRET_KEY="test", **config)
        self.db = SQLAlchemy(self.app, model_class=Base, disable_autonaming=True)
        self.models: list[type[Any]] = []  # nothing else keeps a class that a function has made

        def keep(mapper, model):
            self.models.append(model)

        event.listen(Mapper, "after_mapper_constructed", keep)
        rows = define(self.db.Model)
        event.remove(Mapper, "after_mapper_constructed", keep)
        with self.app.app_context():
            self.db.create_all()
            self.db.session.add_all(rows or [])
            self.db.session.commit()

    def inspect(self, *arguments):
        return self.app.test_cli_runner().invoke(cli, ["inspect", *arguments], obj=self.script)

    @property
    def script(self):
        return ScriptInfo(create_app=lambda: self.app)

    def proposal(self, *arguments):
        """What is proposed, as the configuration it will be, and the comments."""
        done = self.inspect(*arguments)
        assert done.exit_code == 0, done.output
        return tomllib.loads(done.output), done.output

    def check(self, config):
        """Set us up with this configuration and check."""
        self.app.config.update(config)
        Cancellations().init_app(self.app, db=self.db)
        with self.app.app_context():
            self.db.create_all()
        return self.app.test_cli_runner().invoke(args=["cancellations", "check"])


def notes(text, kind):
    return [line for line in text.splitlines() if line.startswith(f"# {kind}: ")]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "lookup_host",
            {
                "model": "Consultation",
                "start": "scheduled_for",
                "end": [{"minutes": {"sum": "services.duration"}}, {"minutes": 60}],
                "client": "pet.owner",
                "price": {"sum": "services.price"},
                "booked_at": {"attribute": "created_at", "zone": "utc"},
                "status": {
                    "attribute": "status.description",
                    "open": ["Agendada"],
                    "cancelled": ["Cancelada"],
                    "done": ["Concluída"],
                },
            },
        ),
        (
            "keyed_host",
            {
                "model": "Appointment",
                "start": "appointment_date",
                "end": {"minutes": 60},
                "client": "patient_id",
                "staff": "doctor_id",
                "status": {"attribute": "status", "open": ["PENDING"], "cancelled": ["CANCELLED"]},
            },
        ),
        (
            "checked_host",
            {
                "model": "Booking",
                "start": "starts_at",
                "end": "ends_at",
                "client": "client",
                "staff": "provider",
                "status": {
                    "attribute": "status",
                    "open": ["confirmed", "requested"],
                    "cancelled": ["cancelled_by_client", "cancelled_by_clinic"],
                    "no_show": ["no_show"],
                    "done": ["completed"],
                    "write": {"client": "cancelled_by_client", "clinic": "cancelled_by_clinic"},
                },
            },
        ),
        (
            "day_host",
            {
                "model": "Visit",
                "start": {"date": "visit_date", "time": "visit_time"},
                "end": [{"minutes": "duration"}, {"minutes": 60}],
                "client": "client",
                "status": {"attribute": "is_cancelled", "open": [False], "cancelled": [True]},
            },
        ),
        (
            "slot_host",
            {
                "model": "Reservation",
                "start": "slot.start_time",
                "end": ["slot.end_time", {"minutes": 60}],
                "client": "customer",
                "staff": "slot.dentist",
                "status": {"none": "hide"},
            },
        ),
        (
            "text_host",
            {
                "model": "Appointment",
                "start": {"date": "date", "time": "time", "date_format": "%d/%m/%Y", "time_format": "%H:%M"},
                "end": {"minutes": 60},
                "client": {"name": "customer_name", "email": "email", "phone": "phone"},
                "staff": "doctor_name",
                "service": "service",
                "status": {
                    "attribute": "status",
                    "open": ["Pending"],
                    "cancelled": ["Annulé"],
                    "no_show": ["Absent"],
                },
            },
        ),
        (
            "tenant_host",
            {
                "model": "Appointment",
                "start": "appointment_date",
                "end": {"minutes": "duration_minutes"},
                "client": "customer",
                "status": {"attribute": "status", "open": ["SCHEDULED"], "cancelled": ["CANCELLED"]},
                "write_back": {
                    "reason": "cancellation_reason",
                    "cancelled_at": {"attribute": "cancelled_at", "zone": "utc"},
                },
            },
        ),
    ],
)
def test_hosts_never_seen_get_a_mapping_that_passes_check(name, wanted):
    host = Host(getattr(inspected_hosts, name))
    config, text = host.proposal()
    assert config[HOST]["appointment"] == wanted
    assert notes(text, "Does not pass yet") == []
    done = host.check(config)
    assert done.exit_code == 0, done.output
    shown = {line.split()[0].partition(".")[0] for line in done.output.splitlines() if line.startswith("  ")}
    assert shown == set(wanted) - {"model"}


@pytest.mark.parametrize(
    ("base", "wanted"),
    [
        (clinic_db.Model, {"model": "Visit", "start": "begins_at", "client": "patient", "price": "treatment.price"}),
        (BarberBase, {"model": "Booking", "start": "appointment_date", "client": "customer"}),
        (SalonBase, {"model": "Chair", "start": {"date": "date", "time": "start_time"}, "staff": "stylist"}),
        (
            VetBase,
            {
                "model": "Checkup",
                "start": "opening.start",
                "client": "animal.owner",
                "staff": "opening.vet",
                "price": {"attribute": "kind.cents", "unit": "minor"},
                "status": {
                    "attribute": "phase",
                    "open": ["CONFIRMED", "PENDING"],
                    "cancelled": ["CANCELLED"],
                    "no_show": ["NO_SHOW"],
                    "done": ["OVER"],
                },
            },
        ),
    ],
    ids=["clinic", "barber", "salon", "vet"],
)
def test_the_shapes_of_the_survey_get_a_mapping_that_passes_check(base, wanted):
    engine = create_engine("sqlite://", poolclass=StaticPool)
    session = scoped_session(sessionmaker(engine))
    proposal = propose(registries=[base.registry], session=session)
    assert proposal.faults == []
    config = tomllib.loads(proposal.toml())
    assert config[HOST]["appointment"].items() >= wanted.items()

    class Db:
        """What `init_app` asks of a host's database object; these models are made without Flask-SQLAlchemy."""

        Model = base
        metadata = base.metadata

    db: Any = Db()
    db.session = session
    before = set(base.metadata.tables)
    app = Flask(__name__)
    app.config.update(config)
    Cancellations().init_app(app, db=db)
    try:
        base.metadata.create_all(engine)
        done = app.test_cli_runner().invoke(args=["cancellations", "check"])
    finally:
        for table in set(base.metadata.tables) - before:
            base.metadata.remove(base.metadata.tables[table])  # other tests use these models too
        session.remove()
        engine.dispose()
    assert done.exit_code == 0, done.output


def test_the_readmes_clinic_is_proposed_nearly_as_the_readme_maps_it():
    clinic = make_clinic()
    with clinic.app.app_context():
        for state in ("booked", "confirmed", "cancelled", "missed", "done"):
            clinic.visit(state=state)
        for role in ("reception", "therapist", "manager", "client"):
            clinic.account(role)
    done = clinic.app.test_cli_runner().invoke(args=["cancellations", "inspect"])
    found, mapped = tomllib.loads(done.output), clinic.app.config[HOST]
    same = ("model", "start", "client", "staff", "service", "price", "deposit", "booked_at")
    assert {key: found[HOST]["appointment"][key] for key in same} == {key: mapped["appointment"][key] for key in same}
    groups, known = found[HOST]["appointment"]["status"], mapped["appointment"]["status"]
    assert {name: set(values) for name, values in groups.items()} == {
        name: set(values) for name, values in known.items()
    }
    assert found[HOST]["client"] == mapped["client"]
    assert found[HOST]["staff"] == mapped["staff"]
    assert found["CANCELLATIONS_ROLES"] == {"reception": ["cancel"], "therapist": ["cancel:own"], "manager": ["*"]}
    assert "Мария" not in done.output
    fresh = make_clinic(**found)
    with fresh.app.app_context():
        assert fresh.app.test_cli_runner().invoke(args=["cancellations", "check"]).exit_code == 0


def test_every_line_has_its_confidence_and_evidence():
    _, text = Host(inspected_hosts.checked_host).proposal()
    lines = [line for line in text.splitlines() if " = " in line and not line.startswith("#")]
    assert len(lines) > 10
    assert [line for line in lines if not any(f"  # {level}: " in line for level in ("sure", "likely", "guess"))] == []
    assert any(line.startswith('start = "starts_at"') and line.endswith("# sure: bk.t0 DateTime") for line in lines)


def test_staff_among_the_users_and_a_boolean_role_are_recognised():
    config, _ = Host(inspected_hosts.checked_host).proposal()
    assert config[HOST]["user"] == {"model": "Person", "name": "full_name", "staff": "id", "role": "is_admin"}
    assert config["CANCELLATIONS_ROLES"] == {"True": ["*"]}


def test_it_asks_where_it_cannot_know():
    _, text = Host(inspected_hosts.keyed_host).proposal()
    asked = "\n".join(notes(text, "Question"))
    assert "In which time zone is the clinic" in asked
    assert "What currency are prices in?" in asked
    assert "How long is it?" in asked
    assert "'CANCELLED' is assumed" in asked
    assert "Several models can sign in: Doctor, Patient" in asked
    shared = Host(inspected_hosts.tenant_host).proposal()[1]
    assert "appointments.tenant_id Integer looks like a tenant" in shared
    assert "What does the status 'Não sei'" in Host(inspected_hosts.lookup_host).proposal()[1]


def test_what_the_app_tells_itself_is_not_asked():
    host = Host(inspected_hosts.day_host, BABEL_DEFAULT_TIMEZONE="Europe/Lisbon", CURRENCY="gbp")
    host.app.jinja_env.loader = DictLoader(
        {
            "site/base.html": "{% block page_title %}{% endblock %}{% block main %}{% endblock %}",
            "a.html": "{% extends 'site/base.html' %}",
            "b.html": '{%- extends "site/base.html" -%}',
            "mail/base.html": "{% block body %}{% endblock %}",
            "mail/a.html": "{% extends 'mail/base.html' %}",
        }
    )
    config, text = host.proposal()
    assert config["CANCELLATIONS_TIMEZONE"] == "Europe/Lisbon"
    assert config["CANCELLATIONS_CURRENCY"] == "GBP"
    assert config["CANCELLATIONS_LAYOUT"] == "site/base.html"
    assert config["CANCELLATIONS_BLOCKS"] == {"content": "main", "title": "page_title"}
    assert notes(text, "Question") == []


def test_it_writes_a_new_file_and_never_over_an_old_one(tmp_path):
    host, file = Host(inspected_hosts.slot_host), tmp_path / "cancellations.toml"
    done = host.inspect("--write", str(file))
    assert done.exit_code == 0
    assert f"Wrote {file}." in done.output
    assert "Question: Reservation has no status." in done.output
    config = tomllib.loads(file.read_text(encoding="utf-8"))
    assert host.check(config).exit_code == 0
    file.write_text("mine", encoding="utf-8")
    done = host.inspect("--write", str(file))
    assert done.exit_code == 1
    assert file.read_text(encoding="utf-8") == "mine"


def test_it_changes_nothing_in_the_database():
    host = Host(inspected_hosts.text_host)
    with host.app.app_context():
        before = list(host.db.session.connection().connection.iterdump())
    host.proposal()
    with host.app.app_context():
        assert list(host.db.session.connection().connection.iterdump()) == before


def test_another_model_can_be_named():
    host = Host(inspected_hosts.lookup_host)
    assert host.proposal("--model", "ConsultationReminder")[0][HOST]["appointment"]["model"] == "ConsultationReminder"
    done = host.inspect("--model", "Consultaton")
    assert done.exit_code == 1
    assert "Did you mean 'Consultation'?" in done.output
    text = host.proposal("--model", "Service")[1]
    assert "the start of Service: it has no DateTime" in notes(text, "Missing")[0]


def test_a_host_without_appointments_is_told_what_is_missing():
    def define(base):
        class Note(base):  # type: ignore[valid-type,misc]
            __tablename__ = "note"
            id: Mapped[int] = mapped_column(primary_key=True)
            text: Mapped[str] = mapped_column(String(80))

    _, text = Host(define).proposal()
    missing = "\n".join(notes(text, "Missing"))
    assert "a model of an appointment, among Note; name it with --model" in missing
    assert "a model of those who sign in" in missing


def test_without_tables_yet_the_models_alone_are_enough():
    host = Host(inspected_hosts.checked_host)
    with host.app.app_context():
        host.db.drop_all()
    config, _ = host.proposal()
    assert config[HOST]["appointment"]["status"]["no_show"] == ["no_show"]


def test_a_configuration_with_faults_does_not_end_in_a_traceback():
    host = Host(inspected_hosts.day_host)

    def create():
        Cancellations().init_app(host.app, db=host.db)
        return host.app

    done = host.app.test_cli_runner().invoke(cli, ["inspect"], obj=ScriptInfo(create_app=create))
    assert done.exit_code == 1
    assert "CANCELLATIONS_HOST: found nothing" in done.output
    assert "take init_app out" in done.output


def test_statuses_are_found_in_the_source_where_there_are_no_rows(tmp_path, monkeypatch):
    package = tmp_path / "smallclinic"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "models.py").write_text(
        textwrap.dedent(
            """
            from datetime import datetime
            from sqlalchemy import String
            from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

            class Base(DeclarativeBase):
                pass

            class Appointment(Base):
                __tablename__ = "appointment"
                id: Mapped[int] = mapped_column(primary_key=True)
                starts: Mapped[datetime]
                status: Mapped[str] = mapped_column(String(20))
                created_at: Mapped[datetime] = mapped_column(default=datetime.now)
            """
        )
    )
    (package / "views.py").write_text(
        textwrap.dedent(
            """
            from smallclinic.models import Appointment

            def book():
                return Appointment(status="Vereinbart", starts=None)

            def cancel(appointment):
                if appointment.status not in ("Bestätigt", "geplant"):
                    raise ValueError
                appointment.status = "Abgesagt"

            def close(query):
                return query.filter(Appointment.status.in_(["erledigt"]))
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    models = importlib.import_module("smallclinic.models")
    importlib.import_module("smallclinic.views")
    proposal = propose(registries=[models.Base.registry])
    assert proposal.tables[f"{HOST}.appointment"]["status"].value == {
        "attribute": "status",
        "open": ["Bestätigt", "geplant"],
        "cancelled": ["Abgesagt"],
        "done": ["erledigt"],
    }
    assert proposal.tables[f"{HOST}.appointment"]["booked_at"].value["zone"] == "local"


def test_plain_sqlalchemy_needs_no_setting_up_either(tmp_path):
    """In a process of its own, as all models that are loaded count."""
    app = tmp_path / "plainapp.py"
    app.write_text(
        textwrap.dedent(
            """
            from datetime import datetime
            from flask import Flask
            from flask.cli import ScriptInfo
            from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

            class Base(DeclarativeBase):
                pass

            class Booking(Base):
                __tablename__ = "booking"
                id: Mapped[int] = mapped_column(primary_key=True)
                starts_at: Mapped[datetime]
                client_name: Mapped[str]
                is_active: Mapped[bool]

            if __name__ == "__main__":
                from flask_cancellations.cli import cli
                cli.main(["inspect"], obj=ScriptInfo(create_app=lambda: Flask("plainapp")))
            """
        )
    )
    done = subprocess.run(
        [sys.executable, str(app)], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert tomllib.loads(done.stdout)[HOST]["appointment"] == {
        "model": "Booking",
        "start": "starts_at",
        "end": {"minutes": 60},
        "client": {"name": "client_name"},
        "status": {"attribute": "is_active", "open": [True], "cancelled": [False]},
    }


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("cancelled", "cancelled"),
        ("Cancelled", "cancelled"),
        ("CANCELLED", "cancelled"),
        ("canceled", "cancelled"),
        ("Cancelado", "cancelled"),
        ("cancelada", "cancelled"),
        ("annule", "cancelled"),
        ("Annulé", "cancelled"),
        ("ملغي", "cancelled"),
        ("отменен", "cancelled"),
        ("storniert", "cancelled"),
        ("CancelledByPatient", "cancelled"),
        ("cancelled_by_doctor", "cancelled"),
        ("CANCELLATION_REQUESTED", "open"),
        ("rescheduled", "open"),
        ("checked-in", "open"),
        ("in_progress", "open"),
        ("En attente", "open"),
        ("no-show", "no_show"),
        ("NoShow", "no_show"),
        ("missed", "no_show"),
        ("Completed", "done"),
        ("terminé", "done"),
        ("checked out", "done"),
        ("gone fishing", None),
        ("", None),
    ],
)
def test_statuses_are_grouped_by_their_spelling(text, group):
    assert status_group(text) == group


def test_a_status_may_say_whose_doing_it_was():
    assert [side_of(text) for text in ("CancelledByPatient", "cancelled_by_doctor", "by us", "cancelled")] == [
        "client",
        "clinic",
        "clinic",
        None,
    ]


def test_the_command_is_there_before_the_app_knows_us():
    """Flask finds it by the entry point, so that a developer can inspect first and configure afterwards."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["flask.commands"] == {"cancellations": "flask_cancellations.cli:cli"}
    assert cli.get_command(None, "inspect") is not None  # type: ignore[arg-type]  # the context plays no part
