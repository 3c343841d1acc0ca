"""The whole of `manage.py up` as real processes with data of its own, and ways to disturb it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
import requests

from config.paths import ROOT
from core.embedded import process
from core.embedded.children import MARK
from core.embedded.database import ensure_database
from core.embedded.postgres import Postgres
from core.embedded.valkey import Valkey
from tests import servers
from tests.faults.proxy import Proxy

START_WITHIN_S = 300


class Running:
    """A started Tocsin. `folder` holds its data, `root` its files."""

    root: Path = ROOT

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = process.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.up: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        replaced = {"DATABASE_URL", "REDIS_URL", "TOCSIN_ENV", "TOCSIN_DATA_DIR", "PORT"}
        inherited = {k: v for k, v in os.environ.items() if k not in replaced}
        # With an S3 address set, the bundled storage, which nothing here needs, is not started.
        return inherited | {
            "TOCSIN_DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "S3_ENDPOINT_URL": "http://127.0.0.1:9",
            "LIVE_STREAMS_PER_SESSION": "1000",  # every viewer of a test is the same person
            **self.servers(),
        }

    def servers(self) -> dict[str, str]:
        """Servers that are not for `up` to start: none."""
        return {}

    def start(self, within_s: float = START_WITHIN_S) -> None:
        """`manage.py up`; returns when pages are served and the workers were seen."""
        with (self.folder / "up.log").open("ab") as log:
            self.up = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=self.root,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        assert self.until(lambda: self.status() == "ready", within_s), self.log()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """What a Ctrl-C does, or another signal. Returns the exit code."""
        assert self.up is not None
        self.up.send_signal(number)
        return self.up.wait(timeout=60)

    def log(self) -> str:
        return (self.folder / "up.log").read_text(errors="replace")

    def status(self) -> str:
        """The response of `/readyz`, or why there is none."""
        try:
            return str(requests.get(f"{self.url}/readyz", timeout=15).json()["status"])
        except (requests.RequestException, ValueError) as error:
            return type(error).__name__

    def until(self, met: Callable[[], Any], seconds: float) -> bool:
        return process.wait_until(met, seconds, pause=0.1)

    def programs(self, name: str) -> list[psutil.Process]:
        """Our processes called so, the oldest (their parent) first."""
        called = psutil.process_iter(["name"])
        found = [p for p in called if p.info["name"] == f"tocsin {name}"[:15] and self._is_ours(p)]
        return sorted(found, key=lambda p: p.create_time())

    def leftovers(self) -> list[psutil.Process]:
        """Every process of this run, by any name."""
        return [p for p in psutil.process_iter() if self._is_ours(p)]

    def _is_ours(self, found: psutil.Process) -> bool:
        try:
            return found.environ().get(MARK) == str(self.folder)
        except psutil.Error:
            return False

    def stop_programs(self, name: str) -> list[psutil.Process]:
        """SIGSTOP to every process of a program; returns them."""
        found = self.programs(name)
        assert found, f"no {name} runs"
        for one in found:
            one.suspend()
        return found

    def kill(self, name: str, *, child: bool = False) -> None:
        """SIGKILL to a program, or to its youngest child only."""
        found = self.programs(name)
        assert found, f"no {name} runs"
        found[-1 if child else 0].kill()

    @property
    def postgres(self) -> Postgres:
        return Postgres(self.folder / "postgres", process.server_account())

    @property
    def valkey(self) -> Valkey:
        return Valkey(self.folder / "valkey", process.server_account())

    def app_url(self) -> str:
        """The address by which Tocsin uses its database."""
        return ensure_database(self.postgres.url())

    def row(self, query: str, *params: Any) -> tuple[Any, ...]:
        """One row from the database."""
        with psycopg.connect(self.postgres.url()) as connection:
            found = connection.execute(query, params).fetchone()
        assert found is not None
        return found


class Wired(Running):
    """A Tocsin whose PostgreSQL and Valkey are reached through proxies, and can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.database_url = ensure_database(self.postgres.start())
        self.valkey_url = self.valkey.start()
        self.database_wire = Proxy(self.postgres.port)
        self.valkey_wire = Proxy(self.valkey.port)

    def servers(self) -> dict[str, str]:
        return {
            "TOCSIN_ENV": "local",
            "TOCSIN_OPEN_LOOPBACK": "1",
            "DATABASE_URL": through(self.database_url, self.database_wire),
            "REDIS_URL": through(self.valkey_url, self.valkey_wire),
        }

    def heal(self) -> None:
        """Every wire as it was in the beginning."""
        self.database_wire.heal()
        self.valkey_wire.heal()


def through(url: str, wire: Proxy) -> str:
    """The same server by way of the proxy."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{wire.port}"))


@contextmanager
def running(kind: type[Running] = Running, *, is_migrated: bool = True) -> Iterator[Running]:
    """A Tocsin in a folder of its own, gone afterwards with everything it started.

    is_migrated: begin with a copy of a migrated database instead of none, which saves most of a first start.
    """
    folder = Path(tempfile.mkdtemp(prefix="tocsin-faults-", dir=os.environ.get(servers.FOLDER)))
    folder.chmod(0o711)
    if is_migrated:
        servers.copy_server(servers.migrated_folder(), folder / "postgres")
    tocsin = kind(folder)
    try:
        tocsin.start()
        yield tocsin
    finally:
        print(tocsin.log())  # shown with a failure
        _end(tocsin)
        shutil.rmtree(folder, ignore_errors=True)


def _end(tocsin: Running) -> None:
    if isinstance(tocsin, Wired):
        tocsin.heal()
    if tocsin.up is not None and tocsin.up.poll() is None:
        tocsin.stop()
    for left in tocsin.leftovers():
        left.kill()
    tocsin.postgres.stop()
    tocsin.valkey.stop()
