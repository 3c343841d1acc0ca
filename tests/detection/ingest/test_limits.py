"""Too many events a second are refused the same way at both endpoints, by one rate limiter."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson
import pytest

from accounts.tokens.services import issue_token
from core.errors import RateLimited
from core.queue.nudge import valkey
from core.rate_limit.limiter import Limit, RateLimiter
from detection.ingest.services.accept_events import accept_events
from tests.api.client import ApiClient
from tests.threads import at_once

pytestmark = pytest.mark.django_db

if TYPE_CHECKING:
    from accounts.actor import Actor

EVENT = {"service": "shop", "level": "error"}
HOUR = 3600  # a window that does not end while a test counts, however slow the machine


@pytest.fixture
def early_in_a_second() -> None:
    """What a test does next happens within one second of the clock."""
    time.sleep(1 - time.time() % 1 + 0.01)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """The name of a limit no one else counts under."""
    return f"test:{request.node.name}:{time.time_ns()}"


def accepted(meter: RateLimiter, limit: Limit, batches: int, size: int = 1) -> int:
    """How many of so many batches pass."""
    passed = 0
    for _ in range(batches):
        try:
            meter.charge(limit, size)
        except RateLimited:
            continue
        passed += 1
    return passed


def test_one_process_cannot_use_the_share_of_the_others(name: str) -> None:
    assert accepted(RateLimiter(4), Limit(name, 80, HOUR), 200) == 80 - 3 * 10


def test_processes_together_pass_exactly_the_limit(name: str) -> None:
    limit = Limit(name, 80, HOUR)
    assert sum(accepted(meter, limit, 60) for meter in (RateLimiter(2), RateLimiter(2))) <= 80
    meters = [RateLimiter(2), RateLimiter(2)]
    limit = Limit(name + "again", 80, HOUR)
    assert sum(accepted(meters[n % 2], limit, 1) for n in range(200)) == 80


def test_batch_above_the_limit_passes_in_an_otherwise_idle_minute(name: str) -> None:
    meter, limit = RateLimiter(1), Limit(name, 10, HOUR)
    assert accepted(meter, limit, 3, size=1000) == 1


def test_batch_of_the_whole_limit_passes_in_each_of_several_processes(name: str) -> None:
    for number in range(3):
        limit = Limit(f"{name}{number}", 80, HOUR)
        assert accepted(RateLimiter(2), limit, 2, size=80) == 1


def test_refused_batch_leaves_the_shared_half_to_others(name: str) -> None:
    limit, (one, other) = Limit(name, 80, HOUR), (RateLimiter(2), RateLimiter(2))
    assert accepted(one, limit, 30) == 30
    assert accepted(other, limit, 2, size=80) == 0
    assert accepted(one, limit, 100) == 30
    assert accepted(other, limit, 100) == 20, "its own free share"


def test_next_second_starts_afresh(early_in_a_second, name: str) -> None:
    meter, limit = RateLimiter(1), Limit(name, 10)
    assert accepted(meter, limit, 20) == 10
    time.sleep(1.01)
    assert accepted(meter, limit, 20) == 10


def test_threads_never_exceed_the_limit(name: str) -> None:
    meter, limit = RateLimiter(1), Limit(name, 200, HOUR)
    passed = at_once(6, lambda _: accepted(meter, limit, 60))
    assert sum(passed) == 200


def test_flushed_valkey_resets_no_limit(name: str) -> None:
    limit = Limit(name, 80, HOUR)
    assert accepted(RateLimiter(2), limit, 200) == 60
    valkey().flushdb()
    assert accepted(RateLimiter(2), limit, 200) == 20, "only the free share of another process is left"


def test_process_within_its_local_share_makes_no_request(name: str, django_assert_num_queries) -> None:
    meter, limit = RateLimiter(2), Limit(name, 400, HOUR)
    with django_assert_num_queries(0):
        assert accepted(meter, limit, 100) == 100
    with django_assert_num_queries(11):  # ten blocks, and one that is refused
        assert accepted(meter, limit, 201) == 200


def test_service_refuses_what_is_over_the_limit_and_stores_nothing_of_it(
    early_in_a_second, machine: Actor, settings, count_events: Callable[[], int]
) -> None:
    settings.EVENT_LIMIT_PER_WORKSPACE = 10
    body = orjson.dumps([EVENT] * 5)
    accept_events(machine, body=body)
    stored = 5
    with pytest.raises(RateLimited) as refused:
        accept_events(machine, body=body)
    assert refused.value.headers == {"Retry-After": "1"}
    detail = "Nothing was done: the limit is 10 events a second for this workspace."
    assert refused.value.detail == detail, "and no name of our own"
    assert count_events() == stored


def test_documented_route_returns_429_with_retry_after(machine: Actor, settings) -> None:
    settings.EVENT_LIMIT_PER_TOKEN = 10
    client = ApiClient(issue_token(machine, name="sender", scopes=["events:write"]).text)
    responses = [client.post("/events", [EVENT] * 5) for _ in range(6)]
    assert responses[0].status_code == 202
    last = responses[-1]
    assert (last.status_code, last["Retry-After"], last["Content-Type"]) == (
        429, "1", "application/problem+json"
    )  # fmt: skip
    assert last.json()["code"] == "rate_limited"
    assert last.json()["detail"].endswith("the limit is 10 events a second for this token.")


def test_refused_body_costs_nothing(machine: Actor, settings) -> None:
    settings.EVENT_LIMIT_PER_WORKSPACE = 10
    for _ in range(30):
        batch, _ = accept_events(machine, body=orjson.dumps([{"level": "error"}] * 5))
        assert not batch.events
    batch, _ = accept_events(machine, body=orjson.dumps([EVENT] * 5))
    assert len(batch.events) == 5
