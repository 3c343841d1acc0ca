"""Runs one command and outlives the worker: own session, time limit, capped output. Standard library only.

Started as `python shim.py SPOOL ORDER`. Writes `started.json` (pid, start ticks, boot id) before the command
runs and `result.json` by rename afterwards, each flushed to disk, so that any worker of this host can
determine what happened.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

STARTED = "started.json"
RESULT = "result.json"
TURN = "turn"
GIVEN_UP = "given up by a worker"
REFUSED = "refused"
PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 2.0


def boot_id() -> str:
    """The boot id of this host; process ids are only valid within a boot."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def start_ticks(pid: int) -> int:
    """Start time of a process in clock ticks since boot; 0 if it does not exist."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def is_alive(started: Mapping[str, Any]) -> bool:
    """Whether the shim that wrote `started` still runs: same process id and start time."""
    ticks = start_ticks(int(started.get("pid", 0)))
    return bool(ticks) and ticks == started.get("ticks")


def read(path: Path) -> dict[str, Any] | None:
    """Read a JSON object from a file; None if it is missing or incomplete."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object atomically and durably."""
    part = path.with_suffix(".part")
    with part.open("w") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def claim_start(spool: Path) -> bool:
    """Returns True to the shim, which then starts the command, unless a worker gave the start up."""
    try:
        os.close(os.open(spool / TURN, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def give_up_start(spool: Path) -> bool:
    """Give the start up for good, unless the shim claimed it. Returns whether it is given up, also earlier.

    The file appears with its text: a worker that dies here leaves no doubt who made it.
    """
    own = spool / f"{TURN}-{os.urandom(8).hex()}"
    own.write_text(GIVEN_UP)
    with contextlib.suppress(FileExistsError):
        os.link(own, spool / TURN)
    own.unlink()
    return (spool / TURN).read_text() == GIVEN_UP


def run(spool: Path, order: Mapping[str, Any]) -> None:
    """Run the command of `order` and write its result to `spool`."""
    if not claim_start(spool):
        (spool / REFUSED).touch()
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(
            PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0
        )  # adopt orphaned descendants, to kill them
    write(spool / STARTED, {"pid": os.getpid(), "ticks": start_ticks(os.getpid()), "boot_id": boot_id()})
    timeout, limit = float(order["timeout_s"]), int(order["limit"])
    output = spool / "output"
    try:
        with output.open("wb") as sink:
            child = subprocess.Popen(
                order["argv"], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
                cwd=spool, start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        write(spool / RESULT, {"code": 127, "output": f"{error.strerror}: {error.filename}"})
        return
    code, timed_out = _wait(child, timeout, output, limit)
    killed = _end_group(child.pid)
    text = output.read_bytes()[:limit].decode("utf-8", "replace").replace("\x00", "")
    result = {"code": code, "output": text, "timed_out": timed_out, "killed": killed, "timeout_s": timeout}
    write(spool / RESULT, result)
    output.unlink(missing_ok=True)


def _wait(
    child: subprocess.Popen[bytes], timeout: float, output: Path, limit: int
) -> tuple[int | None, bool]:
    """(exit code, whether it timed out); endless output is treated like a hang."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            return child.wait(0.05), False
        except subprocess.TimeoutExpired:
            if output.stat().st_size > 16 * limit:
                break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    try:
        return child.wait(GRACE_S), True
    except subprocess.TimeoutExpired:
        return None, True


def _end_group(pid: int) -> bool:
    """Kill what the command left behind: its process group, then all adopted processes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline:
        for child in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.02)
        except ChildProcessError:
            return True
    return not _children()


def _children() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def detach() -> None:
    """Daemonize: own session, reparented."""
    if os.fork():
        os._exit(0)
    os.setsid()


if __name__ == "__main__":
    detach()
    run(Path(sys.argv[1]), json.loads(sys.argv[2]))
