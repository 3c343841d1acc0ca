"""Real processes are killed: each acknowledged event is stored once, each burst opens one incident."""

from __future__ import annotations

import os
import signal
import time

import pytest
import redis

from tests.faults.burst import Burst, check_it_settles, during
from tests.faults.running import Running

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]


@pytest.mark.parametrize("program", ["web", "detection", "worker", "beat"])
def test_a_killed_program_costs_nothing_and_comes_back(tocsin: Running, program: str) -> None:
    burst = Burst()
    during(burst, tocsin, lambda: tocsin.kill(program))
    check_it_settles(burst, tocsin)


def test_a_killed_web_worker_costs_nothing_and_comes_back(tocsin: Running) -> None:
    burst = Burst()
    during(burst, tocsin, lambda: tocsin.kill("web", child=True))
    check_it_settles(burst, tocsin)


def test_postgresql_is_killed_and_restarted(tocsin: Running) -> None:
    burst = Burst()

    def kill() -> None:
        handle = tocsin.postgres.handle()
        assert handle is not None
        os.kill(handle.pid, signal.SIGKILL)

    during(burst, tocsin, kill)
    check_it_settles(burst, tocsin)


def test_valkey_is_flushed(tocsin: Running) -> None:
    burst = Burst()

    def flush() -> None:
        with redis.Redis.from_url(tocsin.valkey.url()) as client:
            for _ in range(3):
                client.flushall()
                time.sleep(0.2)

    during(burst, tocsin, flush)
    check_it_settles(burst, tocsin)


def test_valkey_is_killed_and_restarted(tocsin: Running) -> None:
    burst = Burst()

    def kill() -> None:
        handle = tocsin.valkey.handle()
        assert handle is not None
        os.kill(handle.pid, signal.SIGKILL)

    during(burst, tocsin, kill)
    check_it_settles(burst, tocsin)
