"""A large group of alerts: repeats lock nothing, and what is read and stored of a group is bounded."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from detection.models import Event
from detection.webhooks.services import alert_rows
from detection.webhooks.values import Labels, named
from tests.detection.webhooks.senders import ago, burning, group, over

pytestmark = pytest.mark.django_db


@pytest.fixture
def prod(make_sender):
    return make_sender("alertmanager")


def locks(queries: CaptureQueriesContext) -> int:
    """How many statements locked the workspace's counter."""
    return sum("incidentcounter" in query["sql"] and "for update" in query["sql"] for query in queries)


def test_repeat_of_burning_alerts_does_not_lock_the_workspace(prod):
    prod.post(group(burning("a"), burning("b")))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = prod.post(group(burning("a"), burning("b"))).json()
    assert (response["accepted"], response["duplicates"]) == (0, 2)
    assert locks(queries) == 0
    assert prod.only_incident().event_count == 2


def test_repeat_reads_and_writes_no_event(prod):
    prod.post(group(burning("a"), burning("b")))
    with CaptureQueriesContext(connection) as queries:
        prod.post(group(burning("a"), burning("b")))
    assert not any("insert into detection_event" in query["sql"] for query in queries)


def test_large_bodies_are_parsed_one_at_a_time_with_pauses():
    from detection.webhooks.http.large_bodies import LargeBodies

    bodies, order = LargeBodies(), []

    def work(name: int) -> None:
        with bodies.turn():
            order.append(("begins", name))
            time.sleep(0.01)
            order.append(("ends", name))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [word for word, _ in order] == ["begins", "ends"] * 3
    assert [name for _, name in order[::2]] == [name for _, name in order[1::2]]


def test_repeat_with_another_description_is_counted(prod):
    prod.post(group(burning("a")))
    updated_at = prod.alerts()["print-a"].updated_at
    changed = burning("a") | {"annotations": {"summary": "Disk of a is full", "description": "97 %"}}
    prod.post(group(changed))
    assert prod.only_incident().event_count == 2
    assert prod.alerts()["print-a"].updated_at > updated_at


def test_new_alert_among_repeats_locks_the_workspace_and_joins(prod):
    prod.post(group(burning("a")))
    with CaptureQueriesContext(connection) as queries:
        prod.post(group(burning("a"), burning("b")))
    assert locks(queries) >= 1
    assert prod.only_incident().event_count == 2


def test_request_reads_no_other_alert_of_its_group(prod):
    prod.post(group(*(burning(f"h{n}") for n in range(50))))
    with CaptureQueriesContext(connection) as queries:
        prod.post(group(burning("h1"), over("h2")))
    read = [
        query["sql"]
        for query in queries
        if query["sql"].startswith("SELECT") and "sourcealert" in query["sql"]
    ]
    assert read
    assert not any('"group" IN' in sql and "LIMIT" not in sql and "COUNT" not in sql for sql in read)


def test_full_group_merges_further_alerts_under_one_key(prod, monkeypatch):
    monkeypatch.setattr(alert_rows, "MAX_FIRING_PER_GROUP", 3)
    for name in "abcde":
        prod.post(group(burning(name)))
    assert len(prod.alerts()) == 4
    assert prod.only_incident().event_count == 5
    assert Event.objects.of(prod.source.workspace_id).count() == 5


def test_end_of_a_large_group_ends_all_of_it(prod, monkeypatch):
    monkeypatch.setattr(alert_rows, "MAX_GROUP_ROWS", 2)
    prod.post(group(*(burning(name) for name in "abcdef")))
    response = prod.post(group(over("a", end=ago()))).json()
    assert response["resolved"] == ["INC-1"]
    assert {row.state for row in prod.alerts().values()} == {"resolved"}
    assert prod.only_incident().status == "resolved"


def test_repeat_touches_all_its_alerts_in_one_statement(prod):
    prod.post(group(*(burning(name) for name in "abc")))
    before = prod.alerts()["print-a"].updated_at
    with CaptureQueriesContext(connection) as queries:
        prod.post(group(*(burning(name) for name in "abc")))
    touched = [query["sql"] for query in queries if "detection_sourcealert" in query["sql"]]
    assert len(touched) == 2  # read, and noted
    assert {row.updated_at for row in prod.alerts().values()} == {prod.alerts()["print-a"].updated_at}
    assert prod.alerts()["print-a"].updated_at > before


def test_labels_spelled_once_are_found_as_before():
    given = {"Alert-Name": "", "alertname": "Disk", "Runbook.URL": "https://wiki.example/disk"}
    for values in (given, Labels(given)):
        assert named(values, "alert_name", "alertname") == "Disk"
        assert named(values, "runbook_url") == "https://wiki.example/disk"
        assert named(values, "severity") is None
