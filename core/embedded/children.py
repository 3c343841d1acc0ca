"""Supervised child process, and the printer of its output."""

from __future__ import annotations

import contextlib
import os
import runpy
import selectors
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import IO, NoReturn

import psutil

MARK = "TOCSIN_RUN"
FIRST_PAUSE_S, MAX_PAUSE_S, STEADY_S = 0.5, 30.0, 30.0
COLOURS = (36, 33, 35, 32, 34, 31)


class Printer:
    """Prints the output of all programs to standard output, each line prefixed with its program's name."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.selector = selectors.DefaultSelector()
        self.colours: dict[str, int] = {}
        self.in_colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def watch(self, name: str, pipe: IO[bytes]) -> None:
        """Print what is written to the pipe until it closes."""
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

    def close(self) -> None:
        """Print the remaining output and stop reading."""
        self.pump(0)
        for key in list(self.selector.get_map().values()):
            self.selector.unregister(key.fileobj)
            key.data[2].close()
        self.selector.close()

    def say(self, name: str, text: str) -> None:
        """Print one line under a program's name."""
        colour = self.colours.setdefault(name, COLOURS[len(self.colours) % len(COLOURS)])
        label = f"{time.strftime('%H:%M:%S')} {name:<{self.width}} |"
        self.plain(f"\x1b[{colour}m{label}\x1b[0m {text}" if self.in_colour else f"{label} {text}")

    def plain(self, text: str) -> None:
        """Print a line without a prefix. A closed standard output is ignored."""
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except OSError:
            return


class Child:
    """A program (`python -m …`) that is restarted with growing pauses whenever it ends.

    It is forked from this process, so modules imported here cost it neither time nor memory of its own. Only
    this class reaps it: until then its pid, which is also its process group's, cannot be reused.
    """

    def __init__(self, name: str, argv: list[str]) -> None:
        self.name, self.argv = name, argv
        self.pid = 0  # also set while it is dead but not yet reaped; 0 when there is none
        self.started_at = self.due_at = 0.0
        self.pause = FIRST_PAUSE_S

    def start(self, printer: Printer) -> None:
        """Start it in a new session; its output goes to the printer."""
        ours, theirs = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if not self.pid:
            _exec(self.name, self.argv, theirs)
        os.close(theirs)
        self.started_at, self.due_at = time.monotonic(), 0.0
        printer.watch(self.name, os.fdopen(ours, "rb", buffering=0))

    def running(self) -> bool:
        """Return whether it is running. Reaping a dead one also ends the rest of its process group."""
        if not self.pid:
            return False
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            self.kill()
        return ended is None

    def revive(self, printer: Printer) -> None:
        """Restart it when it has ended and its pause is over."""
        if self.running():
            return
        if not self.due_at:
            steady = time.monotonic() - self.started_at > STEADY_S
            self.pause = FIRST_PAUSE_S if steady else min(self.pause * 2, MAX_PAUSE_S)
            self.due_at = time.monotonic() + self.pause
            printer.say(self.name, f"ended; starting it again in {self.pause:.1f} s")
        elif time.monotonic() >= self.due_at:
            self.start(printer)

    def ask_to_end(self) -> None:
        """Send SIGTERM to the program itself, which stops its own workers."""
        if self.running():
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Kill the whole process group."""
        if not self.pid:
            return
        # The unreaped leader still holds its pid, so this cannot reach an unrelated group. A child that was
        # only just forked leads no group yet.
        for end in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.pid = 0


def _exec(name: str, argv: list[str], output: int) -> NoReturn:
    """Turn the forked child into that program; never returns to the caller."""
    code = 1
    try:
        _take_over(name, output)
        code = _run(argv)
        sys.stdout.flush()
    finally:
        try:
            if sys.exception() is not None:
                traceback.print_exc()
        finally:
            os._exit(code)


def _take_over(name: str, output: int) -> None:
    """Drop everything inherited from the parent except its memory."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    for target in (1, 2):
        os.dup2(output, target)
    os.closerange(3, 1024)
    # Replacements that the parent installed may write to a file that was just closed.
    sys.stdout, sys.stderr = (os.fdopen(target, "w", buffering=1, closefd=False) for target in (1, 2))
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(f"tocsin {name}")


def _run(argv: list[str]) -> int:
    """Run `python -m module arguments…`; returns its exit code."""
    _, _, module, *arguments = argv
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def sweep(mark: str) -> int:
    """End every program that an earlier run with this mark left behind. Returns how many there were.

    They are recognized by the mark in their environment, never by pid, which may have been reused.
    """
    left = [found for found in psutil.process_iter() if found.pid != os.getpid() and _marked(found, mark)]
    for found in left:
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended in the meantime
            found.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=8)
    for found in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.kill()
    psutil.wait_procs(stubborn, timeout=3)
    return len(left)


def _marked(found: psutil.Process, mark: str) -> bool:
    try:
        return found.environ().get(MARK) == mark
    except (psutil.Error, OSError):
        return False
