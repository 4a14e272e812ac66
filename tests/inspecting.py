"""Hosts that know nothing of us yet, for the tests of `flask cancellations inspect`."""

from __future__ import annotations

import sys
import tomllib
from typing import Any

from flask import Flask
from flask.cli import ScriptInfo
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapper

from flask_cancellations import Cancellations
from flask_cancellations.cli import cli

HOST = "CANCELLATIONS_HOST"


def only_these_sources(monkeypatch, *names):
    """A host's source is its whole package; here that would be every test that was loaded before."""
    kept = {f"{__package__}.{name}" for name in names}
    for name in [name for name in sys.modules if name.startswith(f"{__package__}.") and name not in kept]:
        monkeypatch.delitem(sys.modules, name)


class Host:
    """An app with these models and rows that knows nothing of us."""

    def __init__(self, define, **config):
        class Base(DeclarativeBase):
            pass

        self.app = Flask(__name__)
        self.app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", SECRET_KEY="test", **config)
        self.db = SQLAlchemy(self.app, model_class=Base, disable_autonaming=True)
        self.models: list[type[Any]] = []  # nothing else keeps a class that a function has made

        def keep(mapper, model):
            self.models.append(model)

        event.listen(Mapper, "after_mapper_constructed", keep)
        rows = define(self.db.Model)
        event.remove(Mapper, "after_mapper_constructed", keep)
        with self.app.app_context():
            self.db.create_all()
            self.db.session.add_all(rows or [])
            self.db.session.commit()

    def inspect(self, *arguments):
        return self.app.test_cli_runner().invoke(cli, ["inspect", *arguments], obj=self.script)

    @property
    def script(self):
        return ScriptInfo(create_app=lambda: self.app)

    def proposal(self, *arguments):
        """What is proposed, as the configuration it will be, and the comments."""
        done = self.inspect(*arguments)
        assert done.exit_code == 0, done.output
        return tomllib.loads(done.output), done.output

    def check(self, config):
        """Set us up with this configuration and check."""
        self.app.config.update(config)
        Cancellations().init_app(self.app, db=self.db)
        with self.app.app_context():
            self.db.create_all()
        return self.app.test_cli_runner().invoke(args=["cancellations", "check"])


def notes(text, kind):
    return [line for line in text.splitlines() if line.startswith(f"# {kind}: ")]
