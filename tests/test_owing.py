"""What a host's booking page asks before a booking: what the client owes, and what credit there is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import flask
import pytest

from flask_cancellations import CancelCommand, Conflict
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import CreditEntry
from flask_cancellations.services.actor import job_actor

from .money_host import DESK
from .small_host import NOW, Clinic, make_clinic
from .tenant_host import Tenants, Visit, number, run
from .test_embedding_walk import blocks

SECTION = "Before a booking"
JOB = job_actor("test")


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    made = make_clinic(CANCELLATIONS_OWING="block", CANCELLATIONS_CREDIT_EXPIRES="365d")
    with made.app.app_context():
        yield made


def credited(clinic: Clinic, patient: Any, deposit: str = "50.00") -> None:
    """Cancel: of the deposit 30.00 pay the fee, the rest becomes credit."""
    clinic.cancel(clinic.visit(deposit=deposit, patient=patient), DESK, rest="credit")
    clinic.clock.forward(minutes=3)
    clinic.db.session.rollback()
    assert run_once(clinic.state).errors == 0


def owing(clinic: Clinic, patient: Any) -> None:
    clinic.cancel(clinic.visit(deposit=None, patient=patient))


# --- the examples of docs/embedding.md -----------------------------------------------------------------------------


def shown(patient: Any) -> str:
    (text,) = blocks("jinja", SECTION)
    return flask.render_template_string(text, patient=patient).replace("\xa0", " ")


def booked(clinic: Clinic, patient: Any, *, pay_with_credit: bool) -> Any:
    """Run the documented booking; what its view returns, and None once it is booked."""
    (text,) = blocks("python", SECTION)
    start = NOW.replace(day=20)
    visit = clinic.Visit(begins_at=start, therapist=clinic.therapist(), patient=patient, state="booked")
    names: dict[str, Any] = {
        "cancellations": clinic.cancellations,
        "Conflict": Conflict,
        "db": clinic.db,
        "render_template": lambda _, message: message,
        "patient": patient,
        "visit": visit,
        "pay_with_credit": pay_with_credit,
        "actor": DESK,
        "form_key": "form-1",
    }
    exec("def example():\n" + textwrap.indent(text, "    "), names)  # noqa: S102
    return names["example"]()


def test_the_booking_page_warns_shows_credit_and_blocks_as_documented(clinic: Clinic) -> None:
    patient = clinic.patient()
    clinic.db.session.add(patient)
    clinic.db.session.commit()
    assert shown(patient).split() == ["<button>Book</button>"]
    credited(clinic, patient)
    assert "<p>A credit of 20.00 EUR can be used until Thursday, 2 December 2027, 10:08.</p>" in shown(patient)
    assert "<button>" in shown(patient)
    owing(clinic, patient)
    page = shown(patient)
    told = "A cancellation fee of 30.00 EUR is still to be paid. Please pay it before you book again."
    assert f'<p role="alert">{told}</p>' in page
    assert "<button>" not in page


def test_a_booking_is_refused_or_paid_with_credit_as_documented(clinic: Clinic) -> None:
    patient = clinic.patient()
    credited(clinic, patient)
    assert booked(clinic, patient, pay_with_credit=True) is None
    assert clinic.cancellations.credit(patient).balance == 500
    assert [entry.kind for entry in clinic.rows(CreditEntry)] == ["issue", "redeem"]
    visits = clinic.db.session.query(clinic.Visit).count()
    owing(clinic, patient)
    message, status = booked(clinic, patient, pay_with_credit=False)
    clinic.db.session.rollback()
    assert (status, "30.00" in message) == (409, True)
    assert clinic.db.session.query(clinic.Visit).count() == visits + 1  # the one that was cancelled


# --- whom it is about ----------------------------------------------------------------------------------------------


def test_a_client_is_told_by_row_by_key_or_by_an_appointment(clinic: Clinic) -> None:
    patient = clinic.patient()
    owing(clinic, patient)
    ask = clinic.cancellations.owed
    new = clinic.Visit(begins_at=NOW, patient=patient)
    assert [ask(who).due for who in (patient, patient.id, str(patient.id), new)] == [3000] * 4
    assert ask(4711).due == 0
    with pytest.raises(ValueError, match="this Visit has no client"):
        ask(clinic.Visit(begins_at=NOW))
    with pytest.raises(ValueError, match="no primary key yet"):
        ask(clinic.Patient(first_name="New"))


def test_a_fee_that_may_still_be_dropped_neither_warns_nor_blocks() -> None:
    made = make_clinic(CANCELLATIONS_OWING="block", CANCELLATIONS_PENDING="2h")
    with made.app.app_context():
        patient = made.patient()
        owing(made, patient)
        owed = made.cancellations.owed(patient)
        assert (owed.due, owed.pending, owed.warning, owed.blocked) == (0, 3000, "", False)
        owed.refuse()


def test_credit_says_what_expires_first(clinic: Clinic) -> None:
    patient = clinic.patient()
    assert clinic.cancellations.credit(4711).text == ""
    credited(clinic, patient)
    clinic.clock.forward(minutes=60)
    credited(clinic, patient, deposit="70.00")
    text = clinic.cancellations.credit(patient).text.replace("\xa0", " ")
    assert text == "A credit of 60.00 EUR can be used, 20.00 EUR of it until Thursday, 2 December 2027, 10:08."
    clinic.clock.forward(hours=365 * 24 - 0.5)
    text = clinic.cancellations.credit(patient).text.replace("\xa0", " ")
    assert text == "A credit of 40.00 EUR can be used until Thursday, 2 December 2027, 11:11."


# --- in a host with several clinics --------------------------------------------------------------------------------


@pytest.fixture
def tenants() -> Iterator[Tenants]:
    made = run("sqlite://", CANCELLATIONS_OWING="warn")
    yield made
    made.close()


def due(host: Tenants, clinic: str, visit: Any) -> tuple[int, str]:
    """As the online booking of a clinic asks, for a visitor."""
    with host.cancellations.scope(number(clinic)):
        owed = host.cancellations.owed(visit)
        return owed.due, owed.warning.replace("\xa0", " ")


def cancelled(host: Tenants) -> None:
    """Ada Byron owes 30.00 EUR to the eastern clinic."""
    key = host.visit("east", "Ada Byron")
    with host.app.app_context(), host.cancellations.scope(number("east")), host.cancellations.transaction():
        command = CancelCommand(appointment_key=key, reason="illness", fee="charge", told_channel="phone")
        host.cancellations.cancel(command, JOB)


def test_each_clinic_knows_only_what_is_owed_to_itself(tenants: Tenants) -> None:
    cancelled(tenants)
    with tenants.app.app_context():
        mine = Visit(tenant_id=number("east"), guest="Ada Byron", email="ADA@example.com")  # not added yet
        assert due(tenants, "east", mine) == (3000, "A cancellation fee of 30.00 EUR is still to be paid.")
        assert due(tenants, "west", mine) == (0, "")
        assert due(tenants, "east", Visit(guest="Ada Byron", email="other@example.com")) == (0, "")
        with tenants.cancellations.scope(number("west")):
            assert tenants.cancellations.credit(mine).text == ""


def test_staff_at_a_booking_page_are_told_what_is_owed_to_their_clinic(tenants: Tenants) -> None:
    @tenants.app.get("/before")
    def before() -> str:
        mine = Visit(guest="Ada Byron", email="ada@example.com")
        return flask.render_template_string("{{ cancellations_owed(mine).due }}", mine=mine)

    cancelled(tenants)
    assert tenants.desk("east").get("/before").text == "3000"
    assert tenants.desk("west").get("/before").text == "0"
