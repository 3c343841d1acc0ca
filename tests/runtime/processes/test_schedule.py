"""The schedule continues after a clock change, and does not wake a worker more often than needed."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.utils import timezone

from config.runtime import beat
from config.runtime.beat import ENOUGH, StatelessScheduler
from config.runtime.schedule import CELERY, beat_entry
from core.heartbeat import database as database_heartbeat
from core.heartbeat import valkey as valkey_heartbeat
from core.models import WorkerHeartbeat

# Parallel test processes share the Valkey.
QUEUE = f"a queue of process {os.getpid()}"
PROCESS = f"someone of process {os.getpid()}"
JUMPS = [timedelta(hours=-3), timedelta(days=-400), timedelta(hours=3)]


@pytest.fixture
def valkey():
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete(QUEUE)
        yield client
        client.delete(QUEUE)


@pytest.fixture
def scheduler(valkey):
    app = Celery("test", fixups=[], amqp="config.runtime.broker:Broker", set_as_current=False)
    every_second = {"sweep": beat_entry("some.sweep", 1.0, QUEUE)}
    app.conf.update(CELERY, broker_url=settings.REDIS_URL, beat_schedule=every_second, task_queues=None)
    return StatelessScheduler(app)


def later(time_machine, seconds: float) -> None:
    time_machine.move_to(timezone.now() + timedelta(seconds=seconds))


def due(scheduler) -> None:
    """Send what is due now: one message a tick, until one has nothing to send."""
    for _ in range(10):
        if scheduler.tick() > 0:
            return
    raise AssertionError("it never has enough")


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_clock_change_delays_nothing(scheduler, valkey, time_machine, jump) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    due(scheduler)
    later(time_machine, jump.total_seconds())
    due(scheduler)
    before = valkey.llen(QUEUE)
    later(time_machine, 1.1)
    scheduler._ahead = None  # a second that this process has lived through as well
    due(scheduler)
    assert valkey.llen(QUEUE) == before + 1


def test_beat_records_its_start_once(scheduler, valkey, monkeypatch) -> None:
    begun = f"the beat of process {os.getpid()}"
    monkeypatch.setattr(beat, "BEGUN", begun)
    scheduler.tick()
    assert valkey_heartbeat.age(settings.REDIS_URL, begun) is not None
    valkey.delete(f"{valkey_heartbeat.PREFIX}{begun}")
    scheduler.tick()
    assert valkey_heartbeat.age(settings.REDIS_URL, begun) is None


def test_restarted_beat_has_its_first_start_time(scheduler, valkey, monkeypatch) -> None:
    begun = f"the first beat of process {os.getpid()}"
    monkeypatch.setattr(beat, "BEGUN", begun)
    valkey.set(f"{valkey_heartbeat.PREFIX}{begun}", 1, ex=valkey_heartbeat.HEARTBEAT_TTL_S - 600)
    scheduler.tick()
    assert valkey_heartbeat.age(settings.REDIS_URL, begun) >= 600
    valkey.delete(f"{valkey_heartbeat.PREFIX}{begun}")


def test_beat_records_a_missed_start_later(scheduler, monkeypatch) -> None:
    outcomes = iter([False, True])
    monkeypatch.setattr(beat, "begin", lambda *_: next(outcomes))
    scheduler.tick()
    assert not scheduler._has_begun
    scheduler.tick()
    scheduler.tick()
    assert scheduler._has_begun


def test_worker_after_an_outage_finds_few_messages_and_none_expired(scheduler, valkey, time_machine) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    for _ in range(3 * ENOUGH):
        later(time_machine, 1.1)
        scheduler._ahead = None
        due(scheduler)
    assert valkey.llen(QUEUE) == ENOUGH
    assert b'expires": null' in valkey.lindex(QUEUE, 0)
    valkey.delete(QUEUE)
    later(time_machine, 1.1)
    scheduler._ahead = None
    due(scheduler)
    assert valkey.llen(QUEUE) == 1


def test_rare_task_is_not_skipped(valkey, scheduler, time_machine) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    valkey.lpush(QUEUE, *["{}"] * ENOUGH)
    scheduler.schedule["seldom"] = scheduler.Entry(
        **beat_entry("some.upkeep", 600.0, QUEUE), name="seldom", app=scheduler.app
    )
    later(time_machine, 601)
    scheduler._ahead = None
    due(scheduler)
    assert valkey.llen(QUEUE) == ENOUGH + 1
    assert b"some.upkeep" in valkey.lindex(QUEUE, 0)


def test_age_of_a_heartbeat_is_computed_by_the_server(db, time_machine) -> None:
    valkey_heartbeat._last.clear()
    database_heartbeat._last.clear()
    valkey_heartbeat.stamp(settings.REDIS_URL, PROCESS)
    database_heartbeat.stamp(PROCESS)
    for jump in JUMPS:
        time_machine.move_to(timezone.now() + jump)
        assert 0 <= valkey_heartbeat.age(settings.REDIS_URL, PROCESS) < 600
        assert 0 <= database_heartbeat.age(PROCESS) < 600


def test_heartbeat_age_is_never_negative(db, valkey) -> None:
    valkey.set(f"tocsin:alive:{PROCESS}", 1, ex=valkey_heartbeat.HEARTBEAT_TTL_S + 60)
    WorkerHeartbeat.objects.create(name=PROCESS, seen_at=timezone.now() + timedelta(minutes=10))
    assert valkey_heartbeat.age(settings.REDIS_URL, PROCESS) is None
    assert database_heartbeat.age(PROCESS) is None
