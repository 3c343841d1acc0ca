"""Real senders and a real web server over TLS, as processes on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import trustme
from cryptography.hazmat.primitives import serialization

from config.paths import ROOT
from config.runtime.programs import web
from core.embedded.process import free_port
from tests import servers
from tests.programs import missing

ANSWER_WITHIN_S = 60
OFTEN = "200ms"


@dataclass(frozen=True)
class Served:
    """Tocsin's web process on the test's database; `trust` is the file of its authority."""

    url: str
    trust: Path


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """A web process over TLS; its sources and incidents are those of the test."""
    authority = trustme.CA()
    trust, certificate, key = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
    issued = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(trust)
    for blob in issued.cert_chain_pems:
        blob.write_to_path(certificate, append=True)
    key.write_bytes(_pkcs8(issued.private_key_pem.bytes()))
    port = free_port()
    argv = [*web(port, 1), f"--ssl-certificate={certificate}", f"--ssl-keyfile={key}"]
    with started([argv], folder / "web.log", env=_environment()):
        until(lambda: requests.get(f"https://localhost:{port}/livez", timeout=2, verify=trust).ok)
        yield Served(f"https://localhost:{port}", trust)


class Shop:
    """A service that Prometheus looks at; `is_down` is the one thing it measures."""

    def __init__(self) -> None:
        self.is_down = 1
        shop = self

        class Metrics(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(f"shop_is_down {shop.is_down}\n".encode())

            def log_message(self, *_: Any) -> None:
                """Logs nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)

    @property
    def port(self) -> int:
        """Where its metrics are."""
        return int(self.server.server_port)


@contextmanager
def open_shop() -> Iterator[Shop]:
    """A shop that is down until it is set to up."""
    shop = Shop()
    thread = threading.Thread(target=shop.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        shop.server.shutdown()
        shop.server.server_close()
        thread.join()


@contextmanager
def alertmanager(folder: Path, receivers: Sequence[dict[str, Any]], port: int) -> Iterator[None]:
    """Debian's Alertmanager, which sends every group to each of `receivers`."""
    routes = [{"receiver": receiver["name"], "continue": True} for receiver in receivers]
    waits = {
        "group_wait": "50ms",
        "group_interval": "200ms",
        "repeat_interval": "1h",
        "group_by": ["alertname"],
    }
    plan = {"route": {"receiver": receivers[0]["name"], "routes": routes, **waits}, "receivers": receivers}
    config = folder / "alertmanager.yml"
    config.write_text(json.dumps(plan))  # JSON is YAML
    argv = [
        program("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={folder / 'am'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    ]  # fmt: skip
    with started([argv], folder / "alertmanager.log"):
        until(lambda: requests.get(f"http://127.0.0.1:{port}/-/ready", timeout=2).ok)
        yield


@contextmanager
def prometheus(folder: Path, rules: Sequence[dict[str, Any]], watched: int, teller: int) -> Iterator[None]:
    """Debian's Prometheus, which scrapes `watched` and alerts through the Alertmanager at `teller`."""
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "all", "rules": list(rules)}]}))
    shop, alerting = {"targets": [f"127.0.0.1:{watched}"]}, {"targets": [f"127.0.0.1:{teller}"]}
    plan = {
        "global": {"scrape_interval": OFTEN, "scrape_timeout": OFTEN, "evaluation_interval": OFTEN},
        "rule_files": [str(folder / "rules.yml")],
        "scrape_configs": [{"job_name": "shop", "static_configs": [shop]}],
        "alerting": {"alertmanagers": [{"static_configs": [alerting]}]},
    }
    (folder / "prometheus.yml").write_text(json.dumps(plan))
    port = free_port()
    argv = [
        program("prometheus"), f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with started([argv], folder / "prometheus.log"):
        until(lambda: requests.get(f"http://127.0.0.1:{port}/-/ready", timeout=2).ok)
        yield


@contextmanager
def started(commands: Sequence[list[str]], log: Path, env: dict[str, str] | None = None) -> Iterator[None]:
    """Run commands until the block ends."""
    with ExitStack() as stack, log.open("ab") as out:
        for argv in commands:
            process = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=out, stderr=out)
            stack.callback(_end, process)
        yield


def until(met: Callable[[], Any], seconds: float = ANSWER_WITHIN_S) -> Any:
    """The first true result of `met`; a hang or refusal is retried. Raises AssertionError."""
    end, result = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            result = met()
        except (requests.ConnectionError, requests.Timeout):
            result = None
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"{met} did not come true within {seconds} s; at last: {result!r}")


def program(name: str) -> str:
    """Where a program of Debian's package of that name is; without it the test is left out, but not by CI."""
    found = shutil.which(name)
    if found is None:
        missing(name)
    return str(found)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=20)


def _environment() -> dict[str, str]:
    return os.environ | {"DATABASE_URL": servers.database_url()}


def _pkcs8(pem: bytes) -> bytes:
    """The key as the server wants it."""
    key = serialization.load_pem_private_key(pem, password=None)
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
