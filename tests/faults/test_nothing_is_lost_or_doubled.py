"""Real processes are killed: each acknowledged event is stored once, each burst opens one incident."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis
import requests

from tests.faults.burst import Burst
from tests.faults.running import Running, running

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]
SETTLED_WITHIN_S = 60


@pytest.fixture(scope="module")
def tocsin() -> Iterator[Running]:
    with running() as started:
        yield started


def _during(burst: Burst, tocsin: Running, trouble: Callable[[], None]) -> None:
    """Send the burst; make the trouble when a part of it is through."""
    sender = threading.Thread(target=burst.send, args=(tocsin,))
    sender.start()
    time.sleep(0.25)
    trouble()
    sender.join(timeout=120)
    assert not sender.is_alive()


def _check_it_settles(burst: Burst, tocsin: Running) -> None:
    def right() -> bool:
        try:
            return burst.outcome(tocsin) == burst.expected()
        except requests.RequestException:
            return False

    tocsin.until(right, SETTLED_WITHIN_S)
    assert burst.outcome(tocsin) == burst.expected()
    assert tocsin.until(lambda: tocsin.status() == "ready", SETTLED_WITHIN_S), tocsin.log()[-20000:]


@pytest.mark.parametrize("program", ["web", "detection", "worker", "beat"])
def test_a_killed_program_costs_nothing_and_comes_back(tocsin: Running, program: str) -> None:
    burst = Burst()
    _during(burst, tocsin, lambda: tocsin.kill(program))
    _check_it_settles(burst, tocsin)


def test_a_killed_web_worker_costs_nothing_and_comes_back(tocsin: Running) -> None:
    burst = Burst()
    _during(burst, tocsin, lambda: tocsin.kill("web", child=True))
    _check_it_settles(burst, tocsin)


def test_postgresql_is_killed_and_restarted(tocsin: Running) -> None:
    burst = Burst()

    def kill() -> None:
        handle = tocsin.postgres.handle()
        assert handle is not None
        os.kill(handle.pid, signal.SIGKILL)

    _during(burst, tocsin, kill)
    _check_it_settles(burst, tocsin)


def test_valkey_is_flushed(tocsin: Running) -> None:
    burst = Burst()

    def flush() -> None:
        with redis.Redis.from_url(tocsin.valkey.url()) as client:
            for _ in range(3):
                client.flushall()
                time.sleep(0.2)

    _during(burst, tocsin, flush)
    _check_it_settles(burst, tocsin)


def test_valkey_is_killed_and_restarted(tocsin: Running) -> None:
    burst = Burst()

    def kill() -> None:
        handle = tocsin.valkey.handle()
        assert handle is not None
        os.kill(handle.pid, signal.SIGKILL)

    _during(burst, tocsin, kill)
    _check_it_settles(burst, tocsin)
