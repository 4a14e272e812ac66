"""What a host with Flask-Migrate or Alembic hands to its own migrations."""

from __future__ import annotations

from typing import Any

from flask_cancellations.models import tables


def include_object(_object: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    """Keep ``flask db migrate`` from dropping our tables while the plugin is switched off.

    For Alembic's option of this name: ``Migrate(app, db, include_object=include_object)``. While ``init_app`` is not
    called, the host's metadata lacks our tables, and a migration would drop what it finds of them in the database.
    Everything else is compared as ever: our tables in the metadata, and tables of the host with the same prefix.
    """
    is_unknown_table = type_ == "table" and reflected and compare_to is None
    return not (is_unknown_table and name in {table.name for table in tables()})
