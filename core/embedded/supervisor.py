"""Supervises Tocsin's processes: prefixed logs, restarts, ordered stop."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from core.embedded import children, process, servers
from core.embedded.children import Child
from core.embedded.process import StartError
from core.embedded.servers import Home

STOP_PATIENCE_S = 12.0
SAME_KEYSTROKE_S = 0.7
FIRST_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Plan:
    """What to run. `programs`: name -> argv.

    `first` is started before the others; those in `workers` stop last, so that they finish what the others
    queued. `embedded`: kinds of embedded servers to run. `port`: where the web program will listen; as soon
    as it does, `banner` is printed and the file `printed` is created.
    """

    home: Home
    port: int
    programs: dict[str, list[str]]
    first: str = ""
    workers: tuple[str, ...] = ()
    embedded: tuple[str, ...] = ()
    banner: str = ""
    printed: Path | None = None


class Supervisor:
    """Starts, watches and stops the processes of one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.banner = plan.banner
        width = max(len(name) for name in [*plan.programs, *plan.embedded, "tocsin"])
        self.printer = children.Printer(width)
        self.children = [Child(name, argv) for name, argv in plan.programs.items()]
        self.stopping = 0
        self.stop_requested_at = 0.0
        self.next_look = 0.0

    def run(self) -> int:
        """Block until a signal requests the shutdown. Returns the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._start_in_order()
            while not self.stopping:
                self.printer.pump(0.25)
                self._watch()
            return self._stop()
        finally:
            for child in self.children:
                child.kill()

    def _start_in_order(self) -> None:
        """Start the web process first and alone, so that it gets all processors and serves requests soon."""
        last = [child for child in self.children if child.name != self.plan.first]
        for child in self.children:
            if child.name == self.plan.first:
                child.start(self.printer)
        end = time.monotonic() + FIRST_PATIENCE_S
        while last and not self.stopping and not process.listens(self.plan.port) and time.monotonic() < end:
            self.printer.pump(0.1)
        for child in last:
            if not self.stopping:
                child.start(self.printer)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # A Ctrl-C may arrive twice: from the terminal and passed on by make.
        if self.stopping and time.monotonic() - self.stop_requested_at < SAME_KEYSTROKE_S:
            return
        self.stopping += 1
        self.stop_requested_at = time.monotonic()

    def _watch(self) -> None:
        for child in self.children:
            child.revive(self.printer)
        if time.monotonic() >= self.next_look:
            self.next_look = time.monotonic() + 1.0
            self._watch_servers()
        if self.banner and process.listens(self.plan.port):
            self.printer.plain(self.banner)
            self.banner = ""
            if self.plan.printed is not None:
                self.plan.printed.touch()

    def _watch_servers(self) -> None:
        for kind in self.plan.embedded:
            server = servers.server(kind, self.plan.home)
            if server.handle() is None:
                self.printer.say("tocsin", f"{kind} ended; starting it again")
                self._try_to_start(server)

    def _try_to_start(self, server: servers.Server) -> None:
        try:
            server.start()
        except StartError as error:
            self.printer.say("tocsin", f"{error}; trying again")
            self.next_look = time.monotonic() + 5.0

    def _stop(self) -> int:
        self.printer.say("tocsin", "stopping; press again to stop immediately")
        web = [child for child in self.children if child.name not in self.plan.workers]
        self._end(web)
        self._end([child for child in self.children if child.name in self.plan.workers])
        self.printer.close()
        return 0 if self.stopping < 2 else 130

    def _end(self, group: list[Child]) -> None:
        for child in group:
            child.ask_to_end()
        end = time.monotonic() + STOP_PATIENCE_S
        while any(child.running() for child in group) and time.monotonic() < end and self.stopping < 2:
            self.printer.pump(0.05)
        for child in group:
            child.kill()
        self.printer.pump(0)
