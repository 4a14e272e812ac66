"""`flask cancellations inspect` proposes a mapping that works, says why, and asks where it cannot know."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.cli import ScriptInfo
from jinja2 import DictLoader
from sqlalchemy import String, create_engine
from sqlalchemy.orm import Mapped, mapped_column, scoped_session, sessionmaker
from sqlalchemy.pool import StaticPool

from flask_cancellations import Cancellations
from flask_cancellations.cli import cli
from flask_cancellations.host.inspector import propose

from . import inspected_hosts
from .host_shapes import BarberBase, SalonBase, VetBase
from .host_shapes import db as clinic_db
from .inspecting import HOST, Host, notes, only_these_sources
from .small_host import make_clinic


@pytest.fixture(autouse=True)
def _other_tests_are_no_part_of_these_hosts(monkeypatch):
    only_these_sources(monkeypatch, "inspected_hosts", "host_shapes", "small_host", __name__.rpartition(".")[2])


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
                "service": "services",
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
                "owner": {"key": "patient_id", "model": "Patient"},
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
                "owner": "client",
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
    flags = {"flags": {"is_admin": "admin"}}
    assert config[HOST]["user"] == {"model": "Person", "name": "full_name", "staff": "id", "role": flags}
    assert config["CANCELLATIONS_ROLES"] == {"admin": ["*"]}


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


def test_the_command_is_there_before_the_app_knows_us():
    """Flask finds it by the entry point, so that a developer can inspect first and configure afterwards."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["flask.commands"] == {"cancellations": "flask_cancellations.cli:cli"}
    assert cli.get_command(None, "inspect") is not None  # type: ignore[arg-type]  # the context plays no part
