"""Who is signed in, in hosts without Flask-Login: entries of the session, several login tables, a host's function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask import session
from flask_login import LoginManager
from sqlalchemy import event

from flask_cancellations import HostAdapter
from flask_cancellations.errors import ConfigError
from flask_cancellations.models import Cancellation, Event

from .login_host import SESSIONS, Admin, Doctor, LoginHost, Patient, Visit, cancel, login_host
from .site import ROOT, text_of

ONE = 'identity = {session = "user_id"}\nmodel = "Doctor"\nname = "dname"\nrole = "post"'


@pytest.fixture
def one() -> Iterator[LoginHost]:
    """One login table and one entry of the session, as most hosts without Flask-Login have it."""
    with login_host(ONE) as host:
        host.add(Doctor(id=7, dname="Dr Kolev", post="manager"))
        yield host


@pytest.fixture
def several() -> Iterator[LoginHost]:
    """Three login tables, each with a number 7."""
    with login_host(SESSIONS, 'write_back = {cancelled_by = "gone_by"}') as host:
        host.add(Doctor(id=7, dname="Dr Kolev"), Admin(id=7, aname="Ana Root"), Patient(id=7, pname="Ada Byron"))
        yield host


def test_the_session_names_the_person(one: LoginHost) -> None:
    key = one.visit()
    assert "Dr Kolev" in text_of(one.browser(user_id=7).get(f"{ROOT}/"))
    assert one.browser(user_id="7").get(f"{ROOT}/").status_code == 200  # a key kept as text
    assert cancel(one.browser(user_id=7), key).status_code == 201
    (record,) = one.rows(Cancellation)
    assert (record.actor_kind, record.actor_key, record.actor_name) == ("api", "7", "Dr Kolev")


@pytest.mark.parametrize(
    "found",
    [
        None, "", " 7", "07", "7.0", "seven", "7\x00", 7.0, True, False, [7], ["7"], {"id": 7}, -7, 8, 2**40, 10**30,
        10**4000, "9" * 400, uuid4(), b"7", (7,),
    ],
)  # fmt: skip
def test_whatever_else_the_session_holds_is_nobody(one: LoginHost, found: Any) -> None:
    key = one.visit()
    browser = one.browser(user_id=found)
    assert browser.get(f"{ROOT}/").status_code == 401
    assert cancel(browser, key).status_code == 401
    assert one.state_of(key) == "booked"


def test_numbers_that_no_column_holds_do_not_break_the_transaction(postgresql_url: str) -> None:
    with login_host(ONE, url=postgresql_url) as host:
        for found in (2**31, 2**63, -(2**63), "\ud800", "7\x00"):
            assert host.browser(user_id=found).get(f"{ROOT}/").status_code == 401


def test_a_session_that_outlived_its_row_is_nobody(one: LoginHost) -> None:
    browser = one.browser(user_id=7)
    assert browser.get(f"{ROOT}/").status_code == 200
    one.session.delete(one.session.get_one(Doctor, 7))
    one.session.commit()
    answer = browser.get(f"{ROOT}/")
    assert answer.status_code == 401
    assert "You are not signed in, or your session has ended." in text_of(answer)


def test_a_diary_asks_once_who_is_signed_in(one: LoginHost) -> None:
    for _ in range(5):
        one.visit()
    seen: list[str] = []
    event.listen(one.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    diary = one.browser(user_id=7).get("/diary").json
    assert diary is not None
    assert [len(actions) for actions in diary.values()] == [2] * 5
    assert sum("FROM doctor" in sql for sql in seen) == 1


def test_each_login_table_is_its_own_person(several: LoginHost) -> None:
    mine, other = several.visit(doctor_id=7), several.visit()
    doctor, admin = several.browser(doctor_id=7), several.browser(id=7, kind="admin")
    assert cancel(doctor, other).status_code == 404  # cancel:own
    assert cancel(doctor, mine).status_code == 201
    assert cancel(admin, other).status_code == 201  # the same idempotency key, and another person
    assert [row.actor_key for row in several.rows(Cancellation)] == ["Doctor:7", "Admin:7"]
    assert [row.actor_name for row in several.rows(Cancellation)] == ["Dr Kolev", "Ana Root"]
    assert [row.actor_key for row in several.rows(Event)] == ["Doctor:7", "Admin:7"]


def test_a_foreign_key_to_one_login_table_takes_no_key_of_another(several: LoginHost) -> None:
    mine, other = several.visit(doctor_id=7), several.visit()
    cancel(several.browser(doctor_id=7), mine)
    cancel(several.browser(id=7, kind="admin"), other)
    assert [one.gone_by for one in several.session.query(Visit).order_by(Visit.id)] == [7, None]


@pytest.mark.parametrize(
    ("entries", "status"),
    [
        ({"id": 7}, 401),  # not said to be an admin
        ({"id": 7, "kind": "doctor"}, 401),
        ({"id": 7, "kind": ["admin"]}, 401),
        ({"id": 7, "kind": True}, 401),
        ({"id": 7, "kind": "admin"}, 200),
        ({"doctor_id": 99, "id": 7, "kind": "admin"}, 200),  # the doctor's session is stale
        ({"doctor_id": 7, "id": 99, "kind": "admin"}, 200),
        ({"doctor_id": 99, "id": 99, "kind": "admin"}, 401),
        ({"patient_id": 7}, 403),  # signed in, with a role that has no rights
    ],
)
def test_the_first_login_that_leads_to_a_row_counts(several: LoginHost, entries: dict[str, Any], status: int) -> None:
    assert several.browser(**entries).get(f"{ROOT}/").status_code == status


def test_two_tables_in_one_session_are_told_by_their_order(several: LoginHost) -> None:
    both = several.browser(doctor_id=7, id=7, kind="admin")
    assert "Dr Kolev" in text_of(both.get(f"{ROOT}/"))


def test_staff_of_another_table_have_no_appointments_of_their_own() -> None:
    roles = {"manager": ["cancel:own"], "therapist": ["cancel:own"]}
    with login_host(SESSIONS, CANCELLATIONS_ROLES=roles) as host:
        host.add(Doctor(id=7, dname="Dr Kolev"), Admin(id=7, aname="Ana Root"))
        key = host.visit(doctor_id=7)
        assert cancel(host.browser(id=7, kind="admin"), key).status_code == 404
        assert cancel(host.browser(doctor_id=7), key).status_code == 201


@pytest.mark.parametrize("function", ["by_token", "by_proxy"])
def test_a_function_of_the_host_says_who_it_is(function: str) -> None:
    """As with a JWT: the host's own code reads and checks the token."""
    with login_host(f'identity = "tests.login_host:{function}"\nname = "dname"\nrole = "post"') as host:
        host.add(Doctor(id=7, dname="Kolev", post="manager"), Doctor(id=8, dname="Petrova", post="cleaner"))
        key = host.visit()
        desk = host.browser()
        for token, status in (("", 401), ("Bearer nobody", 401), ("Bearer Petrova", 403), ("Bearer Kolev", 200)):
            assert desk.get(f"{ROOT}/", headers={"Authorization": token} if token else {}).status_code == status
        desk.environ_base["HTTP_AUTHORIZATION"] = "Bearer Kolev"
        assert cancel(desk, key).status_code == 201
        assert host.rows(Cancellation)[0].actor_key == "7"


def test_the_adapter_has_the_last_word() -> None:
    class Adapter(HostAdapter):
        def current_user(self) -> Any | None:
            return None if session.get("locked") else super().current_user()

    with login_host(ONE, CANCELLATIONS_ADAPTER=Adapter) as host:
        host.add(Doctor(id=7, dname="Dr Kolev", post="manager"))
        assert host.browser(user_id=7).get(f"{ROOT}/").status_code == 200
        assert host.browser(user_id=7, locked=True).get(f"{ROOT}/").status_code == 401


def test_a_proxy_of_an_adapter_for_nobody_is_nobody() -> None:
    from .login_host import current_doctor

    class Adapter(HostAdapter):
        def current_user(self) -> Any | None:
            return current_doctor

    with login_host('name = "dname"', CANCELLATIONS_ADAPTER=Adapter()) as host:
        assert host.browser().get(f"{ROOT}/").status_code == 401


def test_flask_login_with_several_tables_keeps_their_people_apart() -> None:
    """Flask-Login gives an object and not a table; nobody's id is asked of it."""
    toml = 'model = ["Doctor", "Admin"]\nname = ["dname", "aname"]\nrole = {models = {Doctor = "manager"}}'
    with login_host(toml) as host:
        manager = LoginManager(host.app)
        doctor, admin, patient = Doctor(id=7, dname="Dr Kolev"), Admin(id=7, aname="Ana"), Patient(id=7, pname="Ada")
        for person in (doctor, admin, patient):
            type(person).get_id = lambda self: f"token of {type(self).__name__}"
        tables = {f"token of {table.__name__}": table for table in (Doctor, Admin, Patient)}
        manager.user_loader(lambda token: _with_login(host.session.get(tables[token], 7)))
        host.add(doctor, admin, patient)
        browsers = {name: host.browser(_user_id=name, _fresh=True) for name in tables}
        codes = [browsers[name].get(f"{ROOT}/").status_code for name in tables]
        assert codes == [200, 403, 403]  # the patient is of no table that is configured
        key = host.visit()
        assert cancel(browsers["token of Doctor"], key).status_code == 201
        assert host.rows(Cancellation)[0].actor_key == "Doctor:7"


def _with_login(row: Any) -> Any:
    row.is_authenticated = row.is_active = True
    return row


def test_nobody_is_sent_to_the_hosts_login_and_back() -> None:
    with login_host(ONE, CANCELLATIONS_LOGIN_URL="/sign-in?lang=bg") as host:
        answer = host.browser().get(f"{ROOT}/?date=2026-12-02&name=a%26b")
        assert answer.status_code == 302
        asked = "%2Fcancellations%2F%3Fdate%3D2026-12-02%26name%3Da%2526b"
        assert answer.location == f"/sign-in?lang=bg&next={asked}"
        below = host.browser().get(f"{ROOT}/", environ_overrides={"SCRIPT_NAME": "/clinic"})
        assert below.location == "/clinic/sign-in?lang=bg&next=%2Fclinic%2Fcancellations%2F"
        assert host.browser().post(f"{ROOT}/cancel/1").status_code == 401  # a form cannot come back from a login
        assert cancel(host.browser(), "1").status_code == 401


def test_flask_login_sends_to_its_own_page() -> None:
    with login_host(ONE, CANCELLATIONS_LOGIN_URL="/sign-in") as host:
        manager = LoginManager(host.app)
        manager.user_loader(lambda _: None)
        assert host.browser().get(f"{ROOT}/").location.startswith("/sign-in?next=")  # it names no page
        manager.login_view = "_diary"
        assert host.browser().get(f"{ROOT}/").location.startswith("/diary")


@pytest.mark.parametrize(
    ("user", "keys"),
    [
        ('identity = {session = "user_id"}', ["user.model"]),
        ('identity = {session = "user_id"}\nmodel = ["Doctor", "Admin"]', ["user.model"]),
        ('identity = [{session = "a"}, {session = "b", model = "Admin"}]\nmodel = "Doctor"', ["user.identity"]),
        ('identity = [{session = ""}]', ["user.identity[0].session"]),
        ('identity = [{session = "a", model = "Doctor", when = {kind = ["admin"]}}]', ["user.identity[0].when.kind"]),
        ('identity = [{session = "a", model = "Doctor", roles = "x"}]', ["user.identity[0].roles"]),
        ("identity = []", ["user.identity"]),
        ("identity = 7", ["user.identity"]),
        ('identity = "by_token"', ["user.identity"]),
        ('identity = "tests.login_host:nothing"', ["user.identity"]),
        ('identity = "tests.login_host:NOT_A_FUNCTION"', ["user.identity"]),
        ('identity = "tests.no_such_module:by_token"', ["user.identity"]),
        ('identity = {session = "a", model = "Docter"}', ["user.identity[0].model"]),
        (
            'identity = [{session = "a", model = "Doctor", role = "x"}, {session = "b", model = "Doctor", role = "y"}]',
            ["user.identity[1].role"],
        ),
        (
            'identity = {session = "a", model = "Docter"}\nmodel = "Admim"\nrole = "tests.login_host:nothing"',
            ["user.model", "user.identity[0].model"],
        ),
        ('model = "Doctor"\nname = "name"\nrole = "rol"\nstaff = "staf"', ["user.name", "user.role", "user.staff"]),
        (SESSIONS.replace("pname", "nobodys"), ["user.name"] * 3),
    ],
)
def test_slips_of_the_configuration_are_told_all_at_once(user: str, keys: list[str]) -> None:
    with pytest.raises(ConfigError) as refused, login_host(user):
        pass
    assert [fault.key.removeprefix("CANCELLATIONS_HOST.") for fault in refused.value.faults] == keys
