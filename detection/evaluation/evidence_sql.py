"""SQL that computes the evidence of an incident from its events."""

from __future__ import annotations

from typing import Final, LiteralString

# Incidents whose events grew since their evidence was computed. Until an incident is over, its evidence is
# recomputed after 5 seconds, n milliseconds for n events or a tenth of the time the events span, whichever is
# longest, and after 15 minutes at most: it reads all events of the incident and starts an analysis.
STALE: Final[LiteralString] = """
select w.id, stale.id, stale.lo, stale.hi, stale.computed_at
  from accounts_workspace w
 cross join lateral (
   select i.id, l.lo, l.hi, e.computed_at
     from incidents_incident i
     left join incidents_incidentevidence e on e.incident_id = i.id
    cross join lateral (
      select min(occurred_at) as lo, max(occurred_at) as hi from detection_incident_event
       where workspace_id = i.workspace_id and incident_id = i.id) l
    where i.workspace_id = w.id and i.active_minute > %s::timestamptz - interval '6 hours'
      and l.lo is not null
      and (e.id is null or i.updated_at > e.computed_at and i.event_count > e.event_count
           and (i.status in ('resolved', 'closed')
                or %s::timestamptz > e.computed_at + least(interval '15 minutes', greatest(
                     interval '5 seconds', make_interval(secs => e.event_count / 1000.0),
                     (l.hi - l.lo) / 10))))
    order by i.active_minute desc, i.id desc
    limit %s::int) stale
 limit %s::int
"""

# Bounds on received_at are constants, so that only the partitions of those days are read. The limit makes
# every plan look up each event by its key: without statistics of a new partition, PostgreSQL read all of it.
SUMMARY: Final[LiteralString] = """
with member as materialized (
  select e.id, e.occurred_at, e.source, e.event_type, e.level >= 3 as is_error, e.metadata
    from detection_incident_event l
   cross join lateral (
     select * from detection_event d
      where d.workspace_id = %s::bigint and d.id = l.event_id
        and d.received_at >= %s::timestamptz and d.received_at < %s::timestamptz
      limit 1) e
   where l.workspace_id = %s::bigint and l.incident_id = %s::bigint),
worst as (
  select date_trunc('minute', occurred_at) as minute, count(*) as errors
    from member where is_error group by 1 order by 2 desc, 1 limit 1),
kind as (
  select source, event_type, min(occurred_at) as occurred_at
    from member group by 1, 2 order by 3, 1, 2 limit %s::int),
opening as (
  select distinct on (occurred_at, source, event_type) id, occurred_at, source, event_type
    from kind join member using (source, event_type, occurred_at)
   order by occurred_at, source, event_type, id)
select (select count(*) from member), (select count(*) from member where is_error),
       (select source from member order by occurred_at, id limit 1),
       (select json_agg(json_build_array(event_type, n, errors)) from (
          select event_type, count(*) as n, count(*) filter (where is_error) as errors
            from member group by 1 order by 3 desc, 2 desc, 1 limit 100) t),
       (select json_agg(json_build_array(source, n, errors)) from (
          select source, count(*) as n, count(*) filter (where is_error) as errors
            from member group by 1 order by 3 desc, 2 desc, 1 limit 100) s),
       (select nullif(count(distinct coalesce(metadata->>'user_id', metadata->>'userId')), 0) from member),
       (select minute from worst),
       (select coalesce(json_agg(metadata), '[]'::json) from (
          select metadata from member where metadata ?| %s::text[] order by occurred_at, id limit 20) f),
       (select coalesce(json_agg(metadata), '[]'::json) from (
          select metadata from member where metadata ?| %s::text[]
           order by occurred_at desc, id desc limit 20) b),
       (select coalesce(json_agg(json_build_array(o.occurred_at, o.source, o.event_type, (
                 select left(message, 2000) from detection_event d
                  where d.workspace_id = %s::bigint and d.id = o.id
                    and d.received_at >= %s::timestamptz and d.received_at < %s::timestamptz
                  limit 1)) order by o.occurred_at, o.source, o.event_type), '[]'::json) from opening o)
"""
