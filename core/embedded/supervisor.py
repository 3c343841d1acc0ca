"""Runs Tocsin's processes under one roof: prefixed logs, restarts, and an ordered stop.

`python -m core.embedded.supervisor PLAN` where PLAN is a JSON file (see `Plan`). `manage.py up` prepares
everything, then becomes this.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType

from core.embedded import children, process, servers
from core.embedded.children import Child
from core.embedded.process import StartError
from core.embedded.servers import Home

BANNER = "TOCSIN_BANNER"
STOP_PATIENCE_S = 12.0
SAME_KEYSTROKE_S = 0.7
FIRST_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Plan:
    """What to run. `programs`: name -> argv. `first` is the one the others wait for at the start; those in
    `workers` stop last: they finish what the others still asked for.

    `preload`: a module to import before anything is forked. `embedded`: kinds of servers to keep alive and to
    stop last. `port`: where the web program will listen.
    """

    data_dir: str
    home: str
    port: int
    programs: dict[str, list[str]]
    preload: str = ""
    first: str = ""
    workers: list[str] = field(default_factory=list)
    embedded: list[str] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Save it for `read`."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Load what `write` saved."""
        return cls(**json.loads(path.read_text()))


class Supervisor:
    """One run: start, watch, stop."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.home = Home(Path(plan.home), Path(plan.home) / "programs")
        self.banner = os.environ.pop(BANNER, "")
        width = max(len(name) for name in [*plan.programs, *plan.embedded, "tocsin"])
        self.printer = children.Printer(width)
        self.children = [Child(name, argv) for name, argv in plan.programs.items()]
        self.stopping = 0
        self.asked_at = 0.0
        self.next_look = 0.0

    def run(self) -> int:
        """Blocks until a signal asks for the end. Returns the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._start_in_order()
        while not self.stopping:
            self.printer.pump(0.25)
            self._watch()
        return self._stop()

    def _start_in_order(self) -> None:
        """The web first, with the processors to itself, so that people wait as little as possible."""
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
        if self.stopping and time.monotonic() - self.asked_at < SAME_KEYSTROKE_S:
            return
        self.stopping += 1
        self.asked_at = time.monotonic()

    def _watch(self) -> None:
        for child in self.children:
            child.revive(self.printer)
        if time.monotonic() >= self.next_look:
            self.next_look = time.monotonic() + 1.0
            self._watch_servers()
        if self.banner and process.listens(self.plan.port):
            self.printer.plain(self.banner)
            self.banner = ""

    def _watch_servers(self) -> None:
        for kind in self.plan.embedded:
            server = servers.server(kind, self.home)
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
        self.printer.say("tocsin", "stopping; once more to stop at once")
        doors = [child for child in self.children if child.name not in self.plan.workers]
        self._end(doors)
        self._end([child for child in self.children if child.name in self.plan.workers])
        for kind in reversed(self.plan.embedded):
            servers.server(kind, self.home).stop()
        self.printer.say("tocsin", "stopped")
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


def main(path: Path) -> int:
    """Run the plan in that file; says in one line what could not be started."""
    plan = Plan.read(path)
    us = process.handle_of(os.getpid())
    pid_file = Path(plan.data_dir) / "supervisor.pid"
    if us is not None:
        process.remember(pid_file, us)
    try:
        if plan.preload:
            importlib.import_module(plan.preload)
            gc.collect()
            gc.freeze()  # the collector would write to, and so copy, the pages that all of them share
        return Supervisor(plan).run()
    except StartError as error:
        sys.stderr.write(f"tocsin: {error}\n")
        return 1
    finally:
        pid_file.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
