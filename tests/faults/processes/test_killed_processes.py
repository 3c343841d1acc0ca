"""Real processes are killed: each acknowledged event is stored once, each burst opens one incident."""

from __future__ import annotations

import os
import signal
import time

import pytest
import redis
import requests

from tests.faults.burst import Burst, check_it_settles, during
from tests.faults.running import Running
from tests.tables import whole

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]
# Twenty seconds without a heartbeat, and the forty in which a just started web server reports nothing.
NOTICED_WITHIN_S = 60


@pytest.mark.parametrize("program", ["web", "detection", *whole("slow", "beat")])
def test_killed_program_loses_nothing_and_restarts(tocsin: Running, program: str) -> None:
    burst = Burst()
    during(burst, tocsin, lambda: tocsin.kill(program))
    check_it_settles(burst, tocsin)


@pytest.mark.whole
def test_killed_web_worker_loses_nothing_and_restarts(tocsin: Running) -> None:
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


@pytest.mark.whole
def test_stopped_detection_worker_is_reported_and_its_backlog_opens_one_incident(
    tocsin: Running,
) -> None:
    """It neither ends nor responds, so nothing restarts it: the one fault that only heartbeats show."""
    burst = Burst(services=3, each=20)
    stopped = tocsin.stop_programs("detection")
    try:
        burst.send(tocsin)
        assert tocsin.until(lambda: "detection worker" in _warnings(tocsin), NOTICED_WITHIN_S)
        assert tocsin.status() == "degraded", "events are still taken, so the web server stays in rotation"
        assert tocsin.until(lambda: "The detection worker" in _banner(tocsin), NOTICED_WITHIN_S)
        seen = burst.outcome(tocsin)
        assert (seen["stored"], seen["incidents"]) == (60, []), "stored, and pending"
    finally:
        for one in stopped:
            one.resume()
    check_it_settles(burst, tocsin)
    assert tocsin.until(lambda: "The detection worker" not in _banner(tocsin), NOTICED_WITHIN_S)


def _warnings(tocsin: Running) -> dict[str, str]:
    """The failing checks of `/readyz`, and their messages."""
    checks = requests.get(f"{tocsin.url}/readyz", timeout=15).json()["checks"]
    return {name: found["detail"] for name, found in checks.items() if found["level"] != "ok"}


def _banner(tocsin: Running) -> str:
    """The banner above every page, also of the sign-in page."""
    return requests.get(f"{tocsin.url}/sign-in", timeout=15).text.split("<main", 1)[0]
