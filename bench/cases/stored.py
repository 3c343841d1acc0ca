"""Goal 11: ingest does not get much slower with millions of stored events."""

from __future__ import annotations

from functools import partial
from typing import LiteralString

import psycopg

from bench.harness.figures import in_turn, median
from bench.harness.load import apply_load
from bench.harness.report import Report, Verdict
from bench.harness.scale import Scale
from bench.harness.servers import Servers, running_servers
from bench.harness.tocsin import BATCH, running_tocsin

FULL = "bench_stored"
AT_ONCE = 500_000
# The last day's events with their keys, as the ingest path would have stored them; every fourth an error.
EVENTS: LiteralString = """
insert into detection_event (workspace_id, id, received_at, occurred_at, level, is_late, event_id, source,
                             event_type, message, correlation_id, metadata)
select w.id, nextval('detection_event_id_seq'), t, t, case when i %% 4 = 0 then 3 else 1 end, false,
  gen_random_uuid()::text, 'old-' || i %% 500, 'http.error',
  'upstream timed out after 3000 ms while calling payments', '',
  '{"host": "host-7", "region": "eu-1", "code": "504"}'
from (select id from accounts_workspace order by id limit 1) w,
  generate_series(%(first)s::bigint, %(last)s::bigint) i,
  lateral (select greatest(now() - interval '1 day' * (1 - i / %(count)s::float8),
                           date_trunc('day', now())) t) x
"""
KEYS: LiteralString = """
insert into detection_event_key (workspace_id, key, received_at)
select w.id, gen_random_uuid(), now() - interval '1 day' * (1 - i / %(count)s::float8)
from (select id from accounts_workspace order by id limit 1) w,
  generate_series(%(first)s::bigint, %(last)s::bigint) i
"""
SETTLE = ("vacuum analyze detection_event", "vacuum analyze detection_event_key", "checkpoint")


def full_and_empty(scale: Scale) -> Report:
    """Goal 11."""
    with running_servers() as servers:
        size = _fill(servers, scale.stored)
        rates = in_turn(
            scale.repetitions,
            {"empty": partial(_rate, servers, scale), "full": partial(_rate, servers, scale, FULL)},
        )
        servers.drop_database(FULL)
    ratio = median(rates["empty"]) / median(rates["full"])
    verdict = Verdict("cost when full / cost when empty", ratio, 1.5, 1.2, "×", more_is_better=False)
    rows = [(name, median(found), min(found), max(found)) for name, found in rates.items()]
    columns = ("database", "events/s, median", "least", "most")
    title = f"ingest with {scale.stored:,} events stored against none"
    return Report(11, title, columns, rows, [verdict], f"The full tables take {size / 2**20:,.0f} MiB.")


def _fill(servers: Servers, count: int) -> int:
    """Generate events inside the database; returns their size in bytes."""
    with running_tocsin(servers, database=FULL):
        pass  # migrated, with its first workspace and token
    with psycopg.connect(servers.postgres.url(FULL), autocommit=True) as connection:
        for first in range(1, count + 1, AT_ONCE):
            span = {"first": first, "last": min(count, first + AT_ONCE - 1), "count": count}
            connection.execute(EVENTS, span)
            connection.execute(KEYS, span)
        for statement in SETTLE:
            connection.execute(statement)
        row = connection.execute("select pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def _rate(servers: Servers, scale: Scale, database: str = "") -> float:
    with running_tocsin(servers, database=database or "bench_tocsin", keep=bool(database)) as tocsin:
        return apply_load(tocsin.events, BATCH, scale).events
