"""A host with a public id: our addresses and JSON show it, the primary key leads nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

import pytest
from sqlalchemy import event

from flask_cancellations import ConfigError, Deposit, HostAdapter
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import Cancellation, Claim, Event
from flask_cancellations.services.actor import job_actor

from .site import ROOT, hidden, text_of
from .tenant_host import START, Tenants, Visit, number, run

Start = Callable[..., Tenants]
DELETE = {"status": {"none": "delete"}}


@pytest.fixture
def start(database_url: str) -> Iterator[Start]:
    running: list[Tenants] = []

    def begin(*, public_id: str = "uuid", **options: Any) -> Tenants:
        appointment = {"public_id": public_id} | options.pop("appointment", {})
        running.append(run(database_url, appointment=appointment, **options))
        return running[-1]

    yield begin
    for one in running:
        one.close()


def cancel(browser: Any, name: str, status: int = 201, idempotency_key: str = "", **more: str) -> Any:
    answer = browser.post(
        f"{ROOT}/api/appointments/{name}/cancel",
        json={"reason": "family", "fee": "charge", "told_channel": "phone", **more},
        headers={"Idempotency-Key": idempotency_key or uuid4().hex},
    )
    assert answer.status_code == status, answer.text
    return answer.get_json(force=True)


def test_pages_and_json_show_the_public_id_and_know_nothing_by_the_key(start: Start) -> None:
    host = start()
    key = host.visit("east", id=4711)
    name, desk = str(host.read(key, "uuid")), host.desk("east")

    shown = desk.get(f"{ROOT}/")
    assert f"{ROOT}/cancel/{name}" in shown.text
    assert f"{ROOT}/appointment/{name}" in shown.text
    assert key not in shown.text
    for path in (f"cancel/{key}", f"appointment/{key}", f"api/appointments/{key}/quote"):
        assert desk.get(f"{ROOT}/{path}").status_code == 404, path
    cancel(desk, key, status=404)
    for odd in (name.upper(), f"{name} ", uuid4(), "x" * 500, "%00"):
        assert desk.get(f"{ROOT}/appointment/{odd}").status_code == 404, odd

    assert desk.get(f"{ROOT}/api/appointments/{name}/quote").json["appointment"]["key"] == name
    form = desk.get(f"{ROOT}/cancel/{name}")
    assert key not in form.text
    fields = {field: hidden(form, field) for field in ("seen", "idempotency_key")}
    data = {"reason": "family", "fee": "charge", "told_channel": "phone", **fields}
    sent = desk.post(f"{ROOT}/cancel/{name}", data=data)
    assert sent.status_code == 303, sent.text
    assert desk.post(f"{ROOT}/cancel/{name}", data=data).location == sent.location
    page = desk.get(sent.location)
    assert f"{ROOT}/appointment/{name}?cancellation=1" in page.text
    assert key not in page.text
    for path in (f"appointment/{name}", f"appointment/{name}?cancellation=1"):
        assert "Desk east cancelled" in text_of(desk.get(f"{ROOT}/{path}"))
    assert desk.get(f"{ROOT}/appointment/{key}?cancellation=1").status_code == 404
    told = desk.get(f"{ROOT}/api/appointments/{name}/history").json
    assert told["appointment_key"] == name
    assert len(told["events"]) == 1
    assert "Desk east" in cancel(desk, name, status=409)["detail"]

    # In our own tables the appointment goes by its key.
    assert [(row.appointment_key, row.public_id) for row in host.rows(Cancellation)] == [(key, name)]
    assert {row.appointment_key for model in (Claim, Event) for row in host.rows(model)} == {key}


def test_the_api_answers_with_the_public_id_and_another_tenants_is_unknown(start: Start) -> None:
    host = start()
    name = str(host.read(host.visit("east"), "uuid"))
    cancel(host.desk("west"), name, status=404)
    assert cancel(host.desk("east"), name)["appointment_key"] == name


def test_papers_for_clients_show_the_public_id(start: Start) -> None:
    class Till(HostAdapter):
        def deposits(self, appointment: Any) -> list[Deposit]:
            return [Deposit(5000, "EUR")]

    host = start(CANCELLATIONS_ADAPTER=Till)
    key = host.visit("east", id=4711)
    name = str(host.read(key, "uuid"))
    cancel(host.desk("east"), name, rest="credit")
    host.clock.forward(minutes=3)
    with host.app.app_context():
        assert run_once(host.state).movements == 1
        with host.cancellations.scope(number("east")):
            assert host.cancellations.credit_note(1).facts["original"]["appointment"] == name
            archive = ZipFile(BytesIO(host.cancellations.evidence(1, job_actor("lawyer"))))
    texts = [archive.read(name).decode() for name in archive.namelist()]
    assert f"appointment: {name}\n" in texts[0]
    assert not [text for text in texts if key in text]


def test_actions_in_the_hosts_diary_lead_to_the_public_id(start: Start) -> None:
    host = start()
    key, nameless = host.visit("east"), host.visit("east")
    host.change(nameless, "east", uuid=None)

    @host.app.get("/diary")
    def diary() -> list[list[str]]:
        actions: Any = host.app.jinja_env.globals["cancellations_actions"]
        return [[action.url for action in actions(host.session.get(Visit, int(one)))] for one in (key, nameless)]

    desk, name = host.desk("east"), host.read(key, "uuid")
    assert desk.get("/diary").json == [[f"{ROOT}/cancel/{name}", f"{ROOT}/appointment/{name}"], []]
    assert desk.get(f"{ROOT}/").status_code == 200


@pytest.mark.parametrize(("public_id", "value"), [("number", 900_000), ("guid", UUID(int=7))])
def test_a_public_id_may_be_a_number_or_a_uuid(start: Start, public_id: str, value: Any) -> None:
    host = start(public_id=public_id)
    host.visit("east", **{public_id: value})
    desk = host.desk("east")
    for wrong in ("1", "00900000", "9" * 30, UUID(int=8), UUID(int=7).hex):
        assert desk.get(f"{ROOT}/appointment/{wrong}").status_code == 404, wrong
    assert cancel(desk, str(value))["appointment_key"] == str(value)


def test_the_lookup_is_one_statement_by_the_column(start: Start) -> None:
    host = start()
    name, desk = host.read(host.visit("east"), "uuid"), host.desk("east")
    seen: list[str] = []
    event.listen(host.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    assert desk.get(f"{ROOT}/api/appointments/{name}/quote").status_code == 200
    assert sum("FROM visit" in statement for statement in seen) == 1


# -- hosts that delete -----------------------------------------------------------------------------------------------


def test_the_record_of_a_deleted_row_is_found_by_its_public_id(start: Start) -> None:
    host = start(appointment=DELETE)
    name, desk = str(host.read(host.visit("east"), "uuid")), host.desk("east")
    done = cancel(desk, name, idempotency_key="same")["cancellation_id"]
    assert host.session.get(Visit, 1) is None
    assert cancel(desk, name, idempotency_key="same")["cancellation_id"] == done
    assert "Desk east cancelled" in cancel(desk, name, status=409)["detail"]
    assert desk.get(f"{ROOT}/cancel/{name}").status_code == 409
    for path in (f"appointment/{name}", f"appointment/{name}?cancellation={done}", f"cancellation/{done}"):
        assert "Ada Byron" in text_of(desk.get(f"{ROOT}/{path}")), path
    assert len(desk.get(f"{ROOT}/api/appointments/{name}/history").json["events"]) == 1
    other = host.desk("west")
    assert other.get(f"{ROOT}/appointment/{name}").status_code == 404
    assert desk.get(f"{ROOT}/appointment/1").status_code == 404


def test_a_row_that_came_under_the_key_of_a_deleted_one_is_not_reached_by_the_old_address(start: Start) -> None:
    host = start(appointment=DELETE)
    old = str(host.read(host.visit("east", id=5), "uuid"))
    desk = host.desk("east")
    first = cancel(desk, old)["cancellation_id"]
    new = str(host.read(host.visit("east", "Bo Second", id=5), "uuid"))
    assert cancel(desk, old, status=409)["cancelled_by"] == "Desk east"
    assert host.read("5", "guest") == "Bo Second"
    assert "Ada Byron" in text_of(desk.get(f"{ROOT}/appointment/{old}"))
    assert "Bo Second" in text_of(desk.get(f"{ROOT}/appointment/{new}"))
    assert desk.get(f"{ROOT}/api/appointments/{new}/history").json["events"] == []
    assert desk.get(f"{ROOT}/appointment/{new}?cancellation={first}").status_code == 404

    host.clock.forward(minutes=1)
    second = cancel(host.desk("east"), new)["cancellation_id"]
    events = {name: desk.get(f"{ROOT}/api/appointments/{name}/history").json["events"] for name in (old, new)}
    assert [[one["after"]["cancellation"] for one in found] for found in events.values()] == [[first], [second]]


# -- the mapping -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("public_id", "told"),
    [
        ("uid", "Did you mean 'uuid'?"),
        ("doctor", "'doctor', a relation to Doctor, expected an attribute with a value"),
        ("begins", "'begins' of type DateTime, expected a column of type String or Integer or Uuid"),
        ("label", "'label', a property of Python"),
        ("uuid!", "an attribute, or a path"),
    ],
)
def test_a_public_id_that_cannot_be_is_a_fault(public_id: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        run("sqlite://", appointment={"public_id": public_id})
    assert "CANCELLATIONS_HOST.appointment.public_id" in str(error.value)
    assert told in str(error.value)


def test_check_warns_of_a_column_without_an_index_and_of_rows_without_a_public_id(start: Start) -> None:
    host = start(public_id="guest")
    host.visit("east")
    host.change(host.visit("east", start=START.replace(hour=17)), "east", guest="")
    told = host.app.test_cli_runner().invoke(args=["cancellations", "check"]).output
    assert "No index on visit.guest (public_id)" in told
    assert "Of the next 2 open appointments without a public id, so that they have no page of ours: 1." in told


def test_check_is_content_with_a_unique_column(start: Start) -> None:
    told = start().app.test_cli_runner().invoke(args=["cancellations", "check"])
    assert told.exit_code == 0
    assert "uuid (visit.uuid String(length=36))" in told.output
    assert "No index on visit.uuid" not in told.output


def test_two_rows_with_one_public_id_are_neither_of_them(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    host = start(public_id="guest")
    host.visit("east", "twice")
    host.visit("east", "twice")
    assert host.desk("east").get(f"{ROOT}/appointment/twice").status_code == 404
    assert "is not unique" in caplog.text
