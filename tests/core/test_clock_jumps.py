"""Clock jumps of a host: due times, leases and limits use the database's clock."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import OutboxDispatch
from core.outbox.relay import relay_due
from core.queues import RELAY
from core.rate_limit import store as rate_limit_store
from core.rate_limit.limiter import Limit, RateLimiter
from tests.core.outbox.test_relay import claim, happen, make_due, seconds_from_now

pytestmark = pytest.mark.django_db(transaction=True)
JUMPS = [timedelta(days=400), timedelta(hours=-3), timedelta(days=-400)]


@pytest.fixture(params=JUMPS, ids=str)
def jump(request, time_machine):
    """`jump()`: from now on this process believes in another time."""
    return lambda: time_machine.move_to(timezone.now() + request.param)


def test_pending_dispatch_is_delivered_once(delivered, jump):
    happen()
    jump()
    assert relay_due() == 1
    assert relay_due() == 0
    assert delivered == ["0"]


def test_claimed_items_are_not_taken_by_another(delivered, jump):
    happen()
    [held] = claim(10)
    jump()
    assert claim(10) == []
    assert 0 < seconds_from_now("lease_until") <= RELAY.lease_s
    assert held.attempts == 1


def test_failed_dispatch_is_retried_after_its_pause(subscribers, jump):
    from core.outbox.events import subscriber

    @subscriber("broken", topics=("*",))
    def broken(event):
        raise ValueError("not now")

    happen()
    jump()
    relay_due()
    assert 0 < seconds_from_now("due_at") < 60
    make_due()
    assert relay_due() == 1
    assert OutboxDispatch.objects.get().attempts == 2


def test_limit_is_neither_forgiven_nor_stuck(jump):
    name = f"jump:{time.time_ns()}"
    assert rate_limit_store.consume(name, 3, wanted=3, window_s=3600) == 3
    jump()
    assert rate_limit_store.consume(name, 3, window_s=3600) == 0
    meter, limit = RateLimiter(1), Limit(f"{name}:meter", 10)
    assert meter.take(limit, 5), "a new second by this clock"
