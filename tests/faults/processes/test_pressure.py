"""Valkey without memory; all senders at once; hundreds of listeners, idle and half-sent requests."""

from __future__ import annotations

import time

import pytest
import requests

from tests.faults.account import account
from tests.faults.burst import SETTLED_WITHIN_S, Burst, check_it_settles
from tests.faults.crowd import crowd
from tests.faults.pressure import full_valkey
from tests.faults.running import Running

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]
# Long enough for every worker to be refused.
FULL_S = 3.0


def test_full_valkey_is_reported_and_loses_nothing(tocsin: Running) -> None:
    """The workers hold a message when it fills up, and what they write down on taking one is refused."""
    burst = Burst(services=4, each=20)
    workers = tocsin.stop_programs("slow") + tocsin.stop_programs("detection")
    burst.send(tocsin)
    with full_valkey(tocsin):
        for one in workers:
            one.resume()
        found = requests.get(f"{tocsin.url}/readyz", timeout=15)
        assert found.status_code == 200, "events are taken, so it stays in rotation"
        assert found.json()["checks"]["valkey"]["detail"] == "Valkey is full and rejects writes"
        assert burst.outcome(tocsin)["stored"] == 80
        time.sleep(FULL_S)
    check_it_settles(burst, tocsin)
    assert tocsin.programs("slow") + tocsin.programs("detection") == workers, "they waited, and live"


@pytest.mark.whole
def test_thirty_two_senders_of_the_same_two_hundred_services_open_two_hundred_incidents(
    tocsin: Running,
) -> None:
    """Every batch holds events of many services, so that all senders meet at each of them."""
    burst = Burst(services=200, each=32, batch=50, senders=32)
    burst.send(tocsin)
    accounts = [account(burst, tocsin)]

    def is_settled() -> bool:
        accounts.append(account(burst, tocsin))
        return accounts[-1].is_right()

    tocsin.until(is_settled, SETTLED_WITHIN_S)  # afterwards, periodic work may publish again
    found = accounts[-1]
    assert found.is_right(), found
    assert (found.acknowledged, found.incidents) == (6400, 200)


@pytest.mark.whole
def test_five_hundred_idle_and_slow_connections_hold_up_no_burst(tocsin: Running) -> None:
    burst = Burst(services=2, each=30)
    with crowd(tocsin, listening=400, still=60, halves=40) as connections:
        burst.send(tocsin)
        check_it_settles(burst, tocsin)
        assert connections.count_reached(b'"incidents"', SETTLED_WITHIN_S) == 400
