"""A payment provider on loopback that honours idempotency keys, and the adapter of a host that uses it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3
from flask import current_app

from flask_cancellations import HostAdapter, Payment, PaymentRefused


@dataclass
class Provider:
    """Moves money once per key. `on_call` is asked before (True) and after (False) the money has moved.

    ``forgetful`` makes it ignore the keys, as no provider should. ``answers`` are statuses of the next calls.
    """

    on_call: Callable[[bool], None] = lambda _before: None
    forgetful: bool = False
    answers: list[int] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    moved: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, key: str, order: dict[str, Any]) -> tuple[int, str]:
        """The status and the reference of one call."""
        self.calls.append({"key": key, **order})
        self.on_call(True)
        status = self.answers.pop(0) if self.answers else 200
        if status == 402:
            return status, "card declined"
        known = next((entry for entry in self.moved if entry["key"] == key and not self.forgetful), None)
        if known is None:
            known = {"key": key, "reference": f"pay-{len(self.moved) + 1}", **order}
            self.moved.append(known)
        self.on_call(False)
        return status, known["reference"]

    @contextlib.contextmanager
    def serving(self) -> Iterator[Provider]:
        """Serve until the block ends."""
        provider, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    status, text = provider.take(self.headers["Idempotency-Key"], order)
                with contextlib.suppress(OSError):  # whoever asked may be dead
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class PayingAdapter(HostAdapter):
    """As docs/embedding.md shows it."""

    def refund(self, payment: Payment) -> str | None:
        return self._post("refunds", payment)

    def charge(self, payment: Payment) -> str | None:
        return self._post("charges", payment)

    def _post(self, what: str, payment: Payment) -> str | None:
        answer = urllib3.request(
            "POST",
            f"{current_app.config['PROVIDER_URL']}/{what}",
            json={"kind": payment.kind, "amount": payment.amount, "currency": payment.currency},
            headers={"Idempotency-Key": payment.key},
            timeout=10,
            retries=False,
        )
        if answer.status == 402:
            raise PaymentRefused(answer.data.decode())
        if answer.status != 200:
            raise RuntimeError(f"the provider answered {answer.status}")
        return answer.data.decode()
