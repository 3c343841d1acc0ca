"""Interface of probes: options, limits, and commands with timeouts."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

MAX_OUTPUT_BYTES = 1_000_000
MAX_LOG_BYTES = 10_000_000
MAX_LOGS_BYTES = 50_000_000
MAX_ENTRIES = 500
MAX_FOLDER_ENTRIES = 10_000
DEFAULT_TIMEOUT_S = 120.0
GRACE_S = 2.0


class Options(NamedTuple):
    """Options given by the user."""

    summary: str = ""
    since_s: float = 86_400.0
    logs: Sequence[str] = ()
    timeout_s: float = DEFAULT_TIMEOUT_S
    max_bytes: int = MAX_LOGS_BYTES
    only: Sequence[str] = ()
    skip: Sequence[str] = ()
    incident: str = ""
    hide_host: bool = False
    dangerous: bool = False


class Context(NamedTuple):
    """Options, configuration and the deadline of a probe."""

    options: Options
    config: Mapping[str, Any]
    deadline: float

    def left(self) -> float:
        """Return the seconds until the deadline."""
        return max(0.0, self.deadline - time.monotonic())

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a table of the configuration."""
        found = self.config.get(name, {})
        return found if isinstance(found, Mapping) else {}


class Output(NamedTuple):
    """Output of a command."""

    code: int
    text: bytes
    reason: str = ""


def run_command(argv: Sequence[str], seconds: float = 5.0) -> Optional[Output]:
    """Run a command without a shell; None if it does not exist.

    It and its children are killed at the timeout.
    """
    try:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, env={**_quiet_environment()},
        )  # fmt: skip
    except (OSError, ValueError):
        return None
    with process:
        text, reason = _output_of(process, time.monotonic() + seconds)
        if reason:
            kill_group(process.pid)
            return Output(-1, text, reason if reason != _LATE else f"no response in {seconds:g} s")
    return Output(process.returncode, text)


_LATE = "late"


def _output_of(process: Any, deadline: float) -> tuple[bytes, str]:
    """Return a command's output within its time and size limit, and why it must be killed, if so."""
    descriptor, size = process.stdout.fileno(), 0
    parts: list[bytes] = []
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return b"".join(parts), _LATE
        data = os.read(descriptor, 1 << 16)
        if not data:
            break
        parts.append(data[: MAX_OUTPUT_BYTES - size])
        size += len(data)
        if size > MAX_OUTPUT_BYTES:
            return b"".join(parts), f"more than {MAX_OUTPUT_BYTES} bytes; the rest was cut"
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return b"".join(parts), _LATE
    return b"".join(parts), ""


def kill_group(pid: int) -> None:
    """End a process group: SIGTERM, and SIGKILL two seconds later."""
    for number, pause in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, 0.0)):
        try:
            os.killpg(pid, number)
        except OSError:
            return
        end = time.monotonic() + pause
        while time.monotonic() < end and _is_running(pid):
            time.sleep(0.02)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _quiet_environment() -> dict[str, str]:
    """Return an environment without our secrets."""
    names = ("PATH", "HOME", "USER", "TZ", "XDG_RUNTIME_DIR", "DOCKER_HOST", "CONTAINER_HOST")
    return {"LC_ALL": "C", **{name: os.environ[name] for name in names if name in os.environ}}
