"""A fact is written with the change that made it true, or not at all."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.models import OutboxDispatch, OutboxEvent
from core.outbox import events as outbox_events
from core.outbox.events import publish, publish_all, subscriber
from tests.core.make import Happened


@pytest.mark.django_db
def test_a_fact_is_kept_with_its_fields_and_what_pages_show_of_it(heard):
    publish(Happened(7, what="fire", also=(1, 2)))
    event = OutboxEvent.objects.get()
    assert (event.topic, event.workspace_id) == ("test.happened", 7)
    fields = {"what": "fire", "also": [1, 2], "live": ["incidents"]}
    assert event.payload == {**fields, "schema": 1, "actor": None, "snapshot": None}


@pytest.mark.django_db
def test_each_interested_subscriber_has_a_dispatch_of_its_own(subscribers):
    for name, topics in {
        "all": ["*"],
        "family": ["test.*"],
        "exact": ["test.happened"],
        "deaf": ["other.*"],
    }.items():
        subscriber(name, topics=topics)(print)
    publish(Happened(1))
    assert sorted(OutboxDispatch.objects.values_list("subscriber", flat=True)) == ["all", "exact", "family"]


@pytest.mark.django_db
def test_a_fact_nobody_wants_is_kept_all_the_same(subscribers):
    publish(Happened(1))
    assert OutboxEvent.objects.count() == 1
    assert OutboxDispatch.objects.count() == 0


def test_two_subscribers_cannot_share_a_name(subscribers):
    subscriber("ear", topics=["*"])(print)
    with pytest.raises(ValueError, match="two items are called 'ear'"):
        subscriber("ear", topics=["*"])(repr)


@pytest.mark.django_db
def test_many_facts_take_one_statement(heard):
    with CaptureQueriesContext(connection) as queries:
        publish_all([Happened(1, what=str(n)) for n in range(200)])
    assert len(queries) == 1
    assert OutboxDispatch.objects.count() == 200


@pytest.mark.django_db
def test_a_rolled_back_change_leaves_no_fact(heard):
    with transaction.atomic():
        publish(Happened(1))
        transaction.set_rollback(True)
    assert OutboxEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_fact_outside_a_transaction_is_refused(heard):
    with pytest.raises(transaction.TransactionManagementError):
        publish(Happened(1))
    assert OutboxEvent.objects.count() == 0


@pytest.fixture
def nudges(monkeypatch):
    sent = []
    monkeypatch.setattr(outbox_events, "nudge", lambda task, queue: sent.append((task, 0)))
    monkeypatch.setattr(
        outbox_events, "nudge_later", lambda task, delay_s, queue: sent.append((task, delay_s))
    )
    return sent


@pytest.mark.django_db(transaction=True)
def test_a_transaction_nudges_once_after_its_commit(heard, nudges):
    with transaction.atomic():
        for _ in range(5):
            publish(Happened(1))
        assert nudges == []
    assert nudges == [("queue.relay", 0)]


@pytest.mark.django_db(transaction=True)
def test_a_savepoint_rolled_back_does_not_swallow_the_nudge_of_the_rest(heard, nudges):
    with transaction.atomic():
        with transaction.atomic():
            publish(Happened(1, what="undone"))
            transaction.set_rollback(True)
        publish(Happened(1, what="kept"))
    assert nudges == [("queue.relay", 0)]
    assert OutboxEvent.objects.get().payload["what"] == "kept"


@pytest.mark.django_db(transaction=True)
def test_what_is_not_urgent_is_told_a_little_later(heard, nudges, monkeypatch):
    monkeypatch.setattr(Happened, "is_urgent", False)
    with transaction.atomic():
        publish(Happened(1))
        publish(Happened(1))
    assert nudges == [("queue.relay", 0.25)]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_nudged_when_nothing_was_committed_or_nobody_listens(subscribers, nudges):
    with transaction.atomic():
        publish(Happened(1))
    subscriber("ear", topics=["*"])(print)
    with transaction.atomic():
        publish(Happened(1))
        transaction.set_rollback(True)
    assert nudges == []
