"""Retention: partitions created ahead, expired ones dropped, incidents' events preserved."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction

from accounts.actor import Actor
from detection.ingest.services import retention
from detection.models import Event
from detection.selectors import events_page
from incidents.models import Incident
from tests.detection.bursts import errors

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
EMPTY = "truncate detection_event, detection_rule_hit, detection_event_key, detection_pending"
Sql = Callable[..., list[Any]]


@pytest.fixture
def query() -> Sql:
    """`query("select 1")`: the rows, or none."""

    def ask(text: str, *params: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(text, params)
            return cursor.fetchall() if cursor.description else []

    return ask


@pytest.fixture(autouse=True)
def partitions_as_before(query: Sql) -> Any:
    """This test finds no events of others; they find today's partitions and none of its events."""
    query(EMPTY)
    retention.make_partitions()
    yield
    drop_partitions(query)
    query(EMPTY)
    retention.make_partitions()


def drop_partitions(query: Sql) -> None:
    for name in names(query, "detection_event") + names(query, "detection_rule_hit"):
        if not name.endswith("default"):
            query(f"drop table {name}")


def names(query: Sql, parent: str) -> list[str]:
    rows = query("select inhrelid::regclass::text from pg_inherits where inhparent = %s::regclass", parent)
    return sorted(name for (name,) in rows)


def midnight(back: int) -> datetime:
    """The beginning of the day so many days ago, in UTC."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - back * DAY


def day(back: int) -> str:
    return f"detection_event_{midnight(back):%Y%m%d}_00"


def make_day(query: Sql, back: int) -> str:
    make = "select detection_make_partition('detection_event', 'received_at', %s, '1 day')"
    query(make, midnight(back))
    return day(back)


def move_events(query: Sql, back: int) -> None:
    """As if every event so far had arrived so many days ago."""
    query("update detection_event set received_at = received_at - %s", back * DAY)


def rows_in(query: Sql, table: str) -> int:
    return int(query(f"select count(*) from {table}")[0][0])


def test_partitions_are_there_three_days_and_three_hours_ahead(query: Sql) -> None:
    drop_partitions(query)
    now = datetime.now(UTC)
    assert retention.make_partitions() == 9
    days = {day(-n) for n in range(4)} | {"detection_event_default"}
    assert set(names(query, "detection_event")) == days
    hours = {f"detection_rule_hit_{now + timedelta(hours=n):%Y%m%d_%H}" for n in (-1, 0, 1, 2, 3)}
    assert set(names(query, "detection_rule_hit")) == hours | {"detection_rule_hit_default"}
    assert retention.make_partitions() == 0


def test_missing_partitions_are_made_and_rows_in_the_default_move_over(
    query: Sql, workspace, make_rule, send
) -> None:
    make_rule()
    drop_partitions(query)
    send(errors(6))
    assert (rows_in(query, "detection_event_default"), rows_in(query, "detection_rule_hit_default")) == (6, 6)
    assert retention.make_partitions() == 9
    assert (rows_in(query, "detection_event_default"), rows_in(query, "detection_rule_hit_default")) == (0, 0)
    assert rows_in(query, day(0)) == 6
    send(errors(1))
    assert Incident.objects.of(workspace.pk).get().event_count == 7


def test_expired_days_go_and_the_events_of_incidents_stay_readable(
    query: Sql, workspace, make_rule, send, actor: Actor
) -> None:
    make_rule()
    make_day(query, 9)
    send(errors(6))
    send(errors(20, source="calm", level="info"))
    incident = Incident.objects.of(workspace.pk).get()
    move_events(query, 9)
    assert rows_in(query, day(9)) == 26
    retention.maintain()
    assert day(9) not in names(query, "detection_event")
    assert rows_in(query, "detection_event") == 6
    page = events_page(actor, incident.pk)
    assert [event.message for event in page.items] == [f"boom {n}" for n in range(6)]


def test_day_within_the_retention_is_not_pruned(query: Sql, workspace, send) -> None:
    days = settings.EVENT_RETENTION_DAYS
    make_day(query, days)
    send(errors(3, level="info"))
    move_events(query, days)
    retention.maintain()
    assert rows_in(query, day(days)) == 3


def test_day_with_pending_events_is_not_pruned(query: Sql, workspace, make_rule, send) -> None:
    make_rule()
    make_day(query, 9)
    send(errors(3), then_drain=False)
    move_events(query, 9)
    query("update detection_pending set created_at = created_at - %s", 10 * DAY)
    retention.maintain()
    assert rows_in(query, day(9)) == 3


def test_events_without_a_partition_expire_with_the_next_day(
    query: Sql, workspace, make_rule, send, actor: Actor
) -> None:
    make_rule()
    send(errors(6))
    send(errors(5, source="calm", level="info"))
    move_events(query, 12)
    assert rows_in(query, "detection_event_default") == 11
    make_day(query, 9)
    retention.maintain()
    assert set(Event.objects.of(workspace.pk).values_list("source", flat=True)) == {"shop"}
    assert len(events_page(actor, Incident.objects.of(workspace.pk).get().pk).items) == 6


def test_run_killed_after_detaching_a_day_is_completed(
    query: Sql, workspace, make_rule, send, actor: Actor
) -> None:
    make_rule()
    make_day(query, 9)
    send(errors(6))
    move_events(query, 9)
    query(f"alter table detection_event detach partition {day(9)}")
    retention.maintain()
    assert query("select to_regclass(%s)", day(9)) == [(None,)]
    assert len(events_page(actor, Incident.objects.of(workspace.pk).get().pk).items) == 6


def test_old_hits_go_by_the_hour_and_from_the_default(query: Sql, workspace, make_rule, send) -> None:
    make_rule()
    now = datetime.now(UTC)
    retention.drop_hits(now=now)  # hours of a database that was copied from one made earlier in the day
    old = (now - timedelta(hours=9)).replace(minute=0, second=0, microsecond=0)
    query("select detection_make_partition('detection_rule_hit', 'occurred_at', %s, '1 hour')", old)
    send(errors(6))
    query("update detection_rule_hit set occurred_at = %s where event_id %% 2 = 0", old)
    query("update detection_rule_hit set occurred_at = %s where event_id %% 2 = 1", old - timedelta(hours=1))
    assert rows_in(query, "detection_rule_hit_default") == 3
    dropped = retention.drop_hits(now=now)
    assert dropped == [f"detection_rule_hit_{old:%Y%m%d_%H}"]
    assert rows_in(query, "detection_rule_hit") == 0


def test_hits_that_evaluation_still_waits_for_stay(query: Sql, workspace, make_rule, send) -> None:
    make_rule()
    now = datetime.now(UTC)
    retention.drop_hits(now=now)
    send(errors(6), then_drain=False)
    assert retention.drop_hits(now=now + timedelta(hours=12)) == []
    assert rows_in(query, "detection_rule_hit") == 6


def test_old_keys_go_in_chunks_and_young_ones_stay(
    query: Sql, workspace, send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 4)
    monkeypatch.setattr(retention, "MAX_CHUNKS", 2)
    send([event | {"event_id": f"old{n}"} for n, event in enumerate(errors(11, level="info"))])
    query("update detection_event_key set received_at = received_at - %s", 9 * DAY)
    send([event | {"event_id": f"new{n}"} for n, event in enumerate(errors(2, level="info"))])
    before = datetime.now(UTC) - 7 * DAY
    assert [retention.prune_keys(before=before) for _ in range(3)] == [8, 3, 0]
    assert rows_in(query, "detection_event_key") == 2


def test_forgotten_event_id_is_an_event_again(query: Sql, workspace, send) -> None:
    event = errors(1, level="info")[0] | {"event_id": "again"}
    assert (send([event]), send([event])) == ((1, 0), (0, 1))
    query("update detection_event_key set received_at = received_at - %s", 9 * DAY)
    retention.maintain()
    assert send([event]) == (1, 0)


def test_ingest_waits_only_briefly_for_a_locked_table(
    query: Sql, workspace, send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "LOCK_TRIES", 5)
    make_day(query, 9)
    address = {k: v for k, v in connection.get_connection_params().items() if k in ADDRESS}
    slowest, stop = [0.0], threading.Event()
    with psycopg.connect(**address) as reader:
        reader.execute("select count(*) from detection_event")  # and leaves its transaction open
        sender = threading.Thread(target=keep_inserting, args=(address, workspace.pk, slowest, stop))
        sender.start()
        retention.maintain()
        stop.set()
        sender.join()
        assert day(9) in names(query, "detection_event")
    assert 0.0 < slowest[0] < 1.0
    retention.maintain()
    assert day(9) not in names(query, "detection_event")


ADDRESS = ("host", "port", "user", "password", "dbname")
INSERT = """
insert into detection_event (workspace_id, id, occurred_at, level, is_late, event_id, source, event_type,
                             message, correlation_id, metadata)
values (%s, nextval('detection_event_id_seq'), now(), 1, false, '', 's', '', '', '', '{}')
"""


def keep_inserting(
    address: dict[str, Any], workspace_id: int, slowest: list[float], stop: threading.Event
) -> None:
    with psycopg.connect(**address, autocommit=True) as ingest:
        while not stop.is_set():
            started = time.monotonic()
            ingest.execute(INSERT, [workspace_id])
            slowest[0] = max(slowest[0], time.monotonic() - started)


def test_concurrent_creation_makes_a_partition_once(query: Sql) -> None:
    query(f"drop table {day(-3)}")
    address = {k: v for k, v in connection.get_connection_params().items() if k in ADDRESS}
    make = "select detection_make_partition('detection_event', 'received_at', %s, '1 day')"
    made: list[Any] = []

    def other() -> None:
        with psycopg.connect(**address) as rival:
            made.append(rival.execute(make, [midnight(-3)]).fetchone())

    with transaction.atomic():
        made.append(query(make, midnight(-3))[0])
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.3)
    thread.join()
    assert sorted(made) == [(False,), (True,)]
