"""Alerta 9.1 in a virtual environment of its own, on the same PostgreSQL server, under gunicorn 2 x 8."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from bench.harness.load import Route, apply_load
from bench.harness.place import BENCH, scratch
from bench.harness.programs import Program
from bench.harness.scale import Scale
from bench.harness.servers import Servers
from core.embedded.process import free_port

LOCK = BENCH / "requirements-alerta.txt"
KEY = "bench-key"
ADMIN = "admin@alerta.test"
AUTHORIZATION = f"Key {KEY}"
CONFIGURATION = """\
DATABASE_URL = {database!r}
SECRET_KEY = "only-for-a-benchmark-on-loopback"
AUTH_REQUIRED = True
ADMIN_USERS = [{admin!r}]
LOG_LEVEL = "CRITICAL"
"""


@dataclass(frozen=True, slots=True)
class Alerta:
    """Its endpoints for one alert, and for many: the Prometheus webhook, the only one for batches."""

    port: int
    database: str

    @property
    def single(self) -> Route:
        return Route(f"http://127.0.0.1:{self.port}/alert", "alerta", AUTHORIZATION)

    @property
    def batch(self) -> Route:
        url = f"http://127.0.0.1:{self.port}/webhooks/prometheus"
        return Route(url, "alerta_webhook", AUTHORIZATION)

    def batch_rate(self, scale: Scale) -> float:
        """Return alerts per second in batches of 100.

        Counted in its database: one batch takes it about a second, so counting responses would be coarse, and
        of several simultaneous batches with the same alerts it may refuse one.
        """
        patient = replace(scale, connections=4)
        self._apply(replace(patient, seconds=scale.warm_up))
        before, started = self._taken(), time.monotonic()
        self._apply(replace(patient, seconds=2 * scale.seconds))
        return (self._taken() - before) / (time.monotonic() - started)

    def _apply(self, scale: Scale) -> None:
        apply_load(self.batch, 100, scale, warm=False, may_refuse=True)

    def _taken(self) -> int:
        with psycopg.connect(self.database) as connection:
            row = connection.execute("select coalesce(sum(duplicate_count + 1), 0) from alerts").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def running_alerta(servers: Servers) -> Iterator[Alerta]:
    """Run a fresh Alerta on an empty database."""
    programs, port = _installed(), free_port()
    database = servers.fresh_database("bench_alerta")
    environment = _configured(database)
    _make_key(programs, environment)
    argv: list[str | Path] = [
        programs / "gunicorn",
        "-b",
        f"127.0.0.1:{port}",
        "-w",
        "2",
        "-k",
        "gthread",
        "--threads",
        "8",
    ]
    argv += ["--keep-alive", "30", "--log-level", "error", "alerta:create_app()"]
    with Program("alerta", argv, env=environment, cwd=scratch("alerta")) as program:
        program.wait_until_responding(port)
        yield Alerta(port, database)


def _installed() -> Path:
    """Return the programs of its environment, installed once from a lock file."""
    home = scratch("alerta") / "venv"
    if not (home / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        install = [str(home / "bin" / "pip"), "install", "-q", "--require-hashes", "-r", str(LOCK)]
        subprocess.run(install, check=True)
        (home / "complete").touch()
    return home / "bin"


def _configured(database: str) -> dict[str, str]:
    path = scratch("alerta") / "alertad.conf"
    path.write_text(CONFIGURATION.format(database=database, admin=ADMIN))
    return {"ALERTA_SVR_CONF_FILE": str(path), "ADMIN_USERS": ADMIN, "ADMIN_KEY": KEY}


def _make_key(programs: Path, environment: dict[str, str]) -> None:
    command = [str(programs / "alertad"), "key", "--username", ADMIN, "--key", KEY]
    env = {**os.environ, **environment}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Alerta made no key: {done.stdout}{done.stderr}")
