"""``flask cancellations ...``: what a clinic's developer or operator runs.

The package's commands speak English, as its ConfigErrors do: their readers configure the app.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, ScriptInfo

from flask_cancellations.errors import ConfigError, UpgradeFailed
from flask_cancellations.host.inspector import models_of, propose
from flask_cancellations.jobs.sweep import sweep
from flask_cancellations.jobs.worker import run, run_once, stop_on_signals
from flask_cancellations.services import catalogue
from flask_cancellations.services.check import check as check_all
from flask_cancellations.services.elsewhere.passes import start_over
from flask_cancellations.services.transaction import transaction
from flask_cancellations.state import State, current_state

cli = AppGroup("cancellations", help="Cancellations: configuration, and what runs without a request.")


@contextmanager
def _faults_as_text() -> Iterator[None]:
    """A faulty configuration is a message and exit code 1, not a traceback."""
    try:
        yield
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


def _checked_state() -> State:
    """The state of the app, its second phase of checks done. Raises ConfigError."""
    state = current_state()
    state.validate()
    return state


@cli.command()
def validate() -> None:
    """Look up every model and attribute that the configuration names, and say what is wrong."""
    with _faults_as_text():
        _checked_state()
    click.echo("The configuration is fine.")


@cli.command()
@click.option("--check", is_flag=True, help="Change nothing; exit code 1 and a list if anything is missing.")
def upgrade(*, check: bool) -> None:
    """Bring our tables in the database to this version: add what is missing, and the triggers that guard the log.

    Nothing is changed or removed, and tables of the app are not looked at. It may run any number of times, also twice
    at once. Run it after each `flask db upgrade` too.
    """
    from flask_cancellations import schema  # loads Alembic, which a web process does not need

    store = current_state().store
    engine = store.engine
    try:
        if check:
            with engine.connect() as connection:
                found = schema.drift(connection, store.schema)
        else:
            found = schema.upgrade(engine, store.schema)
    except UpgradeFailed as error:
        for what in error.done:
            click.echo(f"added: {what}")
        raise click.ClickException(str(error)) from error
    for what in found.missing:
        click.echo(f"{'missing' if check else 'added'}: {what}")
    for what in found.left_alone:
        click.echo(f"left alone: {what}")
    if not found.missing:
        click.echo("Nothing to do: the tables are those of this version.")
    elif check:
        raise click.ClickException("The tables are behind this version. Run `flask cancellations upgrade`.")


@cli.command()
@click.option(
    "--import", "first", is_flag=True, help="With CANCELLATIONS_SOURCE = 'pages': fill an empty database, once."
)
def sync(*, first: bool) -> None:
    """Bring changes of reasons and policies from the configuration into the database.

    Where they are changed on the pages (CANCELLATIONS_SOURCE = "pages") nothing is overwritten.
    """
    state, faults = _state(), []
    _check_source(state, first=first)
    with _faults_as_text(), transaction(state):
        scopes = state.scopes()
    if not scopes:
        click.echo(
            "Nothing to do: no scope has appointments yet. Each is brought up to date by its first cancellation."
        )
    for scope in scopes:
        told = f"{scope}: " if state.scoped else ""
        try:
            with state.within(scope), transaction(state):
                report = catalogue.first_import(state) if first else catalogue.sync(state)
        except ConfigError as error:  # the other scopes are not to wait for this one
            faults.append(f"{told}{error}")
            continue
        if report is None:
            faults.append(
                f"{told}There are policies and reasons already, so nothing was imported. Change them on the pages."
            )
            continue
        for what in ("added", "changed", "archived", "removed"):
            for name in getattr(report, what):
                click.echo(f"{told}{what}: {name}")
        if report.nothing:
            click.echo(f"{told}Nothing to do: the database agrees with the configuration.")
    if faults:
        raise click.ClickException("\n".join(faults))


@cli.command()
@click.option("--once", is_flag=True, help="Do what is due now, then end; exit code 1 if a step failed.")
@click.option(
    "--poll",
    type=click.FloatRange(min=0.05),
    default=1.0,
    show_default=True,
    help="Seconds between two looks at the database.",
)
def worker(*, once: bool, poll: float) -> None:
    """Send messages and carry out refunds, charges and credit notes when they are due.

    Any number of workers may run. SIGTERM and Ctrl-C end one after the message that it is sending.
    """
    stop = threading.Event()
    with _faults_as_text(), stop_on_signals(stop):
        state = _checked_state()
        if not once:
            run(state, stop, poll)
            return
        summary = run_once(state, stop)
    click.echo(summary.text)
    if summary.errors:
        raise click.ClickException(f"{summary.errors} of the worker's steps broke off; the log says why.")


@cli.command("sweep")
@click.option("--accept", is_flag=True, help="Record what was held back because too much changed at once.")
@click.option("--baseline", is_flag=True, help="Record nothing: start over from what is there now.")
def sweep_by_hand(*, accept: bool, baseline: bool) -> None:
    """Look now for what was cancelled, restored, moved or deleted in the app's own pages, past us.

    The worker does it every CANCELLATIONS_SWEEP_EVERY. The first pass records nothing. Exit code 1 if another worker is
    at it, or if a pass found more changes than it believes.
    """
    troubles = []
    with _faults_as_text():
        state = _checked_state()
        for scope in state.scopes():
            told = f"{scope}: " if state.scoped else ""
            with state.within(scope):
                if baseline:
                    with transaction(state):
                        start_over(state)
                swept = sweep(state, threading.Event(), believe_all=accept)
            if swept is None:
                troubles.append(f"{told}Another worker is at it. Try again in a moment.")
                continue
            click.echo(told + swept.text)
            if swept.held_back:
                troubles.append(
                    f"{told}{swept.held_back} of {swept.known} appointments changed at once, so nothing was recorded. "
                    "Is the table filtered, swapped or brought back from a backup? If it is true, run this with "
                    "--accept; to start over from what is there now, with --baseline."
                )
            if swept.errors:
                troubles.append(f"{told}{swept.errors} appointments broke off; the log says why.")
    if troubles:
        raise click.ClickException("\n".join(troubles))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
def check(*, as_json: bool) -> None:
    """Prove the mapping against the database: what each field reads, a sample row (masked), and what is amiss.

    Exit code 0 if all is well but for warnings, 1 if there is an error. Writes nothing.
    """
    state = _state()
    report = check_all(state, current_app.jinja_env)
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        for line in report.lines():
            click.echo(line)
    if not report.passed:
        raise click.exceptions.Exit(1)


def _check_source(state: State, *, first: bool) -> None:
    """Refuse to overwrite what was entered on the pages, and to import where the configuration is the source."""
    if state.settings.source == "pages" and not first:
        raise click.ClickException(
            'Policies and reasons are changed on the pages here (CANCELLATIONS_SOURCE = "pages"), so nothing was '
            "overwritten. To fill an empty database with what is configured, run this with --import."
        )
    if state.settings.source == "config" and first:
        raise click.ClickException(
            '--import is for CANCELLATIONS_SOURCE = "pages". Here the configuration is the source: run this without it.'
        )


def _state() -> State:
    """The state of the app; where ``init_app`` was not called that is a message, not a traceback."""
    try:
        return current_state()
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error


@cli.command(with_appcontext=False)
@click.option(
    "--write",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the proposal to this new file.",
)
@click.option("--model", metavar="NAME", help="The model of an appointment, if the choice was wrong.")
@click.pass_context
def inspect(context: click.Context, *, file: Path | None, model: str | None) -> None:
    """Read the app's models and propose a configuration, each line with its confidence and evidence.

    Works before there is any: the package need not be set up on the app yet. The values of status and role are read
    from the app's database, if it can be reached. Nothing is changed.
    """
    if file is not None and file.exists():
        raise click.ClickException(f"{file} is there already; choose a new file.")
    try:
        app = context.ensure_object(ScriptInfo).load_app()
    except ConfigError as error:
        advice = "\nTo inspect the models without a configuration, take init_app out for a moment."
        raise click.ClickException(f"{error}{advice}") from error
    with app.app_context(), _faults_as_text():
        proposal = propose(
            **models_of(app),
            config=app.config,
            templates=app.jinja_env,
            model=model,
            flask_login=hasattr(app, "login_manager"),
        )
    if file is None:
        click.echo(proposal.toml(), nl=False)
        return
    file.write_text(proposal.toml(), encoding="utf-8")
    click.echo(f"Wrote {file}.")
    for line in proposal.notes():
        click.echo(line)
