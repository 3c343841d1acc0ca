"""The connections to PostgreSQL and Valkey are cut, slowed and stalled: nothing is lost or duplicated."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
import requests

from core.queues import RELAY
from tests.faults.burst import SETTLED_WITHIN_S, Burst, acknowledged, check_it_settles, during
from tests.faults.running import Wired
from tests.tables import whole

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults"), pytest.mark.timeout(600)]
# Each of up to three questions to the database gets five seconds; the rest is for a machine that is busy.
RESPONSE_WITHIN_S = 20.0
OUTAGE_S = 23.0
# Three seconds until the workers look again, the rest as above.
BACK_WITHIN_S = 10.0


@pytest.fixture
def tocsin(wired: Wired) -> Iterator[Wired]:
    yield wired
    wired.heal()


def _seconds(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


@pytest.mark.parametrize("deliver", [0, *whole(9)])
def test_response_cut_during_the_commit_makes_no_second_event(tocsin: Wired, deliver: int) -> None:
    burst = Burst(services=1, each=12)
    [first, *_] = batches = [burst.events()[i : i + 4] for i in range(0, 12, 4)]
    cut_before = tocsin.database_wire.cut_responses
    tocsin.database_wire.cut_response_to(first[0]["event_id"].encode(), deliver=deliver)
    assert not acknowledged(tocsin, first), "an unknown outcome must not be acknowledged"
    assert tocsin.database_wire.cut_responses == cut_before + 1
    stored = "select count(*) from detection_event where event_id = %s"
    assert tocsin.row(stored, first[0]["event_id"]) == (1,), "it was committed all the same"
    for batch in batches:
        tocsin.until(lambda batch=batch: acknowledged(tocsin, batch), 30)
    check_it_settles(burst, tocsin)


def _for_a_while(fault: Callable[[], None], tocsin: Wired, seconds: float) -> Callable[[], None]:
    def run() -> None:
        fault()
        time.sleep(seconds)
        tocsin.heal()

    return run


@pytest.mark.parametrize("how", ["cut", *whole("refuse", "reset", "half_close")])
def test_database_is_away_in_the_middle_of_a_burst(tocsin: Wired, how: str) -> None:
    burst = Burst()
    during(burst, tocsin, _for_a_while(getattr(tocsin.database_wire, how), tocsin, 0.4))
    check_it_settles(burst, tocsin)


@pytest.mark.parametrize("how", ["reset", *whole("cut", "half_close", "refuse")])
def test_valkey_outage_during_a_burst_loses_nothing(tocsin: Wired, how: str) -> None:
    burst = Burst()
    during(burst, tocsin, _for_a_while(getattr(tocsin.valkey_wire, how), tocsin, 0.4))
    check_it_settles(burst, tocsin)


@pytest.mark.whole
def test_slow_database_delays_and_loses_nothing(tocsin: Wired) -> None:
    burst = Burst(services=4, each=20)
    tocsin.database_wire.slow(0.02)
    burst.send(tocsin)
    tocsin.heal()
    check_it_settles(burst, tocsin)


@pytest.mark.whole
def test_unresponsive_database_is_reported_in_time(tocsin: Wired) -> None:
    burst = Burst(services=2, each=12)
    tocsin.database_wire.swallow()
    assert _seconds(lambda: acknowledged(tocsin, burst.events()[:1])) < RESPONSE_WITHIN_S
    tocsin.heal()
    burst.send(tocsin)
    check_it_settles(burst, tocsin)


@pytest.mark.whole
def test_unresponsive_valkey_barely_delays_senders(tocsin: Wired) -> None:
    burst = Burst(services=2, each=20)
    tocsin.valkey_wire.swallow()
    accepted: list[bool] = []
    took = [
        _seconds(lambda e=event: accepted.append(acknowledged(tocsin, [e]))) for event in burst.events()[:20]
    ]
    assert max(took) < 2.0, took
    assert sum(took) < 5.0, took
    stored = "select count(*) from detection_event where event_id like %s"
    assert tocsin.row(stored, f"{burst.name}-%") == (sum(accepted),)
    assert sum(accepted) >= 15, "a busy machine may refuse some, a broken wire may not"
    assert tocsin.until(lambda: tocsin.status() == "degraded", 10)
    assert tocsin.until(lambda: "Valkey" in _sign_in_page(tocsin), 60), "the page shows it"
    tocsin.heal()
    burst.send(tocsin)
    check_it_settles(burst, tocsin)
    assert tocsin.until(lambda: "banner-failing" not in _sign_in_page(tocsin), 20)


@pytest.mark.whole
def test_after_a_long_outage_of_valkey_work_continues_within_seconds(tocsin: Wired) -> None:
    """Longer than any pause between two attempts; Celery's own pauses would have grown to twelve seconds."""
    before, after = Burst(services=1, each=20), Burst(services=2, each=20)
    tocsin.valkey_wire.refuse()
    began = time.monotonic()
    before.send(tocsin)
    time.sleep(OUTAGE_S - (time.monotonic() - began))
    tocsin.heal()
    healed = time.monotonic()
    after.send(tocsin)
    assert tocsin.until(lambda: after.outcome(tocsin) == after.expected(), SETTLED_WITHIN_S)
    took = time.monotonic() - healed
    assert took < BACK_WITHIN_S, f"{took:.1f} s"
    check_it_settles(before, tocsin)


def _sign_in_page(tocsin: Wired) -> str:
    text = requests.get(f"{tocsin.url}/sign-in", timeout=10).text
    return text.split("<main", 1)[0]


FULL = """
create function pretend_full() returns trigger language plpgsql as $$
begin raise exception using errcode = '53100', message = 'No space left on device'; end $$;
create trigger pretend_full before insert on detection_event_key execute function pretend_full()
"""
READ_ONLY = "alter database tocsin set default_transaction_read_only = on"


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        pytest.param(FULL, "drop function pretend_full cascade", marks=pytest.mark.whole),
        (READ_ONLY, "alter database tocsin reset default_transaction_read_only"),
    ],
    ids=["full", "read-only"],
)
def test_unavailable_database_is_a_503_not_a_client_error(tocsin: Wired, fault: str, cure: str) -> None:
    burst = Burst(services=1, each=12)
    with psycopg.connect(tocsin.postgres.url("postgres"), autocommit=True) as beside:
        _execute(tocsin, fault, beside)
        response = requests.post(f"{tocsin.url}/api/v1/events", json=burst.events(), timeout=20)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "2"), response.text
        _execute(tocsin, cure, beside)
    burst.send(tocsin)
    check_it_settles(burst, tocsin)


def _execute(tocsin: Wired, statement: str, beside: psycopg.Connection) -> None:
    if statement.startswith("alter database"):
        beside.execute(statement)
        tocsin.database_wire.reset()
        return
    with psycopg.connect(tocsin.postgres.url(), autocommit=True) as connection:
        connection.execute(statement)


@pytest.mark.whole
def test_worker_stopped_past_its_lease_does_nothing_twice(tocsin: Wired) -> None:
    burst = Burst(services=4, each=20)

    def stop() -> None:
        stopped = tocsin.stop_programs("slow") + tocsin.stop_programs("detection")
        time.sleep(RELAY.lease_s + 1)
        for one in stopped:
            one.resume()

    during(burst, tocsin, stop)
    check_it_settles(burst, tocsin)
