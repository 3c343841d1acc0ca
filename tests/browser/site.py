"""A real Tocsin for browsers: its own database and Valkey, web server and workers as processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import requests

from config.paths import ROOT
from tests import servers

DATABASE = "browser_" + os.environ.get("PYTEST_XDIST_WORKER", "main")
START_WITHIN_S = 150
NOTES = """
insert into incidents_timelineentry
  (workspace_id, incident_id, kind, message, is_public, author_label, occurred_at, data)
select workspace_id, id, 'note', 'probe ' || n, false, 'Probe', now() + n * interval '1 ms', '{}'
  from incidents_incident, generate_series(1, %s) n where number = %s
"""


@dataclass(frozen=True)
class Site:
    """Where it listens."""

    url: str
    port: int
    environment: dict[str, str]

    @property
    def session_cookie(self) -> str:
        return f"tocsin_session_{self.port}"

    def write_notes(self, reference: str, count: int) -> None:
        """So many notes on an incident's timeline, the oldest first."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            connection.execute(NOTES, [count, int(reference.removeprefix("INC-"))])

    def send_errors(self, service: str, count: int) -> None:
        """POST events one at a time, as a failing service does."""
        for _ in range(count):
            body = {"service": service, "level": "error", "message": "payment failed"}
            assert requests.post(f"{self.url}/api/v1/events", json=body, timeout=10).status_code == 202


@contextmanager
def running_site(folder: Path, storage: Mapping[str, str] | None = None) -> Iterator[Site]:
    """Start everything, wait until it responds, stop it at the end. `storage`: where objects are stored."""
    port = _free_port()
    env = _environment(folder, port) | dict(storage or {})
    subprocess.run([sys.executable, "-m", "tests.browser.site_data"], cwd=ROOT, env=env, check=True)
    up = subprocess.Popen([sys.executable, "manage.py", "up"], cwd=ROOT, env=env)
    try:
        _wait_for(f"http://127.0.0.1:{port}/sign-in")
        yield Site(f"http://127.0.0.1:{port}", port, env)
    finally:
        up.terminate()
        up.wait(timeout=40)


def _environment(folder: Path, port: int) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": servers.create_database(DATABASE),
        "S3_ENDPOINT_URL": "http://127.0.0.1:9",  # else `up` would start a storage of its own
        "TOCSIN_ENV": "local",
        "TOCSIN_OPEN_LOOPBACK": "true",
        "HTTP_ALLOWED_NETWORKS": "127.0.0.0/8",  # where receivers of the tests listen
        "TOCSIN_DATA_DIR": str(folder),
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str) -> None:
    end = time.monotonic() + START_WITHIN_S
    while time.monotonic() < end:
        try:
            if requests.get(url, timeout=20).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"{url} did not answer within {START_WITHIN_S} s")
