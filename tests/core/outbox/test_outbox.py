"""An event is stored in the transaction of its change, or not at all."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.models import OutboxDispatch, OutboxEvent
from core.outbox import events as outbox_events
from core.outbox.events import publish, publish_all, subscriber
from tests.core.make import Happened


@pytest.mark.django_db
def test_event_is_stored_with_its_fields_and_display_text(delivered):
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
def test_event_without_subscribers_is_stored(subscribers):
    publish(Happened(1))
    assert OutboxEvent.objects.count() == 1
    assert OutboxDispatch.objects.count() == 0


def test_two_subscribers_cannot_share_a_name(subscribers):
    subscriber("ear", topics=["*"])(print)
    with pytest.raises(ValueError, match="two items are called 'ear'"):
        subscriber("ear", topics=["*"])(repr)


@pytest.mark.django_db
def test_many_events_take_one_statement(delivered):
    with CaptureQueriesContext(connection) as queries:
        publish_all([Happened(1, what=str(n)) for n in range(200)])
    assert len(queries) == 1
    assert OutboxDispatch.objects.count() == 200


@pytest.mark.django_db
def test_rolled_back_change_leaves_no_event(delivered):
    with transaction.atomic():
        publish(Happened(1))
        transaction.set_rollback(True)
    assert OutboxEvent.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_event_outside_a_transaction_is_refused(delivered):
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
def test_transaction_nudges_once_after_its_commit(delivered, nudges):
    with transaction.atomic():
        for _ in range(5):
            publish(Happened(1))
        assert nudges == []
    assert nudges == [("queue.relay", 0)]


@pytest.mark.django_db(transaction=True)
def test_rolled_back_savepoint_does_not_drop_other_nudges(delivered, nudges):
    with transaction.atomic():
        with transaction.atomic():
            publish(Happened(1, what="undone"))
            transaction.set_rollback(True)
        publish(Happened(1, what="kept"))
    assert nudges == [("queue.relay", 0)]
    assert OutboxEvent.objects.get().payload["what"] == "kept"


@pytest.mark.django_db(transaction=True)
def test_non_urgent_event_is_relayed_later(delivered, nudges, monkeypatch):
    monkeypatch.setattr(Happened, "is_urgent", False)
    with transaction.atomic():
        publish(Happened(1))
        publish(Happened(1))
    assert nudges == [("queue.relay", 0.25)]


@pytest.mark.django_db(transaction=True)
def test_no_nudge_without_a_commit_or_a_subscriber(subscribers, nudges):
    with transaction.atomic():
        publish(Happened(1))
    subscriber("ear", topics=["*"])(print)
    with transaction.atomic():
        publish(Happened(1))
        transaction.set_rollback(True)
    assert nudges == []
