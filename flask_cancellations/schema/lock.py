"""Lets one upgrade at a time near a database: the second waits, and then finds nothing left to do.

Waiting ends after a minute, whether for another upgrade or for somebody's long transaction: a change of a table that
waits would hold up everybody behind it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from flask_cancellations.errors import UpgradeFailed

WAIT_SECONDS = 60
NAME = "flask_cancellations.upgrade"
# A number for PostgreSQL that no other software is likely to use.
NUMBER = int.from_bytes(hashlib.sha256(NAME.encode()).digest()[:8], "big", signed=True)


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that no other upgrade shares; committed at the end.

    MariaDB and MySQL commit each change of a table by themselves. Raises UpgradeFailed if it is not our turn in time.
    """
    ways = {"sqlite": _sqlite, "postgresql": _postgresql}
    with ways.get(engine.dialect.name, _mysql)(engine) as connection:
        yield connection


@contextmanager
def _sqlite(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection, connection.begin():
        run = connection.exec_driver_sql
        # Some hosts let the driver or an event begin a transaction; the settings below hold only outside of one.
        _end(connection)
        before = {name: run(f"PRAGMA {name}").scalar_one() for name in ("busy_timeout", "foreign_keys")}
        run(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")
        # A table that is copied is dropped in between, which would count as deleting its rows.
        run("PRAGMA foreign_keys = OFF")
        try:
            run("BEGIN IMMEDIATE")
            yield connection
            run("COMMIT")
        finally:
            _end(connection)
            for name, value in before.items():
                run(f"PRAGMA {name} = {value}")


def _end(connection: Connection) -> None:
    """Give up the transaction of SQLite's own, if one is open."""
    driver = connection.connection.dbapi_connection
    if driver is not None and driver.in_transaction:
        connection.exec_driver_sql("ROLLBACK")


@contextmanager
def _postgresql(engine: Engine) -> Iterator[Connection]:
    # Under a stricter isolation the catalogue would be seen as it was before the wait.
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection, connection.begin():
        connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": NUMBER})
        yield connection


@contextmanager
def _mysql(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.detach()  # its settings and its lock end with it, and never reach the host's pool
        with connection.begin():
            connection.execute(text(f"SET SESSION lock_wait_timeout = {WAIT_SECONDS}"))
            # The lock is the server's, not the database's; its name may have 64 characters.
            database = connection.scalar(text("SELECT DATABASE()"))
            name = hashlib.sha256(f"{NAME} {database}".encode()).hexdigest()
            if (
                connection.scalar(text("SELECT GET_LOCK(:name, :seconds)"), {"name": name, "seconds": WAIT_SECONDS})
                != 1
            ):
                raise UpgradeFailed(f"Another upgrade of this database was still running after {WAIT_SECONDS} seconds.")
            yield connection
