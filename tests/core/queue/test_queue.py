"""A work queue: items are claimed once, in order, also when workers are killed."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.db.models.functions import Now

from core.embedded.process import wait_until
from core.models import OutboxDispatch, OutboxEvent
from core.queue import items, runner
from core.queue.declaration import Queue
from core.queue.due import due_queues
from core.queue.gate import Gate
from core.queue.handlers import works_on, works_on_batches
from core.queue.models import Priority
from core.queue.retry import PassingError, PermanentError
from core.queue.runner import Threads, run_due
from core.queue.state import queue_state
from core.registry import Registry
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
QUEUE = Queue("test", process="slow", title="The test queue", threads=4)
ALL = tuple(Priority)


@pytest.fixture(autouse=True)
def handlers(monkeypatch):
    registry = Registry("queue handler")
    monkeypatch.setattr("core.queue.handlers.HANDLERS", registry)
    return registry


def plan(count=1, **fields):
    event = OutboxEvent.objects.create(topic="test.planned", workspace_id=1, payload={})
    return [
        OutboxDispatch.objects.create(event=event, subscriber=f"item {n}", **fields) for n in range(count)
    ]


def claim(limit=10, lease_s=30.0, **options):
    return items.claim(OutboxDispatch, limit, lease_s, **options)


def rows():
    return OutboxDispatch.objects.order_by("id")


def states():
    return list(rows().values_list("state", flat=True))


def expire_leases():
    rows().update(lease_until=Now() - timedelta(seconds=1))


def test_two_claimers_share_the_items_and_none_gets_one_twice():
    plan(60)
    got = at_once(2, lambda index: [item.pk for _ in range(3) for item in claim(10)])
    assert sorted(got[0] + got[1]) == [row.pk for row in rows()]


def test_item_of_a_killed_worker_is_claimed_again_when_its_lease_ends():
    plan()
    [killed] = claim()
    assert claim() == []
    expire_leases()
    [again] = claim()
    assert (again.pk, again.attempts) == (killed.pk, 2)


def test_worker_that_lost_its_lease_changes_nothing():
    plan()
    [slow] = claim()
    expire_leases()
    [quick] = claim()
    assert not items.settle(slow)
    items.fail(slow, PermanentError("late"))
    items.hand_back([slow])
    assert not items.reschedule(slow, Now() + timedelta(hours=1))
    assert not items.renew(slow, 60)
    row = rows().get()
    assert (row.state, row.attempts, row.last_error) == ("pending", 2, "")
    assert row.lease_until is not None
    assert items.settle(quick)


def test_item_rescheduled_is_not_settled_by_the_claim_before():
    plan()
    [first] = claim()
    assert items.reschedule(first, Now() - timedelta(seconds=5))
    [second] = claim()
    assert second.attempts == first.attempts == 1
    assert not items.settle(first)
    assert items.settle(second)


def test_priority_comes_before_age():
    old = plan(3, priority=Priority.SUBSCRIBER, due_at=Now() - timedelta(hours=1))
    [page] = plan(priority=Priority.PAGE)
    assert [item.pk for item in claim(2, priorities=ALL)] == [page.pk, old[0].pk]


@pytest.mark.parametrize(
    ("fields", "is_due"),
    [
        ({}, True),
        ({"due_at": Now() + timedelta(hours=1)}, False),
        ({"priority": Priority.PAGE}, False),
        ({"state": "dead"}, False),
        ({"lease_until": Now() + timedelta(hours=1)}, False),
        ({"lease_until": Now() - timedelta(hours=1)}, True),
        ({"attempts": 7}, False),
    ],
    ids=str,
)
def test_queue_is_due_when_an_item_of_its_handlers_can_be_claimed(monkeypatch, fields, is_due):
    monkeypatch.setattr("core.queue.due.queues_of", lambda _: [QUEUE])
    works_on(QUEUE, OutboxDispatch, priorities=(Priority.NOTICE,), where="w.attempts < 7")(items.settle)
    plan(**({"priority": Priority.NOTICE} | fields))
    assert due_queues("slow") == (["test"] if is_due else [])
    assert bool(claim(priorities=(Priority.NOTICE,), where="w.attempts < 7")) == is_due


def test_only_the_requested_priorities_are_claimed():
    plan(priority=Priority.SUBSCRIBER)
    assert claim(priorities=(Priority.PAGE, Priority.NOTICE)) == []


def test_lane_is_worked_in_order_one_at_a_time():
    first, second = plan(2, lane="incident:1")
    [other] = plan(lane="incident:2")
    assert {item.pk for item in claim()} == {first.pk, other.pk}
    assert claim() == []
    items.fail(rows().get(pk=first.pk), PassingError("busy", retry_after=60))
    assert claim() == [], "the first one waits, and the lane with it"
    rows().filter(pk=first.pk).update(due_at=Now())
    [again] = claim()
    assert again.pk == first.pk
    assert items.settle(again)
    assert [item.pk for item in claim()] == [second.pk]


def test_dead_item_frees_its_lane():
    first, second = plan(2, lane="incident:1")
    [claimed] = claim()
    items.fail(claimed, PermanentError("refused"))
    assert [item.pk for item in claim()] == [second.pk]
    assert rows().get(pk=first.pk).state == "dead"


def test_full_lane_does_not_hold_up_another():
    plan(500, lane="incident:1")
    [other] = plan(lane="incident:2")
    assert [item.lane for item in claim()] == ["incident:1", other.lane]


def test_hand_back_does_not_count_as_an_attempt():
    plan()
    items.hand_back(claim(), delay_s=60, last_error="rate limited by the receiver")
    row = rows().annotate(now=Now()).get()
    assert (row.attempts, row.last_error) == (0, "rate limited by the receiver")
    assert 30 < (row.due_at - row.now).total_seconds() <= 60


def test_condition_narrows_the_claim():
    plan(3)
    assert [item.subscriber for item in claim(where="w.subscriber = 'item 2'")] == ["item 2"]


def test_present_of_a_simulation_decides_what_is_due():
    plan(due_at=Now() + timedelta(days=2))
    later = rows().get().due_at + timedelta(seconds=1)
    assert claim() == []
    [item] = claim(at=later)
    assert item.lease_until < later


def test_resend_revives_dead_items_only():
    plan(2)
    [first, _] = claim()
    items.fail(first, PermanentError("gone"))
    assert items.resend(rows()) == 1
    assert states() == ["pending", "pending"]


def test_prune_deletes_old_done_items_only():
    plan(3)
    done, dead, _ = claim()
    items.settle(done)
    items.fail(dead, PermanentError("gone"))
    assert items.prune(OutboxDispatch, timedelta(days=1)) == 0
    rows().update(settled_at=Now() - timedelta(days=2))
    assert items.prune(OutboxDispatch, timedelta(days=1)) == 1
    assert sorted(states()) == ["dead", "pending"]


def test_runner_settles_fails_and_parks():
    plan(3)

    @works_on(QUEUE, OutboxDispatch)
    def handle(item):
        if item.subscriber == "item 1":
            raise PermanentError("refused")
        if item.subscriber == "item 2":
            raise OSError("no route\x00 to host")

    assert run_due(QUEUE) == 3
    assert states() == ["done", "dead", "pending"]
    assert [row.last_error for row in rows()] == ["", "PermanentError: refused", "OSError: no route to host"]


def test_handler_that_reschedules_is_not_settled():
    plan()

    @works_on(QUEUE, OutboxDispatch)
    def handle(item):
        items.reschedule(item, Now() + timedelta(minutes=5))

    assert run_due(QUEUE) == 1
    assert (states(), rows().get().attempts) == (["pending"], 0)


def test_one_bad_item_of_a_batch_fails_alone():
    plan(5)

    @works_on_batches(QUEUE, OutboxDispatch, size=10)
    def handle(batch):
        with transaction.atomic():
            for item in batch:
                if item.subscriber == "item 3":
                    raise ValueError("bad")
                items.settle(item)

    assert run_due(QUEUE) == 5
    assert states() == ["done", "done", "done", "pending", "done"]


def test_threads_work_side_by_side_and_end(handlers):
    plan(40)
    together = threading.Barrier(4)

    @works_on(QUEUE, OutboxDispatch)
    def handle(item):
        if item.subscriber in {f"item {n}" for n in range(4)}:
            together.wait(20)  # passes only when four items are handled at once

    threads = Threads(QUEUE)
    threads.wake()
    for thread in [t for t in threading.enumerate() if t.name == "queue-test"]:
        thread.join(20)
    for thread in [t for t in threading.enumerate() if t.name == "queue-test"]:
        thread.join(20)
    assert set(states()) == {"done"}
    assert wait_until(lambda: threads.running == 0, 20)


def test_thread_survives_an_unavailable_database(monkeypatch):
    plan()
    done = []
    works_on(QUEUE, OutboxDispatch)(lambda item: done.append(item.pk))
    threads, claimed = Threads(QUEUE), runner.queue_items.claim

    def away(*args, **options):
        raise DatabaseError("the server is gone")

    monkeypatch.setattr(runner.queue_items, "claim", away)
    threads.running = 1
    threads._run()
    assert (threads.running, done) == (0, [])
    monkeypatch.setattr(runner.queue_items, "claim", claimed)
    threads.running = 1
    threads._run()
    assert len(done) == 1


def test_state_counts_due_and_dead_items(handlers):
    plan(3, due_at=Now() - timedelta(seconds=100))
    plan(1, due_at=Now() + timedelta(hours=1))
    works_on(QUEUE, OutboxDispatch)(lambda item: None)
    items.fail(claim(1)[0], PermanentError("gone"))
    state = queue_state(QUEUE)
    assert (state.due, state.dead) == (2, 1)
    assert 99 < state.lag_s < 200


def test_gate_lets_one_run_and_one_wait():
    gate, inside, go_on = Gate(), threading.Event(), threading.Event()
    ran = []

    def pass_through(index):
        if index:
            inside.wait(20)
        with gate.turn() as is_ours:
            if is_ours:
                inside.set()
                go_on.wait(20)
            else:
                go_on.set()
            ran.append(is_ours)

    at_once(3, pass_through)
    assert sorted(ran) == [False, True, True]
