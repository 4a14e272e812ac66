"""Several tenants in one database: nobody sees, cancels, blocks or counts what belongs to another clinic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, select

from flask_cancellations import ConfigError, Deposit, Payment
from flask_cancellations.errors import NoScope, SlotTaken
from flask_cancellations.host import HostAdapter
from flask_cancellations.jobs.summary import Summary
from flask_cancellations.jobs.worker import run_once
from flask_cancellations.models import (
    Acceptance,
    AnsweredRequest,
    Cancellation,
    Claim,
    CreditLot,
    CreditNote,
    Diary,
    Event,
    Link,
    Message,
    Movement,
    PolicyVersion,
    ReasonRow,
    Review,
    SettlementRow,
    Slot,
)
from flask_cancellations.models.base import tables
from flask_cancellations.services import payments
from flask_cancellations.services.actor import job_actor

from .servers import SmtpCatcher
from .site import ROOT, hidden, text_of
from .tenant_host import START, Entering, NoClinic, Tenants, Visit, current_clinic, number, run

Start = Callable[..., Tenants]
EAST, WEST = str(number("east")), str(number("west"))


@pytest.fixture
def start(database_url: str) -> Iterator[Start]:
    running: list[Tenants] = []

    def begin(**options: Any) -> Tenants:
        running.append(run(database_url, **options))
        return running[-1]

    yield begin
    for one in running:
        one.close()


def cancel(browser: Any, key: str, status: int = 201, reason: str = "family", **more: str) -> Any:
    answer = browser.post(
        f"{ROOT}/api/appointments/{key}/cancel",
        json={"reason": reason, "fee": "charge", "told_channel": "phone", **more},
        headers={"Idempotency-Key": uuid4().hex},
    )
    assert answer.status_code == status, answer.text
    return answer.get_json(force=True)


# -- what staff of one clinic see ----------------------------------------------------------------------------------


def test_staff_see_and_cancel_their_own_clinic_and_nothing_of_another(start: Start) -> None:
    host = start()
    ada, bo = host.visit("east"), host.visit("west", "Bo Second")
    east, west = host.desk("east"), host.desk("west")

    assert ("Ada Byron" in text_of(east.get(f"{ROOT}/")), "Bo Second" in text_of(east.get(f"{ROOT}/"))) == (True, False)
    assert ("Ada Byron" in text_of(west.get(f"{ROOT}/")), "Bo Second" in text_of(west.get(f"{ROOT}/"))) == (False, True)
    assert east.get(f"{ROOT}/?name=bo&staff=1").status_code == 200
    assert "Bo Second" not in text_of(east.get(f"{ROOT}/?name=bo&staff=1"))

    for path in (f"cancel/{bo}", f"appointment/{bo}", f"api/appointments/{bo}/quote", f"api/appointments/{bo}/history"):
        assert east.get(f"{ROOT}/{path}").status_code == 404, path
        assert west.get(f"{ROOT}/{path}").status_code == 200, path
    cancel(east, bo, status=404)
    assert east.post(f"{ROOT}/cancel/{bo}", data={"reason": "family", "idempotency_key": "k"}).status_code == 404
    assert host.read(bo, "state") == "BOOKED"
    assert host.rows(Claim) == host.rows(Cancellation) == []

    done = cancel(west, bo)["cancellation_id"]
    assert host.read(bo, "state") == "CANCELLED"
    assert west.get(f"{ROOT}/cancellation/{done}").status_code == 200
    for path in (
        f"cancellation/{done}",
        f"appointment/{bo}?cancellation={done}",
        f"appointment/{ada}?cancellation={done}",
    ):
        assert east.get(f"{ROOT}/{path}").status_code == 404, path
    message = host.rows(Message)[0]
    assert east.post(f"{ROOT}/message/{message.id}/stop").status_code == 404
    assert [one.state for one in host.rows(Message)] == ["waiting"]
    assert west.post(f"{ROOT}/message/{message.id}/stop").status_code == 303
    assert [one.state for one in host.rows(Message)] == ["stopped"]

    cancel(east, ada)
    assert "Desk east cancelled" in text_of(east.get(f"{ROOT}/appointment/{ada}"))


def test_everything_of_ours_says_which_clinic_it_belongs_to(start: Start) -> None:
    host = start()
    for clinic in ("east", "west"):
        with host.app.app_context():
            key = host.visit(clinic)
            host.cancellations.accept_policy(host.session.get(Visit, int(key)), channel="web")
            host.session.commit()
        host.link(key, clinic)
        cancel(host.desk(clinic), key)
    for model in (Acceptance, AnsweredRequest, Cancellation, Claim, Event, Link, Message, Movement, Slot):
        assert [row.scope for row in host.rows(model)] == [EAST, WEST], model
    for stored in (ReasonRow, PolicyVersion):
        found = [row.scope for row in host.rows(stored)]
        assert found.count(EAST) == found.count(WEST) == len(found) / 2 > 0, stored
    assert not any("tenant_id" in table.columns for table in tables())


def test_the_staff_of_a_clinic_are_those_who_had_an_appointment_there(start: Start) -> None:
    host = start()
    host.visit("east")
    host.visit("west", doctor_id=2)
    with host.app.app_context():
        with host.cancellations.scope(number("east")):
            assert host.state.host.staff_list(host.session()) == [("1", "Dr Kolev")]
        with host.cancellations.scope(WEST):
            assert host.state.host.staff_list(host.session()) == [("2", "Dr Idle")]


def test_a_row_without_a_clinic_is_nobodys(start: Start) -> None:
    host = start(scope="doctor")
    key = host.visit("east", doctor_id=None)
    with host.app.app_context():
        with host.state.within("1"):
            assert host.state.host.get(host.session(), key) is None
            assert host.state.host.between(host.session(), START, START + timedelta(hours=1)) == []
        row = host.session.get(Visit, int(key))
        with pytest.raises(NoScope):
            host.cancellations.accept_policy(row, channel="web")


# -- where the scope comes from ------------------------------------------------------------------------------------


def test_nobodys_scope_is_taken_for_granted(start: Start) -> None:
    host = start()
    key = host.visit("east")
    lost = host.desk(None)
    for path in ("", f"cancel/{key}", f"appointment/{key}", "cancellation/1"):
        answer = lost.get(f"{ROOT}/{path}")
        assert answer.status_code == 403, path
        assert "Ask a manager" in text_of(answer)
    refused = cancel(lost, key, status=403)
    assert (refused["code"], refused["status"]) == ("no_scope", 403)
    assert host.stranger().get(f"{ROOT}/").status_code == 401
    with host.app.app_context():
        with pytest.raises(NoScope) as told:
            host.cancellations.slots.blocked(START, START + timedelta(hours=1))
        assert "cancellations.scope()" in told.value.__notes__[0]
    assert host.rows(ReasonRow) == []


def test_a_diary_offers_actions_for_rows_of_the_own_clinic_only(start: Start) -> None:
    host = start()
    keys = [host.visit("east"), host.visit("west")]

    @host.app.get("/diary")
    def diary() -> dict[str, list[str]]:
        actions = host.app.jinja_env.globals["cancellations_actions"]
        rows = [host.session.get(Visit, int(key)) for key in keys]
        return {str(row.id): [action.name for action in actions(row)] for row in rows}  # type: ignore[operator]

    assert host.desk("east").get("/diary").json == {keys[0]: ["cancel", "history"], keys[1]: []}
    assert host.desk("west").get("/diary").json == {keys[0]: [], keys[1]: ["cancel", "history"]}
    assert host.desk(None).get("/diary").json == {keys[0]: [], keys[1]: []}
    assert host.stranger().get("/diary").json == {keys[0]: [], keys[1]: []}


def test_the_adapter_tells_the_tenant_of_a_request_once(start: Start) -> None:
    asked: list[int] = []

    class BySubdomain(HostAdapter):
        def scope(self) -> int:
            asked.append(1)
            return number("west")

    host = start(CANCELLATIONS_ADAPTER=BySubdomain, user={})
    host.visit("east")
    key = host.visit("west", "Bo Second")
    desk = host.desk(None)
    shown = text_of(desk.get(f"{ROOT}/"))
    assert "Bo Second" in shown
    assert "Ada Byron" not in shown
    assert asked == [1]
    cancel(desk, key)
    assert asked == [1, 1]


def test_the_scope_costs_no_statement(start: Start, tmp_path: Any) -> None:
    """The day list of a host with tenants takes as many statements as that of one without."""
    several, one = start(), run(f"sqlite:///{tmp_path}/one.sqlite3", scope=False, user={})
    counts = []
    try:
        for host in (several, one):
            host.visit("east")
            desk = host.desk("east")
            seen: list[str] = []
            event.listen(host.engine, "before_cursor_execute", lambda *args, seen=seen: seen.append(args[2]))
            assert desk.get(f"{ROOT}/").status_code == 200
            counts.append((len(seen), sum("FROM login" in statement for statement in seen)))
    finally:
        one.close()
    assert counts[0] == counts[1]
    assert counts[0][1] == 1


def test_a_chosen_scope_ends_with_its_block_and_is_not_shared_between_apps(start: Start, tmp_path: Any) -> None:
    host, other = start(), run(f"sqlite:///{tmp_path}/other.sqlite3")
    try:
        with host.app.app_context(), host.cancellations.scope("70"):
            assert host.state.scope == "70"
            with host.cancellations.scope(71):
                assert host.state.scope == "71"
            assert host.state.scope == "70"
            with other.app.app_context(), pytest.raises(NoScope):
                _ = other.state.scope
        with host.app.app_context(), pytest.raises(NoScope):
            _ = host.state.scope
    finally:
        other.close()


# -- times ---------------------------------------------------------------------------------------------------------


def test_the_times_of_one_clinic_never_block_another_though_they_share_a_therapist(start: Start) -> None:
    host = start(CANCELLATIONS_WAITLIST={"hold": "30m"})
    end = START + timedelta(minutes=45)
    key = host.visit("east")
    slots = host.cancellations.slots
    with host.app.app_context():
        with host.cancellations.scope(EAST):
            assert slots.at(START, end, 1) == "taken"
        with host.cancellations.scope(WEST):
            assert slots.at(START, end, 1) == "open"
            slots.claim(START, end, 1)
            host.session.commit()
    cancel(host.desk("east"), key)
    with host.app.app_context():
        with host.cancellations.scope(EAST):
            assert [time.state for time in slots.blocked(START, end, 1)] == ["held"]
            with pytest.raises(SlotTaken):
                slots.claim(START, end, 1)
            host.session.rollback()
        with host.cancellations.scope(WEST):
            assert slots.blocked(START, end, 1) == []
            slots.claim(START, end, 1)
            host.session.commit()
    assert {(row.scope, row.bookings) for row in host.rows(Diary)} == {(WEST, 2)}
    assert [row.state for row in host.rows(Slot)] == ["held"]


# -- links, worker, commands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("strict", [False, True])
def test_a_clients_link_works_without_anybody_signed_in_and_within_its_own_clinic(start: Start, strict: bool) -> None:
    host = start(strict=strict)
    key = host.visit("west")
    path, stranger = host.link(key, "west"), host.stranger()
    page = stranger.get(path)
    assert page.status_code == 200, page.text
    fields = {name: hidden(page, name) for name in ("seen", "idempotency_key")}
    sent = stranger.post(path, data={"reason": "family", **fields})
    assert sent.status_code == 303, sent.text
    assert "cancelled" in text_of(stranger.get(path))
    assert host.read(key, "state") == "CANCELLED"
    assert [(row.scope, row.actor_kind) for row in host.rows(Cancellation)] == [(WEST, "link")]
    assert [row.scope for row in host.rows(AnsweredRequest)] == [WEST]
    # Opened by staff of another clinic it is still the client's.
    assert host.desk("east").get(path).status_code == 200


@pytest.mark.parametrize("strict", [False, True])
def test_one_worker_delivers_for_all_clinics(start: Start, smtp_catcher: SmtpCatcher, strict: bool) -> None:
    host = start(strict=strict, CANCELLATIONS_MAIL_URL=smtp_catcher.url)
    for clinic, guest in (("east", "Ada Byron"), ("west", "Bo Second")):
        cancel(host.desk(clinic), host.visit(clinic, guest))
    with host.app.app_context():
        assert run_once(host.state).sent == 0
        host.clock.forward(minutes=3)
        done = run_once(host.state)
        assert (done.sent, done.movements, done.errors) == (2, 2, 0)
    assert sorted(mail.recipients[0] for mail in smtp_catcher.mails) == ["ada@example.com", "bo@example.com"]
    assert [(row.scope, row.state) for row in host.rows(Message)] == [(EAST, "sent"), (WEST, "sent")]
    sealed = [(row.scope, row.action) for row in host.rows(Event)]
    assert sorted(sealed)[:3] == [
        (EAST, "appointment.cancelled"),
        (EAST, "charge.manual"),
        (EAST, "message.sent"),
    ]


class Till(Entering):
    """A host with a deposit for each visit, which moves money itself; it notes what it is asked, and where."""

    def __init__(self) -> None:
        self.moved: list[tuple[int | None, str, int]] = []

    def deposits(self, appointment: Any) -> list[Deposit]:
        return [Deposit(5000, "EUR")]

    def refund(self, payment: Payment) -> str:
        self.moved.append((current_clinic(), payment.kind, payment.amount))
        return f"r-{payment.key}"


@pytest.mark.parametrize("strict", [False, True])
def test_one_worker_sees_to_the_money_of_all_clinics(start: Start, strict: bool) -> None:
    """Pending fees, refunds, credit until it expires; a fee is dropped for a booking of its own clinic only."""
    till = Till()
    host = start(
        strict=strict,
        CANCELLATIONS_ADAPTER=till,
        CANCELLATIONS_PENDING="2h",
        CANCELLATIONS_CREDIT_EXPIRES="30d",
    )
    keys = {clinic: [host.visit(clinic) for _ in range(2)] for clinic in ("east", "west")}
    for clinic in ("east", "west"):
        desk = host.desk(clinic)
        for key, rest in zip(keys[clinic], ("refund", "credit"), strict=True):
            cancel(desk, key, rest=rest)
    assert [row.pending for row in host.rows(SettlementRow)] == [3000] * 4
    assert {(row.scope, row.state) for row in host.rows(Movement)} == {(EAST, "created"), (WEST, "created")}

    def work() -> Summary:
        with host.app.app_context():
            done = run_once(host.state)
        assert done.errors == 0
        return done

    def due() -> list[str]:
        with host.app.app_context():
            return host.state.due_scopes()

    host.clock.forward(minutes=3)
    assert work().movements == 4
    assert sorted(till.moved) == [(int(EAST), "refund", 2000), (int(WEST), "refund", 2000)]
    assert [(row.scope, row.number, row.gross) for row in host.rows(CreditNote)] == [(EAST, 1, 2000), (WEST, 1, 2000)]
    assert due() == [EAST, WEST]  # their fees wait

    host.visit("west", "Bo Second")  # at the same time, with the same therapist
    host.clock.forward(minutes=6)
    assert work().fees == 2
    assert due() == [EAST]
    host.clock.forward(hours=2)
    assert work().fees == 2
    assert {(row.kept, row.dropped) for row in host.rows(SettlementRow)[:2]} == {(3000, 0)}
    assert {(row.kept, row.dropped) for row in host.rows(SettlementRow)[2:]} == {(0, 3000)}

    work()
    assert due() == []
    host.clock.forward(days=31)
    assert due() == [EAST, WEST]
    work()
    assert [(row.scope, row.balance) for row in host.rows(CreditLot)] == [(EAST, 0), (WEST, 0), (WEST, 0)]
    assert due() == []


def test_a_payment_that_a_worker_left_is_found_in_its_clinic(start: Start) -> None:
    """And what waits for a review is nobody's work."""
    till = Till()
    host = start(CANCELLATIONS_ADAPTER=till, CANCELLATIONS_PENDING="2h")
    key = host.visit("west")
    cancel(host.desk("west"), key, rest="refund")
    host.clock.forward(minutes=3)
    with host.app.app_context(), host.state.within(WEST):
        (movement_id,) = payments.due_ids(host.state, 10)
        assert payments.begin(host.state, movement_id, job_actor("worker")) is not None
        host.session.commit()
    host.change(key, "west", state="BOOKED")
    host.clock.forward(minutes=5)
    with host.app.app_context():
        assert host.state.due_scopes() == [WEST]
        done = run_once(host.state)
        assert (done.movements, done.errors) == (1, 0)
    assert till.moved == [(int(WEST), "refund", 2000)]
    assert [(row.scope, row.kind) for row in host.rows(Review)] == [(WEST, "restored")]
    assert [(row.pending, row.refunded, row.held) for row in host.rows(SettlementRow)] == [(3000, 2000, 3000)]
    host.clock.forward(hours=3)
    with host.app.app_context():
        assert host.state.due_scopes() == []


def test_trouble_in_one_clinic_keeps_no_other_waiting(
    start: Start, smtp_catcher: SmtpCatcher, caplog: pytest.LogCaptureFixture
) -> None:
    class Sick(HostAdapter):
        def entering(self, scope: str) -> Any:
            if scope == EAST:
                raise NoClinic(scope)
            return super().entering(scope)

    host = start(CANCELLATIONS_ADAPTER=Sick, CANCELLATIONS_MAIL_URL=smtp_catcher.url)
    for clinic in ("east", "west"):
        cancel(host.desk(clinic), host.visit(clinic))
    host.clock.forward(minutes=3)
    with host.app.app_context():
        done = run_once(host.state)
    assert (done.sent, done.movements) == (1, 1)
    assert done.errors > 0
    assert f"messages of the scope {EAST}" in caplog.text
    assert [row.state for row in host.rows(Message)] == ["waiting", "sent"]


def test_check_says_which_clinic_cannot_be_read_and_reads_the_others(start: Start) -> None:
    class Sick(HostAdapter):
        def entering(self, scope: str) -> Any:
            if scope == EAST:
                raise NoClinic("closed today")
            return super().entering(scope)

    host = start(CANCELLATIONS_ADAPTER=Sick)
    for clinic in ("east", "west"):
        host.visit(clinic, state="ON ICE")
        host.visit(clinic)
    told = host.app.test_cli_runner().invoke(args=["cancellations", "check"])
    assert told.exit_code == 1
    assert f"{EAST}: The appointments cannot be read: NoClinic: closed today" in told.output
    assert f"{WEST}: Appointments with status 'ON ICE'" in told.output


def test_scopes_are_those_with_rows_of_ours_or_appointments_ahead(start: Start) -> None:
    host = start()
    with host.app.app_context():
        assert host.state.scopes() == host.state.due_scopes() == []
    host.visit("west", state="CANCELLED")
    host.visit("west", start=START - timedelta(days=1))
    key = host.visit("east")
    with host.app.app_context():
        assert host.state.scopes() == [EAST]
    cancel(host.desk("east"), key)
    host.visit("west")
    with host.app.app_context():
        assert (host.state.scopes(), host.state.due_scopes()) == ([EAST, WEST], [])
        host.clock.forward(minutes=3)
        assert host.state.due_scopes() == [EAST]


@pytest.mark.parametrize("strict", [False, True])
def test_sync_visits_every_clinic_and_check_reads_each(start: Start, strict: bool) -> None:
    host = start(strict=strict)
    run_command = host.app.test_cli_runner().invoke
    assert "no scope has appointments yet" in run_command(args=["cancellations", "sync"]).output
    for clinic in ("east", "west"):
        host.visit(clinic, state="ON ICE")
        host.visit(clinic)
    told = run_command(args=["cancellations", "sync"])
    assert told.exit_code == 0, told.output
    assert f"{EAST}: added: standard 2026-01-01" in told.output
    assert f"{WEST}: added: standard 2026-01-01" in told.output
    again = run_command(args=["cancellations", "sync"]).output
    assert again.count("Nothing to do") == 2
    checked = run_command(args=["cancellations", "check"]).output
    for scope in (EAST, WEST):
        assert (
            f"{scope}: Appointments with status 'ON ICE', which is in no group, and so not to be cancelled: 1."
            in checked
        )
    assert "tenant_id (visit.tenant_id" in checked


def test_a_policy_that_one_clinic_used_does_not_stop_the_sync_of_the_others(start: Start) -> None:
    host = start()
    host.visit("west")
    cancel(host.desk("east"), host.visit("east"))
    changed = host.state.settings.policies[0]
    object.__setattr__(changed, "cap", 100)
    told = host.app.test_cli_runner().invoke(args=["cancellations", "sync"])
    assert told.exit_code == 1
    assert f"{EAST}: flask_cancellations: 1 fault" in told.output
    assert f"{WEST}: added: standard 2026-01-01" in told.output


# -- a host that guards its session --------------------------------------------------------------------------------


def test_staff_of_a_host_that_guards_its_session_work_as_ever(start: Start) -> None:
    host = start(strict=True)
    key, foreign = host.visit("east"), host.visit("west")
    desk = host.desk("east")
    assert "Ada Byron" in text_of(desk.get(f"{ROOT}/"))
    assert desk.get(f"{ROOT}/cancel/{foreign}").status_code == 404
    done = cancel(desk, key)["cancellation_id"]
    assert desk.get(f"{ROOT}/cancellation/{done}").status_code == 200
    assert "Desk east cancelled" in text_of(desk.get(f"{ROOT}/appointment/{key}"))
    with host.app.app_context(), pytest.raises(NoClinic):  # the guard is real
        host.session.scalars(select(Visit)).all()


# -- the mapping ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "east", "joined"),
    [("tenant_id", "70", False), ("clinic", "70", False), ("clinic.code", "east", True), ("clinic.id", "70", True)],
)
def test_a_scope_is_a_column_a_relation_or_a_path(start: Start, scope: str, east: str, joined: bool) -> None:
    host = start(scope=scope, user={})
    mine, foreign = host.visit("east"), host.visit("west")
    seen: list[str] = []
    with host.app.app_context(), host.state.within(east):
        found = host.state.host
        event.listen(host.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
        listed = found.between(host.session(), START, START + timedelta(hours=1))
        assert [(one.key, one.scope) for one in listed] == [(mine, east)]
        assert len(seen) == 1
        assert ("JOIN tenant" in seen[0]) == joined
        assert found.overlapping(host.session(), START, START + timedelta(hours=1), "1") == listed
        assert found.get(host.session(), foreign) is None
        assert found.get(host.session(), foreign, lock=True, fresh=True) is None
        assert found.get(host.session(), mine, lock=True, fresh=True) is not None
        assert found.scope_of(host.session.get(Visit, int(foreign))) != east
    with host.app.app_context():
        assert host.state.scopes() == sorted([east, "west" if scope == "clinic.code" else WEST])
        for nonsense in ("", "x", "99999999999999999999", "70 ", "East"):
            with host.state.within(nonsense):
                assert host.state.host.between(host.session(), START, START + timedelta(hours=1)) == []
                # Names of staff are chosen by the database alone, where a collation may take "East" for "east".
                assert nonsense == "East" or host.state.host.staff_list(host.session()) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"scope": "tenantid"}, "'tenant_id'"),
        ({"scope": "price"}, "String or Integer or Uuid"),
        ({"scope": "clinic.visits"}, "an attribute of Clinic"),
        ({"CANCELLATIONS_SCOPE": "mine"}, "CANCELLATIONS_SCOPE: found 'mine', expected nothing"),
        ({"scope": False}, "what CANCELLATIONS_HOST.user.scope is compared with"),
    ],
)
def test_a_scope_that_cannot_be_is_a_fault(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        run("sqlite://", **options)
    assert told in str(error.value)


def test_a_host_that_maps_no_scope_has_one(start: Start) -> None:
    host = start(scope=False, user={}, CANCELLATIONS_SCOPE="mine")
    cancel(host.desk(None), host.visit("east"))
    assert [row.scope for row in host.rows(Cancellation)] == ["mine"]
    with host.app.app_context():
        assert host.state.scopes() == host.state.due_scopes() == [host.state.scope] == ["mine"]
        with host.cancellations.scope("mine"):
            assert host.state.scope == "mine"
        with pytest.raises(ValueError, match="there is one scope"), host.cancellations.scope("yours"):
            pass


def test_a_hidden_row_of_a_clinic_is_left_out_of_its_own_lists(start: Start) -> None:
    host = start(appointment={"status": {"none": "hide"}})
    keys = {clinic: host.visit(clinic) for clinic in ("east", "west")}
    cancel(host.desk("east"), keys["east"])
    ours = host.cancellations
    with host.app.app_context():
        for scope, left in ((EAST, [int(keys["west"])]), (WEST, [int(key) for key in keys.values()])):
            with ours.scope(scope):
                found = host.session.scalars(select(Visit.id).where(ours.not_cancelled(Visit)).order_by(Visit.id)).all()
                assert list(found) == left
                assert ours.is_cancelled([int(keys["east"])]) == {int(keys["east"]): scope == EAST}
    assert "Cancelled" in text_of(host.desk("east").get(f"{ROOT}/"))
