"""Tocsin as `make run` starts it: web with 2 processes, detection worker, default worker and beat.

Tokens, tenancy, limits and audit are on; only the servers are the benchmark's, so that peers can share them.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg

from bench.harness.load import Route
from bench.harness.place import ROOT, scratch
from bench.harness.programs import Program, cpu_seconds, status_of
from bench.harness.servers import Servers
from core.embedded.process import free_port

TOKEN = re.compile(r"\btcs_[A-Za-z0-9]+_[A-Za-z0-9_-]+")
SIGN_IN = re.compile(r"https?://[^\s/]+(/\S*sign-in/\S+)")
BATCH = 100


@dataclass(frozen=True, slots=True)
class Tocsin:
    """A running Tocsin: its URL, credentials and database."""

    program: Program
    servers: Servers
    port: int
    token: str
    sign_in: str
    database: str

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def authorization(self) -> str:
        return f"Bearer {self.token}"

    @property
    def events(self) -> Route:
        return Route(f"{self.base}/api/v1/events", "tocsin", self.authorization)

    def connect(self) -> psycopg.Connection:
        """Open a connection of the benchmark's own, in autocommit."""
        return psycopg.connect(self.database, autocommit=True)

    def cpu_seconds(self) -> float:
        """Return the processor time so far of all its processes, PostgreSQL included."""
        return cpu_seconds(self.program.child.pid) + cpu_seconds(self.servers.postmaster)

    def wait_until_detected(self, seconds: float = 60.0) -> None:
        """Wait until detection has processed every stored event; raises TimeoutError."""
        end = time.monotonic() + seconds
        with self.connect() as connection:
            while connection.execute("select exists (select from detection_pending)").fetchone() != (False,):
                if time.monotonic() > end:
                    raise TimeoutError(f"detection was not done after {seconds:.0f} s")
                time.sleep(0.05)

    def execute(self, statement: LiteralString) -> None:
        """Change its data directly, for the setup of a benchmark."""
        with self.connect() as connection:
            connection.execute(statement)


@contextmanager
def running_tocsin(
    servers: Servers, *, database: str = "bench_tocsin", keep: bool = False, root: Path = ROOT
) -> Iterator[Tocsin]:
    """Run a Tocsin on an empty database; with `keep` on an earlier one's database.

    `root` is the folder of its files: those of another revision, or ours.
    """
    url = servers.postgres.url(database) if keep else servers.fresh_database(database)
    servers.forget()
    port = free_port()
    argv = [sys.executable, str(root / "manage.py"), "up"]
    with Program("tocsin", argv, env=_environment(servers, url, port)) as program:
        program.wait_for(lambda: status_of(port, "/readyz") == 200, "readiness", 300)
        if not keep:
            program.wait_for(lambda: bool(TOKEN.search(_output(program))), "a printed token")
        yield Tocsin(program, servers, port, _stored_token(program, database), _sign_in_path(program), url)


def _stored_token(program: Program, database: str) -> str:
    """Return the token printed at the first start on that database."""
    token_file, found = scratch("tocsin") / f"{database}.token", TOKEN.search(_output(program))
    if found:
        token_file.write_text(found[0])
    return token_file.read_text()


def _sign_in_path(program: Program) -> str:
    found = SIGN_IN.search(_output(program))
    return found[1] if found else ""


def _output(program: Program) -> str:
    return program.log.read_text(errors="replace")


def _environment(servers: Servers, database: str, port: int) -> dict[str, str]:
    folder = scratch("tocsin")
    shutil.rmtree(folder / "data", ignore_errors=True)
    return {
        "PORT": str(port),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "TOCSIN_DATA_DIR": str(folder / "data"),
        "DATABASE_URL": database,
        "REDIS_URL": servers.valkey.url(),
        "LIVE_STREAMS_PER_SESSION": "1000000",  # every viewer of goal 13 is the same person
        # Counted, but unreachable: with all rules off more than 50,000 events a second come from one token.
        "EVENT_LIMIT_PER_TOKEN": "1000000",
        "EVENT_LIMIT_PER_WORKSPACE": "1000000",
        "PYTHONUNBUFFERED": "1",
    }
