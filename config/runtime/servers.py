"""Starts the embedded servers of `manage.py up` before Django's settings load."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dotenv import dotenv_values

from config.environment import secret_files
from config.paths import DATA_DIR, ROOT, RUNTIME_ENV
from core.embedded import children, process, servers
from core.embedded.database import ensure_database
from core.embedded.process import StartError
from core.embedded.s3 import S3
from core.embedded.servers import Home, home_of

SETTING_OF = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL", "s3": "S3_ENDPOINT_URL"}


@dataclass(frozen=True)
class RunningServers:
    """The embedded servers of this run, by kind, and where their files are."""

    home: Home
    embedded: tuple[str, ...]


def _given() -> dict[str, str]:
    """Return what the operator set: the environment, else a secret file, else `.env`, as in the settings.

    Empty values count as not set. Raises StartError.
    """
    try:
        sources: tuple[Mapping[str, str | None], ...] = (
            dotenv_values(ROOT / ".env"),
            secret_files(),
            os.environ,
        )
    except ValueError as error:
        raise StartError(f"TOCSIN_SECRETS_DIR cannot be read: {error}") from None
    return {k.upper(): v for source in sources for k, v in source.items() if v}


@contextlib.contextmanager
def running_servers() -> Iterator[RunningServers]:
    """Run the servers within this block; they are always stopped. Raises StartError."""
    home = home_of(DATA_DIR)
    started = RunningServers(home, tuple(kind for kind, name in SETTING_OF.items() if name not in _given()))
    _refuse_second_run()
    try:
        _start_servers(started)
        yield started
    finally:
        for kind in reversed(started.embedded):
            servers.server(kind, home).stop()


@contextlib.contextmanager
def own_database() -> Iterator[None]:
    """Run the embedded PostgreSQL for one command, unless it is running or another one is configured.

    Raises StartError.
    """
    given = _given()
    runs = process.recall(DATA_DIR / "supervisor.pid") is not None
    if runs or "DATABASE_URL" in given:
        yield
        return
    home = home_of(DATA_DIR)
    found = {"DATABASE_URL": _start("postgres", home), **_defaults(given, int(given.get("PORT", "8000")))}
    os.environ.update({k: v for k, v in found.items() if k not in given})
    try:
        yield
    finally:
        servers.server("postgres", home).stop()


def _start_servers(started: RunningServers) -> None:
    """Start the servers that are not configured and set the environment to their URLs."""
    given = _given()
    children.sweep(str(DATA_DIR))
    port = _free_web_port(given.get("PORT", "8000"))
    found = _all_started(started)
    found |= {name: os.environ[name] for name in ("S3_ACCESS_KEY", "S3_SECRET_KEY") if name in os.environ}
    found |= _defaults(given, port)
    os.environ.update({k: v for k, v in found.items() if k not in given})
    _write_runtime_env({**found, **{k: given[k] for k in found if k in given}})


def _all_started(started: RunningServers) -> dict[str, str]:
    """Return setting -> URL of every embedded server, started in parallel. Raises StartError."""
    if not started.embedded:
        return {}
    with ThreadPoolExecutor(len(started.embedded)) as pool:
        urls = pool.map(lambda kind: _start(kind, started.home), started.embedded)
        return {SETTING_OF[kind]: url for kind, url in zip(started.embedded, urls, strict=True)}


def _start(kind: str, home: Home) -> str:
    server = servers.server(kind, home)
    url = server.start()
    if isinstance(server, S3):
        os.environ["S3_ACCESS_KEY"], os.environ["S3_SECRET_KEY"] = server.keys()
    return ensure_database(url) if kind == "postgres" else url


def _defaults(given: dict[str, str], port: int) -> dict[str, str]:
    local = given.get("TOCSIN_ENV", "local") == "local"
    return {
        "TOCSIN_ENV": "local",
        "TOCSIN_OPEN_LOOPBACK": "1" if local else "0",
        "PORT": str(port),
        "BASE_URL": f"http://localhost:{port}",
    }


def _free_web_port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise StartError(f"PORT must be a number from 1 to 65535, not {text!r}")
    port = int(text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StartError(
                f"port {port} cannot be used ({error.strerror}); try PORT={port + 1} make run"
            ) from error
    return port


def _refuse_second_run() -> None:
    running = process.recall(DATA_DIR / "supervisor.pid")
    if running is not None and running.pid != os.getpid():
        raise StartError(f"Tocsin already runs from this folder (process {running.pid}); stop that one first")


def _write_runtime_env(values: dict[str, str]) -> None:
    process.write_private(RUNTIME_ENV, "".join(f"{k}={v}\n" for k, v in sorted(values.items())), None)
