"""Exactly once with four writers, three evaluators, retries, shuffled times, and one evaluator killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.db import connection, connections

from accounts.actor import Actor
from detection.evaluation.services.draining import drain
from detection.ingest.services.accept_events import accept_events
from incidents.models import Incident
from tests import servers

pytestmark = pytest.mark.django_db(transaction=True)
GROUPS = 25
EVALUATOR = """
import django, time
django.setup()
from detection.evaluation.services.draining import drain, drain_urgent
while True:
    drain_urgent()
    drain()
    time.sleep(0.01)
"""


def bursts() -> list[dict[str, Any]]:
    """Per group: ten hits in 299 s (opens), nine in 100 s and ten in 301 s (open nothing)."""
    now = datetime.now(UTC)
    return [
        {"event_id": uuid.uuid4().hex, "source": f"{kind}-{group}", "level": "critical",
         "timestamp": (now - timedelta(seconds=span * n / (count - 1))).isoformat()}
        for group in range(GROUPS)
        for kind, count, span in (("yes", 10, 299), ("no", 9, 100), ("slow", 10, 301))
        for n in range(count)
    ]  # fmt: skip


def parcels(events: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The events in batches of odd sizes, half of them sent twice, in any order."""
    random.shuffle(events)
    batches = []
    while events:
        size = random.choice((1, 3, 20, 60))
        batches.append(events[:size])
        del events[:size]
    batches += random.sample(batches, len(batches) // 2)
    random.shuffle(batches)
    return batches


def start_evaluator() -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DATABASE_URL": servers.database_url()}
    return subprocess.Popen([sys.executable, "-W", "ignore", "-c", EVALUATOR], env=environment)


def write(machine: Actor, batches: list[list[dict[str, Any]]], lock: threading.Lock) -> None:
    try:
        while True:
            with lock:
                if not batches:
                    return
                batch = batches.pop()
            accept_events(machine, body=orjson.dumps([*batch, batch[0]]))
    finally:
        connections.close_all()


def test_every_burst_opens_one_incident_and_every_event_is_counted_once(
    workspace, machine, make_rule
) -> None:
    make_rule(error_threshold=10)
    evaluators = [start_evaluator() for _ in range(3)]
    try:
        batches, lock = parcels(bursts()), threading.Lock()
        writers = [threading.Thread(target=write, args=(machine, batches, lock)) for _ in range(4)]
        for writer in writers:
            writer.start()
        time.sleep(1)
        evaluators[0].send_signal(signal.SIGKILL)
        for writer in writers:
            writer.join()
    finally:
        for evaluator in evaluators:
            evaluator.kill()
            evaluator.wait()
    drain()
    found = Incident.objects.of(workspace.pk)
    assert sorted(found.values_list("title", flat=True)) == sorted(
        f"Error burst in yes-{n}" for n in range(GROUPS)
    )
    assert set(found.values_list("event_count", flat=True)) == {10}
    assert sorted(found.values_list("number", flat=True)) == list(range(1, GROUPS + 1))
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*), count(distinct event_id) from detection_event where workspace_id = %s",
            [workspace.pk],
        )
        assert cursor.fetchone() == (GROUPS * 29, GROUPS * 29)
