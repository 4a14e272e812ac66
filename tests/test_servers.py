"""The tests' own servers: what a test may rely on."""

from __future__ import annotations

import os
import select
import shutil
import signal
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from .servers import PostgreSQLServer


def test_each_test_gets_an_empty_database_that_keeps_what_it_writes(database_url, database_name):
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == []
        connection.execute(sa.text("CREATE TABLE kept (id INTEGER PRIMARY KEY)"))
        connection.execute(sa.text("INSERT INTO kept VALUES (1)"))
    engine.dispose()
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT id FROM kept")).scalars().all() == [1]
    engine.dispose()
    assert {"mysql": "mariadb"}.get(engine.dialect.name, engine.dialect.name) == database_name


@pytest.mark.parametrize("server", ["postgresql_server", "mariadb_server"])
def test_a_dropped_database_is_gone(server, request):
    running = request.getfixturevalue(server)
    with running.database() as url:
        engine = sa.create_engine(url)
        engine.connect().close()
        engine.dispose()
    with pytest.raises(sa.exc.OperationalError, match=str(sa.make_url(url).database)):
        sa.create_engine(url).connect()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for a foreign process needs Linux")
def test_a_killed_test_run_leaves_no_server_behind(tmp_path):
    script = (
        "import sys; from tests.servers import PostgreSQLServer\n"
        "server = PostgreSQLServer(); server.start(); print(server.folder, flush=True); sys.stdin.read()"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdin is not None
    assert run.stdout is not None
    folder = Path(run.stdout.readline().strip())
    server = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    try:
        os.kill(server, 0)
        run.send_signal(signal.SIGKILL)
        run.wait()
        assert _ends(server, seconds=20), "PostgreSQL outlived the test run that started it"
    finally:
        run.stdin.close()
        run.stdout.close()
        shutil.rmtree(folder)


def _ends(pid: int, seconds: float) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def test_a_server_that_cannot_start_says_why():
    server = PostgreSQLServer()
    server.data.mkdir()
    (server.data / "occupied").touch()
    with pytest.raises(RuntimeError, match=r"exists but is not empty|Permission denied"):
        server.start()
    assert not server.folder.exists()


def test_the_catcher_keeps_what_it_takes_and_refuses_what_it_is_told_to(smtp_catcher):
    smtp_catcher.replies.append("451 try later")
    with smtplib.SMTP("127.0.0.1", smtp_catcher.port) as client:
        with pytest.raises(smtplib.SMTPDataError, match="try later"):
            client.sendmail("clinic@example.test", "ana@example.test", "Subject: first\n\nlost")
        client.sendmail("clinic@example.test", "ana@example.test", "Subject: second\n\nkept")
    assert [mail.message["Subject"] for mail in smtp_catcher.mails] == ["second"]
    assert smtp_catcher.mails[0].recipients == ["ana@example.test"]


def test_two_pages_are_two_people(new_page):
    ana, boris = new_page(locale="bg-BG"), new_page(java_script_enabled=False)
    for page in (ana, boris):
        page.set_content("<h1>Час</h1><script>document.querySelector('h1').textContent = 'changed'</script>")
    assert ana.locator("h1").text_content() == "changed"
    assert boris.locator("h1").text_content() == "Час"
    assert ana.evaluate("navigator.language") == "bg-BG"
