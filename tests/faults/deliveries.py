"""The long run of deliveries: pages through unreliable receivers while the outbound worker is killed.

    python -m tests.faults.deliveries [--count 500] [--workers 1] [--every 5] [--seed 1]

Starts a Tocsin as `manage.py up`, with further outbound workers on request, plans the pages over webhook,
Slack bot, PagerDuty and mail, kills an outbound worker with SIGKILL every few seconds until half are
sent, and waits until all are settled. Exit status 1 when any was lost or doubled, or some are left after
--within seconds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import psycopg

from config.paths import ROOT
from tests.faults.flaky import Account, FlakyReceivers, account, flaky_receivers
from tests.faults.running import Running, running

SETTLED_WITHIN_S = 900.0
WORKER = [sys.executable, "-m", "config.runtime.worker_main", "outbound"]
ROWS = """
select c.kind, d.public_id::text, d.outcome from notifications_delivery d
  join notifications_channel c on c.id = d.channel_id where d.event_key like 'fault:%'
"""


class Outside(Running):
    """Leads to the receivers, and may have more outbound workers than the one of `up`."""

    flaky: FlakyReceivers

    def servers(self) -> dict[str, str]:
        return self.flaky.environment

    def outside_environment(self) -> dict[str, str]:
        """For a program beside `up`."""
        addresses = {"DATABASE_URL": self.app_url(), "REDIS_URL": self.valkey.url()}
        django = {"TOCSIN_ENV": "local", "DJANGO_SETTINGS_MODULE": "config.settings"}
        return self.environment | addresses | django


class MoreWorkers:
    """Outbound workers beside the one of `up`."""

    def __init__(self, tocsin: Outside, count: int) -> None:
        self.tocsin = tocsin
        self.running = [self._start() for _ in range(count)]

    def _start(self) -> subprocess.Popen[bytes]:
        with (self.tocsin.folder / "workers.log").open("ab") as log:
            given = self.tocsin.outside_environment()
            return subprocess.Popen(WORKER, cwd=ROOT, env=given, stdout=log, stderr=log)

    def kill(self, index: int) -> None:
        """SIGKILL to one, which is replaced."""
        self.running[index].kill()
        self.running[index].wait()
        self.running[index] = self._start()

    def stop(self) -> None:
        """End all of them."""
        for one in self.running:
            one.kill()
            one.wait()


def one_run(flaky: FlakyReceivers, given: argparse.Namespace) -> tuple[Account, int, float]:
    """The account, how often a worker was killed, and the seconds it took."""
    Outside.flaky = flaky
    with running(Outside, is_migrated=False) as tocsin:
        assert isinstance(tocsin, Outside)
        workers = MoreWorkers(tocsin, given.workers - 1)
        try:
            return _sent(tocsin, workers, given)
        finally:
            workers.stop()


def _sent(tocsin: Outside, workers: MoreWorkers, given: argparse.Namespace) -> tuple[Account, int, float]:
    began, kills = time.monotonic(), 0
    _plan(tocsin, given.count)
    while _left(tocsin) > given.count // 2 and time.monotonic() - began < given.within:
        time.sleep(given.every)
        index = kills % given.workers
        if index:
            workers.kill(index - 1)
        elif tocsin.until(lambda: tocsin.programs("outbound"), 60):
            tocsin.kill("outbound")
        kills += 1
    tocsin.until(lambda: _left(tocsin) == 0, max(0.0, given.within - (time.monotonic() - began)))
    with psycopg.connect(tocsin.postgres.url()) as connection:
        rows = connection.execute(ROWS).fetchall()
    return account(tocsin.flaky, [(k, i, o) for k, i, o in rows]), kills, time.monotonic() - began


def _plan(tocsin: Outside, count: int) -> None:
    command = [sys.executable, "-m", "tests.faults.plan_deliveries", str(count)]
    subprocess.run(command, cwd=ROOT, env=tocsin.outside_environment(), check=True)


def _left(tocsin: Running) -> int:
    return int(tocsin.row("select count(*) from notifications_delivery where state = 'pending'")[0])


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="how many pages")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between kills")
    parser.add_argument("--workers", type=int, default=1, help="outbound workers")
    parser.add_argument("--within", type=float, default=SETTLED_WITHIN_S, help="seconds for all of it")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with flaky_receivers(given.seed) as flaky:
        found, kills, took = one_run(flaky, given)
    print(f"{found.planned} pages, {found.sent} sent, {found.lost} lost, {found.doubled} doubled; ", end="")
    print(f"{found.calls} calls, {found.faults} faults, {kills} kills, ", end="")
    print(f"{found.repeats} repeats under the same key, {took:.0f} s", flush=True)
    return 0 if found.is_right() else 1


if __name__ == "__main__":
    sys.exit(main())
