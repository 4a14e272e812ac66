"""What `flask cancellations inspect` finds about roles, logins, owners, tenants, public ids, and a host's own code."""

from __future__ import annotations

import sys
import textwrap
from types import ModuleType

import pytest
from sqlalchemy import event

from . import inspected_people
from .inspecting import HOST, Host, notes, only_these_sources


@pytest.fixture(autouse=True)
def _other_tests_are_no_part_of_these_hosts(monkeypatch):
    only_these_sources(monkeypatch, "inspected_people")


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Write a module of the host's own, and load it."""

    def load(text):
        file = tmp_path / "views.py"
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        module = ModuleType(f"{__package__}.views_of_the_host")
        module.__file__ = str(file)
        exec(compile(file.read_text(encoding="utf-8"), file, "exec"), module.__dict__)  # noqa: S102 - text of this test
        monkeypatch.setitem(sys.modules, module.__name__, module)

    return load


def passes(host, config):
    done = host.check(config)
    assert done.exit_code == 0, done.output


def test_a_role_by_a_groups_name_is_preferred_to_the_name_of_a_job():
    host = Host(inspected_people.grouped_host)
    config, text = host.proposal()
    assert config[HOST]["user"] == {"model": "User", "name": "username", "role": "group.name"}
    assert config["CANCELLATIONS_ROLES"] == {"Receptionists": ["cancel"]}
    assert "sure: group.name String, over group" in text
    passes(host, config)


def test_a_client_who_may_be_missing_falls_back_to_the_columns_of_the_row():
    config, text = Host(inspected_people.grouped_host).proposal()
    assert config[HOST]["appointment"]["client"] == {
        "key": "customer",
        "name": {"first_of": [["customer.first_name", "customer.last_name"], "customer_name"]},
        "email": "customer.email",
        "phone": "customer_phone",
    }
    assert "client" not in config[HOST]
    assert "Are they needed?" not in text


def test_a_price_that_may_be_missing_falls_back_to_the_sum_over_the_lines():
    config, _ = Host(inspected_people.grouped_host).proposal()
    appointment = config[HOST]["appointment"]
    assert appointment["service"] == "lines.treatment"
    assert appointment["price"] == ["price", {"sum": "lines.price_cents", "unit": "minor"}]


def test_a_secret_is_no_public_id_and_neither_is_what_is_not_unique():
    config, _ = Host(inspected_people.grouped_host).proposal()
    assert "public_id" not in config[HOST]["appointment"]
    found, _ = Host(inspected_people.doored_host).proposal()
    assert found[HOST]["appointment"]["public_id"] == "public_id"


def test_the_login_of_a_clients_doctor_does_not_own_the_clients_appointments():
    config, _ = Host(inspected_people.grouped_host).proposal()
    assert "owner" not in config[HOST]["appointment"]
    found, _ = Host(inspected_people.wordless_host).proposal()
    assert found[HOST]["appointment"]["owner"] == "member.account_id"


def test_code_of_the_hosts_own_is_a_comment_and_never_put_in_force():
    config, text = Host(inspected_people.grouped_host).proposal()
    assert "cancel" not in config[HOST]["appointment"]
    (line,) = (line for line in text.splitlines() if line.startswith("# cancel = "))
    assert line.startswith('# cancel = {method = "cancel", arguments = ["reason", "actor", "note"]}')
    assert "The app has code of its own that cancels: cancel." in text
    assert "cancel_url" not in text
    assert "can_cancel" not in text


def test_an_argument_that_we_cannot_give_is_named_and_a_view_is_left_alone(source):
    source(
        """
        def cancel_visit(visit, reason: str, refund: bool):
            visit.session.commit()

        def cancel_membership(member: "Member"):
            ...

        def cancel_page(visit_id):
            ...
        """
    )
    _, text = Host(inspected_people.wordless_host).proposal()
    (line,) = (line for line in text.splitlines() if line.startswith("# cancel = "))
    assert '{function = "tests.views_of_the_host:cancel_visit", arguments = ["row", "reason"], commits = true}' in line
    assert line.endswith("which commits, and needs refund, which we cannot give")


def test_login_tables_without_a_role_are_roles_themselves():
    host = Host(inspected_people.doored_host)
    config, text = host.proposal()
    assert config[HOST]["user"] == {
        "model": ["Admin", "Doctor"],
        "name": ["login", "name"],
        "staff": "id",
        "role": {"models": {"Admin": "admin", "Doctor": "doctor"}},
        "scope": "practice_id",
    }
    assert config["CANCELLATIONS_ROLES"] == {"admin": ["*"], "doctor": ["cancel:own"]}
    assert "Several models can sign in: Admin, Doctor." in text
    assert "# identity" not in text  # Flask-Login knows
    passes(host, config)


def test_a_tenant_that_every_row_has_is_proposed_with_a_question():
    config, text = Host(inspected_people.doored_host).proposal()
    assert config[HOST]["appointment"]["scope"] == "practice_id"
    assert "appointments.practice_id Integer was taken for a tenant" in text


def test_a_tenant_that_people_may_lack_is_only_asked_about():
    config, text = Host(inspected_people.wordless_host).proposal()
    assert "scope" not in config[HOST]["appointment"]
    assert "scope" not in config[HOST]["user"]
    assert "visits.tenant_id Integer looks like a tenant" in text


def test_a_day_alone_is_a_start_with_a_question():
    config, text = Host(inspected_people.doored_host).proposal()
    assert config[HOST]["appointment"]["start"] == "day"
    assert "Does only the day of an appointment stand in the database (appointments.day Date)" in text


def test_properties_may_tell_the_role():
    host = Host(inspected_people.wordless_host)
    config, _ = host.proposal()
    assert config[HOST]["user"]["role"] == {"flags": {"is_manager": "manager"}}
    assert config["CANCELLATIONS_ROLES"] == {"manager": ["*"]}
    passes(host, config)


def test_without_flask_login_the_entry_of_the_session_is_a_comment_for_a_person_to_judge():
    config, text = Host(inspected_people.wordless_host).proposal()
    assert "identity" not in config[HOST]["user"]
    assert '# identity = {session = "user_id"}' in text
    (asked,) = (note for note in notes(text, "Question") if "Flask-Login" in note)
    assert "no entry of the session is named in the source" in asked
    assert "identity = 'package.module:name'" in asked


def test_entries_of_the_session_are_read_from_the_source(source):
    source(
        """
        import flask
        from flask import session as browser

        def login(account):
            browser["account_id"] = account.id
            browser.pop("cart", None)

        def current():
            return flask.session.get("language") if "seen" in browser else None
        """
    )
    _, text = Host(inspected_people.wordless_host).proposal()
    assert '# identity = {session = "account_id"}' in text
    for entry in ("account_id", "cart", "language", "seen"):
        assert f"session['{entry}']" in text


def test_a_word_of_the_source_that_no_row_has_is_asked_about_and_comes_last(source):
    source("def drop(bill):\n    bill.status = 'cancelled'\n\ndef pay(bill):\n    bill.status = 'booked'\n")
    config, text = Host(inspected_people.wordless_host).proposal()
    status = config[HOST]["appointment"]["status"]
    assert (status["open"], status["cancelled"]) == (["Open", "booked"], ["cancelled"])
    assert "No row of visits.status String is cancelled yet; 'cancelled' was found otherwise." in text


def test_a_host_whose_listener_refuses_to_be_read_is_inspected_all_the_same():
    host = Host(inspected_people.wordless_host)
    kind = host.db.session.session_factory.class_

    @event.listens_for(kind, "do_orm_execute")
    def refuse(execution):
        raise RuntimeError("no tenant is chosen")

    try:
        config, _ = host.proposal()
    finally:
        event.remove(kind, "do_orm_execute", refuse)
    assert config[HOST]["appointment"]["status"]["attribute"] == "status"
