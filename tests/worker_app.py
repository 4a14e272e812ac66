"""The app that the worker processes of `test_worker` run: `flask --app tests.worker_app cancellations worker`."""

from __future__ import annotations

import json
import os
from datetime import datetime

from flask import Flask

from .small_host import make_clinic


def create_app() -> Flask:
    """A clinic on the database, with the settings and at the time that the test put into the environment."""
    told = json.loads(os.environ["FCX_WORKER"])
    clinic = make_clinic(told["url"], create=False, **told["config"])
    clinic.clock.wall = datetime.fromisoformat(told["wall"])
    return clinic.app
