"""Server processes that outlive this one: start, find again, stop; processes of others are never touched.

Independent of Django, so that the supervisor stays small.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import psutil


class StartError(Exception):
    """A program or server could not be started; the message is one line an operator can act on."""


@dataclass(frozen=True, slots=True)
class Handle:
    """A process Tocsin started. `born` distinguishes it from a later process with the same pid."""

    pid: int
    born: float


@dataclass(frozen=True, slots=True)
class Account:
    """Unprivileged account that servers run as when Tocsin runs as root."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """Return the account servers run as: the current one, unless it is root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    return Account(65534, 65534)


def run_as(account: Account | None) -> dict[str, Any]:
    """Return the keyword arguments that make `subprocess` run a program as that account."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def can_reach(path: Path, account: Account | None) -> bool:
    """Return whether that account may enter the folder or run the program; True for the current account."""
    if account is None:
        return True
    probe = ["/bin/sh", "-c", 'test -x "$0"', str(path)]
    return subprocess.run(probe, cwd="/", check=False, **run_as(account)).returncode == 0


def give(path: Path, account: Account | None, mode: int = 0o700) -> None:
    """Create a private folder owned by the account."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    if account is not None:
        os.chown(path, account.uid, account.gid)


def write_private(path: Path, text: str, account: Account | None) -> None:
    """Write a file that only the account (and root) can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    if account is not None:
        os.chown(path, account.uid, account.gid)


def readable_program(program: Path, account: Account | None, fallback: Path | None) -> Path:
    """Return the program, or a copy of it in `fallback` if the account cannot read the installed one."""
    if can_reach(program, account):
        return program
    if fallback is None:
        raise StartError(f"{program} cannot be read by the account it runs as (uid {account_uid(account)})")
    copy = fallback / f"{program.name}-{int(program.stat().st_mtime)}"
    if not copy.exists():
        fallback.mkdir(parents=True, exist_ok=True)
        making = copy.with_suffix(f".{os.getpid()}")
        shutil.copy2(program, making)
        making.chmod(0o755)
        making.rename(copy)
    return copy


def account_uid(account: Account | None) -> int:
    """Return the uid the server will run as."""
    return account.uid if account else os.geteuid()


def spawn(
    argv: Sequence[str | Path], *, log: Path | IO[bytes] | int, account: Account | None = None, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that a Ctrl-C in our terminal does not reach it.

    Raises StartError when it cannot be executed at all.
    """
    out = log.open("ab") if isinstance(log, Path) else log
    try:
        return subprocess.Popen(
            [str(a) for a in argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **{**run_as(account), **options},
        )
    except OSError as error:
        raise StartError(f"{argv[0]} cannot be started: {error}") from error
    finally:
        if isinstance(log, Path) and not isinstance(out, int):
            out.close()


_OURS: dict[int, subprocess.Popen[bytes]] = {}


def spawn_server(
    argv: Sequence[str | Path], *, log: Path, account: Account | None, pid_file: Path
) -> Handle | None:
    """Start a server that may outlive this process and write its pid file; None if it ended at once."""
    log.unlink(missing_ok=True)
    child = spawn(argv, log=log, account=account, cwd="/", env=environment())
    _OURS[child.pid] = child
    handle = handle_of(child.pid)
    if handle is not None:
        remember(pid_file, handle)
    return handle


def handle_of(pid: int) -> Handle | None:
    """Return a handle of the current process with that pid, or None."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Handle(pid, process.create_time())
    except psutil.Error:
        return None


def alive(handle: Handle | None) -> bool:
    """Return whether exactly this process is still running; reaps it if it is a child that ended."""
    if handle is None:
        return False
    now = handle_of(handle.pid)
    _reap(handle.pid)
    return now is not None and abs(now.born - handle.born) < 0.5


def works_in(handle: Handle, folder: Path) -> bool:
    """Return whether that process has the folder as its working directory."""
    try:
        return Path(psutil.Process(handle.pid).cwd()).resolve() == folder.resolve()
    except psutil.Error:
        return False


def _reap(pid: int) -> bool:
    """Reap a zombie child with that pid, which PostgreSQL would consider alive. False if one remains."""
    child = _OURS.get(pid)
    if child is not None and child.poll() is not None:
        del _OURS[pid]
    return pid not in _OURS


def remember(path: Path, handle: Handle) -> None:
    """Write a pid file atomically."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(asdict(handle)))
    temporary.replace(path)


def recall(path: Path) -> Handle | None:
    """Return the running process of a pid file.

    None if it ended or its pid was reused.
    """
    try:
        handle = Handle(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return handle if alive(handle) else None


def stop(handle: Handle, *, first: signal.Signals = signal.SIGTERM, patience: float = 15.0) -> None:
    """End a process and its group: SIGTERM, wait up to `patience` seconds, then SIGKILL."""
    _signal(handle, first)
    if not wait_until(lambda: not alive(handle), patience):
        _signal(handle, signal.SIGKILL, group=True)
        wait_until(lambda: not alive(handle), 5.0)
    # The first thread of a program may end a moment before its others; the process can be reaped only after
    # all of them.
    wait_until(lambda: _reap(handle.pid), 1.0)


def _signal(handle: Handle, number: signal.Signals, *, group: bool = False) -> None:
    if not alive(handle):
        return
    try:
        if group and os.getpgid(handle.pid) == handle.pid:
            os.killpg(handle.pid, number)
        else:
            os.kill(handle.pid, number)
    except ProcessLookupError:
        return


def wait_until(met: Any, seconds: float, *, pause: float = 0.02) -> bool:
    """Call `met()` until it is true or the time is up; returns whether it became true."""
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether a server accepts connections at that address."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


def free_port() -> int:
    """Return a loopback port that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stored_port(path: Path) -> int:
    """Return the port stored in that file if it is free, else a new one, which is stored there."""
    try:
        port = int(path.read_text())
    except (OSError, ValueError):
        port = 0
    if not port or listens(port):
        port = free_port()
        path.write_text(str(port))
    return port


def tail(log: Path, lines: int = 3) -> str:
    """Return the last lines of a log, joined, for a one-line error."""
    try:
        found = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return " / ".join(line.strip() for line in found[-lines:])


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a minimal environment for servers: none of Tocsin's secrets, UTC, C.UTF-8."""
    passed_on = {k: v for k, v in os.environ.items() if k in {"PATH", "TMPDIR", "LD_LIBRARY_PATH"}}
    return {**passed_on, "TZ": "UTC", "LC_ALL": "C.UTF-8", "HOME": "/", **(extra or {})}
