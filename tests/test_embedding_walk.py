"""docs/embedding.md is executed as written: its walk in a new virtual environment, its examples in a small clinic."""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import flask
import pytest
from flask_login import login_user
from flask_migrate import Migrate

from flask_cancellations import Actor, Cancellations, HostAdapter, SlotTaken
from flask_cancellations.models import Acceptance, Cancellation
from flask_cancellations.rules.rights import RIGHTS

from .browsing import SentForm
from .conftest import lacks
from .small_host import NOW, Clinic, make_clinic
from .wheels import PROJECT, fill

TEXT = (PROJECT / "docs" / "embedding.md").read_text(encoding="utf-8")
SERVE = "flask --app clinic run\n"
ANSWER_S = 60


def blocks(language: str, section: str = "") -> list[str]:
    """The fenced blocks of a language, of the whole page or of the section with this heading."""
    text = TEXT.split(f"\n## {section}\n")[1].split("\n## ")[0] if section else TEXT
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


# --- the walk -----------------------------------------------------------------------------------------------------

WALK = "1. The first cancellation"


class Walk:
    """A developer at a terminal in an empty folder."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            # pip asks no registry: the wheels of this tree and of what is installed here are in a folder.
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "PIP_NO_COMPILE": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            # Another port, since 5000 may be taken: curl is led there behind the address as written.
            "FLASK_RUN_PORT": str(self.port),
            "CURL_HOME": str(folder),
        }
        (folder / ".curlrc").write_text(f'connect-to = "127.0.0.1:5000:127.0.0.1:{self.port}"\n', encoding="utf-8")

    def script(self, commands: str) -> list[str]:
        """A shell that is in the virtual environment, as one that typed the first block is."""
        entered = ". .venv/bin/activate\n" if (self.folder / ".venv").exists() else ""
        return ["bash", "-euo", "pipefail", "-c", entered + commands]

    def type(self, commands: str) -> str:
        """What the terminal shows after these commands."""
        done = subprocess.run(
            self.script(commands),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=ANSWER_S * 5,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    @contextmanager
    def serving(self, commands: str) -> Iterator[str]:
        """The server of these commands in a terminal of its own; its address."""
        with (self.folder / "server.log").open("w") as log:
            server = subprocess.Popen(
                self.script(commands),
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                self.wait(server)
                yield f"http://127.0.0.1:{self.port}"
            finally:
                os.killpg(server.pid, signal.SIGTERM)
                server.wait(ANSWER_S)

    def wait(self, server: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + ANSWER_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert server.poll() is None, (self.folder / "server.log").read_text()
                assert time.monotonic() < until, "the server does not answer"
                time.sleep(0.1)  # between two looks at a starting server, which has no event to wait for


class Reader:
    """Somebody with a browser that keeps cookies and runs no scripts."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.browser = build_opener(HTTPCookieProcessor(CookieJar()))

    def open(self, path: str, **fields: str) -> str:
        """A page by its path, or what follows a form that was sent."""
        data = urlencode(fields).encode() if fields else None
        request = Request(self.base + path, data, {"Sec-Fetch-Site": "same-origin"})  # noqa: S310  # our own server
        with self.browser.open(request, timeout=ANSWER_S) as answer:
            return str(answer.read().decode())


@pytest.fixture
def walk(tmp_path: Path) -> Walk:
    if shutil.which("curl") is None:
        lacks("curl")
    wheels, folder = tmp_path / "wheels", tmp_path / "clinic"
    wheels.mkdir()
    folder.mkdir()
    fill(wheels, "flask-cancellations")
    return Walk(folder, wheels)


def test_the_walk_leads_from_nothing_to_two_cancellations(walk: Walk) -> None:
    (app,) = (block for block in blocks("python", WALK) if block.startswith("# clinic.py"))
    (walk.folder / "clinic.py").write_text(app, encoding="utf-8")
    *before, serve, api = blocks("sh", WALK)
    assert serve == SERVE
    shown = [walk.type(commands) for commands in before]
    assert "Question:" in shown[1]
    assert "Passed: errors 0" in shown[-1]
    with walk.serving(serve) as base:
        reader = Reader(base)
        reader.open("/login", name="Anna")
        assert "Petrova: booked" in reader.open("/")
        form = SentForm(reader.open("/cancellations/cancel/1"))
        chosen = {**form.fields, "side": "client", "reason": "illness", "fee": "charge"}
        done = reader.open("/cancellations/cancel/1", **chosen)
        assert "The appointment is cancelled." in done
        assert "30.00" in done
        quote, cancelled = walk.type(api).splitlines()
        assert '"fee":"30.00"' in quote
        assert '"code":' not in cancelled
        assert '"appointment_key":"2"' in cancelled
        diary = reader.open("/")
    assert (diary.count("Petrova: cancelled"), diary.count("Petrova: booked")) == (3, 0)


def test_the_walk_is_a_dozen_lines_of_ones_own() -> None:
    typed = "\n".join(blocks("sh", WALK))
    written = [line for text in re.findall(r"<<'END'\n(.*?)^END$", typed, re.M | re.S) for line in text.splitlines()]
    answers = [line for line in typed.splitlines() if line.startswith("sed ")]
    assert len([line for line in written if line] + answers) <= 12


# --- the other examples -------------------------------------------------------------------------------------------


@pytest.fixture
def clinic(sqlite_url: str) -> Iterator[Clinic]:
    clinic = make_clinic(sqlite_url)
    with clinic.app.app_context():
        yield clinic


def test_every_example_can_be_read() -> None:
    for text in blocks("python"):
        ast.parse("async def example():\n" + textwrap.indent(text, "    "))  # some are parts of a function
    for text in blocks("toml"):
        assert tomllib.loads(text)


def test_plain_sqlalchemy_is_set_up_as_shown(clinic: Clinic) -> None:
    (text,) = (block for block in blocks("python", WALK) if "session=Session" in block)
    app = flask.Flask(__name__)
    app.config.update({key: value for key, value in clinic.app.config.items() if key.startswith("CANCELLATIONS_")})
    base = type("Base", (), {"metadata": type(clinic.db.metadata)()})
    exec(text, {"cancellations": Cancellations(), "app": app, "Session": clinic.db.session, "Base": base})  # noqa: S102
    assert "cancellations_claim" in base.metadata.tables  # type: ignore[attr-defined]  # made three lines above


def test_migrations_get_our_filter(clinic: Clinic) -> None:
    (text,) = blocks("python", "3. Make the tables")
    names: dict[str, Any] = {"Migrate": Migrate, "app": clinic.app, "db": clinic.db}
    exec(text, names)  # noqa: S102
    assert names["migrate"].alembic_ctx_kwargs["include_object"] is names["include_object"]


def test_a_diary_shows_the_links(clinic: Clinic) -> None:
    (text,) = blocks("jinja", "4. Show it")
    visit, account = clinic.visit(), clinic.account("manager")
    with clinic.app.test_request_context():
        login_user(account)
        shown = flask.render_template_string(text, visit=visit)
    assert f'<a href="/cancellations/cancel/{visit.id}" data-fcx-dialog>Cancel</a>' in shown
    assert f'<a href="/cancellations/appointment/{visit.id}">History</a>' in shown
    assert 'src="/cancellations/static/fcx.js"' in shown


def book(clinic: Clinic, visit: Any) -> tuple[list[Any], Any]:
    """Run the example of online booking for a visit that is not added yet; the busy times, and what it returns."""
    (text,) = blocks("python", "5. Let online booking know")
    names: dict[str, Any] = {
        "cancellations": clinic.cancellations,
        "SlotTaken": SlotTaken,
        "db": clinic.db,
        "request": flask.request,
        "render_template": lambda _, message: message,
        "busy": [],
        "day_start": NOW,
        "day_end": NOW + timedelta(hours=12),
        "visit": visit,
        "therapist": visit.therapist,
        "start": visit.begins_at,
        "end": visit.begins_at + timedelta(hours=1),
    }
    exec("def example():\n" + textwrap.indent(text, "    "), names)  # noqa: S102
    with clinic.app.test_request_context():
        return names["busy"], names["example"]()


def test_online_booking_asks_and_claims(clinic: Clinic) -> None:
    ill = clinic.visit()
    start, therapist = ill.begins_at, ill.therapist
    clinic.cancel(ill, reason="therapist_ill", fee="")

    def wish(at: Any) -> Any:
        return clinic.Visit(
            begins_at=at,
            therapist=therapist,
            patient=clinic.patient(),
            state="booked",
            created_at=NOW - timedelta(days=1),
        )

    with clinic.db.session.no_autoflush:
        busy, refused = book(clinic, wish(start))
    assert busy == [(start, start + timedelta(hours=1))]
    assert refused[1] == 409
    busy, booked = book(clinic, wish(start + timedelta(hours=2)))
    assert booked is None
    (accepted,) = clinic.rows(Acceptance)
    assert (accepted.channel, accepted.ip) == ("web", "")  # a server on a Unix socket tells no address


def test_the_services_are_called_as_shown(clinic: Clinic) -> None:
    (text,) = blocks("python", "Calling the services yourself")
    visits = [clinic.visit() for _ in range(17)]
    assert visits[-1].id == 17
    actor = Actor("staff", "1", "Anna Desk", "api", rights=frozenset(RIGHTS))
    exec(text, {"cancellations": clinic.cancellations, "actor": actor})  # noqa: S102
    (record,) = clinic.rows(Cancellation)
    assert (record.appointment_key, record.reason_code) == ("17", "illness")


def test_an_adapter_decides_a_permission_as_shown(clinic: Clinic) -> None:
    (text,) = (block for block in blocks("python", "What configuration cannot say") if "def permission" in block)
    names: dict[str, Any] = {"HostAdapter": HostAdapter, "g": flask.g}
    exec(text, names)  # noqa: S102
    user = clinic.state.host.user(clinic.account("desk"))
    adapter = names["ClinicAdapter"]()
    assert (adapter.permission(user, "waive", None), adapter.permission(user, "cancel", None)) == (True, None)
