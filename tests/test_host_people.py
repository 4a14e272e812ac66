"""The signed-in person: key, roles and own staff record, from whatever the host signs in with."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from flask import Flask
from flask_login import LoginManager, current_user, login_user

from flask_cancellations.clock import Clock
from flask_cancellations.errors import ConfigError
from flask_cancellations.host import HostAdapter, resolve
from flask_cancellations.settings import load

from .host_shapes import CLINIC, VET, Level, Login, Member, Patient, Therapist, db
from .host_tools import NOW, ZONE, host_from, open_session, registry_of


@pytest.fixture
def app():
    app = Flask(__name__)
    app.secret_key = "a test"
    return app


def nobody(token):
    """The user loader of a host whose sessions have all ended."""


def member(**values):
    return Member(**{"number": 41, "full_name": "Mia Desk", "role": "reception"} | values)


def test_the_key_is_the_primary_key_and_never_the_token_of_the_login(app):
    LoginManager(app).user_loader(nobody)
    with app.test_request_context():
        login_user(member(therapist_id=7))
        user = host_from(CLINIC).user(current_user)
    assert (user.key, user.name, user.roles, user.staff_key) == ("41", "Mia Desk", ("reception",), "7")


def test_a_person_without_role_name_or_staff_record_has_none():
    user = host_from(CLINIC).user(member(role=None, full_name=None))
    assert (user.key, user.name, user.roles, user.staff_key) == ("41", "41", (), None)


def test_the_own_staff_record_may_be_a_relation(database_url):
    with open_session(database_url, db.metadata) as session:
        session.add(member(therapist=Therapist(id=9, name="Who")))
        session.commit()
        host = host_from(CLINIC.replace('"therapist_id"', '"therapist"'))
        assert host.user(session.get(Member, 41)).staff_key == "9"


def test_an_enum_is_a_role_by_its_name_and_by_its_value():
    user = host_from(VET).user(Login(id=1, email="x@x.test", level=Level.DESK))
    assert user.roles == ("DESK", "reception")


@pytest.mark.parametrize(
    ("given", "roles"),
    [
        (None, ()),
        ("manager", ("manager",)),
        (["a", Level.BOSS, "a"], ("a", "BOSS", "manager")),
        ((), ()),
    ],
)
def test_a_function_may_tell_the_roles(given, roles):
    config: dict[str, Any] = tomllib.loads(CLINIC)
    config["CANCELLATIONS_HOST"]["user"]["role"] = lambda _: given
    settings = load({"CANCELLATIONS_TIMEZONE": "Europe/Sofia", "CANCELLATIONS_CURRENCY": "EUR", **config})
    host = resolve(settings, clock=Clock(ZONE, lambda: NOW), registries=[registry_of(db)])
    assert host.user(member()).roles == roles


def test_a_login_table_that_the_mapping_does_not_fit_is_a_fault_of_the_configuration():
    host = host_from(CLINIC)
    with pytest.raises(ConfigError) as refused:
        host.user(Patient(id=1))
    assert [fault.key for fault in refused.value.faults] == [
        "CANCELLATIONS_HOST.user.name",
        "CANCELLATIONS_HOST.user.role",
        "CANCELLATIONS_HOST.user.staff",
    ]


def test_a_login_that_is_no_row_is_a_fault_of_the_configuration():
    class Token:
        is_authenticated = True

    with pytest.raises(ConfigError, match="which is not mapped, expected a mapped row"):
        host_from(CLINIC).user(Token())


def test_nobody_is_signed_in(app):
    host: Any = host_from(CLINIC)
    with app.test_request_context():
        assert host.signed_in(None) is None  # a host without Flask-Login
    LoginManager(app).user_loader(nobody)
    with app.test_request_context():
        assert host.signed_in(None) is None


def test_outside_of_a_request_nobody_is_signed_in(app):
    LoginManager(app).user_loader(nobody)
    host: Any = host_from(CLINIC)
    with app.app_context():
        assert host.signed_in(None) is None


def test_the_person_is_given_and_not_a_proxy(app):
    LoginManager(app).user_loader(nobody)
    host: Any = host_from(CLINIC)
    person = member()
    with app.test_request_context():
        login_user(person)
        assert host.signed_in(None) is person


def test_the_adapter_leaves_permissions_to_the_configuration():
    user = host_from(CLINIC).user(member())
    assert HostAdapter().permission(user, "cancel", None) is None
