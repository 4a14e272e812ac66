"""The sweep on hosts of several shapes: whatever keys, times and statuses they have, by the operator's command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import time, timedelta
from typing import Any

import pytest

from flask_cancellations import HostAdapter
from flask_cancellations.models import Cancellation, Claim, Message, Review, SettlementRow, Slot, Watched

from .shapes import Running
from .shapes.desk import cancel, rows, starting
from .shapes.eight import another_desk, tenant
from .shapes.three import Description
from .site import ROOT, text_of

NOTHING = "by other pages: nothing."


@pytest.fixture
def start(database_url: str) -> Iterator[Callable[..., Running]]:
    yield from starting(database_url)


class Tenants(HostAdapter):
    """Of a host whose session refuses rows unless a clinic is chosen."""

    def entering(self, scope: str) -> AbstractContextManager[None]:
        return tenant(int(scope))


def sweep(running: Running) -> str:
    """What one pass found."""
    running.session.remove()
    done = running.app.test_cli_runner().invoke(args=["cancellations", "sweep"])
    assert done.exit_code == 0, done.output
    running.session.remove()
    return str(done.output).strip()


def by_old_route(running: Running, key: str, change: Callable[[Any], None]) -> None:
    """The host's own code changes a row, and knows nothing of us."""
    with running.shape.within():
        row = running.row(key)
        change(row)
        running.session.commit()
        running.session.remove()


def cancelled_by_host(running: Running) -> Callable[[Any], None]:
    def change(row: Any) -> None:
        if running.shape.name == "3":
            row.status = running.session.query(Description).filter_by(description="Cancelado").one()
        else:
            row.status = {"1": "Cancelled", "7": "CANCELLED"}.get(running.shape.name, running.shape.cancelled)

    return change


@pytest.mark.parametrize("name", ["3", "4", "8", "9", "10"])
def test_a_status_of_any_kind(start: Callable[..., Running], name: str) -> None:
    """A lookup table, keys that are texts, tenants, a start on another row, days and times that are texts."""
    running = start(name, **({"CANCELLATIONS_ADAPTER": Tenants} if name == "8" else {}))
    key, other = running.add(), running.add()
    assert "First pass: 2 appointments are watched" in sweep(running)
    by_old_route(running, key, cancelled_by_host(running))
    assert sweep(running).endswith("by other pages: 1 cancelled.")
    (record,) = rows(running, Cancellation)
    assert (record.client_name, record.staff_name, record.service_name) == (
        "Ada Byron",
        running.shape.staff,
        running.shape.service,
    )
    assert rows(running, SettlementRow)[0].price == 6000
    assert sweep(running).endswith(NOTHING)
    cancel(running.desk(), other)
    assert sweep(running).endswith(NOTHING)
    desk = running.desk()
    assert "Ada Byron" in text_of(desk.get(f"{ROOT}/review"))
    assert "Cancelled in the clinic's own program" in text_of(desk.get(f"{ROOT}/appointment/{key.replace('/', '%2F')}"))


def test_a_clinic_does_not_see_what_was_done_in_another_one(start: Callable[..., Running]) -> None:
    running = start("8", CANCELLATIONS_ADAPTER=Tenants)
    key = running.add()
    sweep(running)
    by_old_route(running, key, cancelled_by_host(running))
    sweep(running)
    assert "Ada Byron" in text_of(running.desk().get(f"{ROOT}/review"))
    stranger = running.desk(another_desk(running))
    page = stranger.get(f"{ROOT}/review")
    assert "Nothing waits to be looked at." in text_of(page)
    (item,) = rows(running, Review)
    answer = stranger.post(f"{ROOT}/review/{item.id}/explain", data={"reason": "illness", "idempotency_key": "k"})
    assert answer.status_code == 404


def test_a_host_that_deletes(start: Callable[..., Running]) -> None:
    """Its own route deletes too: two passes tell that the row is gone; what we deleted is no news."""
    running = start("2-delete")
    ours, theirs, left = running.add(), running.add(), running.add()
    sweep(running)
    cancel(running.desk(), ours)
    by_old_route(running, theirs, lambda row: running.session.delete(row))
    assert sweep(running).endswith(NOTHING)
    assert sweep(running).endswith("by other pages: 1 deleted.")
    assert sweep(running).endswith(NOTHING)
    records = rows(running, Cancellation)
    assert [(record.appointment_key, record.source) for record in records] == [(ours, "api"), (theirs, "host")]
    assert [row.appointment_key for row in rows(running, Watched)] == [left]
    assert "Deleted in the clinic's own program" in text_of(running.desk().get(f"{ROOT}/appointment/{theirs}"))


def test_a_deleted_row_whose_key_comes_again(start: Callable[..., Running], database_name: str) -> None:
    """The new one is another appointment: cancelled past us it gets a record of its own."""
    running = start("2-delete")
    key = running.add()
    sweep(running)
    cancel(running.desk(), key)
    again = running.add()
    if again != key:
        by_old_route(running, again, lambda row: setattr(row, "id", int(key)))
    sweep(running)
    assert [claim.state for claim in rows(running, Claim)] == ["booked"]
    assert {message.state for message in rows(running, Message)} <= {"waiting"}
    by_old_route(running, key, lambda row: running.session.delete(row))
    sweep(running)
    assert sweep(running).endswith("by other pages: 1 deleted.")
    assert [record.source for record in rows(running, Cancellation)] == ["api", "host"]
    assert sweep(running).endswith(NOTHING)
    page = text_of(running.desk().get(f"{ROOT}/appointment/{key}"))
    assert "Elena Desk cancelled" not in page


def test_a_host_that_hides(start: Callable[..., Running]) -> None:
    """The row stays when we cancel, which is no news; given another time by the host it stands again."""
    running = start("2-hide")
    key, other = running.add(), running.add()
    sweep(running)
    number = cancel(running.desk(), key)["cancellation_id"]
    for _ in range(2):
        assert sweep(running).endswith(NOTHING)
    by_old_route(running, key, lambda row: setattr(row, "start_time", time(17, 5)))
    assert sweep(running).endswith("by other pages: 1 moved.")
    assert sweep(running).endswith(NOTHING)
    assert [claim.state for claim in rows(running, Claim)] == ["booked"]
    (item,) = rows(running, Review)
    assert (item.kind, item.cancellation_id, item.appointment_key) == ("moved", number, key)
    assert [slot.state for slot in rows(running, Slot)] == ["released"]
    with running.app.app_context():
        assert running.cancellations.is_cancelled([int(key)]) == {int(key): False}
    by_old_route(running, other, lambda row: running.session.delete(row))
    sweep(running)
    assert sweep(running).endswith("by other pages: 1 deleted.")


def test_a_start_that_moves_with_another_row(start: Callable[..., Running]) -> None:
    running = start("9")
    key = running.add()
    sweep(running)

    def change(row: Any) -> None:
        row.slot.start += timedelta(days=1)

    by_old_route(running, key, change)
    assert sweep(running).endswith("by other pages: 1 moved.")
    assert sweep(running).endswith(NOTHING)


def test_a_text_that_is_spelled_otherwise_is_no_move(start: Callable[..., Running]) -> None:
    running = start("10")
    key = running.add()
    sweep(running)
    by_old_route(running, key, lambda row: setattr(row, "day", "2/12/2026"))
    assert sweep(running).endswith(NOTHING)
    by_old_route(running, key, lambda row: setattr(row, "day", "not yet"))
    assert sweep(running).endswith(NOTHING)
    by_old_route(running, key, lambda row: setattr(row, "day", "03/12/2026"))
    assert sweep(running).endswith("by other pages: 1 moved.")


def test_an_appointment_goes_by_its_public_id(start: Callable[..., Running]) -> None:
    running = start("7")
    key = running.add()
    sweep(running)

    def delete(row: Any) -> None:
        for one in (*row.bills, row):
            running.session.delete(one)

    by_old_route(running, key, delete)
    sweep(running)
    assert sweep(running).endswith("by other pages: 1 deleted.")
    (record,) = rows(running, Cancellation)
    assert record.public_id == key
    desk = running.desk()
    assert f'href="{ROOT}/appointment/{key}"' in desk.get(f"{ROOT}/review").text
    assert "Deleted in the clinic's own program" in text_of(desk.get(f"{ROOT}/appointment/{key}"))
