"""The public face: what is exported, and that apps in one process do not disturb each other."""

from __future__ import annotations

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import inspect

import flask_cancellations
from flask_cancellations import Cancellations
from flask_cancellations.models import Cancellation

from .small_host import make_clinic


def close(db: SQLAlchemy) -> None:
    """Close what an app of a test's own making has opened."""
    db.session.remove()
    for engine in db.engines.values():
        engine.dispose()


def test_the_exported_names_are_these() -> None:
    assert sorted(flask_cancellations.__all__) == [
        "Actor",
        "AlreadyCancelled",
        "CancelCommand",
        "Cancellations",
        "CancellationsError",
        "Cancelled",
        "ChangedMeanwhile",
        "ConfigError",
        "Conflict",
        "CreditNoteFacts",
        "Deposit",
        "Fault",
        "Forbidden",
        "Gone",
        "HostAdapter",
        "HostFailed",
        "HostRefused",
        "InvalidInput",
        "NotFound",
        "NotOpen",
        "Payment",
        "PaymentRefused",
        "Refused",
        "RequestReused",
        "SlotTaken",
        "appointment_cancelled",
        "message_stopped",
    ]
    assert all(hasattr(flask_cancellations, name) for name in flask_cancellations.__all__)


def test_two_apps_in_one_process_do_not_disturb_each_other() -> None:
    one = make_clinic(CANCELLATIONS_BLUEPRINT_NAME="first", CANCELLATIONS_URL_PREFIX="/first")
    other = make_clinic(CANCELLATIONS_CURRENCY="JPY")
    with one.app.app_context():
        one.cancel(one.visit())
        assert [row.client_name for row in one.rows(Cancellation)] == ["Мария Петрова"]
        manager = one.account("manager")
        assert one.client(manager).get("/first/").status_code == 200
        assert one.client(manager).get("/cancellations/").status_code == 404
    with other.app.app_context():
        assert other.rows(Cancellation) == []
        assert other.state.settings.currency == "JPY"
        assert other.client(other.account("manager")).get("/cancellations/").status_code == 200


def test_one_extension_object_and_one_db_serve_two_apps() -> None:
    db = SQLAlchemy()
    cancellations = Cancellations()
    host = make_clinic(create=False)
    for prefix in ("/a", "/b"):
        app = Flask(__name__)
        app.config.update(host.app.config)
        app.config.update(CANCELLATIONS_URL_PREFIX=prefix, SQLALCHEMY_DATABASE_URI="sqlite://")
        db.init_app(app)
        cancellations.init_app(app, db=db)  # the second one finds our tables in the metadata already
        with app.app_context():
            db.create_all()
            assert app.extensions["cancellations"].settings.url_prefix == prefix
            close(db)
    assert vars(cancellations) == {}


def test_set_up_before_the_models_of_its_bind_we_leave_them_on_that_bind() -> None:
    """Hosts often define their models after the extensions, whatever the order of these."""
    db = SQLAlchemy()
    app = Flask(__name__)
    app.config.update(make_clinic(create=False).app.config)
    app.config.update(CANCELLATIONS_BIND="clinic", SQLALCHEMY_BINDS={"clinic": "sqlite://"})
    Cancellations().init_app(app, db=db)
    db.init_app(app)

    class Room(db.Model):  # type: ignore[name-defined,misc]
        __bind_key__ = "clinic"
        id = db.Column(db.Integer, primary_key=True)

    with app.app_context():
        db.create_all()
        assert inspect(db.engine).get_table_names() == []
        assert {"room", "cancellations_claim"} <= set(inspect(db.engines["clinic"]).get_table_names())
        db.session.add(Room())
        db.session.commit()
        assert db.session.get_one(Room, 1).id == 1
        close(db)
