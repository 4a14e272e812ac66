"""The demo's catcher: an SMTP server and an SMS gateway that deliver to a page instead of to people."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Blueprint, Flask, Response, abort, jsonify, render_template, request

from . import demo_store
from .caught import CaughtMail, read_mail
from .demo_clock import now, zone

SHOWN = 60

blueprint = Blueprint("catcher", __name__, url_prefix="/catcher")


class _Mailbox:
    """Takes every e-mail that arrives by SMTP."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's)
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        with self._app.app_context():
            _store("email", ", ".join(envelope.rcpt_tos), raw)
        return "250 caught"


def start_smtp(app: Flask, port: int) -> Controller:
    """Listen for e-mail on a loopback port, in a thread; end it with ``.stop()``."""
    controller = Controller(_Mailbox(app), hostname="127.0.0.1", port=port)
    controller.start()
    return controller


@blueprint.post("/sms")
def receive_sms() -> Response:
    """The SMS gateway: JSON with id, to and text. A repeated Idempotency-Key is answered, not delivered again."""
    body = request.get_json()
    key = request.headers.get("Idempotency-Key", "")
    if not isinstance(body, dict) or not all(isinstance(body.get(name), str) for name in ("id", "to", "text")):
        abort(422, "id, to and text must be text")
    if not key:
        abort(422, "the Idempotency-Key header is missing")
    is_new = _store("sms", body["to"], body["text"].encode(), key)
    return jsonify(id=body["id"], delivered=is_new)


@blueprint.get("")
def inbox() -> str:
    mails = [_mail(row) for row in _rows("email")]
    texts = [
        {"to": row["recipient"], "text": bytes(row["body"]).decode(), "at": _local(row["arrived_us"])}
        for row in _rows("sms")
    ]
    return render_template("catcher.html", mails=mails, texts=texts, newest=_newest())


@blueprint.get("/newest")
def newest() -> Response:
    """The number of the newest message; the page asks for it to say when there is something new."""
    return jsonify(newest=_newest())


@blueprint.get("/mail/<int:mail_id>")
def mail_body(mail_id: int) -> Response:
    """The HTML of one e-mail, shut in: no script, no form, nothing loaded from elsewhere; links open a new tab."""
    mail = _one_mail(mail_id)
    if mail.html is None:
        abort(404)
    response = Response(f'<base target="_blank">{mail.html}', mimetype="text/html")
    response.headers["Content-Security-Policy"] = (
        "sandbox allow-popups allow-popups-to-escape-sandbox;"
        " default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
    )
    return response


@blueprint.get("/mail/<int:mail_id>/attachment/<int:index>")
def attachment(mail_id: int, index: int) -> Response:
    attachments = _one_mail(mail_id).attachments
    if index >= len(attachments):
        abort(404)
    found = attachments[index]
    response = Response(found.content, mimetype="application/octet-stream")
    response.headers.set("Content-Disposition", "attachment", filename=found.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _store(kind: str, recipient: str, body: bytes, key: str | None = None) -> bool:
    arrived = (now() - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    with demo_store.connect() as connection:
        cursor = connection.execute(
            "INSERT INTO caught (kind, sms_key, recipient, body, arrived_us) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (sms_key) DO NOTHING",
            (kind, key, recipient, body, arrived),
        )
        return cursor.rowcount == 1


def _rows(kind: str) -> list[sqlite3.Row]:
    with demo_store.connect() as connection:
        return connection.execute(
            "SELECT * FROM caught WHERE kind = ? ORDER BY id DESC LIMIT ?", (kind, SHOWN)
        ).fetchall()


def _newest() -> int:
    with demo_store.connect() as connection:
        return int(connection.execute("SELECT coalesce(max(id), 0) FROM caught").fetchone()[0])


def _one_mail(mail_id: int) -> CaughtMail:
    with demo_store.connect() as connection:
        row: Any = connection.execute("SELECT * FROM caught WHERE kind = 'email' AND id = ?", (mail_id,)).fetchone()
    if row is None:
        abort(404)
    return _mail(row)


def _mail(row: sqlite3.Row) -> CaughtMail:
    return read_mail(row["id"], row["recipient"], bytes(row["body"]), _local(row["arrived_us"]))


def _local(microseconds: int) -> datetime:
    """A stored moment as the clinic's wall clock."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return moment.astimezone(zone()).replace(tzinfo=None)
