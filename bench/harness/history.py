"""A workspace with a long history: incidents, components, roles, entries."""

from __future__ import annotations

from typing import LiteralString

import psycopg

from bench.harness.tocsin import Tocsin

AT_ONCE = 20_000
COMPONENTS = 200
# Over a year, the newest last; one in two hundred is unresolved.
INCIDENTS: LiteralString = """
insert into incidents_incident (workspace_id, number, title, description, severity, incident_type, category,
  status, stage, impact, root_cause, labels, is_drill, source, fingerprint, request_key, event_count,
  last_event_at, started_at, detected_at, acknowledged_at, resolved_at, acknowledge_due_at, update_due_at,
  resolve_due_at, version)
select w.id, i,
  (array['Checkout returns 502', 'Login is slow', 'Disk almost full', 'Search lags behind'])[1 + i %% 4]
    || ' in region ' || i %% 17 || ', seen ' || i,
  'Five errors within twenty seconds.', 'sev' || 1 + (i * 7) %% 4,
  (array['error_burst', 'service_down', 'disk_space_low', 'other'])[1 + i %% 4], 'unknown',
  case when i %% 200 = 0 then 'investigating' when i %% 3 = 0 then 'resolved' else 'closed' end,
  'assessment', '', '', jsonb_build_object('project', 'p' || i %% 9), false, 'detected', '', '', i %% 500,
  t, t, t, t + interval '4 minutes',
  case when i %% 200 <> 0 then t + interval '1 minute' * (5 + i %% 300) end,
  t + interval '30 minutes', null, t + interval '8 hours', 3
from (select id from accounts_workspace order by id limit 1) w,
  generate_series(%(first)s::int, %(last)s::int) i,
  lateral (select now() - interval '1 year' * (1 - i / %(count)s::float8)) x(t)
"""
CATALOGUE: LiteralString = """
insert into incidents_component (workspace_id, name, description, tier, runbook_url)
select w.id, 'service-' || i, '', 3, ''
from (select id from accounts_workspace order by id limit 1) w, generate_series(1, %(components)s) i
"""
AFFECTED: LiteralString = """
insert into incidents_affectedcomponent (workspace_id, incident_id, component_id, impact)
select i.workspace_id, i.id, c.id, 'degraded'
from incidents_incident i join (select id, row_number() over (order by id) as n from incidents_component) c
  on c.n in (1 + i.number %% %(components)s, 1 + (i.number * 31) %% %(components)s)
where i.number between %(first)s and %(last)s
on conflict do nothing
"""
COMMANDERS: LiteralString = """
insert into incidents_roleassignment (workspace_id, incident_id, role, user_id, assigned_at)
select i.workspace_id, i.id, 'commander', u.id, i.detected_at
from incidents_incident i, (select id from accounts_user order by id limit 1) u
where i.number between %(first)s and %(last)s and i.number %% 3 <> 0
"""
TIMELINES: LiteralString = """
insert into incidents_timelineentry (workspace_id, incident_id, kind, message, is_public, author_label,
  occurred_at, data, request_key)
select i.workspace_id, i.id, k.kind, k.message, false, 'Dana Ruiz', i.detected_at + k.after, '{}', ''
from incidents_incident i, (values
  ('detected', 'Opened by the rule service_errors.', interval '0'),
  ('acknowledged', 'Acknowledged by Dana Ruiz.', interval '4 minutes'),
  ('note', 'The pool is exhausted since the release; rolling it back.', interval '9 minutes'),
  ('resolution', 'Rolled back.', interval '20 minutes')) k(kind, message, after)
where i.number between %(first)s and %(last)s
"""
NOTES: LiteralString = """
insert into incidents_timelineentry (workspace_id, incident_id, kind, message, is_public, author_label,
  occurred_at, data, request_key)
select i.workspace_id, i.id, 'note', 'Probe ' || n || ': still eight seconds in eu-west.', false, 'Theo Lind',
  i.detected_at + interval '1 second' * n, '{}', ''
from incidents_incident i, generate_series(1, %(entries)s) n
where i.number = %(number)s
"""
SETTLE = (
    "vacuum analyze incidents_incident", "vacuum analyze incidents_affectedcomponent",
    "vacuum analyze incidents_roleassignment", "vacuum analyze incidents_timelineentry",
    "vacuum analyze incidents_component", "checkpoint",
)  # fmt: skip


def fill(tocsin: Tocsin, count: int) -> None:
    """Insert `count` incidents into the first workspace of an empty Tocsin, numbered from 1."""
    with tocsin.connect() as connection:
        connection.execute(CATALOGUE, {"components": COMPONENTS})
        for first in range(1, count + 1, AT_ONCE):
            _batch(connection, first, min(count, first + AT_ONCE - 1), count)
        connection.execute(
            "insert into incidents_incidentcounter (workspace_id, last_number)"
            " select id, %s from accounts_workspace order by id limit 1"
            " on conflict (workspace_id) do update set last_number = excluded.last_number",
            [count],
        )
        settle(tocsin)


def _batch(connection: psycopg.Connection, first: int, last: int, count: int) -> None:
    span = {"first": first, "last": last, "count": count, "components": COMPONENTS}
    for statement in (INCIDENTS, AFFECTED, COMMANDERS, TIMELINES):
        connection.execute(statement, span)


def lengthen(tocsin: Tocsin, number: int, entries: int) -> None:
    """Add notes to the timeline of one incident."""
    with tocsin.connect() as connection:
        connection.execute(NOTES, {"number": number, "entries": entries})


def settle(tocsin: Tocsin) -> None:
    """Run what autovacuum would have done over time."""
    with tocsin.connect() as connection:
        for statement in SETTLE:
            connection.execute(statement)
