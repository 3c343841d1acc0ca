"""Baseline of storage: COPY on one connection into one table with the indexes of events."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Any

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
COPY = """
copy copied_event (workspace_id, occurred_at, level, is_late, event_id, source, event_type, message,
                   correlation_id, metadata, key) from stdin
"""


def copy_rate(servers: Servers, batch: int, seconds: float) -> float:
    """Return rows per second, each batch committed before the next; generating the rows is not counted."""
    with psycopg.connect(servers.fresh_database("bench_copy"), autocommit=True) as connection:
        connection.execute(TABLE)
        _copy(connection, _rows(batch))
        spent, copied, end = 0.0, 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            rows = _rows(batch)
            started = time.perf_counter()
            _copy(connection, rows)
            spent += time.perf_counter() - started
            copied += batch
    return copied / spent


def _copy(connection: psycopg.Connection, rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in rows:
            copy.write_row(row)


def _rows(count: int) -> list[tuple[Any, ...]]:
    now, message = datetime.now(UTC), "upstream timed out after 3000 ms while calling payments"
    metadata = '{"host":"host-7","region":"eu-1","code":"504"}'
    rest = ("http.error", message, "", metadata)
    return [
        (1, now, i % 4, False, uuid.uuid4().hex, f"svc-{i % 20}", *rest, uuid.uuid4()) for i in range(count)
    ]
