"""Service of the drill: a small HTTP server that responds with 200 until it is broken, then with 503.

A program of its own: `python -m config.drill.service PORT NAME`, with TOCSIN_URL and TOCSIN_TOKEN. SIGUSR1
breaks it: from then on it refuses every request and sends an event about that several times a second, until
it is restarted. SIGUSR2 does the same, with events that blame a new version for lower quality.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tocsin.client import Client
from tocsin.problems import TocsinError

EVENTS_EVERY_S: Final = 0.1
DOWN: Final = ("service_unavailable", "critical", "503 Service Unavailable: worker pool exhausted")
WORSE: Final = ("quality_check_failed", "error", "Coverage of version 2 dropped from 85% to 72%")


class Service:
    """Whether the process is broken, and how."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.failure = DOWN
        self.broken = threading.Event()

    def fail(self, failure: tuple[str, str, str]) -> None:
        """Start failing with this event type, level and message."""
        self.failure = failure
        self.broken.set()

    def report(self) -> None:
        """Connect, wait until it is broken, then send events for as long as the process lives."""
        with Client() as client:
            with contextlib.suppress(TocsinError):
                client.get("/me")
            self.broken.wait()
            while True:
                self._send(client)
                threading.Event().wait(EVENTS_EVERY_S)

    def _send(self, client: Client) -> None:
        try:
            kind, level, message = self.failure
            client.submit_event(source=self.name, event_type=kind, level=level, message=message)
        except TocsinError as error:
            sys.stderr.write(f"{self.name}: {error}\n")


def serve(port: int, name: str) -> None:
    """Serve until the process is ended."""
    service = Service(name)
    signal.signal(signal.SIGUSR1, lambda *_: service.fail(DOWN))
    signal.signal(signal.SIGUSR2, lambda *_: service.fail(WORSE))

    class Handler(BaseHTTPRequestHandler):
        """Serves the health check at every path."""

        def do_GET(self) -> None:
            """Respond with 200, or with 503 once broken."""
            body = b"worker pool exhausted\n" if service.broken.is_set() else b"ok\n"
            self.send_response(503 if service.broken.is_set() else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Suppress the access log."""

    threading.Thread(target=service.report, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
