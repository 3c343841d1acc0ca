"""Events counted by hour and level while they are stored: exactly, once each, never by a scan."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import close_old_connections, connection

from detection.ingest.event_counts import events_per_hour
from detection.ingest.services import retention
from detection.models import Level
from tests.detection.bursts import errors

pytestmark = pytest.mark.django_db(transaction=True)


def this_hour():
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def level_counts(actor, hours=24):
    now = this_hour()
    counts = events_per_hour(actor, [now - timedelta(hours=n) for n in reversed(range(hours))])
    return {level.label: sum(row) for level, row in counts.items() if any(row)}


def levels(*names):
    return [{"service": "api", "level": name, "message": "m"} for name in names]


def test_events_are_counted_by_level(send, machine):
    send(levels("debug", "info", "info", "WARN", "error", "critical", "fatal", "high"))
    assert level_counts(machine) == {
        "debug": 1, "info": 2, "warning": 1, "error": 2, "critical": 1, "fatal": 1,
    }  # fmt: skip


def test_repeated_event_is_counted_once(send, machine):
    batch = [one | {"event_id": str(n)} for n, one in enumerate(levels("error", "error"))]
    send(batch)
    send(batch)
    assert level_counts(machine) == {"error": 2}


def test_another_workspace_sees_none_of_them(send, machine, make_actor, other_workspace):
    send(errors(3))
    assert level_counts(make_actor("viewer", inside=other_workspace)) == {}


def test_senders_at_the_same_time_lose_no_count(send, machine):
    def many():
        for _ in range(10):
            send(levels("error", "info"), then_drain=False)
        close_old_connections()
        connection.close()

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert level_counts(machine) == {"error": 40, "info": 40}


def test_hour_outside_the_range_is_omitted_and_old_hours_are_pruned(send, machine):
    send(levels("error"))
    with connection.cursor() as cursor:
        cursor.execute("update detection_event_tally set hour = hour - interval '24 hours'")
    assert level_counts(machine) == {}
    assert level_counts(machine, hours=25) == {"error": 1}
    assert retention.prune_tallies(before=this_hour()) >= 1
    assert level_counts(machine, hours=25) == {}


def test_every_level_has_a_value_for_every_hour(machine):
    counts = events_per_hour(machine, [this_hour()])
    assert counts == dict.fromkeys(Level, (0,))
