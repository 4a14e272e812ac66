"""The example clinic as tests use it: an app on a seeded database of its own, and the few things they ask of it."""

from __future__ import annotations

import importlib
import re
from datetime import date
from typing import TYPE_CHECKING, Any

from ..conftest import PROJECT

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

HOST = PROJECT / "examples" / "host_app"
THURSDAY = date(2026, 12, 3)
FREE_DAY = date(2026, 12, 21)  # after the seeded fortnight: nothing is booked yet


def module(name: str) -> Any:
    return importlib.import_module(name)


def sign_in(client: FlaskClient, email: str = "reception@linden.example", password: str = "", **more: str) -> Any:
    password = password or module("clinic.seed").PASSWORD
    return client.post("/login", data={"email": email, "password": password, **more})


def order(**changes: Any) -> dict[str, str]:
    return {
        "treatment": "4",
        "slot": f"{FREE_DAY}T10:15/2",
        "first_name": "Олга",
        "last_name": "Тестова",
        "email": "olga@example.com",
        "mobile": "088 000 1999",
        "language": "bg",
        "accept": "y",
        **changes,
    }


def visits(app: Flask, **where: Any) -> list[Any]:
    models, db = module("clinic.models"), module("clinic.extensions").db
    with app.app_context():
        return list(db.session.scalars(db.select(models.Visit).filter_by(**where)))


def offered(client: FlaskClient, day: date, treatment: int = 4, therapist: int | str = "") -> list[str]:
    page = client.get("/book", query_string={"treatment": treatment, "day": str(day), "therapist": therapist}).text
    return re.findall(r'name="slot" value="([^"]+)"', page)


def change_state(app: Flask, visit_id: int, state: str) -> None:
    db = module("clinic.extensions").db
    with app.app_context():
        db.session.get(module("clinic.models").Visit, visit_id).state = state
        db.session.commit()
