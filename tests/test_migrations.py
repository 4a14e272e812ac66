"""A host with Flask-Migrate gets our tables from its own migrations, and nothing is left to migrate afterwards."""

from __future__ import annotations

import logging.config
from pathlib import Path

import flask_migrate
import pytest
from flask_migrate import Migrate
from sqlalchemy import inspect

from flask_cancellations.models import Cancellation, tables

from .small_host import make_clinic


@pytest.mark.filterwarnings("ignore:.get_engine. is deprecated:DeprecationWarning")  # Flask-Migrate's template calls it
def test_flask_db_migrate_makes_our_tables_and_then_finds_nothing(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Flask-Migrate's env.py would switch off the loggers that are there, and with them those of later tests.
    monkeypatch.setattr(logging.config, "fileConfig", lambda *_, **__: None)
    clinic = make_clinic(database_url, create=False)
    Migrate(clinic.app, clinic.db, directory=str(tmp_path / "migrations"))
    with clinic.app.app_context():
        flask_migrate.init()
        flask_migrate.migrate(message="first")
        flask_migrate.upgrade()
        assert {table.name for table in tables()} <= set(inspect(clinic.db.engine).get_table_names())
        flask_migrate.migrate(message="second")
        assert len(list((tmp_path / "migrations" / "versions").glob("*.py"))) == 1
        clinic.cancel(clinic.visit())
        assert len(clinic.rows(Cancellation)) == 1
        clinic.db.session.remove()
        clinic.db.engine.dispose()
