"""Serve the example clinic: database, worker, catcher and web server, with one command.

python examples/host_app/serve.py --port 5000 [--reset]
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import waitress
from flask import Flask

HERE = Path(__file__).resolve().parent
HEARTBEAT = 5.0  # seconds between two notes of the demo's time


def main() -> int:
    options = _options()
    folder: Path = options.instance.resolve()
    if options.reset:
        _forget(folder)
    address = f"http://127.0.0.1:{options.port}"
    smtp_port = _free_port()
    os.environ["CLINIC_INSTANCE"] = str(folder)
    os.environ.setdefault("FLASK_CANCELLATIONS_PUBLIC_URL", address)
    os.environ.setdefault("FLASK_CANCELLATIONS_MAIL_URL", f"smtp://127.0.0.1:{smtp_port}")
    os.environ.setdefault("FLASK_CANCELLATIONS_SMS_URL", f"{address}/catcher/sms")
    sys.path.insert(0, str(HERE))

    for command in (["seed"], ["cancellations", "sync"]):
        subprocess.run(_flask(*command), cwd=HERE, check=True)

    from clinic import create_app, demo_clock
    from clinic.catcher import start_smtp

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells of each connection
    app = create_app()
    with app.app_context():
        demo_clock.resume()
    signal.signal(signal.SIGTERM, _stop)
    server = waitress.create_server(app, host="127.0.0.1", port=options.port, threads=8)
    smtp = start_smtp(app, smtp_port)
    try:
        with _worker(), _clock_notes(app):
            print(_welcome(address), flush=True)
            server.run()
    except KeyboardInterrupt:
        pass
    finally:
        smtp.stop()
        server.close()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serve the example clinic.")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--reset", action="store_true", help="start again from the first day's data")
    parser.add_argument("--instance", type=Path, default=HERE / "instance", help="folder of the demo's data")
    return parser.parse_args()


def _forget(folder: Path) -> None:
    """Remove what the demo has written into its own folder, and nothing else there."""
    for name in ("clinic.sqlite3", "demo.sqlite3"):
        for path in folder.glob(f"{name}*"):
            path.unlink()
    shutil.rmtree(folder / "translations", ignore_errors=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _flask(*command: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "clinic", *command]


@contextmanager
def _worker() -> Iterator[None]:
    """The process that sends the messages; ended when the server ends."""
    # Its own session: Ctrl-C in the terminal reaches the server only, which then ends the worker in order.
    process = subprocess.Popen(_flask("cancellations", "worker"), cwd=HERE, start_new_session=True)
    is_ending = threading.Event()

    def watch() -> None:
        code = process.wait()
        if not is_ending.is_set():
            print(
                f"The worker has ended by itself (code {code}): no more messages are sent.", file=sys.stderr, flush=True
            )

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        is_ending.set()
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def _clock_notes(app: Flask) -> Iterator[None]:
    """Keep noting the demo's time, so that the clock goes on from there at the next start."""
    from clinic import demo_clock

    is_over = threading.Event()

    def note() -> None:
        with app.app_context():
            demo_clock.now()
            demo_clock.note_time()
            while not is_over.wait(HEARTBEAT):
                demo_clock.note_time()
            demo_clock.note_time()

    thread = threading.Thread(target=note)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _stop(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _welcome(address: str) -> str:
    from clinic.seed import PASSWORD

    return f"""
  Linden Physiotherapy   {address}
  Online booking         {address}/book
  Caught messages        {address}/catcher

  reception@linden.example   manager@linden.example   elena@linden.example (therapist)
  Password: {PASSWORD}        End with Ctrl-C. The data is kept; --reset starts again.
"""


if __name__ == "__main__":
    sys.exit(main())
