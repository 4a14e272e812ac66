"""What the signed-in person may do, from wherever the host keeps roles. Asked by the day list: who may see it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

from flask_cancellations.errors import ConfigError

from .login_host import Admin, Chief, Doctor, Duty, Nurse, Permission, Rank, Team, Worker, cancel, login_host
from .site import ROOT

DOCTOR = 'identity = {session = "user_id"}\nmodel = "Doctor"\nname = "dname"\nrole = '


def asked(role: str, *people: Any, roles: dict[str, list[str]] | None = None) -> list[int]:
    """The status of the day list for each of these doctors."""
    with login_host(DOCTOR + role, CANCELLATIONS_ROLES=roles or {"manager": ["*"]}) as host:
        numbers = range(1, len(people) + 1)
        for number, person in zip(numbers, people, strict=True):
            person.id = number
        host.add(*people)
        return [host.browser(user_id=number).get(f"{ROOT}/").status_code for number in numbers]


def doctor(**values: Any) -> Doctor:
    return Doctor(dname="Kolev", **values)


def test_a_text_as_before() -> None:
    people = [doctor(post=post) for post in ("manager", " manager ", "Manager", "cleaner", "", None)]
    assert asked('"post"', *people) == [200, 200, 403, 403, 403, 403]


def test_an_enum_by_its_name_or_its_value() -> None:
    people = [doctor(rank=Rank.CHIEF), doctor(rank=Rank.JUNIOR), doctor(rank=None)]
    assert asked('"rank"', *people) == [200, 403, 403]
    people = [doctor(rank=Rank.CHIEF), doctor(rank=Rank.JUNIOR)]
    assert asked('"rank"', *people, roles={"JUNIOR": ["cancel"]}) == [403, 200]


def test_over_a_foreign_key() -> None:
    people = [doctor(team=Team(name="manager")), doctor(team=Team(name="cleaners")), doctor()]
    assert asked('"team.name"', *people) == [200, 403, 403]


def test_any_of_many() -> None:
    cleaner, manager = Duty(name="cleaner"), Duty(name="manager")
    people = [doctor(duties=[cleaner, manager]), doctor(duties=[cleaner]), doctor()]
    assert asked('"duties.name"', *people) == [200, 403, 403]


def test_permissions_behind_roles() -> None:
    may, look = Permission(code="may-cancel"), Permission(code="look")
    front, other = Duty(name="front", permissions=[look, may]), Duty(name="other", permissions=[look])
    people = [doctor(duties=[other, front]), doctor(duties=[other]), doctor(duties=[Duty(name="bare")])]
    assert asked('"duties.permissions.code"', *people, roles={"may-cancel": ["cancel"]}) == [200, 403, 403]


def test_many_roles_are_read_once_for_a_whole_diary() -> None:
    with login_host(DOCTOR + '"duties.name"') as host:
        host.add(doctor(id=1, duties=[Duty(name="manager"), Duty(name="cleaner")]))
        for _ in range(5):
            host.visit()
        seen: list[str] = []
        event.listen(host.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
        assert host.browser(user_id=1).get("/diary").status_code == 200
        assert sum("duty" in sql for sql in seen) == 1


def test_flags() -> None:
    role = '{flags = {is_admin = "manager", is_desk = "desk"}}'
    people = [doctor(is_admin=True), doctor(post="desk"), doctor()]
    assert asked(role, *people, roles={"manager": ["*"], "desk": ["cancel"]}) == [200, 200, 403]


def test_all_flags_that_are_true_count() -> None:
    with login_host(DOCTOR + '{flags = {is_admin = "manager", is_desk = "desk"}}') as host, host.app.app_context():
        state = host.app.extensions["cancellations"]
        assert state.host.user(doctor(id=1, is_admin=True, post="desk")).roles == ("manager", "desk")


def test_a_text_is_no_flag() -> None:
    """The property says "false", and Python takes any text for true."""
    assert asked('{flags = {is_odd = "manager"}}', doctor()) == [403]


def test_by_login_table() -> None:
    toml = """
identity = [{session = "doctor_id", model = "Doctor"}, {session = "admin_id", model = "Admin"}]
name = ["dname", "aname"]
role = {models = {Doctor = "therapist", Admin = "manager"}}
staff = "id"
"""
    with login_host(toml) as host:
        host.add(doctor(id=1), Admin(id=1, aname="Ana"))
        mine, other = host.visit(doctor_id=1), host.visit()
        assert cancel(host.browser(doctor_id=1), mine).status_code == 201
        assert cancel(host.browser(doctor_id=1), other, sent="two").status_code == 404
        assert cancel(host.browser(admin_id=1), other).status_code == 201


def test_by_class_or_discriminator_in_one_tree_of_tables() -> None:
    """Joined inheritance: one login table with a discriminator, whose subclasses share its keys."""
    for role in ('"kind"', '{models = {Chief = "chief", Worker = "worker"}}', '"grade"'):
        toml = f'identity = {{session = "user_id"}}\nmodel = "Worker"\nname = "wname"\nrole = {role}'
        roles = {"chief": ["cancel"], "top": ["cancel"]}
        with login_host(toml, CANCELLATIONS_ROLES=roles) as host:
            host.add(Worker(id=1, wname="A"), Nurse(id=2, wname="B"), Chief(id=3, wname="C"))
            codes = [host.browser(user_id=number).get(f"{ROOT}/").status_code for number in (1, 2, 3)]
            assert codes == [403, 403, 200]
            with host.app.app_context():
                chief = host.session.get(Worker, 3)
                assert host.app.extensions["cancellations"].host.user(chief).key == "3"  # one table of logins


def test_by_a_function() -> None:
    with login_host(DOCTOR + '"tests.login_host:role_of"') as host:
        host.add(Doctor(id=1, dname="Boss Ana"), Doctor(id=2, dname="Ana"))
        codes = [host.browser(user_id=number).get(f"{ROOT}/").status_code for number in (1, 2)]
        assert codes == [200, 403]


def test_roles_that_nobody_gave_rights_grant_nothing() -> None:
    people = [doctor(post=post) for post in ("*", "cancel", "manager,", "__class__")]
    assert asked('"post"', *people) == [403] * 4


@pytest.mark.parametrize(
    ("role", "fault"),
    [
        ('"pots"', "user.role: found 'pots', expected an attribute of Doctor. Did you mean 'post'?"),
        ('"team"', "user.role: found 'team', a relation to Team, expected an attribute with a value"),
        ('"duties"', "user.role: found 'duties', a relation to Duty, expected an attribute with a value"),
        ('"duties.nam"', "user.role: found 'nam', expected an attribute of Duty. Did you mean 'name'?"),
        ('"post.name"', "user.role: found 'post', which is no relation, expected a relation of Doctor"),
        ('{flags = {is_admn = "manager"}}', "user.role.flags: found 'is_admn', expected an attribute of Doctor"),
        ('{flags = {post = "manager"}}', "user.role.flags: found 'post' of type String, expected a column of type"),
        ('{flags = {}}', "user.role.flags: found a table, expected at least one role"),
        ('{flags = {is_admin = true}}', "user.role.flags.is_admin: found true, expected a text"),
        ('{flag = {is_admin = "manager"}}', "user.role.flag: found an unknown key"),
        ('{models = {Docter = "x"}}', "user.role.models.Docter: found 'Docter', expected one of the host's models"),
        ('{models = {"a b" = "x"}}', "user.role.models.a b: found 'a b', expected a model"),
        ('"tests.login_host:rol_of"', "'tests.login_host:rol_of', expected a name in tests.login_host. Did you mean"),
        ('"tests.login_host:NOT_A_FUNCTION"', "'tests.login_host:NOT_A_FUNCTION', which cannot be called"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_key(role: str, fault: str) -> None:
    with pytest.raises(ConfigError) as refused, login_host(DOCTOR + role):
        pass
    assert fault in str(refused.value)


def test_both_kinds_of_slips_in_one_report() -> None:
    with (
        pytest.raises(ConfigError) as refused,
        login_host('model = "Doctor"\nname = "nam"\nrole = {flags = {is_admn = "a", is_dsk = "b"}}'),
    ):
        pass
    assert len(refused.value.faults) == 3
