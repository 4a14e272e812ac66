"""What only one of the shapes has: several services, two login tables, other currencies, days alone, clinics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, update

from flask_cancellations.models import Cancellation, SettlementRow

from .shapes import START, Running
from .shapes.desk import api, cancel, rows, starting
from .shapes.eight import Booking8, NoTenant, another_desk
from .shapes.five import Role5, User5
from .shapes.four import Sick
from .shapes.seven import Bill7, Visit7
from .shapes.six import Type6
from .shapes.three import Visit3, Work
from .site import ROOT, text_of

DAY = f"{ROOT}/?date=2026-12-02"


@pytest.fixture
def start(database_url: str) -> Iterator[Callable[..., Running]]:
    yield from starting(database_url)


def read(running: Running, key: str) -> Any:
    """An appointment as we see it."""
    with running.app.app_context():
        state = running.app.extensions["cancellations"]
        return state.host.appointment(running.session(), key)


def change(running: Running, statement: Any) -> None:
    """What the host's own pages do."""
    running.session.execute(statement)
    running.session.commit()
    running.session.remove()


def test_the_names_of_several_services_are_joined_and_none_of_them_is_the_only_one(start) -> None:
    running = start("3")
    key = running.add()
    found = read(running, key)
    assert (found.service_key, found.service_name) == (None, "Wash, Cut")

    visit = running.session.get(Visit3, int(key))
    visit.services = visit.services[:1]
    running.session.commit()
    alone = visit.services[0]
    expected = (str(alone.id), alone.title)
    running.session.remove()
    found = read(running, key)
    assert (found.service_key, found.service_name) == expected

    running.session.get(Visit3, int(key)).services = []
    running.session.commit()
    found = read(running, key)
    assert (found.service_key, found.service_name, found.price) == (None, "", None)


def test_a_price_over_several_services_is_unknown_without_any(start) -> None:
    running = start("3")
    key = running.add()
    assert read(running, key).price == 6000
    change(running, update(Work).where(Work.title == "Cut").values(price=Decimal("40.50")))
    assert read(running, key).price == 6050


def test_a_patient_of_the_other_login_table_is_nobody_at_the_desk(start) -> None:
    running = start("4")
    key = running.add()
    patient = running.app.test_client()
    patient.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    number = running.session.scalars(select(Sick.pid)).first()
    assert patient.get(f"{ROOT}/cancel/{quote(key)}").status_code in (302, 401)
    assert patient.post(f"/sign-in-patient/{number}").status_code == 204
    assert patient.get(f"{ROOT}/cancel/{quote(key)}").status_code in (403, 404)
    cancel(running.desk(), key)
    record = rows(running, Cancellation)[0]
    assert record.client_key == number


def test_a_role_without_the_permission_may_not_cancel(start) -> None:
    running = start("5")
    key = running.add()
    person = User5(full_name="New Here", roles=[Role5(name="trainee")])
    running.session.add(person)
    running.session.commit()
    trainee = running.desk(person.id)
    assert trainee.get(f"{ROOT}/cancel/{key}").status_code in (403, 404)
    cancel(running.desk(), key, reason="therapist_ill")
    assert running.state_of(key) == "cancelled_by_clinic"


@pytest.mark.parametrize(("currency", "known"), [("EUR", True), ("eur", True), (None, True), ("BGN", False)])
def test_a_price_in_another_currency_is_unknown_and_never_taken_for_the_clinics(start, currency, known) -> None:
    running = start("6")
    key = running.add()
    change(running, update(Type6).values(fee_currency=currency))
    desk = running.desk()
    found = desk.get(api(key, "quote"), query_string={"reason": "family"}).json
    if known:
        assert (found["fee"], found["why"]) == ("30.00", ["band"])
        return
    assert (found["needs_amount"], found["why"]) == (True, ["band", "price_currency"])
    assert "The price of this appointment is in another currency." in text_of(desk.get(f"{ROOT}/cancel/{key}"))
    assert "60.00" not in text_of(desk.get(f"{ROOT}/cancel/{key}"))
    cancel(desk, key, status=422)
    assert cancel(desk, key, amount="15.34")["settlement"]["due"] == "15.34"
    assert rows(running, SettlementRow)[0].price is None
    shown = running.app.test_cli_runner().invoke(args=["cancellations", "check"]).output
    assert "= in BGN, and so unknown" in shown


def test_the_hosts_links_show_the_public_id_and_nothing_else_leads_there(start) -> None:
    running = start("7")
    shown = running.add()
    number = str(running.row(shown).id)
    desk = running.desk()
    assert f"/cancel/{shown}" in desk.get(DAY).text
    assert desk.get(f"{ROOT}/cancel/{number}").status_code == 404
    cancel(desk, number, status=404)
    assert desk.get(f"{ROOT}/cancel/{shown}").status_code == 200


def test_what_a_visit_costs_falls_back_to_the_fixed_price(start) -> None:
    running = start("7")
    key = running.add()
    number = str(running.row(key).id)
    assert read(running, number).price == 6000
    change(running, update(Bill7).where(Bill7.amount == 10).values(amount=Decimal("12.50")))
    assert read(running, number).price == 6250
    for bill in running.session.scalars(select(Bill7)):
        running.session.delete(bill)
    running.session.commit()
    assert read(running, number).price == 6000


def test_no_status_at_all_is_open_where_the_mapping_says_so(start) -> None:
    running = start("7")
    key = running.add()
    row = running.row(key)
    assert row.status is None
    with running.app.app_context():
        host, session = running.app.extensions["cancellations"].host, running.session()
        span = (datetime(2026, 12, 2), datetime(2026, 12, 3))
        assert [one.key for one in host.between(session, *span, open_only=True)] == [str(row.id)]
        row = session.get(Visit7, row.id)
        row.status = "moved"
        session.flush()
        assert host.between(session, *span, open_only=True) == []
        assert host.read(row).status == "unknown"
        host.write_status(row, "")  # as it was
        session.flush()
        assert row.status is None
        assert host.read(row).status == "booked"


@pytest.mark.parametrize("name", ["7-day", "7-date"])
def test_a_day_alone_is_found_from_its_start_on(start, name) -> None:
    running = start(name)
    key = running.add()
    number = str(running.row(key).id)

    def found(first: datetime, before: datetime) -> list[str]:
        with running.app.app_context():
            host = running.app.extensions["cancellations"].host
            return [one.key for one in host.between(running.session(), first, before)]

    assert found(datetime(2026, 12, 3), datetime(2026, 12, 4)) == [number]
    assert found(datetime(2026, 12, 2, 12), datetime(2026, 12, 3, 0, 1)) == [number]
    assert found(datetime(2026, 12, 2, 12), datetime(2026, 12, 3)) == []
    assert found(datetime(2026, 12, 3, 0, 1), datetime(2026, 12, 5)) == []
    change(running, update(Visit7).values(visit_date=date(2026, 12, 5)))
    assert found(datetime(2026, 12, 3), datetime(2026, 12, 5)) == []
    assert found(datetime(2026, 12, 5), datetime(2026, 12, 6)) == [number]


def test_the_neighbours_of_another_clinic_see_nothing_and_change_nothing(start) -> None:
    running = start("8")
    key, other = running.add(), running.add()
    desk, neighbour = running.desk(), running.desk(another_desk(running))
    record = cancel(desk, key)["cancellation_id"]
    assert "Ada Byron" not in text_of(neighbour.get(DAY))
    for address in (f"cancel/{other}", f"appointment/{key}", f"cancellation/{record}"):
        assert neighbour.get(f"{ROOT}/{address}").status_code == 404
        assert desk.get(f"{ROOT}/{address}").status_code == 200
    cancel(neighbour, other, status=404)
    assert neighbour.get(api(key, "history")).status_code == 404
    assert {one.scope for one in rows(running, Cancellation)} == {"1"}
    with pytest.raises(NoTenant):
        running.session.scalars(select(Booking8)).all()


def test_the_time_of_a_cancelled_row_that_stays_occupied_is_open_to_others(start) -> None:
    running = start("8")
    key = running.add()
    cancel(running.desk(), key)
    with running.app.app_context(), running.shape.within(), running.cancellations.scope(1):
        assert running.cancellations.slots.at(START, START.replace(minute=50)) == "open"
