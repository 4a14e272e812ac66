"""The example clinic's data, sign-in, diary and languages."""

from __future__ import annotations

import itertools
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import phonenumbers
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from .clinic_client import HOST, THURSDAY, change_state, module, order, sign_in, visits

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient


class TestSeed:
    def test_is_the_same_each_time(self, make_app: Callable[..., Flask]) -> None:
        def content(uri: str) -> list[Any]:
            app = make_app(SQLALCHEMY_DATABASE_URI=uri)
            assert app.test_cli_runner().invoke(args=["seed"]).exit_code == 0
            db, models = module("clinic.extensions").db, module("clinic.models")
            with app.app_context():
                rows = db.session.scalars(db.select(models.Visit).order_by(models.Visit.id))
                return [
                    (v.begins_at, v.state, v.deposit_paid, v.created_at, v.patient.email, v.treatment.name)
                    for v in rows
                ]

        first, second = content("sqlite:///one.sqlite3"), content("sqlite:///two.sqlite3")
        assert len(first) > 400
        assert first == second

    def test_is_believable(self, app: Flask) -> None:
        db, models = module("clinic.extensions").db, module("clinic.models")
        opening, start = module("clinic.opening"), module("clinic.demo_clock").START
        with app.app_context():
            every = list(db.session.scalars(db.select(models.Visit).order_by(models.Visit.begins_at)))
            booked = sum(visit.treatment.minutes for visit in every)
            days = {visit.begins_at.date() for visit in every}
            assert 0.8 <= booked / (len(days) * 4 * 9 * 60) <= 0.9
            for therapist in range(1, 5):
                own = [visit for visit in every if visit.therapist_id == therapist]
                for earlier, later in itertools.pairwise(own):
                    assert earlier.ends_at <= later.begins_at
            for visit in every:
                opens, closes = opening.opening(visit.begins_at.date())
                assert opens <= visit.begins_at
                assert visit.ends_at <= closes
                assert visit.created_at < visit.begins_at - timedelta(hours=20)
                assert (visit.state in ("done", "missed")) == (visit.ends_at <= start)
            assert sum(visit.deposit_paid > 0 for visit in every) > 100

    def test_patients_can_be_reached_and_are_nobody(self, app: Flask) -> None:
        db, models = module("clinic.extensions").db, module("clinic.models")
        with app.app_context():
            patients = list(db.session.scalars(db.select(models.Patient)))
            assert len(patients) == 120
            assert {patient.language for patient in patients} == {"en", "bg"}
            for patient in patients:
                assert patient.email or patient.mobile
                assert patient.email is None or re.search(r"@example\.(com|net)$", patient.email)
                assert patient.mobile is None or phonenumbers.is_valid_number(phonenumbers.parse(patient.mobile))

    def test_a_second_run_keeps_the_data(self, app: Flask, client: FlaskClient) -> None:
        client.post("/book", data=order())
        before = len(visits(app))
        result = app.test_cli_runner().invoke(args=["seed"])
        assert result.exit_code == 0
        assert len(visits(app)) == before


class TestSignIn:
    def test_the_diary_asks_for_it_and_comes_back(self, client: FlaskClient) -> None:
        asked = client.get("/diary?day=2026-12-03")
        assert asked.status_code == 302
        answer = sign_in(client, next="/diary?day=2026-12-03")
        assert (answer.status_code, answer.location) == (303, "/diary?day=2026-12-03")

    @pytest.mark.parametrize(
        ("email", "password"), [("reception@linden.example", "guess"), ("nobody@linden.example", "guess")]
    )
    def test_a_wrong_password_and_an_unknown_address_read_the_same(
        self, client: FlaskClient, email: str, password: str
    ) -> None:
        answer = sign_in(client, email, password)
        assert answer.status_code == 422
        assert "The e-mail address or the password is wrong." in answer.text
        assert client.get("/diary").status_code == 302

    @pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x"])
    def test_does_not_send_people_to_another_site(self, client: FlaskClient, target: str) -> None:
        assert sign_in(client, next=target).location == "/"

    def test_out_again(self, reception: FlaskClient) -> None:
        assert reception.post("/logout").status_code == 303
        assert reception.get("/diary").status_code == 302

    def test_a_form_from_elsewhere_is_refused(self, make_app: Callable[..., Flask], app: Flask) -> None:
        guarded = make_app(WTF_CSRF_ENABLED=True).test_client()
        answer = guarded.post("/book", data=order())
        assert answer.status_code == 400
        assert "This form is too old" in answer.text
        assert not visits(app, begins_at=datetime(2026, 12, 21, 10, 15))


class TestDiary:
    def test_shows_each_visit_in_its_therapists_column(self, app: Flask, reception: FlaskClient) -> None:
        page = reception.get("/diary?day=2026-12-03").text
        for column in re.split(r'<section class="column"', page)[1:]:
            therapist = int(re.search(r'id="therapist-(\d+)"', column)[1])  # type: ignore[index]  # a miss fails here
            shown = {int(number) for number in re.findall(r'id="visit-(\d+)"', column)}
            on_file = {v.id for v in visits(app, therapist_id=therapist) if v.begins_at.date() == THURSDAY}
            assert shown == on_file != set()

    def test_strikes_a_cancelled_visit_through(self, app: Flask, reception: FlaskClient) -> None:
        visit = next(visit for visit in visits(app, state="booked") if visit.begins_at.date() == THURSDAY)
        change_state(app, visit.id, "cancelled")
        page = reception.get("/diary?day=2026-12-03").text
        assert re.search(rf'id="visit-{visit.id}".{{0,400}}<s>[^<]+</s>', page, re.DOTALL)
        assert "2 cancelled" in page  # the demo starts with one

    def test_previous_and_next_skip_the_weekend(self, reception: FlaskClient) -> None:
        page = reception.get("/diary?day=2026-12-04").text
        assert 'rel="next" href="/diary?day=2026-12-07"' in page
        page = reception.get("/diary?day=2026-12-07").text
        assert 'rel="prev" href="/diary?day=2026-12-04"' in page

    def test_opens_on_the_demo_day(self, reception: FlaskClient) -> None:
        assert "Wednesday, 2 December" in reception.get("/diary").text

    def test_no_such_day(self, reception: FlaskClient) -> None:
        assert reception.get("/diary?day=2026-02-30").status_code == 404

    def test_visits_at_the_same_time_stand_side_by_side(self, app: Flask) -> None:
        diary, models = module("clinic.diary"), module("clinic.models")
        hour = models.Treatment(minutes=60)

        def at(clock: str) -> Any:
            return models.Visit(begins_at=datetime.fromisoformat(f"2026-12-03T{clock}"), treatment=hour)

        cards = diary.lay_out([at("09:00"), at("09:30"), at("10:00"), at("11:00")])
        assert [(card.lane, card.lanes) for card in cards] == [(0, 2), (1, 2), (0, 2), (0, 1)]
        assert [card.from_minute for card in cards] == [0, 30, 60, 120]


class TestLanguages:
    def test_the_switch_is_remembered_and_comes_back(self, reception: FlaskClient) -> None:
        answer = reception.post("/language", data={"language": "bg", "next": "/diary?day=2026-12-03"})
        assert answer.location == "/diary?day=2026-12-03"
        page = reception.get("/diary?day=2026-12-03").text
        assert '<html lang="bg"' in page
        assert "четвъртък, 3 декември" in page
        assert "Депозит 40,00\xa0€" in page

    def test_the_browser_is_asked_first(self, client: FlaskClient) -> None:
        assert "Запазете час" in client.get("/book", headers={"Accept-Language": "bg-BG,bg;q=0.9"}).text
        assert "Book a visit" in client.get("/book", headers={"Accept-Language": "fr"}).text

    def test_an_unknown_one_is_refused(self, client: FlaskClient) -> None:
        assert client.post("/language", data={"language": "xx"}).status_code == 400

    def test_every_text_is_translated(self) -> None:
        with (HOST / "clinic/translations/bg/LC_MESSAGES/messages.po").open("rb") as file:
            catalogue = read_po(file)
        found = extract_from_dir(
            HOST / "clinic",
            method_map=[("**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")],
            keywords={"_": None, "_l": None, "gettext": None, "ngettext": (1, 2), "marked": None},
        )
        texts = {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}
        assert len(texts) > 100
        for text in texts:
            message = catalogue.get(text)
            assert message is not None, text
            strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
            assert strings, text
            assert all(strings), text
        assert {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue} - {""} == texts
