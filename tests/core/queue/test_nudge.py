"""A nudge wakes a worker at most once per drain, and never fails or blocks its caller."""

from __future__ import annotations

import json
import os
import socket
import time

import pytest
import redis
from celery import current_app
from django.conf import settings

from core.live import subscribers as live
from core.models import OutboxEvent
from core.queue import nudge as nudging
from core.queue.nudge import clear, nudge, nudge_later, valkey
from core.queue.retry import PassingError

TASK = f"test.task.of.process.{os.getpid()}"  # parallel test processes share the Valkey


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """No nudge waits, and a client that is patient: only some tests are about the short temper."""
    patient = redis.Redis.from_url(settings.REDIS_URL)
    monkeypatch.setattr(nudging, "valkey", lambda: patient)
    monkeypatch.setattr(nudging._pause, "until", 0.0)
    patient.delete(nudging._flag(TASK))
    nudging._later.clear()
    yield
    patient.close()


@pytest.fixture
def sent(monkeypatch):
    names = []
    monkeypatch.setattr(current_app._get_current_object(), "send_task", lambda name, **_: names.append(name))
    return names


@pytest.fixture
def lost(monkeypatch):
    """Valkey at a port where no one listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    client = redis.Redis(port=port, socket_connect_timeout=0.25, socket_timeout=0.25, retry=None)
    monkeypatch.setattr(nudging, "valkey", lambda: client)
    monkeypatch.setattr(live, "valkey", lambda: client)


@pytest.fixture
def hanging(monkeypatch):
    """A Valkey that accepts connections and never responds."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(8)
        port = server.getsockname()[1]
        client = redis.Redis(port=port, socket_connect_timeout=0.25, socket_timeout=0.25, retry=None)
        monkeypatch.setattr(nudging, "valkey", lambda: client)
        yield


def test_many_nudges_before_a_drain_are_one_message(sent):
    assert [nudge(TASK) for _ in range(5)] == [True, False, False, False, False]
    assert sent == [TASK]


def test_work_added_during_a_drain_nudges_again(sent):
    nudge(TASK)
    clear(TASK)
    assert nudge(TASK)
    assert sent == [TASK, TASK]


def test_delayed_nudge_is_sent_once_and_blocks_no_other(sent):
    assert [nudge_later(TASK, 0.05), nudge_later(TASK, 0.05), nudge(TASK)] == [True, False, True]
    time.sleep(0.06)
    assert nudge_later(TASK, 0.05)


def test_flag_whose_message_was_lost_expires(sent):
    nudge(TASK)
    assert 0 < valkey().pttl(nudging._flag(TASK)) <= nudging.FLAG_MS


def test_message_reaches_the_queue_of_the_real_broker():
    queue = "queue-of-a-test"
    with current_app._get_current_object().connection_for_write() as broker:
        if not broker.as_uri().startswith("redis"):
            pytest.fail(f"the broker is {broker.as_uri()}, not Valkey")
    assert nudge(TASK, queue=queue)
    assert valkey().llen(queue) == 1
    valkey().delete(queue)


def test_without_valkey_a_nudge_is_dropped_silently_and_quickly(sent, lost):
    began = time.monotonic()
    assert [nudge(TASK) for _ in range(100)] == [False] * 100
    clear(TASK)
    assert time.monotonic() - began < 10, "a hundred waits would take longer"
    assert sent == []


def test_hanging_valkey_blocks_callers_once_and_briefly(sent, hanging):
    began = time.monotonic()
    assert [nudge(TASK) for _ in range(100)] == [False] * 100
    assert time.monotonic() - began < 10, "a hundred waits would take longer"


def test_refusing_broker_fails_no_request(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("refused")

    monkeypatch.setattr(current_app._get_current_object(), "send_task", refuse)
    assert nudge(TASK) is False
    assert nudging._pause.on()


def test_open_pages_are_signalled_over_the_workspaces_channel():
    event = OutboxEvent(
        pk=9, topic="incident.opened", workspace_id=7, payload={"live": ["incidents", "incident:1"]}
    )
    with valkey().pubsub(ignore_subscribe_messages=True) as pages:
        pages.subscribe(live.live_channel(7))
        pages.get_message(timeout=2)
        live.signal_open_pages(event)
        message = pages.get_message(timeout=2)
    assert message["channel"] == b"tocsin:live:7"
    assert json.loads(message["data"]) == {
        "workspace": 7,
        "topics": ["incidents", "incident:1"],
        "version": 9,
        "viewers": None,
    }


def test_event_that_no_page_shows_signals_nothing(lost):
    assert live.signal_open_pages(OutboxEvent(pk=9, workspace_id=7, payload={"live": []})) is None


def test_signal_waits_for_valkey_to_come_back(lost):
    with pytest.raises(PassingError, match="Valkey cannot be reached"):
        live.signal_open_pages(OutboxEvent(pk=9, workspace_id=7, payload={"live": ["rules"]}))
