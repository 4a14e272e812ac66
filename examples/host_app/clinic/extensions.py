"""The Flask extensions of the clinic, each made once and bound to the app in ``create_app``."""

from __future__ import annotations

from sqlite3 import Connection as SqliteConnection
from typing import Any

from flask import Flask
from flask_babel import Babel
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase

from flask_cancellations import Cancellations


class Base(DeclarativeBase):
    """Declarative base of the clinic's own tables."""


db = SQLAlchemy(model_class=Base)
login_manager = LoginManager()
csrf = CSRFProtect()
babel = Babel()
cancellations = Cancellations()


def listen_to_sqlite(app: Flask) -> None:
    """Let web and worker share a SQLite file: wait for the other's lock, read while it writes, keep foreign keys."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: SqliteConnection, _record: Any) -> None:
        for pragma in ("busy_timeout = 15000", "journal_mode = WAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
