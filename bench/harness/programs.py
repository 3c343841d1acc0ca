"""A program under measurement: in a session of its own, observed with its children, ended by its own pid."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from bench.harness.place import ROOT, log

Chosen = Callable[[psutil.Process], bool]


class Program:
    """Started on entry, stopped on exit. `env` is added to ours; its output is in `self.log`."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
    ) -> None:
        self.name, self.argv, self.cwd = name, [str(a) for a in argv], cwd
        self.env = {**os.environ, **(env or {})}
        self.log = log(name)

    def __enter__(self) -> Self:
        with self.log.open("ab") as out:
            self.child = subprocess.Popen(
                self.argv,
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self, patience: float = 30.0) -> None:
        """Send SIGTERM, wait, then SIGKILL, to it and its children."""
        members = list(self.family())
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.child.wait(patience)
        for process in members:  # psutil detects a reused pid
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.child.wait()

    def kill(self) -> None:
        """Kill it."""
        self.child.kill()
        self.child.wait()

    def wait_for(self, met: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
        """Wait until `met()`; raises RuntimeError with the end of the log on a timeout."""
        end = time.monotonic() + seconds
        while not met():
            if self.child.poll() is not None or time.monotonic() > end:
                tail = self.log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.name}: {what} did not happen\n{tail}")
            time.sleep(0.05)

    def wait_until_responding(self, port: int, path: str = "/", seconds: float = 90.0) -> None:
        """Wait for any HTTP response but a server error."""
        self.wait_for(lambda: 0 < status_of(port, path) < 500, f"a response on port {port}", seconds)

    def family(self) -> Iterator[psutil.Process]:
        """Return the process and all its descendants."""
        return family(self.child.pid)


def status_of(port: int, path: str) -> int:
    """Return the status of a GET on loopback; 0 without a response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def family(pid: int) -> Iterator[psutil.Process]:
    """Return a process and all its descendants."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        yield parent
        yield from parent.children(recursive=True)


def cpu_seconds(pid: int) -> float:
    """Return processor time of a process, its living descendants, and its ended, awaited ones."""
    total = 0.0
    for process in family(pid):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def proportional_bytes(pid: int, chosen: Chosen = lambda _: True) -> int:
    """Return proportional set size over a process and its descendants: shared pages are counted once."""
    total = 0
    for process in family(pid):
        with suppress(psutil.Error):
            if chosen(process):
                total += process.memory_full_info().pss
    return total
