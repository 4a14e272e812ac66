"""What makes the example clinic a demo: its clock, its catcher of messages, its server."""

from __future__ import annotations

import json
import signal
import smtplib
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from werkzeug.serving import make_server

from .clinic_client import FREE_DAY, HOST, module
from .served import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient
    from playwright.sync_api import Page


PROC = Path("/proc")


class TestDemoClock:
    def now(self, app: Flask) -> datetime:
        with app.app_context():
            return module("clinic.demo_clock").now()  # type: ignore[no-any-return]  # loaded by name

    def test_starts_at_five_past_ten_on_wednesday(self, app: Flask) -> None:
        now = self.now(app)
        assert timedelta(0) <= now.replace(tzinfo=None) - datetime(2026, 12, 2, 10, 5) < timedelta(minutes=1)
        assert (now.weekday(), now.utcoffset()) == (2, timedelta(hours=2))

    def test_is_moved_for_every_process(self, app: Flask, client: FlaskClient, make_app: Callable[..., Flask]) -> None:
        worker = make_app()
        before = self.now(worker)
        client.post("/demo-clock", data={"step": "1h"})
        client.post("/demo-clock", data={"step": "15m"})
        assert timedelta(minutes=75) <= self.now(worker) - before < timedelta(minutes=76)
        assert "11:20" in client.get("/book").text
        client.post("/demo-clock", data={"step": "reset"})
        assert self.now(worker) - before < timedelta(minutes=1)

    def test_stands_still_while_nobody_serves_it(self, app: Flask) -> None:
        clock, store = module("clinic.demo_clock"), module("clinic.demo_store")
        with app.app_context():
            clock.set_to(clock.START.replace(tzinfo=clock.zone()) + timedelta(hours=3))
            clock.note_time()
            with store.connect() as connection:  # two days later
                connection.execute("UPDATE clock SET offset_us = offset_us + ?", (172_800_000_000,))
            clock.resume()
        assert f"{self.now(app):%d %H:%M}" == "02 13:05"

    def test_only_a_post_moves_it(self, client: FlaskClient) -> None:
        assert client.get("/demo-clock?step=1h").status_code == 405
        assert client.post("/demo-clock", data={"step": "1y"}).status_code == 400

    def test_outside_the_demo_it_is_the_real_time(self, make_app: Callable[..., Flask]) -> None:
        real = make_app(DEMO_CLOCK=False)
        assert abs(self.now(real) - datetime.now(UTC)) < timedelta(seconds=5)
        assert real.test_client().post("/demo-clock", data={"step": "1h"}).status_code == 404


class TestCatcher:
    def send_sms(self, client: FlaskClient, key: str = "m1", **body: Any) -> Any:
        message = {"id": key, "to": "+359 88 000 0012", "text": "Часът е отменен <b>", **body}
        return client.post("/catcher/sms", json=message, headers={"Idempotency-Key": key})

    def test_a_repeated_sms_is_stored_once(self, client: FlaskClient) -> None:
        assert self.send_sms(client).json == {"id": "m1", "delivered": True}
        assert self.send_sms(client).json == {"id": "m1", "delivered": False}
        self.send_sms(client, "m2", text="second")
        page = client.get("/catcher").text
        assert page.count("Часът е отменен &lt;b&gt;") == 1
        assert page.index("second") < page.index("Часът")

    def test_needs_no_form_token(self, make_app: Callable[..., Flask], app: Flask) -> None:
        assert self.send_sms(make_app(WTF_CSRF_ENABLED=True).test_client()).status_code == 200

    @pytest.mark.parametrize("body", [{"to": 5}, {"text": None}])
    def test_half_an_sms_is_refused(self, client: FlaskClient, body: dict[str, Any]) -> None:
        assert self.send_sms(client, **body).status_code == 422
        assert self.send_sms(client, key="").status_code == 422

    def test_an_email_is_shown_as_the_client_sees_it(self, app: Flask, client: FlaskClient) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "clinic@linden.example", "maria@example.com", "Часът е отменен"
        mail.set_content("Здравейте, вижте http://127.0.0.1:5000/book")
        mail.add_alternative("<h1>Здравейте</h1><script>alert(1)</script>", subtype="html")
        mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="отмяна.ics")
        port = free_port()
        server = module("clinic.catcher").start_smtp(app, port)
        try:
            with smtplib.SMTP("127.0.0.1", port) as smtp:
                smtp.send_message(mail)
        finally:
            server.stop()
        page = client.get("/catcher").text
        assert "Часът е отменен" in page
        assert "maria@example.com" in page
        assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
        shown = client.get("/catcher/mail/1")
        assert "<h1>Здравейте</h1>" in shown.text
        policy = shown.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-popups")
        assert "default-src 'none'" in policy
        assert "script" not in policy
        file = client.get("/catcher/mail/1/attachment/0")
        assert file.data.strip() == b"BEGIN:VCALENDAR"
        assert file.headers["Content-Disposition"].startswith("attachment")
        assert client.get("/catcher/mail/1/attachment/1").status_code == 404
        assert client.get("/catcher/mail/2").status_code == 404

    def test_is_not_there_outside_the_demo(self, make_app: Callable[..., Flask]) -> None:
        assert make_app(DEMO_CATCHER=False).test_client().get("/catcher").status_code == 404


class TestPages:
    @pytest.mark.parametrize("language", ["en", "bg"])
    @pytest.mark.parametrize("javascript", [True, False])
    def test_nothing_sticks_out_on_a_small_phone(
        self, app: Flask, new_page: Callable[..., Page], language: str, javascript: bool
    ) -> None:
        self_send = TestCatcher().send_sms(app.test_client(), text="https://clinic.example/" + "x" * 120)
        assert self_send.status_code == 200
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            page = new_page(viewport={"width": 360, "height": 740}, locale=language, java_script_enabled=javascript)
            base = f"http://127.0.0.1:{server.port}"
            page.goto(f"{base}/login")
            page.fill("#email", "reception@linden.example")
            page.fill("#password", module("clinic.seed").PASSWORD)
            page.click("main button")
            shown = ("/diary", "/book", f"/book?patient=7&treatment=1&day={FREE_DAY}", "/catcher", "/nowhere")
            for path in shown:
                page.goto(base + path)
                assert page.locator("html").get_attribute("lang") == language
                box = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
                assert box[0] <= box[1], path
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class TestServer:
    def test_serves_keeps_its_data_and_ends_its_worker(self, tmp_path: Path) -> None:
        port = free_port()
        command = [sys.executable, str(HOST / "serve.py"), "--port", str(port), "--instance", str(tmp_path)]
        base = f"http://127.0.0.1:{port}"

        def run(check: Callable[[], None], *more: str) -> None:
            log = tmp_path / "serve.log"
            with log.open("wb") as output:
                process = subprocess.Popen([*command, *more], stdout=output, stderr=subprocess.STDOUT)
            try:
                wait_for(lambda: b"End with Ctrl-C" in log.read_bytes() or process.poll() is not None, "the welcome")
                assert process.poll() is None, log.read_text()
                worker = child_of(process.pid)
                check()
            finally:
                process.send_signal(signal.SIGTERM)
                code = process.wait(20)
            assert code == 0, log.read_text()
            assert "Traceback" not in log.read_text()
            assert not (PROC / str(worker)).exists()

        def first() -> None:
            assert "Book a visit" in fetch(f"{base}/book")
            body = json.dumps({"id": "k", "to": "+359880000001", "text": "kept text"}).encode()
            headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
            assert urllib3.request("POST", f"{base}/catcher/sms", body=body, headers=headers).status == 200

        run(first)
        run(lambda: expect("kept text" in fetch(f"{base}/catcher")))
        run(lambda: expect("kept text" not in fetch(f"{base}/catcher")), "--reset")


def child_of(pid: int) -> int:
    children = (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()
    assert len(children) == 1
    return int(children[0])


def fetch(url: str) -> str:
    return urllib3.request("GET", url).data.decode()


def expect(condition: bool) -> None:
    assert condition
