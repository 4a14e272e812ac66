"""The example clinic tells its patients what cancelling costs, and its staff what a patient owes and has."""

from __future__ import annotations

from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from .clinic_client import FREE_DAY, module, order, visits
from .served import free_port, mail_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient


def plain(page: str) -> str:
    return page.replace("\xa0", " ").replace("\u202f", " ")


def test_the_confirmation_page_speaks_the_readers_language(client: FlaskClient) -> None:
    assert client.post("/book", data=order()).status_code == 303  # a Bulgarian patient
    page = plain(client.get("/book/thanks").text)
    assert "You can cancel free of charge until Sunday, 20 December 2026, 10:15. After that it costs 18.00 EUR." in page
    client.post("/language", data={"language": "bg"})
    assert "Можете да отмените безплатно до неделя, 20 декември 2026 г., 10:15." in plain(
        client.get("/book/thanks").text
    )


def test_a_first_visit_has_a_deadline_by_working_day(client: FlaskClient) -> None:
    first = order(treatment="1")
    page = client.get("/book", query_string={"treatment": 1, "day": str(FREE_DAY)}).text
    assert "until 16:00 on the working day before" in page
    assert client.post("/book", data=first).status_code == 303
    page = plain(client.get("/book/thanks").text)  # a Monday: the working day before is a Friday
    assert "You can cancel free of charge until Friday, 18 December 2026, 16:00." in page


def test_the_mail_has_the_terms_and_a_link_that_works(app: Flask, make_app: Callable[..., Flask]) -> None:
    port = free_port()
    server = module("clinic.catcher").start_smtp(app, port)
    booking = make_app(CANCELLATIONS_MAIL_URL=f"smtp://127.0.0.1:{port}").test_client()
    try:
        assert booking.post("/book", data=order(language="bg")).status_code == 303
    finally:
        server.stop()
    (raw,) = rows(app, "SELECT body FROM caught WHERE recipient = 'olga@example.com'")
    mail = plain(mail_text(raw))
    assert mail.startswith("Вашият час: понеделник, 21 декември, 10:15")
    assert "Здравейте, Олга Тестова," in mail
    assert "Можете да отмените безплатно до неделя, 20 декември 2026 г., 10:15. След това струва 18,00 EUR." in mail
    address = mail.split("http://127.0.0.1:5000")[1].split()[0]
    assert booking.get(address).status_code == 200


def test_a_booking_stands_though_its_mail_cannot_be_sent(
    make_app: Callable[..., Flask], app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_app(CANCELLATIONS_MAIL_URL=f"smtp://127.0.0.1:{free_port()}").test_client()
    assert client.post("/book", data=order()).status_code == 303
    assert "was not sent" in caplog.text
    assert len([visit for visit in visits(app) if visit.begins_at.date() == FREE_DAY]) == 1


def test_nothing_is_sent_without_a_mail_server(app: Flask) -> None:
    with app.app_context():
        module("clinic.confirmation").send(EmailMessage())  # has no recipient: sending it would fail


def rows(app: Flask, statement: str) -> list[Any]:
    with app.app_context(), module("clinic.demo_store").connect() as connection:
        return [row[0] for row in connection.execute(statement).fetchall()]


def patients(app: Flask) -> tuple[Any, Any]:
    """Whoever has credit, and whoever owes a fee, by the seed's two cancellations."""
    credited, owing = visits(app, state="cancelled")[::-1]
    return credited.patient_id, owing.patient_id


def work(app: Flask) -> None:
    app.test_client().post("/demo-clock", data={"step": "15m"})
    done = app.test_cli_runner().invoke(args=["cancellations", "worker", "--once"])
    assert done.exit_code == 0, done.output


def test_staff_who_book_for_a_patient_see_what_is_owed_and_what_credit_there_is(
    app: Flask, reception: FlaskClient
) -> None:
    work(app)
    credited, owing = patients(app)
    page = plain(reception.get(f"/book?patient={credited}&treatment=4&day={FREE_DAY}").text)
    assert "EUR can be used until" in page
    assert f'name="patient" value="{credited}"' in page
    page = plain(reception.get(f"/book?patient={owing}&treatment=4&day={FREE_DAY}").text)
    assert "A cancellation fee of 26.00 EUR is still to be paid." in page
    with app.app_context():
        patient = module("clinic.extensions").db.session.get(module("clinic.models").Patient, owing)
        assert f'value="{patient.email}"' in page
        assert patient.whole_name in page
    diary = reception.get("/diary?day=2026-12-03").text
    assert f'href="/book?patient={owing}"' in diary


def test_a_stranger_learns_nothing_about_a_patient(app: Flask, client: FlaskClient) -> None:
    work(app)
    for number in patients(app):
        with app.app_context():
            patient = module("clinic.extensions").db.session.get(module("clinic.models").Patient, number)
            told = (patient.whole_name, patient.email, "can be used", "still to be paid")
        page = client.get(f"/book?patient={number}&treatment=4&day={FREE_DAY}").text
        assert not any(part in page for part in told)


def test_the_seed_guards_the_log(app: Flask) -> None:
    db = module("clinic.extensions").db
    with app.app_context(), pytest.raises(IntegrityError, match="never changed, only added to"):
        db.session.execute(text("DELETE FROM cancellations_event"))
