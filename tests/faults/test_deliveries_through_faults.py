"""500 pages through a faulty receiver and workers that are killed: each acted on, none under two keys."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from config.paths import ROOT
from tests.fakes.receiver import Received, Receiver, Reply
from tests.fakes.receiver import running as serving
from tests.faults.running import Running, running

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]
COUNT = 500
KILLS = 4
SETTLED_WITHIN_S = 300


class Outside(Running):
    """May call this machine."""

    def servers(self) -> dict[str, str]:
        return {"HTTP_ALLOWED_NETWORKS": "127.0.0.0/8", "SECRET_KEY": "k" * 50}

    @property
    def program_environment(self) -> dict[str, str]:
        """For programs beside those of `up`."""
        addresses = {"DATABASE_URL": self.postgres.url(), "REDIS_URL": self.valkey.url()}
        return (
            self.environment
            | addresses
            | {"TOCSIN_ENV": "local", "DJANGO_SETTINGS_MODULE": "config.settings"}
        )


class Faulty(Receiver):
    """Of 20 requests two get 429, two 503, one a reset, and of one the answer is lost after acting."""

    def __init__(self) -> None:
        super().__init__(self.act)
        self.acted: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.numbers, self.guard = itertools.count(), threading.Lock()

    def act(self, received: Received) -> Reply:
        """Decide by the number of the request; count what was done by key."""
        plan = {1: "429", 4: "503", 8: "429", 11: "503", 14: "reset", 17: "lost"}
        with self.guard:
            fault = plan.get(next(self.numbers) % 20, "")
            self.faults[fault] += 1
            if fault in {"", "lost"}:
                self.acted[received.headers["webhook-id"]] += 1
        if fault == "429":
            return Reply(429, headers={"Retry-After": "1"})
        return {"503": Reply(503), "": Reply()}.get(fault, Reply(drops=True))


@pytest.fixture(scope="module")
def tocsin() -> Iterator[Running]:
    with running(Outside) as started:
        yield started


def test_five_hundred_pages_arrive_once_through_faults_and_kills(tocsin: Outside) -> None:
    with serving(Faulty()) as receiver:
        plan = [sys.executable, "-m", "tests.faults.plan_deliveries", f"{receiver.url}/hook", str(COUNT)]
        subprocess.run(plan, cwd=ROOT, env=tocsin.program_environment, check=True)
        for _ in range(KILLS):
            time.sleep(2.0)
            if tocsin.until(lambda: tocsin.programs("outbound"), 30):
                tocsin.kill("outbound")
        assert tocsin.until(lambda: _waiting(tocsin) == 0, SETTLED_WITHIN_S), receiver.faults
        sent, keys = tocsin.row(
            "select count(*) filter (where outcome = 'sent'), array_agg('msg_' || public_id)"
            " from notifications_delivery"
        )
        attempts = tocsin.row("select count(*) from notifications_deliveryattempt")[0]
    print(f"{COUNT} pages, {attempts} attempts, faults {dict(receiver.faults)}, ", end="")
    print(f"{receiver.acted.total() - len(receiver.acted)} repeats under the same key")
    assert sent == COUNT
    assert set(receiver.acted) == set(keys)
    assert sum(receiver.faults[name] for name in ("429", "503", "reset", "lost")) > COUNT * 0.3


def _waiting(tocsin: Running) -> int:
    return int(tocsin.row("select count(*) from notifications_delivery where state = 'pending'")[0])
