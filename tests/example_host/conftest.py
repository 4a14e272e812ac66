"""The example clinic on a seeded database of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from .clinic_client import HOST, module, sign_in
from .served import ServedClinic, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from playwright.sync_api import Page


@pytest.fixture(autouse=True)
def host_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HOST))
    for name in [name for name in sys.modules if name == "clinic" or name.startswith("clinic.")]:
        monkeypatch.delitem(sys.modules, name)  # each test gets fresh extensions, as a new process does


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    apps: list[Flask] = []

    def make(**config: Any) -> Flask:
        app: Flask = module("clinic").create_app({"WTF_CSRF_ENABLED": False, **config}, instance=str(tmp_path))
        apps.append(app)
        return app

    yield make
    for app in apps:
        with app.app_context():
            module("clinic.extensions").db.engine.dispose()


@pytest.fixture(scope="session")
def seeded_instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the clinic was made by its own commands."""
    folder = tmp_path_factory.mktemp("clinic")
    for command in (["seed"], ["cancellations", "sync"]):
        subprocess.run(
            [sys.executable, "-m", "flask", "--app", "clinic", *command],
            cwd=HOST,
            env={**os.environ, "CLINIC_INSTANCE": str(folder)},
            check=True,
        )
    return folder


@pytest.fixture
def app(seeded_instance: Path, tmp_path: Path, make_app: Callable[..., Flask]) -> Flask:
    """The seeded clinic."""
    shutil.copytree(seeded_instance, tmp_path, dirs_exist_ok=True)
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def reception(client: FlaskClient) -> FlaskClient:
    answer = sign_in(client)
    assert answer.status_code == 303
    return client


@pytest.fixture(scope="package")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedClinic]:
    """The clinic as `serve.py` serves it, one for all tests that ask for it; each picks visits of its own."""
    with served(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture
def browser(clinic: ServedClinic, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a page of the served clinic for somebody new: `browser(java_script_enabled=False)`."""

    def open_page(**options: object) -> Page:
        return new_page(**{"base_url": clinic.address, "locale": "en-GB", **options})

    return open_page
