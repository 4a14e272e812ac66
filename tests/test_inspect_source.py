"""What `flask cancellations inspect` reads from a host's source, and from the spelling of its values."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap
import tomllib

import pytest

from flask_cancellations.host.inspector import propose
from flask_cancellations.host.inspector.words import side_of, status_group

from .inspecting import HOST


def test_statuses_are_found_in_the_source_where_there_are_no_rows(tmp_path, monkeypatch):
    package = tmp_path / "smallclinic"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "models.py").write_text(
        textwrap.dedent(
            """
            from datetime import datetime
            from sqlalchemy import String
            from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

            class Base(DeclarativeBase):
                pass

            class Appointment(Base):
                __tablename__ = "appointment"
                id: Mapped[int] = mapped_column(primary_key=True)
                starts: Mapped[datetime]
                status: Mapped[str] = mapped_column(String(20))
                created_at: Mapped[datetime] = mapped_column(default=datetime.now)
            """
        )
    )
    (package / "views.py").write_text(
        textwrap.dedent(
            """
            from smallclinic.models import Appointment

            def book():
                return Appointment(status="Vereinbart", starts=None)

            def cancel(appointment):
                if appointment.status not in ("Bestätigt", "geplant"):
                    raise ValueError
                appointment.status = "Abgesagt"

            def close(query):
                return query.filter(Appointment.status.in_(["erledigt"]))
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    models = importlib.import_module("smallclinic.models")
    importlib.import_module("smallclinic.views")
    proposal = propose(registries=[models.Base.registry])
    assert proposal.tables[f"{HOST}.appointment"]["status"].value == {
        "attribute": "status",
        "open": ["Bestätigt", "geplant"],
        "cancelled": ["Abgesagt"],
        "done": ["erledigt"],
    }
    assert proposal.tables[f"{HOST}.appointment"]["booked_at"].value["zone"] == "local"


def test_plain_sqlalchemy_needs_no_setting_up_either(tmp_path):
    """In a process of its own, as all models that are loaded count."""
    app = tmp_path / "plainapp.py"
    app.write_text(
        textwrap.dedent(
            """
            from datetime import datetime
            from flask import Flask
            from flask.cli import ScriptInfo
            from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

            class Base(DeclarativeBase):
                pass

            class Booking(Base):
                __tablename__ = "booking"
                id: Mapped[int] = mapped_column(primary_key=True)
                starts_at: Mapped[datetime]
                client_name: Mapped[str]
                is_active: Mapped[bool]

            if __name__ == "__main__":
                from flask_cancellations.cli import cli
                cli.main(["inspect"], obj=ScriptInfo(create_app=lambda: Flask("plainapp")))
            """
        )
    )
    done = subprocess.run(
        [sys.executable, str(app)], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert tomllib.loads(done.stdout)[HOST]["appointment"] == {
        "model": "Booking",
        "start": "starts_at",
        "end": {"minutes": 60},
        "client": {"name": "client_name"},
        "status": {"attribute": "is_active", "open": [True], "cancelled": [False]},
    }


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("cancelled", "cancelled"),
        ("Cancelled", "cancelled"),
        ("CANCELLED", "cancelled"),
        ("canceled", "cancelled"),
        ("Cancelado", "cancelled"),
        ("cancelada", "cancelled"),
        ("annule", "cancelled"),
        ("Annulé", "cancelled"),
        ("ملغي", "cancelled"),
        ("отменен", "cancelled"),
        ("storniert", "cancelled"),
        ("CancelledByPatient", "cancelled"),
        ("cancelled_by_doctor", "cancelled"),
        ("CANCELLATION_REQUESTED", "open"),
        ("rescheduled", "open"),
        ("checked-in", "open"),
        ("in_progress", "open"),
        ("En attente", "open"),
        ("no-show", "no_show"),
        ("NoShow", "no_show"),
        ("missed", "no_show"),
        ("Completed", "done"),
        ("terminé", "done"),
        ("checked out", "done"),
        ("gone fishing", None),
        ("", None),
    ],
)
def test_statuses_are_grouped_by_their_spelling(text, group):
    assert status_group(text) == group


def test_a_status_may_say_whose_doing_it_was():
    assert [side_of(text) for text in ("CancelledByPatient", "cancelled_by_doctor", "by us", "cancelled")] == [
        "client",
        "clinic",
        "clinic",
        None,
    ]
