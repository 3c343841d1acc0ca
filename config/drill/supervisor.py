"""Supervisor of the drill's service: starts it, breaks it, restarts it on requests over a socket."""

from __future__ import annotations

import os
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Final

from config.paths import ROOT
from core.embedded.process import listens, wait_until

STARTS_WITHIN_S: Final = 25
STOPS_WITHIN_S: Final = 5


class ServiceSupervisor:
    """Context manager of the service. `restarts` and `rollbacks` count how often it was really restarted."""

    def __init__(self, name: str, *, port: int, control_port: int, environment: Mapping[str, str]) -> None:
        self.name, self.port = name, port
        self.restarts = self.rollbacks = 0
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            """Handles one request per line: `restart NAME` or `rollback NAME`."""

            def handle(self) -> None:
                """Reply with one line."""
                words = self.rfile.readline().decode("utf-8", "replace").split()
                self.wfile.write(f"{outer.execute(words)}\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", control_port), Handler)
        self._server.daemon_threads = True
        self.control_port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def health_url(self) -> str:
        """Return the URL of its health check."""
        return f"http://127.0.0.1:{self.port}/health"

    def __enter__(self) -> ServiceSupervisor:
        self._thread.start()
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._stop()

    def break_it(self, how: signal.Signals = signal.SIGUSR1) -> None:
        """Make the service fail until it is restarted; see `config.drill.service`."""
        if self._process is not None:
            self._process.send_signal(how)

    def execute(self, words: list[str]) -> str:
        """Carry out a request and return its outcome."""
        if words not in (["restart", self.name], ["rollback", self.name]):
            return f"refused: {' '.join(words)[:80]}"
        self._stop()
        self.restarts += words[0] == "restart"
        self.rollbacks += words[0] == "rollback"
        return f"{self.name} restarted" if self._start() else f"{self.name} does not listen"

    def _start(self) -> bool:
        argv = [sys.executable, "-m", "config.drill.service", str(self.port), self.name]
        self._process = subprocess.Popen(
            argv, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, start_new_session=True
        )
        return bool(wait_until(lambda: listens(self.port), STARTS_WITHIN_S))

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
