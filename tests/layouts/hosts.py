"""Four hosts with a menu, a diary and a catalogue of their own; what they know of us is configuration."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, render_template, request
from flask_babel import Babel, get_locale
from flask_bootstrap import Bootstrap5
from jinja2 import FileSystemLoader
from werkzeug.serving import make_server

from flask_cancellations.clock import HOUR
from flask_cancellations.jobs.money import issue_credits
from flask_cancellations.jobs.payments import Cashier
from flask_cancellations.jobs.summary import Summary
from flask_cancellations.models import Movement

from ..language_walk import DESK, ROLES
from ..site import ROOT, Site, at

FOLDER = Path(__file__).parent
STYLES = {"hostile.css": "hostile", "frame.css": "odd_block"}
# What a host says of its layout; nothing else of it is known to us.
LAYOUTS: dict[str, dict[str, Any]] = {
    "bootstrap": {"CANCELLATIONS_LAYOUT": "base.html"},
    "hostile": {"CANCELLATIONS_LAYOUT": "base.html"},
    "odd_block": {
        "CANCELLATIONS_LAYOUT": "shell/frame.html",
        "CANCELLATIONS_BLOCKS": {"content": "stage", "title": "page_title"},
    },
    "bare": {"CANCELLATIONS_LAYOUT": False},
}


@dataclass(frozen=True, slots=True)
class Served:
    """A running host: its address, and the paths of what is looked at by the name of each page."""

    base: str
    account: int
    pages: dict[str, str]


def add_words(app: Flask, folder: Path) -> None:
    """The host's Flask-Babel: its own texts in the browser's language; compiled into `folder`."""
    source = FOLDER / "translations" / "bg" / "LC_MESSAGES" / "messages.po"
    target = folder / "bg" / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as read, target.open("wb") as write:
        write_mo(write, read_po(read, locale="bg"))
    Babel(
        app,
        default_translation_directories=str(folder),
        locale_selector=lambda: request.accept_languages.best_match(["en", "bg", "he"]) or "en",
    )
    app.jinja_env.globals["get_locale"] = get_locale


def make_host(name: str, url: str, folder: Path) -> Site:
    """The host of this name with its own pages."""
    site = Site(
        url, CANCELLATIONS_ROLES=ROLES, CANCELLATIONS_SOURCE="pages", BOOTSTRAP_SERVE_LOCAL=True, **LAYOUTS[name]
    )
    app, clinic = site.clinic.app, site.clinic
    add_words(app, folder)
    app.jinja_loader = FileSystemLoader(FOLDER / name)
    if name == "bootstrap":
        Bootstrap5(app)

    @app.get("/diary")
    def diary() -> str:
        visits = clinic.db.session.scalars(clinic.db.select(clinic.Visit).order_by(clinic.Visit.id)).all()
        return render_template("diary.html", visits=visits)

    @app.get("/style/<name>")
    def style(name: str) -> tuple[str, dict[str, str]]:
        return (FOLDER / STYLES[name] / name).read_text(encoding="utf-8"), {"Content-Type": "text/css"}

    return site


def due_at_the_desk(site: Site, client: dict[str, str]) -> None:
    """A fee that is due and one that waits, a refund for the desk, and a credit with its note."""
    settings, nobody = site.clinic.state.settings, {**client, "email": None, "mobile": None}
    object.__setattr__(settings, "pending", HOUR)
    site.cancel(site.visit(at(16), client=nobody, deposit="40.00"), DESK, rest="refund")
    object.__setattr__(settings, "pending", 0)
    site.cancel(site.visit(at(17), client=nobody, deposit="0"), DESK)
    with site.clinic.app.app_context():
        state, stop, done = site.clinic.state, threading.Event(), Summary()
        with site.clinic.cancellations.transaction():
            state.store.update(Movement, not_before_us=state.clock.now())
        issue_credits(state, stop, done)
        Cashier(state).carry_out(stop, done)
    assert done.errors == 0


@contextmanager
def served(name: str, url: str, folder: Path, language: str) -> Iterator[Served]:
    """The host with a day's visits of clients who speak this language, while the block runs."""
    site = make_host(name, url, folder)
    client = {"language": language}
    near = site.visit(at(15), client=client, deposit="50.00")
    gone = site.visit(at(13), client=client, deposit="50.00")
    for hour, state in ((11, "booked"), (12, "missed"), (9, "done")):
        site.visit(
            at(hour), client={**client, "first_name": "Анастасия-Магдалена", "last_name": "Константинова"}, state=state
        )
    number = site.cancel(
        gone, DESK, fee="waive", waive_reason="First time", rest="credit", note="Fever since the morning"
    )
    due_at_the_desk(site, client)
    link = site.link(near)
    with site.clinic.app.app_context():
        account = site.clinic.account("manager", "Elena Desk").id
    server = make_server("127.0.0.1", 0, site.clinic.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    pages = {
        "day": f"{ROOT}/",
        "cancel": f"{ROOT}/cancel/{near}?reason=illness&fee=waive",
        "record": f"{ROOT}/cancellation/{number}?done=1",
        "history": f"{ROOT}/appointment/{gone}",
        "money": f"{ROOT}/money",
        "fee": f"{ROOT}/cancellation/{number + 1}",
        "paper": f"{ROOT}/credit-note/1",
        "link": link,
        "409": f"{ROOT}/cancel/{gone}",
        "404": f"{ROOT}/cancel/777",
        "policy": f"{ROOT}/policies/standard",
        "diary": "/diary",
    }
    try:
        yield Served(f"http://127.0.0.1:{server.port}", account, pages)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
