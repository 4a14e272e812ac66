"""The example clinic's online booking."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from .clinic_client import FREE_DAY, THURSDAY, change_state, module, offered, order, visits

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient


class TestOnlineBooking:
    def test_books_a_free_time(self, app: Flask, client: FlaskClient) -> None:
        assert f"{FREE_DAY}T10:15/2" in offered(client, FREE_DAY, therapist=2)
        answer = client.post("/book", data=order())
        assert (answer.status_code, answer.location) == (303, "/book/thanks")
        assert "Monday, 21 December, 10:15" in client.get("/book/thanks").text
        (visit,) = visits(app, begins_at=datetime(2026, 12, 21, 10, 15))
        assert (visit.therapist_id, visit.treatment_id, visit.state) == (2, 4, "booked")
        assert visit.deposit_paid == Decimal(0)
        # Stamped in UTC: 08:05 when the clinic's clock says 10:05.
        assert datetime(2026, 12, 2, 8, 5) <= visit.created_at < datetime(2026, 12, 2, 8, 10)
        with app.app_context():
            patient = module("clinic.extensions").db.session.get(module("clinic.models").Patient, visit.patient_id)
            assert (patient.whole_name, patient.mobile, patient.language) == (
                "Олга Тестова",
                "+359 88 000 1999",
                "bg",
            )

    def test_a_booked_time_is_not_offered_again(self, client: FlaskClient) -> None:
        client.post("/book", data=order())
        times = offered(client, FREE_DAY, therapist=2)
        assert f"{FREE_DAY}T09:45/2" in times
        assert not {f"{FREE_DAY}T{clock}/2" for clock in ("10:00", "10:15", "10:30")} & set(times)
        assert f"{FREE_DAY}T10:45/2" in times
        assert any(time.startswith(f"{FREE_DAY}T10:15") for time in offered(client, FREE_DAY))

    def test_the_second_one_is_told_kindly(self, app: Flask, client: FlaskClient) -> None:
        client.post("/book", data=order())
        late = app.test_client().post(
            "/book", data=order(first_name="Late", email="late@example.com", slot=f"{FREE_DAY}T10:30/2")
        )
        assert late.status_code == 409
        assert "Sorry, somebody was faster" in late.text
        assert 'value="late@example.com"' in late.text
        assert f'value="{FREE_DAY}T10:45/' in late.text
        assert len([v for v in visits(app, therapist_id=2) if v.begins_at.date() == FREE_DAY]) == 1

    def test_keeps_what_was_typed_when_the_day_is_full(self, app: Flask, client: FlaskClient) -> None:
        treatment = 1
        visit = next(
            visit
            for visit in visits(app, state="booked", treatment_id=treatment)
            if not offered(client, visit.begins_at.date(), treatment, visit.therapist_id)
        )
        change_state(app, visit.id, "cancelled")
        day, therapist = visit.begins_at.date(), visit.therapist_id
        full = order(treatment=treatment, therapist=therapist, slot=f"{visit.begins_at:%Y-%m-%dT%H:%M}/{therapist}")
        assert client.post("/book", data=full).status_code == 303
        late = app.test_client().post("/book", data={**full, "email": "late@example.com"})
        assert late.status_code == 409
        assert 'value="late@example.com"' in late.text
        days = {value[:10] for value in re.findall(r'name="slot" value="([^"]+)"', late.text)}
        assert len(days) == 1
        assert min(days) > str(day)

    def test_the_time_of_a_cancelled_visit_can_be_booked(self, app: Flask, client: FlaskClient) -> None:
        visit = next(v for v in visits(app, state="confirmed", treatment_id=4) if v.begins_at.date() == THURSDAY)
        slot = f"{visit.begins_at:%Y-%m-%dT%H:%M}/{visit.therapist_id}"
        assert slot not in offered(client, THURSDAY, therapist=visit.therapist_id)
        change_state(app, visit.id, "cancelled")
        assert slot in offered(client, THURSDAY, therapist=visit.therapist_id)
        assert client.post("/book", data=order(slot=slot)).status_code == 303

    @pytest.mark.parametrize(
        ("slot", "why"),
        [
            ("2026-12-02T10:00/1", "past by the clinic's clock"),
            ("2026-12-21T08:45/1", "before opening"),
            ("2026-12-21T17:45/1", "ends after closing"),
            ("2026-12-20T10:00/1", "Sunday"),
            ("2026-12-21T10:07/1", "between two times"),
            ("2027-12-21T10:00/1", "too far ahead"),
            ("2026-12-21T10:00/99", "no such therapist"),
            ("2026-12-21T25:00/1", "no time"),
            ("tomorrow", "nonsense"),
        ],
    )
    def test_refuses_what_it_did_not_offer(self, app: Flask, client: FlaskClient, slot: str, why: str) -> None:
        before = len(visits(app))
        answer = client.post("/book", data=order(slot=slot))
        assert answer.status_code == 422, why
        assert len(visits(app)) == before

    def test_the_clock_moves_what_is_past(self, client: FlaskClient) -> None:
        assert client.post("/book", data=order(slot="2026-12-02T10:15/1", treatment="4")).status_code == 409
        client.post("/demo-clock", data={"step": "15m"})
        assert client.post("/book", data=order(slot="2026-12-02T10:15/1", treatment="4")).status_code == 422

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("slot", "", "Choose a time."),
            ("first_name", " ", "Enter your first name."),
            ("last_name", "", "Enter your last name."),
            ("email", "olga", "This does not look like an e-mail address."),
            ("mobile", "12", "This does not look like a phone number."),
            ("accept", "", "Please accept the cancellation terms."),
        ],
    )
    def test_names_the_field(self, client: FlaskClient, field: str, value: str, message: str) -> None:
        answer = client.post("/book", data=order(**{field: value}))
        assert answer.status_code == 422
        assert re.search(rf'id="{field}-error">{re.escape(message)}<', answer.text)

    def test_an_unknown_treatment_is_refused(self, client: FlaskClient) -> None:
        for treatment in ("99", "", "x"):
            assert client.post("/book", data=order(treatment=treatment)).status_code == 422

    def test_a_stranger_changes_nobodys_card(self, app: Flask, client: FlaskClient) -> None:
        models, db = module("clinic.models"), module("clinic.extensions").db
        with app.app_context():
            known = db.session.scalars(db.select(models.Patient).where(models.Patient.email.is_not(None))).first()
            mobile, count = known.mobile, db.session.query(models.Patient).count()
        client.post("/book", data=order(email=known.email))
        with app.app_context():
            assert db.session.get(models.Patient, known.id).mobile == mobile
            assert db.session.query(models.Patient).count() == count + 1

    def test_thanks_only_whoever_booked(self, app: Flask, client: FlaskClient) -> None:
        client.post("/book", data=order())
        assert app.test_client().get("/book/thanks").status_code == 404

    def test_eight_at_once_are_one_booking(self, app: Flask) -> None:
        gate = threading.Barrier(8)

        def book(number: int) -> int:
            gate.wait()
            return app.test_client().post("/book", data=order(email=f"racer{number}@example.com")).status_code

        with ThreadPoolExecutor(8) as pool:
            answers = sorted(pool.map(book, range(8)))
        assert answers == [303] + [409] * 7
        assert len(visits(app, begins_at=datetime(2026, 12, 21, 10, 15))) == 1
