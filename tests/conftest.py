"""Fixtures that every test may ask for: databases, a mail catcher, a browser, the real data.

Environment:

FCX_DATABASE  databases of the tests that ask for `database_url`, comma separated: sqlite, postgresql, mariadb
              (default: sqlite,postgresql).
FCX_REQUIRE   what must be there, comma separated: chromium, curl, mariadb, data. A test that lacks one then fails
              instead of being skipped; CI sets it.
FCX_ROUNDS    rounds of a race test (default 40).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from . import small_host
from .servers import DatabaseServer, MariaDBServer, PostgreSQLServer, SmtpCatcher, mariadb_binary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

PROJECT = Path(__file__).resolve().parent.parent
SHARED_DATA = PROJECT.parent / "shared" / "data"
DATABASES = ("sqlite", "postgresql", "mariadb")
REQUIRED = {name.strip() for name in os.environ.get("FCX_REQUIRE", "").split(",") if name.strip()}
ABSENT = {
    "chromium": "no Chromium on this machine (Debian: apt install chromium)",
    "curl": "no curl on this machine (Debian: apt install curl)",
    "mariadb": "no MariaDB on this machine (Debian: apt install mariadb-server)",
    "data": "no real data beside the project (../shared/data)",
}
BROWSER_TIMEOUT_MS = 15_000
# Without the background flags Chromium calls its maker at every start; a closed network punishes that.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def lacks(what: str) -> NoReturn:
    """Skip the running test because `what` (a key of ABSENT) is missing; fail it if FCX_REQUIRE names it."""
    if what in REQUIRED:
        pytest.fail(f"{ABSENT[what]}, and FCX_REQUIRE asks for it", pytrace=False)
    pytest.skip(ABSENT[what])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each thing that was missing, from the reports of all test processes."""
    reports = terminalreporter.stats.get("skipped", [])
    for what, reason in sorted(ABSENT.items()):
        if count := sum(reason in str(report.longrepr) for report in reports):
            terminalreporter.write_line(f"SKIPPED {count} for {what}: {reason}", yellow=True)


def _chosen_databases() -> list[str]:
    chosen = [name.strip() for name in os.environ.get("FCX_DATABASE", "sqlite,postgresql").split(",")]
    unknown = set(chosen) - set(DATABASES)
    if unknown:
        names = ", ".join(DATABASES)
        raise pytest.UsageError(f"FCX_DATABASE: {', '.join(sorted(unknown))} is none of {names}")
    return chosen


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_name" in metafunc.fixturenames:
        metafunc.parametrize("database_name", _chosen_databases(), scope="session", indirect=True)


@pytest.hookimpl(tryfirst=True)  # before -m selects by these marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "database_name" in names:
            item.add_marker("database")
        if "chromium" in names:
            item.add_marker("browser")
        # Where several processes share the work, a module's tests stay together, for the sake of its fixtures; those
        # that race stay together too, so that no two of them compete for the processors.
        racing = item.get_closest_marker("race") is not None
        item.add_marker(pytest.mark.xdist_group("race" if racing else item.nodeid.partition("::")[0]))


def _close(clinics: list[small_host.Clinic]) -> None:
    while clinics:
        clinics.pop().close()


@pytest.fixture(scope="session", autouse=True)
def _every_clinic_is_closed() -> Iterator[None]:
    """Those that outlive a test are closed at the end."""
    yield
    _close(small_host.MADE)


@pytest.fixture(autouse=True)
def _clinics_are_closed(_every_clinic_is_closed: None) -> Iterator[None]:
    """The clinics that a test made are closed with it; those of its module stay."""
    before = len(small_host.MADE)
    yield
    made = small_host.MADE[before:]
    del small_host.MADE[before:]
    _close(made)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[DatabaseServer]:
    """A running PostgreSQL; `with postgresql_server.database() as url` gives an empty database."""
    server = PostgreSQLServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _mariadb_if_any() -> Iterator[DatabaseServer | None]:
    if mariadb_binary() is None:
        yield None
        return
    server = MariaDBServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mariadb_server(_mariadb_if_any: DatabaseServer | None) -> DatabaseServer:
    """A running MariaDB, the same for the whole run; each test is skipped where the machine has none."""
    return _mariadb_if_any or lacks("mariadb")


@pytest.fixture
def postgresql_url(postgresql_server: DatabaseServer) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with postgresql_server.database() as url:
        yield url


@pytest.fixture
def mariadb_url(mariadb_server: DatabaseServer) -> Iterator[str]:
    """An empty MariaDB database."""
    with mariadb_server.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An empty SQLite database in a file, which several connections can share."""
    return f"sqlite:///{tmp_path / 'database.sqlite3'}"


@pytest.fixture(scope="session")
def database_name(request: pytest.FixtureRequest) -> str:
    """Which database this run of the test is about: sqlite, postgresql or mariadb."""
    return str(request.param)


@pytest.fixture
def database_url(database_name: str, request: pytest.FixtureRequest) -> str:
    """An empty database; the test runs once for each database of FCX_DATABASE."""
    return str(request.getfixturevalue(f"{database_name}_url"))


@pytest.fixture
def smtp_catcher() -> Iterator[SmtpCatcher]:
    """An SMTP server on loopback; `smtp_catcher.url` is its address, `.mails` what arrived."""
    with SmtpCatcher().serving() as catcher:
        yield catcher


@pytest.fixture(scope="session")
def _chromium_if_any() -> Iterator[Browser | None]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        yield None
        return
    # Imported late: it is slow, and most tests need no browser.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def chromium(_chromium_if_any: Browser | None) -> Browser:
    """Headless Chromium by Playwright, one for the whole run; its tests are skipped where there is none."""
    return _chromium_if_any or lacks("chromium")


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser profile of its own: `new_page(java_script_enabled=False, locale="bg-BG")`.

    Takes what Playwright's `Browser.new_context` takes. Two calls are two people: they share no cookies.
    """
    contexts = []

    def open_page(**options: object) -> Page:
        context = chromium.new_context(**options)  # type: ignore[arg-type]  # passed through as they are
        contexts.append(context)
        context.set_default_timeout(BROWSER_TIMEOUT_MS)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def rounds() -> int:
    """How many rounds a race test plays."""
    return int(os.environ.get("FCX_ROUNDS", "40"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the project; the test is skipped where it is absent."""
    return SHARED_DATA if SHARED_DATA.is_dir() else lacks("data")
