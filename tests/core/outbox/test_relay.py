"""Events reach their subscribers at least once, also when workers are killed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from core.models import OutboxDispatch, OutboxEvent
from core.outbox.events import publish, publish_all, subscriber
from core.outbox.relay import prune, relay_due, send_again
from core.queue import items
from core.queue import runner as queue_runner
from core.queue.handlers import HANDLERS
from core.queue.retry import STANDARD, PassingError, PermanentError
from core.queues import RELAY
from tests.core.make import Happened
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def claim(count, lease_s=RELAY.lease_s):
    return items.claim(OutboxDispatch, count, lease_s, related=("event",))


def happen(count=1):
    with transaction.atomic():
        publish_all([Happened(1, what=str(n)) for n in range(count)])


def only():
    return OutboxDispatch.objects.get()


def make_due():
    OutboxDispatch.objects.update(due_at=Now() - timedelta(seconds=1))


def let_leases_run_out():
    OutboxDispatch.objects.update(lease_until=Now() - timedelta(seconds=1))


def seconds_from_now(moment_field):
    row = OutboxDispatch.objects.annotate(now=Now()).get()
    return (getattr(row, moment_field) - row.now).total_seconds()


def test_subscriber_is_called_once_and_the_dispatch_is_done(delivered):
    happen()
    assert relay_due() == 1
    assert relay_due() == 0
    assert delivered == ["0"]
    row = only()
    assert (row.state, row.attempts, row.lease_until, row.last_error) == ("done", 1, None, "")
    assert row.settled_at is not None


def test_oldest_come_first(delivered):
    happen(120)
    assert relay_due() == 120
    assert delivered == [str(n) for n in range(120)]


def test_claim_is_bounded_by_the_limit(delivered):
    happen(10)
    assert relay_due(limit=3) == 3
    assert len(delivered) == 3


def test_one_failing_subscriber_does_not_hold_up_another(subscribers):
    received = []

    @subscriber("broken", topics=("*",))
    def broken(event):
        raise OSError("no route")

    subscriber("ear", topics=("*",))(lambda event: received.append(event.pk))
    happen(3)
    assert relay_due() == 6
    assert len(received) == 3
    assert OutboxDispatch.objects.filter(subscriber="broken", state="pending").count() == 3


def failing(error):
    def handler(event):
        raise error

    subscriber("ear", topics=("*",))(handler)


def test_failure_is_written_down_and_tried_again_later(subscribers):
    failing(OSError("no route\x00 to host"))
    happen()
    relay_due()
    row = only()
    assert (row.state, row.attempts, row.lease_until) == ("pending", 1, None)
    assert row.last_error == "OSError: no route to host"
    assert 0.0 < seconds_from_now("due_at") <= 1.0
    assert relay_due() == 0


def test_requested_pause_is_observed(subscribers):
    failing(PassingError("busy", retry_after=60))
    happen()
    relay_due()
    assert 55 < seconds_from_now("due_at") <= 60


def test_permanent_error_marks_it_dead_and_visible(subscribers):
    failing(PermanentError("revoked"))
    happen()
    relay_due()
    assert (only().state, only().attempts) == ("dead", 1)
    assert "revoked" in only().last_error


def test_dispatch_is_parked_after_the_last_try(subscribers):
    failing(OSError())
    happen()
    for attempt in range(STANDARD.attempts):
        assert only().state == "pending", attempt
        make_due()
        assert relay_due() == 1
    assert (only().state, only().attempts) == ("dead", STANDARD.attempts)
    make_due()
    assert relay_due() == 0


def test_parked_dispatch_can_be_sent_again_manually(delivered):
    happen()
    OutboxDispatch.objects.update(state="dead", attempts=16)
    assert send_again([only().pk]) == 1
    assert relay_due() == 1
    assert (only().state, delivered) == ("done", ["0"])
    assert send_again([only().pk]) == 0


def test_dispatch_of_an_unknown_subscriber_waits(subscribers, delivered):
    happen()
    OutboxDispatch.objects.update(subscriber="of the next release")
    relay_due()
    assert only().state == "pending"
    assert "no subscriber is called" in only().last_error


def test_claimed_dispatch_is_not_claimed_again(delivered):
    happen()
    assert len(claim(10)) == 1
    assert claim(10) == []
    assert relay_due() == 0


def test_dispatch_of_a_killed_worker_is_claimed_again(delivered):
    happen()
    claim(10)  # and then the worker is gone
    let_leases_run_out()
    assert relay_due() == 1
    assert (only().state, only().attempts, delivered) == ("done", 2, ["0"])


def test_late_worker_cannot_settle_what_another_claimed(delivered):
    happen()
    [slow] = claim(1)
    let_leases_run_out()
    [quick] = claim(1)
    items.fail(slow, OSError("late"))
    assert (only().state, only().last_error) == ("pending", "")
    assert only().lease_until is not None
    assert items.settle(quick)
    assert only().state == "done"


def test_lease_lasts_ten_seconds_of_the_databases_clock(delivered):
    happen()
    claim(1)
    assert 9 < seconds_from_now("lease_until") <= RELAY.lease_s


def test_work_beyond_the_lease_is_handed_back_untried(delivered):
    happen(3)
    work = HANDLERS.get("relay:core.outboxdispatch")
    expired = replace(work, queue=replace(RELAY, lease_s=0.0))
    assert queue_runner._run_batch(expired, claim(3)) == 1
    left = OutboxDispatch.objects.filter(state="pending")
    assert list(left.values_list("attempts", "lease_until")) == [(0, None), (0, None)]


def test_sixteen_concurrent_relays_deliver_each_event_once(delivered):
    happen(300)
    ran = at_once(16, lambda index: relay_due())
    assert sum(ran) == 300
    assert sorted(delivered, key=int) == [str(n) for n in range(300)]


def test_handler_may_publish_in_turn(subscribers):
    received = []

    @subscriber("echo", topics=("test.happened",))
    def echo(event):
        received.append(event.payload["what"])
        if event.payload["what"] == "0":
            with transaction.atomic():
                publish(Happened(1, what="echo"))

    happen()
    assert relay_due() == 2
    assert received == ["0", "echo"]


def test_only_old_fully_delivered_events_are_pruned(delivered):
    happen(3)
    pending, dead, done = OutboxEvent.objects.order_by("id")
    OutboxDispatch.objects.filter(event=dead).update(state="dead")
    OutboxDispatch.objects.filter(event=done).update(state="done")
    assert prune() == 0
    OutboxEvent.objects.update(created_at=Now() - timedelta(days=4))
    assert prune() == 1
    assert set(OutboxEvent.objects.all()) == {pending, dead}


def test_pruning_goes_by_portions(subscribers):
    happen(5)
    OutboxEvent.objects.update(created_at=Now() - timedelta(days=4))
    assert [prune(limit=2) for _ in range(4)] == [2, 2, 1, 0]
