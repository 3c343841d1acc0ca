"""One supervised program and the printer of everybody's output."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from typing import IO

import psutil

from core.embedded import process
from core.embedded.process import StartError

MARK = "TOCSIN_RUN"
FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S = 0.5, 30.0, 30.0
COLOURS = (36, 33, 35, 32, 34, 31)


class Printer:
    """Puts the lines of all programs on standard output, each with its program's name in front."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.selector = selectors.DefaultSelector()
        self.colours: dict[str, int] = {}
        self.in_colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def watch(self, name: str, pipe: IO[bytes]) -> None:
        """Print what comes out of the pipe until it ends."""
        os.set_blocking(pipe.fileno(), False)
        self.selector.register(pipe, selectors.EVENT_READ, (name, bytearray(), pipe))

    def pump(self, seconds: float) -> None:
        """Wait at most that long for output and print it."""
        for key, _ in self.selector.select(seconds):
            self._take(*key.data)

    def _take(self, name: str, rest: bytearray, pipe: IO[bytes]) -> None:
        try:
            chunk = os.read(pipe.fileno(), 65536)
        except BlockingIOError:
            return
        if not chunk:
            self.selector.unregister(pipe)
            pipe.close()
        *lines, tail = (bytes(rest) + chunk).split(b"\n")
        rest[:] = tail
        for line in lines if chunk else [*lines, tail]:
            if line.strip():
                self.say(name, line.decode(errors="replace"))

    def say(self, name: str, text: str) -> None:
        """One line under a program's name."""
        colour = self.colours.setdefault(name, COLOURS[len(self.colours) % len(COLOURS)])
        label = f"{time.strftime('%H:%M:%S')} {name:<{self.width}} |"
        self.plain(f"\x1b[{colour}m{label}\x1b[0m {text}" if self.in_colour else f"{label} {text}")

    def plain(self, text: str) -> None:
        """A line as it is. A reader that went away does not stop us."""
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except OSError:
            return


class Child:
    """A program that is started again whenever it ends, with growing pauses."""

    def __init__(self, name: str, argv: list[str], mark: str) -> None:
        self.name, self.argv, self.mark = name, argv, mark
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = self.due_at = 0.0
        self.pause = FIRST_PAUSE_S

    def start(self, printer: Printer) -> None:
        """Start it in a session of its own; what it prints goes to the printer."""
        environment = {**os.environ, MARK: self.mark, "PYTHONUNBUFFERED": "1"}
        try:
            self.process = process.spawn(self.argv, log=subprocess.PIPE, env=environment)
        except StartError as error:
            printer.say(self.name, str(error))
        self.started_at, self.due_at = time.monotonic(), 0.0
        if self.process is not None and self.process.stdout is not None:
            printer.watch(self.name, self.process.stdout)

    def running(self) -> bool:
        """Whether it runs. What is left of the group of a dead one is ended with it."""
        if self.process is None:
            return False
        ended = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            self._bury()
        return ended is None

    def revive(self, printer: Printer) -> None:
        """Start it again when it ended and its pause is over."""
        if self.running():
            return
        if not self.due_at:
            steady = time.monotonic() - self.started_at > STEADY_S
            self.pause = FIRST_PAUSE_S if steady else min(self.pause * 2, LONGEST_PAUSE_S)
            self.due_at = time.monotonic() + self.pause
            printer.say(self.name, f"ended; starting it again in {self.pause:.0f} s")
        elif time.monotonic() >= self.due_at:
            self.start(printer)

    def ask_to_end(self) -> None:
        """SIGTERM to the program itself; it tells its own workers."""
        if self.running() and self.process is not None:
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group at once."""
        if self.process is not None:
            self._bury()

    def _bury(self) -> None:
        # The unreaped leader still holds its pid, so this cannot reach a stranger's group.
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


def sweep(mark: str) -> int:
    """End every program that an earlier run with this mark left behind. Returns how many there were.

    They are told by the mark in their environment, never by a pid, which may belong to a stranger by now.
    """
    left = [found for found in psutil.process_iter() if found.pid != os.getpid() and _marked(found, mark)]
    for found in left:
        found.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=8)
    for found in stubborn:
        found.kill()
    psutil.wait_procs(stubborn, timeout=3)
    return len(left)


def _marked(found: psutil.Process, mark: str) -> bool:
    try:
        return found.environ().get(MARK) == mark
    except (psutil.Error, OSError):
        return False
