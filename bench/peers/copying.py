"""Baseline of storage: COPY on one connection into tables with the indexes of events and of detection."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg

from bench.harness.servers import Servers

# Columns and indexes of the event table and its key table in one; no deduplication, no partitions.
TABLE = """
create table copied_event (
  workspace_id bigint not null, id bigint generated always as identity,
  received_at timestamptz not null default now(), occurred_at timestamptz not null, level smallint not null,
  is_late boolean not null, event_id text not null, source text not null, event_type text not null,
  message text not null, correlation_id text not null, metadata jsonb not null, key uuid not null,
  primary key (workspace_id, id, received_at));
create unique index on copied_event (workspace_id, key);
create index on copied_event using brin (received_at);
"""
# What detection needs of an event that counts: two rules' hits, and the link to its incident.
DETECTION_TABLES = """
create table copied_hit (
  workspace_id bigint not null, rule_id bigint not null, occurred_at timestamptz not null,
  event_id bigint not null, matches boolean not null, group_key text not null, source text);
create index on copied_hit (workspace_id, rule_id, group_key, occurred_at, event_id);
create table copied_link (
  workspace_id bigint not null, event_id bigint not null, incident_id bigint not null,
  occurred_at timestamptz not null, primary key (workspace_id, event_id));
create index on copied_link (workspace_id, incident_id, occurred_at, event_id);
"""
HITS = "copy copied_hit from stdin"
LINKS = "copy copied_link from stdin"
COPY = """
copy copied_event (workspace_id, occurred_at, level, is_late, event_id, source, event_type, message,
                   correlation_id, metadata, key) from stdin
"""


def copy_rate(servers: Servers, batch: int, seconds: float, *, with_detection: bool = False) -> float:
    """Return events per second, each batch committed before the next; generating the rows is not counted.

    with_detection: also the rows that detection stores when every fourth event is an error that two rules
    count for an open incident.
    """
    with psycopg.connect(servers.fresh_database("bench_copy"), autocommit=True) as connection:
        connection.execute(TABLE)
        connection.execute(DETECTION_TABLES)
        _store(connection, _rows(batch), 0, with_detection)
        spent, copied, end = 0.0, batch, time.perf_counter() + seconds
        while time.perf_counter() < end:
            rows = _rows(batch)
            started = time.perf_counter()
            _store(connection, rows, copied, with_detection)
            spent += time.perf_counter() - started
            copied += batch
    return (copied - batch) / spent


def _store(
    connection: psycopg.Connection, rows: list[tuple[Any, ...]], first_id: int, with_detection: bool
) -> None:
    with connection.transaction():
        _copy(connection, COPY, rows)
        if with_detection:
            errors = [(first_id + n, row[1], row[5]) for n, row in enumerate(rows) if n % 4 == 0]
            hits = [(1, rule, at, n, True, source, None) for n, at, source in errors for rule in (1, 2)]
            _copy(connection, HITS, hits)
            _copy(connection, LINKS, [(1, n, n % 20, at) for n, at, _ in errors])


def _copy(connection: psycopg.Connection, query: LiteralString, rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for row in rows:
            copy.write_row(row)


def _rows(count: int) -> list[tuple[Any, ...]]:
    now, message = datetime.now(UTC), "upstream timed out after 3000 ms while calling payments"
    metadata = '{"host":"host-7","region":"eu-1","code":"504"}'
    rest = ("http.error", message, "", metadata)
    return [
        (1, now, i % 4, False, uuid.uuid4().hex, f"svc-{i % 20}", *rest, uuid.uuid4()) for i in range(count)
    ]
