"""Keeps the rows of SLA clocks equal to the deadlines of their incidents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString

import orjson

from core.sql.prepared import send
from incidents.sla.deadlines import STANDARD

# Columns of an incident that start, move or end a clock.
CLOCK_FIELDS: Final = frozenset(
    {
        "severity", "status", "detected_at", "acknowledged_at", "resolved_at",
        "acknowledge_due_at", "update_due_at", "resolve_due_at",
    }
)  # fmt: skip
_STANDARD: Final = orjson.dumps(
    {severity.value: [c.acknowledge_within, c.update_every] for severity, c in STANDARD.items()}
).decode()

# A running clock is inserted, or restarted if its deadline moved or it had ended; a breached one stays
# breached while its deadline stays. Clocks of completed steps are met; the others stop.
_SYNC: Final[LiteralString] = """
with want as (
  select i.id, i.workspace_id, k.kind, least(k.started, k.deadline) as started, k.deadline,
         k.is_active and k.deadline is not null as is_active, k.is_met
    from incidents_incident i
    left join incidents_slapolicy p on p.workspace_id = i.workspace_id and p.severity = i.severity
   cross join (values (%s::jsonb)) s(clocks)
   cross join lateral (values
     ('acknowledge', case when i.opening = 1 then i.detected_at else greatest(i.detected_at,
        i.acknowledge_due_at - make_interval(mins => coalesce(p.acknowledge_within,
          (s.clocks -> i.severity ->> 0)::int))) end, i.acknowledge_due_at,
      i.acknowledged_at is null and i.status not in ('resolved', 'closed'), i.acknowledged_at is not null),
     ('update', greatest(i.detected_at, i.update_due_at - make_interval(
        mins => coalesce(p.update_every, (s.clocks -> i.severity ->> 1)::int, 0))), i.update_due_at,
      i.status not in ('resolved', 'closed'), false),
     ('resolve', i.detected_at, i.resolve_due_at,
      i.status not in ('resolved', 'closed'), i.resolved_at is not null)
   ) k(kind, started, deadline, is_active, is_met)
   where i.workspace_id = %s::bigint and i.id = any(%s::bigint[])),
started as (
  insert into incidents_slaclock as c (workspace_id, incident_id, kind, generation, started_at, warn_at,
    deadline, phase, breaches, state, attempts, due_at, last_error, priority, lane)
  select workspace_id, id, kind, 1, started, started + (deadline - started) * 0.8, deadline, 'running', 0,
         'pending', 0, started + (deadline - started) * 0.8, '', 1, ''
    from want where is_active
   order by id, kind
  on conflict (incident_id, kind) do update
    set generation = c.generation + 1, started_at = excluded.started_at, warn_at = excluded.warn_at,
        deadline = excluded.deadline, phase = 'running', state = 'pending', attempts = 0,
        due_at = excluded.due_at, lease_until = null, settled_at = null, last_error = ''
  where c.deadline <> excluded.deadline or c.phase in ('met', 'stopped'))
update incidents_slaclock c
   set phase = case when w.is_met then 'met' else 'stopped' end, state = 'done', lease_until = null,
       settled_at = statement_timestamp()
  from want w
 where c.incident_id = w.id and c.kind = w.kind and not w.is_active and c.phase in ('running', 'warned')
"""


def set_clocks(workspace_id: int, incident_ids: Sequence[int]) -> None:
    """Write the clocks of these incidents from their deadlines: one statement, not waited for.

    Runs in the transaction that changed the incidents, under their locks. Idempotent.
    """
    if incident_ids:
        send(_SYNC, [_STANDARD, workspace_id, sorted(incident_ids)])
