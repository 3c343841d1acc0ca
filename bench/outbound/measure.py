"""`python -m bench outbound`: deliveries, the status page, responses to Slack, and approved actions.

A Tocsin as `make run` starts it, with one outbound worker. Receivers are fakes on loopback that take 5 ms.
Each rate has its yardstick in the same run. Exit status 1 if a bound is missed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import httpx2

from bench.harness.figures import median, percentile
from bench.harness.machine import facts
from bench.harness.place import scratch
from bench.harness.programs import proportional_bytes
from bench.harness.servers import running_servers
from bench.harness.tocsin import Tocsin, running_tocsin
from bench.inside.goal import Outcome
from bench.outbound.program import WRITES
from config.paths import ROOT
from config.runtime.worker_main import NICE
from tests.fakes.receiver import Received, Receiver, Reply, running
from tests.fakes.slack.server import FakeSlack, fake_slack
from tests.fakes.smtp import Mailbox, smtp_server

PAGES: Final = 1_500  # of one round of throughput
ROUNDS: Final = 3
SINK_S: Final = 0.005
THREADS: Final = 16  # of the outbound worker
SUBSCRIBERS: Final = 5_000
SINGLE: Final = 40
GAP_S: Final = 0.5
SLACK_RATE, SLACK_S = 50, 20
PATIENCE_S: Final = 300.0
# A command that notes when it began.
COMMAND: Final = "import sys, time; open('/'.join(sys.argv[1:]), 'w').write(str(time.monotonic()))"
HTML: Final = re.compile(r'"(/static/[^"]+)"')


@dataclass
class World:
    """A running Tocsin with its receivers. `arrived`: id of a page -> monotonic clock."""

    tocsin: Tocsin
    sink: Receiver
    slack: FakeSlack
    folder: Path
    arrived: dict[str, float] = field(default_factory=dict)

    def write(self, what: str, count: int = 1, gap_s: float = 0.0) -> list[tuple[str, float]]:
        """Run the program. Returns its ids with the times of their commits."""
        return list(self.start(what, count, gap_s))

    def start(self, what: str, count: int, gap_s: float) -> Iterator[tuple[str, float]]:
        """Run the program, item by item."""
        assert what in WRITES
        argv = [sys.executable, "-m", "bench.outbound.program", what, str(count), str(gap_s)]
        addresses = {"DATABASE_URL": self.tocsin.database, "REDIS_URL": self.tocsin.servers.valkey.url()}
        # Its data folder has the key with which secrets are stored.
        data = {"TOCSIN_DATA_DIR": str(scratch("tocsin") / "data")}
        django = {"TOCSIN_ENV": "local", "DJANGO_SETTINGS_MODULE": "config.settings", **data}
        given = {**os.environ, **addresses, **django, "SINK": self.sink.url}
        with subprocess.Popen(argv, cwd=ROOT, env=given, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for line in child.stdout:
                if line.startswith("["):
                    key, at = json.loads(line)
                    yield key, at
        if child.returncode:
            raise RuntimeError(f"{what}: exit status {child.returncode}")

    def call(self, method: str, path: str, **body: Any) -> Any:
        """Call the API. Raises HTTPStatusError."""
        headers = {"Authorization": self.tocsin.authorization}
        address = f"{self.tocsin.base}/api/v1{path}"
        response = httpx.request(method, address, json=body, headers=headers, timeout=60)
        response.raise_for_status()
        return response.json() if response.content else None

    def outbound_bytes(self) -> int:
        """Return the proportional set size of the outbound worker."""
        # The programs of `up` have one command line; only this one has its priority.
        return proportional_bytes(self.tocsin.program.child.pid, lambda one: one.nice() == NICE["outbound"])


def main() -> int:
    """Measure on fresh servers."""
    with ExitStack() as stack:
        arrived: dict[str, float] = {}

        def take(received: Received) -> Reply:
            arrived.setdefault(received.headers.get("webhook-id", "")[4:], time.monotonic())
            time.sleep(SINK_S)
            return Reply()

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sink = stack.enter_context(running(Receiver(take)))
        slack = stack.enter_context(fake_slack())
        port = stack.enter_context(smtp_server(Mailbox()))
        command = [sys.executable, "-I", "-S", "-c", COMMAND, str(folder), "{component}"]
        os.environ |= {
            "HTTP_ALLOWED_NETWORKS": "127.0.0.0/8", "SMTP_URL": f"smtp://127.0.0.1:{port}",
            "MAIL_FROM": "Tocsin <tocsin@example.com>", "SLACK_API_URL": slack.api_url,
            "REMEDIATION_COMMANDS": json.dumps({"scale_up": command}),
        }  # fmt: skip
        tocsin = stack.enter_context(running_tocsin(stack.enter_context(running_servers())))
        world = World(tocsin, sink, slack, folder, arrived)
        only = sys.argv[1:] or list(GOALS)
        outcomes = []
        for name in only:
            for outcome in GOALS[name](world):
                print(f"{name:10} {outcome}", flush=True)
                outcomes.append(outcome)
    print(", ".join(f"{name} {value}" for name, value in facts().items()))
    return 0 if all(one.passed for one in outcomes) else 1


def throughput(world: World) -> Iterator[Outcome]:
    """Deliveries a second, against the same posts by as many threads without rows."""
    ours, bare = [], []
    for _ in range(ROUNDS):
        bare.append(_bare_posts(world))
        world.arrived.clear()
        [(_, began)] = world.write("pages", PAGES)
        _wait(lambda: _unsettled(world.tocsin) == 0, "all pages settled")
        ours.append(PAGES / (max(world.arrived.values()) - began))
    rate = median(ours)
    yield Outcome("seconds for 60 deliveries", 60 / rate, "s", 1)
    yield Outcome(
        f"bare posts ({median(bare):.0f}/s) / deliveries ({rate:.0f}/s)", median(bare) / rate, "×", 4
    )
    yield Outcome("memory of the outbound worker after it", world.outbound_bytes() / 2**20, "MiB", 95)


def _bare_posts(world: World) -> float:
    body = json.dumps({"type": "incident.opened", "data": {"subject": "x" * 800}}).encode()
    address = f"{world.sink.url}/bare"
    with httpx2.Client() as client, ThreadPoolExecutor(THREADS) as pool:
        began = time.monotonic()
        list(pool.map(lambda _: client.post(address, content=body), range(PAGES)))
        return PAGES / (time.monotonic() - began)


def first(world: World) -> Iterator[Outcome]:
    """From a page's commit to its arrival: idle, and while mails to subscribers are sent."""
    yield Outcome("page, idle, p95", _p95_of_pages(world), "s", 1)
    world.call("PUT", "/status-page", slug="bench", title="Bench")
    world.write("subscribers", SUBSCRIBERS)
    incident = world.call("POST", "/incidents", title="Search is slow")["number"]
    world.call("POST", f"/incidents/INC-{incident}/status-page", title="Search is slow")
    world.call("POST", f"/incidents/INC-{incident}/status-page/updates", message="We are looking into it.")
    _wait(lambda: _mails(world.tocsin) > SUBSCRIBERS // 2, "mails planned")
    yield Outcome("page, beside 5,000 mails, p95", _p95_of_pages(world), "s", 2)
    left = _mails(world.tocsin)
    print(f"           {left} mails left then")
    yield Outcome("memory of the outbound worker", world.outbound_bytes() / 2**20, "MiB", 95)
    _wait(lambda: _mails(world.tocsin) == 0, "all mails sent")


def _p95_of_pages(world: World) -> float:
    world.arrived.clear()
    planned = world.write("pages", SINGLE, GAP_S)
    _wait(lambda: len(world.arrived) == SINGLE, "all pages arrived")
    return percentile([world.arrived[key] - at for key, at in planned], 95)


def status(world: World) -> Iterator[Outcome]:
    """Requests a second of the status page, against a static file; a change until it is shown."""
    world.call("PUT", "/status-page", slug="bench", title="Bench")
    for name in ("Search", "Checkout", "Login", "Mail"):
        world.call("POST", "/status-page/components", name=name)
    page = f"{world.tocsin.base}/status/bench"
    _wait(lambda: httpx.get(page).status_code == 200, "a status page")
    shown = httpx.get(page)
    static = min(
        (
            f"{world.tocsin.base}{path}"
            for path in set(HTML.findall(httpx.get(f"{world.tocsin.base}/sign-in").text))
        ),
        key=lambda address: abs(len(httpx.get(address).content) - len(shown.content)),
    )
    rates: dict[str, list[float]] = {page: [], static: []}
    for _ in range(ROUNDS):
        for address, found in rates.items():
            found.append(_wrk(address))
    sizes = f"{len(shown.content):,} against {len(httpx.get(static).content):,} bytes"
    ratio = median(rates[static]) / median(rates[page])
    yield Outcome(f"static file / status page ({median(rates[page]):.0f}/s, {sizes})", ratio, "×", 1 / 0.7)
    incident = world.call("POST", "/incidents", title="Login fails")["number"]
    world.call("POST", f"/incidents/INC-{incident}/status-page", title="Login fails")
    times = []
    for number in range(20):
        message = f"Step {number} of the repair is done."
        began = time.monotonic()
        world.call("POST", f"/incidents/INC-{incident}/status-page/updates", message=message)
        _wait(lambda message=message: message in httpx.get(page).text, message)  # type: ignore[misc]
        times.append(time.monotonic() - began)
    yield Outcome("update until shown, p95", percentile(times, 95), "s", 5)


def slack_responses(world: World) -> Iterator[Outcome]:
    """Slash commands at 50 a second, on time even if responses are late."""
    world.slack.slack.person("U0BENCH", "bench@example.com")
    world.write("slack")
    times: list[float] = []
    with httpx.Client(limits=httpx.Limits(max_connections=100)) as client, ThreadPoolExecutor(100) as pool:

        def command(due: float) -> None:
            body, headers = world.slack.command("list", "U0BENCH")
            client.post(
                f"{world.tocsin.base}/slack/commands", content=body, headers=headers, timeout=30
            ).raise_for_status()
            times.append(time.monotonic() - due)

        began = time.monotonic() + 0.2
        for number in range(SLACK_RATE * SLACK_S):
            due = began + number / SLACK_RATE
            time.sleep(max(0.0, due - time.monotonic()))
            pool.submit(command, due)
    if len(times) < SLACK_RATE * SLACK_S:
        raise RuntimeError(f"only {len(times)} commands had a response")
    yield Outcome("response to a slash command at 50/s, p99", percentile(times, 99), "s", 0.3)
    yield Outcome("the slowest", max(times), "s", 2.5)


def approved(world: World) -> Iterator[Outcome]:
    """From the last approval to the start of the command at its target."""
    planned = world.write("runs", 20, 1.0)
    _wait(lambda: len([*world.folder.iterdir()]) == len(planned), "all runs started")
    times = [float((world.folder / name).read_text()) - at for name, at in planned]
    yield Outcome("approval until the command runs, p95", percentile(times, 95), "s", 1)


def _unsettled(tocsin: Tocsin) -> int:
    with tocsin.connect() as connection:
        row = connection.execute(
            "select count(*) from notifications_delivery where state = 'pending'"
        ).fetchone()
        return int(row[0]) if row else 0


def _mails(tocsin: Tocsin) -> int:
    with tocsin.connect() as connection:
        row = connection.execute(
            "select count(*) from status_subscribermessage where state = 'pending'"
        ).fetchone()
        return int(row[0]) if row else 0


def _wrk(address: str) -> float:
    command = ["wrk", "-t", "1", "-c", "20", "-d", "5s", address]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    if "Non-2xx" in done.stdout:
        raise RuntimeError(done.stdout)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found is not None
    return float(found[1])


def _wait(met: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not met():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {PATIENCE_S:.0f} s")
        time.sleep(0.02)


GOALS: Final[dict[str, Callable[[World], Iterator[Outcome]]]] = {
    "throughput": throughput, "first": first, "status": status, "slack": slack_responses,
    "approved": approved,
}  # fmt: skip
