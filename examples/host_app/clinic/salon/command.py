"""The command ``flask salon import DIR``."""

from __future__ import annotations

import csv
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DatabaseError

from .loading import MINUTES, VISIT_TIME
from .reading import CANCELLATION_COLUMNS, SalonData, SalonError, read
from .replay import CANCEL_TIME, CURRENCY, FIXED_FEE, Replay, replay


@click.group("salon")
def salon_commands() -> None:
    """A real salon's data in this clinic."""


@salon_commands.command("import")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--database",
    type=click.Path(dir_okay=False, path_type=Path),
    help="SQLite file of the replay without fees; salon.sqlite3 in the instance folder by default. "
    "The replay with fees and the refused rows go beside it.",
)
@with_appcontext
def import_command(folder: Path, database: Path | None) -> None:
    """Load the salon's files from DIR and replay their cancellations.

    Safe to repeat: it adds only what is not there yet, and prints the totals of the data each time.
    """
    plain = (database or Path(current_app.instance_path) / "salon.sqlite3").resolve()
    priced = plain.with_stem(f"{plain.stem}-with-fee")
    refused = plain.with_name(f"{plain.stem}-refused.csv")
    try:
        data = read(folder)
        click.echo(
            f"read: {len(data.bookings)} bookings, {len(data.no_shows)} no-shows, "
            f"{len(data.cancellations)} cancellations, {len(data.services)} services"
        )
        plain.parent.mkdir(parents=True, exist_ok=True)
        result = replay(data, plain, {}, "Cancellations, no policy proven")
        charged = replay(data, priced, FIXED_FEE, "Cancellations, with a fixed fee")
        _write_refused(refused, data, result)
    except SalonError as error:
        raise click.ClickException(str(error)) from error
    except DatabaseError as error:
        raise click.ClickException(f"{plain.parent}: the database refuses: {error.orig}") from error
    except OSError as error:
        raise click.ClickException(str(error)) from error
    _tell(data, result, charged, plain, priced, refused)


def _write_refused(path: Path, data: SalonData, result: Replay) -> None:
    """The refused rows as the file has them, each with its reason and the line that it repeats."""
    first: dict[object, int] = {}
    for row in data.cancellations:
        first.setdefault(row.key, row.line)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Line", *CANCELLATION_COLUMNS, "Code of refusal", "Reason", "Repeats line"])
        for row, code, reason in sorted(result.refused, key=lambda refused: refused[0].line):
            repeats = first[row.key] if first[row.key] != row.line else ""
            writer.writerow([row.line, *row.cells, code, reason, repeats])


def _tell(data: SalonData, result: Replay, charged: Replay, plain: Path, priced: Path, refused: Path) -> None:
    read_rows = len(data.cancellations)
    if result.known == charged.known == read_rows:
        click.echo("nothing was added: all rows are there from an earlier run, and count below as they did then")
    elif result.known or charged.known:
        click.echo(f"there from an earlier run: {result.known} rows, {charged.known} in the replay with fees")
    blank = sum(row.days_blank for row in data.cancellations)
    visits = len({row.key for row in data.cancellations})
    click.echo(
        f"assumed: {visits} cancelled visits at {VISIT_TIME:%H:%M}, {read_rows} cancellations at "
        f"{CANCEL_TIME:%H:%M}, {MINUTES} minutes for each visit; {blank} blank Days computed from the dates"
    )
    click.echo(f"database: {plain}")
    click.echo(f"database with fees: {priced} ({len(charged.imported)} imported, {len(charged.refused)} refused)")
    click.echo(f"refused rows: {refused}")
    click.echo(
        f"fees: {charged.assessed:.2f} {CURRENCY} assessed, {charged.charged:.2f} {CURRENCY} charged, "
        f"{charged.waived:.2f} {CURRENCY} waived"
    )
    click.echo(f"cancellations: {len(result.imported)} imported, {len(result.refused)} refused, {read_rows} read")
