"""``flask cancellations ...``: what a clinic's developer or operator runs.

The package's commands speak English, as its ConfigErrors do: their readers configure the app.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup

from flask_cancellations.errors import ConfigError
from flask_cancellations.jobs.worker import run, run_once, stop_on_signals
from flask_cancellations.services import catalogue
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
    _ = state.host, state.adapter, state.clock.now()
    return state


@cli.command()
def validate() -> None:
    """Look up every model and attribute that the configuration names, and say what is wrong."""
    with _faults_as_text():
        _checked_state()
    click.echo("The configuration is fine.")


@cli.command()
def sync() -> None:
    """Bring changes of reasons and policies from the configuration into the database."""
    state = current_state()
    with _faults_as_text(), transaction(state):
        report = catalogue.sync(state)
    for what in ("added", "changed", "archived", "removed"):
        for name in getattr(report, what):
            click.echo(f"{what}: {name}")
    if report.nothing:
        click.echo("Nothing to do: the database agrees with the configuration.")


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
