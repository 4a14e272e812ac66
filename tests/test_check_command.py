"""`flask cancellations check` proves the mapping in force, shows no personal data, and fails only for errors."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask import Flask
from jinja2 import DictLoader
from sqlalchemy import text

from flask_cancellations.cli import cli
from flask_cancellations.host.survey import Survey
from flask_cancellations.schema import upgrade
from flask_cancellations.services.check import LOOKED_AT

from .host_shapes import VET, Animal, Checkup, Opening, Owner, Phase, Vet, VetBase
from .host_tools import counting, host_from, open_session
from .small_host import NOW, make_clinic

LAYOUT = "<title>{% block title %}{% endblock %}</title>{% block content %}{% endblock %}"


@pytest.fixture
def clinic(database_url):
    """The README's clinic, its tables and triggers made; nothing is amiss."""
    clinic = make_clinic(database_url)
    with clinic.app.app_context():
        clinic.db.session.execute(text("CREATE INDEX visits_state ON visits_book (state)"))
        clinic.db.session.commit()
        upgrade(clinic.state.store.engine)
        yield clinic
        clinic.db.session.remove()
        clinic.db.engine.dispose()


def run(clinic, *arguments):
    done = clinic.app.test_cli_runner().invoke(args=["cancellations", "check", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def findings(clinic, level="warning"):
    report = json.loads(run(clinic, "--json").output)
    return {found["code"]: found for found in report["findings"] if found["level"] == level}


def test_a_sound_clinic_passes_and_each_field_is_shown_with_a_sample(clinic):
    clinic.visit()
    done = run(clinic)
    assert done.exit_code == 0
    lines = {line.split()[0]: line for line in done.output.splitlines() if line.startswith("  ")}
    assert lines["start"].endswith(" begins_at (visits_book.begins_at DateTime) = 2026-12-02 15:05")
    assert lines["price"].endswith("= 60.00 EUR")
    assert lines["end"].endswith("= 2026-12-02 16:05")
    assert "warnings 0" in done.output
    assert "WARNING" not in done.output
    assert "ERROR" not in done.output


def test_personal_data_is_masked(clinic):
    clinic.visit()
    for output in (run(clinic).output, run(clinic, "--json").output):
        for secret in ("Мария", "Петрова", "maria", "example.com", "0888", "123", "Kolev"):
            assert secret not in output
        assert "М… П…" in output
        assert "…12" in output


def test_an_empty_clinic_passes(clinic):
    done = run(clinic)
    assert done.exit_code == 0
    assert "no row to show" in done.output


def test_statuses_in_no_group_are_counted(clinic):
    for state in ("booked", "cancelled", "on hold", "on hold"):
        clinic.visit(state=state)
    clinic.visit(NOW - timedelta(days=30), state="done")
    clinic.db.session.execute(text("UPDATE visits_book SET state = NULL WHERE state = 'cancelled'"))
    clinic.db.session.commit()
    done = run(clinic)
    assert done.exit_code == 0
    assert "Appointments with status 'on hold', which is in no group, and so not to be cancelled: 2." in done.output
    assert "Appointments with no status at all, and so not to be cancelled: 1." in done.output
    assert done.output.count("WARNING") == 2


def test_clients_whom_nobody_can_reach_are_counted(clinic):
    clinic.visit()
    clinic.visit(patient=clinic.patient(email="", mobile=""))
    clinic.visit(patient=clinic.patient(email="no address", mobile="call mum"))
    clinic.visit(NOW - timedelta(days=1), patient=clinic.patient(email=None, mobile=None))  # past: nobody to tell
    assert findings(clinic)["contact"]["count"] == 2


def test_bookings_without_proof_of_a_policy_are_counted(clinic):
    old = clinic.app.config["CANCELLATIONS_POLICIES"][0]["valid_from"]
    assert old == "2026-01-01"
    clinic.visit()
    clinic.visit(booked=None)
    proven = clinic.visit(booked=None)
    clinic.cancellations.accept_policy(proven, channel="web")
    clinic.db.session.commit()
    assert findings(clinic)["proof"]["count"] == 1


def test_proof_is_not_asked_for_where_the_present_policy_always_applies():
    clinic = make_clinic(CANCELLATIONS_POLICY_WITHOUT_PROOF="current")
    with clinic.app.app_context():
        clinic.visit(booked=None)
        assert "proof" not in findings(clinic)


def test_a_start_without_an_index_is_told(clinic):
    (index,) = clinic.Visit.__table__.indexes
    index.drop(clinic.db.session.connection())
    clinic.db.session.commit()
    found = findings(clinic)
    assert list(found) == ["index"]
    assert "visits_book.begins_at (start)" in found["index"]["text"]
    assert run(clinic).exit_code == 0


def test_a_missing_table_or_column_of_ours_fails(clinic):
    clinic.db.session.execute(text("ALTER TABLE cancellations_message DROP COLUMN attempts"))
    clinic.db.session.execute(text("DROP TABLE cancellations_diary"))
    clinic.db.session.commit()
    done = run(clinic)
    assert done.exit_code == 1
    assert "cancellations_diary" in done.output
    assert "attempts" in done.output
    assert "flask cancellations upgrade" in done.output


def test_a_database_without_any_table_fails_in_words(database_url):
    clinic = make_clinic(database_url, create=False)
    with clinic.app.app_context():
        done = run(clinic)
        clinic.db.engine.dispose()
    assert done.exit_code == 1
    assert "The appointments cannot be read" in done.output
    assert "Traceback" not in done.output


def test_a_mapping_that_does_not_fit_fails_with_every_fault():
    clinic = make_clinic()
    appointment = clinic.app.config["CANCELLATIONS_HOST"]["appointment"]
    appointment |= {"start": "begin_at", "staff": "doctor"}
    with clinic.app.app_context():
        done = run(clinic)
    assert done.exit_code == 0  # the configuration was read when the app was made
    wrong = make_clinic(CANCELLATIONS_HOST=clinic.app.config["CANCELLATIONS_HOST"])
    with wrong.app.app_context():
        done = run(wrong)
    assert done.exit_code == 1
    assert done.output.startswith("ERROR ")
    assert "Did you mean 'begins_at'?" in done.output
    assert "'doctor'" in done.output
    assert done.output.rstrip().endswith("Failed: errors 2, warnings 0, hints 2.")


def test_a_property_that_breaks_on_real_rows_is_an_error_in_words():
    clinic = make_clinic()
    host = clinic.app.config["CANCELLATIONS_HOST"]
    clinic = make_clinic(CANCELLATIONS_HOST={**host, "client": {"name": "card_name"}})
    clinic.Patient.card_name = property(lambda patient: patient.first_name.upper())
    with clinic.app.app_context():
        clinic.visit(patient=clinic.patient(first_name=None))
        done = run(clinic)
    assert done.exit_code == 1
    assert "The appointments cannot be read: AttributeError: 'NoneType' object has no attribute 'upper'" in done.output


@pytest.mark.parametrize(
    ("templates", "blocks", "level", "told"),
    [
        ({}, {}, "error", "there is no template 'base.html'"),
        ({"base.html": "{% block body %}{% endblock %}"}, {}, "error", "no block 'content' for our content"),
        ({"base.html": "{% block content %}{% endblock %}"}, {}, "warning", "no block 'title' for our title"),
        ({"base.html": "{% block content %}"}, {}, "error", "is no valid template"),
        ({"base.html": "{% extends 'root.html' %}"}, {}, "error", "there is no template 'root.html'"),
    ],
)
def test_a_layout_that_cannot_take_our_pages_is_told(templates, blocks, level, told):
    clinic = make_clinic(CANCELLATIONS_LAYOUT="base.html")
    clinic.app.jinja_env.loader = DictLoader(templates)
    with clinic.app.app_context():
        found = findings(clinic, level)
        code = run(clinic).exit_code
    assert any(told in one["text"] for one in found.values())
    assert code == (1 if level == "error" else 0)


def test_blocks_may_be_those_of_a_parent_and_have_other_names():
    clinic = make_clinic(
        CANCELLATIONS_LAYOUT="base.html", CANCELLATIONS_BLOCKS={"content": "main", "title": "page_title"}
    )
    clinic.app.jinja_env.loader = DictLoader(
        {
            "base.html": "{% extends 'root.html' %}{% block page_title %}{% endblock %}",
            "root.html": "{% block main %}{% endblock %}{% block page_title %}{% endblock %}",
        }
    )
    with clinic.app.app_context():
        assert {"layout", "block"}.isdisjoint({*findings(clinic, "error"), *findings(clinic)})


def test_what_the_configuration_leaves_open_is_told():
    clinic = make_clinic(CANCELLATIONS_PUBLIC_URL="", CANCELLATIONS_REBOOK_URL="", CANCELLATIONS_ROLES={})
    with clinic.app.app_context():
        assert {"public_url", "roles"} <= set(findings(clinic))
        assert set(findings(clinic, "hint")) == {"mail_url", "sms_url", "sweep"}


def test_with_a_waiting_list_the_calls_of_online_booking_are_called_to_mind():
    clinic = make_clinic(CANCELLATIONS_WAITLIST={"hold": "30m"})
    with clinic.app.app_context():
        assert "cancellations.slots.blocked()" in findings(clinic, "hint")["slots"]["text"]


def test_the_cost_does_not_grow_with_the_number_of_appointments(clinic):
    def statements():
        clinic.db.session.expire_all()
        with counting(clinic.db.session()) as seen:
            assert run(clinic).exit_code == 0
        return len([one for one in seen if "visits_book" in one and one.startswith("SELECT")])

    clinic.visit()
    few = statements()
    for number in range(30):
        clinic.visit(NOW + timedelta(days=1, minutes=number), therapist=clinic.Therapist(full_name=f"T {number}"))
    assert statements() == few


def test_it_reads_only_so_many_appointments():
    clinic = make_clinic()
    with clinic.app.app_context():
        clinic.visit(patient=clinic.patient(email=None, mobile=None))
        row = clinic.db.session.execute(text("SELECT * FROM visits_book")).mappings().one()
        copies = [{**row, "id": number} for number in range(100, 100 + LOOKED_AT + 50)]
        clinic.db.session.execute(clinic.Visit.__table__.insert(), [_as_values(clinic, copy) for copy in copies])
        clinic.db.session.commit()
        assert findings(clinic)["contact"]["count"] == LOOKED_AT


def _as_values(clinic, copy):
    return {**copy, "begins_at": NOW + timedelta(hours=1), "created_at": NOW}


def test_a_value_that_the_enum_lacks_is_counted_and_does_not_break_the_count():
    with open_session("sqlite://", VetBase.metadata) as session:
        opening = Opening(start=NOW, vet=Vet(site="A", number=1, name="Dr Vet"))
        session.add(Checkup(phase=Phase.CONFIRMED, animal=Animal(owner=Owner()), opening=opening))
        session.flush()
        session.execute(text("INSERT INTO checkup (phase, opening_id) VALUES ('GHOST', 1)"))
        survey = Survey(host_from(VET), session)
        counts = survey.statuses(NOW - timedelta(days=1), NOW + timedelta(days=1), 10)
        assert {(one.text, one.count, one.mapped) for one in counts} == {("CONFIRMED", 1, True), ("GHOST", 1, False)}
        assert survey.unindexed() == {"status": "checkup.phase"}  # the start leads a unique constraint


def test_an_app_that_we_are_not_set_up_on_is_told_so():
    app = Flask(__name__)
    app.cli.add_command(cli)
    done = app.test_cli_runner().invoke(args=["cancellations", "check"])
    assert done.exit_code == 1
    assert "call init_app(app, db=db)" in done.output
