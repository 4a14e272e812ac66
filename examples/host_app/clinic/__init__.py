"""Linden Physiotherapy: the example host of flask_cancellations.

A small clinic with its own models, login, layout, languages and online booking. It knows a few things about
flask_cancellations: ``init_app``, the settings in ``clinic.toml``, the links in its diary, the calls in its
online booking, and the terms in its confirmations.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, redirect, url_for
from werkzeug.wrappers import Response

from . import auth, booking, catcher, demo_clock, demo_store, diary, display, errors, language, salon, seed
from .extensions import cancellations, csrf, db, listen_to_sqlite, login_manager
from .secret import secret_key

HERE = Path(__file__).resolve().parent


def create_app(config: Mapping[str, Any] | None = None, *, instance: str | None = None) -> Flask:
    """Build the clinic.

    :param config: settings that win over ``clinic.toml`` and the environment (tests use it).
    :param instance: folder of the database and the demo's own file; ``CLINIC_INSTANCE`` or ``instance/`` beside
        the package otherwise.
    """
    folder = Path(instance or os.environ.get("CLINIC_INSTANCE") or HERE.parent / "instance").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    app = Flask(__name__, instance_path=str(folder))
    app.config.from_file(str(HERE.parent / "clinic.toml"), load=tomllib.load, text=False)
    app.config.from_prefixed_env()
    app.config.update(config or {})
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or secret_key(folder)

    db.init_app(app)
    listen_to_sqlite(app)
    login_manager.init_app(app)
    csrf.init_app(app)
    language.init_app(app)
    cancellations.init_app(app, db=db)

    app.register_blueprint(auth.blueprint)
    app.register_blueprint(diary.blueprint)
    app.register_blueprint(booking.blueprint)
    app.register_blueprint(language.blueprint)
    if app.config["DEMO_CLOCK"] or app.config["DEMO_CATCHER"]:
        demo_store.prepare(folder)
    if app.config["DEMO_CLOCK"]:
        app.register_blueprint(demo_clock.blueprint)
    if app.config["DEMO_CATCHER"]:
        csrf.exempt(catcher.receive_sms)
        app.register_blueprint(catcher.blueprint)
    app.cli.add_command(seed.seed_command)
    app.cli.add_command(salon.salon_commands)
    display.init_app(app)
    errors.init_app(app)
    app.jinja_env.globals.update(clinic_now=demo_clock.local_now)

    @app.get("/")
    def home() -> Response:
        return redirect(url_for("diary.day"))

    return app
