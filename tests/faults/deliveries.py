"""The long run of deliveries: pages through unreliable receivers while the outbound worker is killed.

    python -m tests.faults.deliveries [--count 500] [--every 5] [--seed 1]

Starts a Tocsin as `manage.py up`, plans the pages over webhook, Slack bot, PagerDuty and mail, kills the
outbound worker with SIGKILL every few seconds until half are sent, and waits until all are settled. Exit
status 1 when any was lost or doubled.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from config.paths import ROOT
from tests.faults.flaky import Account, FlakyReceivers, account, flaky_receivers
from tests.faults.running import Running, running

SETTLED_WITHIN_S = 900.0
ROWS = """
select c.kind, d.public_id::text, d.outcome from notifications_delivery d
  join notifications_channel c on c.id = d.channel_id where d.event_key like 'fault:%'
"""


def one_run(flaky: FlakyReceivers, count: int, every_s: float) -> tuple[Account, int, float]:
    """The account, how often the worker was killed, and the seconds it took."""

    class Outside(Running):
        """Leads to the receivers."""

        def __init__(self, folder: Path) -> None:
            super().__init__(folder)

        def servers(self) -> dict[str, str]:
            return flaky.environment

    with running(Outside, is_migrated=False) as tocsin:
        began, kills = time.monotonic(), 0
        _plan(tocsin, count)
        while _left(tocsin) > count // 2:
            time.sleep(every_s)
            if tocsin.until(lambda: tocsin.programs("outbound"), 60):
                tocsin.kill("outbound")
                kills += 1
        tocsin.until(lambda: _left(tocsin) == 0, SETTLED_WITHIN_S)
        with psycopg.connect(tocsin.postgres.url()) as connection:
            rows = connection.execute(ROWS).fetchall()
        return account(flaky, [(k, i, o) for k, i, o in rows]), kills, time.monotonic() - began


def _plan(tocsin: Running, count: int) -> None:
    addresses = {"DATABASE_URL": tocsin.app_url(), "REDIS_URL": tocsin.valkey.url()}
    django = {"TOCSIN_ENV": "local", "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-m", "tests.faults.plan_deliveries", str(count)]
    subprocess.run(command, cwd=ROOT, env=tocsin.environment | addresses | django, check=True)


def _left(tocsin: Running) -> int:
    return int(tocsin.row("select count(*) from notifications_delivery where state = 'pending'")[0])


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="how many pages")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between kills")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with flaky_receivers(given.seed) as flaky:
        found, kills, took = one_run(flaky, given.count, given.every)
    print(f"{found.planned} pages, {found.sent} sent, {found.lost} lost, {found.doubled} doubled; ", end="")
    print(f"{found.calls} calls, {found.faults} faults, {kills} kills, ", end="")
    print(f"{found.repeats} repeats under the same key, {took:.0f} s", flush=True)
    return 0 if found.is_right() else 1


if __name__ == "__main__":
    sys.exit(main())
