"""SQL of the exact sliding windows over `detection_rule_hit`.

A window is crossed at a hit t when the hits in (t - W, t] number at least the threshold: when the hit
threshold - 1 before it is less than W away. Only windows that end in or after the touched range and contain a
part of it are queried. Hits of a resolved incident, and those before `counts_after`, do not count.
"""

from __future__ import annotations

from typing import Final, LiteralString

# Per pair: its rule's numbers, the unresolved incident that has its fingerprint, and from when hits count.
STATES: Final[LiteralString] = """
select p.n, r.error_threshold, r.time_window_seconds, r.require_consecutive, r.min_components_affected,
       r.dry_run,       o.incident_id,
       greatest(o.resolved_at + make_interval(secs => r.cooldown_seconds), d.window_end, 'epoch')
  from json_to_recordset(%s::json) as p(n int, rule_id bigint, group_key text, fingerprint text)
  join detection_detectionrule r on r.id = p.rule_id and r.enabled
  left join lateral (
    select max(i.id) filter (where i.status not in ('resolved', 'closed')) as incident_id,
           max(coalesce(i.resolved_at, i.closed_at)) filter (where i.status in ('resolved', 'closed'))
             as resolved_at
      from incidents_incidentsignal s join incidents_incident i on i.id = s.incident_id
     where s.workspace_id = r.workspace_id and s.fingerprint = p.fingerprint) o on true
  left join lateral (
    select max(f.window_end) as window_end from detection_finding f
     where r.dry_run and f.rule_id = r.id and f.group_key = p.group_key and f.outcome = 'dry_run') d on true
"""

_PAIRS: Final[LiteralString] = """
  from unnest(%s::int[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[],
              %s::timestamptz[], %s::int[], %s::interval[], %s::int[])
    as p(n, workspace_id, rule_id, group_key, lo, hi, counts_after, threshold, width, spread)
"""
_HITS: Final[LiteralString] = """
  from detection_rule_hit h
 where h.workspace_id = p.workspace_id and h.rule_id = p.rule_id and h.group_key = p.group_key
   and h.occurred_at > greatest(p.lo - p.width, p.counts_after) and h.occurred_at < p.hi + p.width
   and not (h.matches and exists (
     select 1 from detection_incident_event l join incidents_incident i on i.id = l.incident_id
      where l.workspace_id = h.workspace_id and l.event_id = h.event_id
        and i.status in ('resolved', 'closed')))
"""

# Streams from the index, stops at the first crossing. A reset in the last `threshold` rows breaks the run.
CROSSINGS: Final[LiteralString] = "".join(
    (
        "select p.n, w.t, w.event_id",
        _PAIRS,
        """
 cross join lateral (
  select z.t, z.event_id from (
    select h.occurred_at as t, h.event_id, lag(h.occurred_at, p.threshold - 1) over o as first_at,
           count(*) filter (where not h.matches) over (
             o rows between p.threshold - 1 preceding and current row) as resets
""",
        _HITS,
        """
    window o as (order by h.occurred_at, h.event_id)) z
   where z.t >= p.lo and z.t - z.first_at < p.width and z.resets = 0
   order by z.t, z.event_id limit 1) w
""",
    )
)

# The same with a minimum number of distinct sources, which can only be reached at a hit whose source was not
# in the window just before, or where the threshold itself was only just reached.
SPREAD_CROSSINGS: Final[LiteralString] = "".join(
    (
        "select p.n, w.t, w.event_id",
        _PAIRS,
        """
 cross join lateral (
  with h as materialized (
    select h.occurred_at, h.event_id, h.matches, coalesce(h.source, p.group_key) as source,
           row_number() over o as place, count(*) filter (where not h.matches) over o as run
""",
        _HITS,
        """
    window o as (order by h.occurred_at, h.event_id)),
  z as (
    select h.*, lag(h.occurred_at, p.threshold - 1) over o as first_at,
           lag(h.occurred_at, p.threshold) over o as before,
           lag(h.run, p.threshold) over o as before_run, lag(h.matches, p.threshold) over o as before_matches,
           lag(h.run, p.threshold - 1) over o as first_run,
           lag(h.matches, p.threshold - 1) over o as first_matches,
           lag(h.occurred_at) over (partition by h.source, h.run, h.matches order by h.place) as same_source
      from h window o as (order by h.place))
  select z.occurred_at as t, z.event_id from z
   where z.occurred_at >= p.lo and z.matches and z.first_matches and z.first_run = z.run
     and z.occurred_at - z.first_at < p.width
     and (z.same_source is null or z.occurred_at - z.same_source >= p.width
          or z.before is null or z.occurred_at - z.before >= p.width
          or z.before_run <> z.run or not z.before_matches)
     and (select count(distinct c.source) from h c
           where c.matches and c.run = z.run and c.place <= z.place
             and c.occurred_at > z.occurred_at - p.width)
         >= p.spread
   order by z.place limit 1) w
""",
    )
)

# Everything a crossing counts: the hits of its window and all later ones, with their incident. A consecutive
# rule counts one run: what is between the resets before and after the crossing. Hits of the same time are
# ordered by id, as in the search for crossings.
MEMBERS: Final[LiteralString] = """
select p.n, h.event_id, h.occurred_at, coalesce(h.source, p.group_key), l.incident_id
  from unnest(%s::int[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[],
              %s::boolean[], %s::timestamptz[], %s::bigint[])
    as p(n, workspace_id, rule_id, group_key, since, counts_after, consecutive, at, event_id)
  left join lateral (
    select r.occurred_at, r.event_id from detection_rule_hit r
     where p.consecutive and r.workspace_id = p.workspace_id and r.rule_id = p.rule_id
       and r.group_key = p.group_key and not r.matches and r.occurred_at >= p.since
       and (r.occurred_at, r.event_id) < (p.at, p.event_id)
     order by r.occurred_at desc, r.event_id desc limit 1) opens on true
  left join lateral (
    select r.occurred_at, r.event_id from detection_rule_hit r
     where p.consecutive and r.workspace_id = p.workspace_id and r.rule_id = p.rule_id
       and r.group_key = p.group_key and not r.matches
       and (r.occurred_at, r.event_id) > (p.at, p.event_id)
     order by r.occurred_at, r.event_id limit 1) closes on true
  join detection_rule_hit h on h.workspace_id = p.workspace_id and h.rule_id = p.rule_id
       and h.group_key = p.group_key and h.matches and h.occurred_at >= p.since
       and h.occurred_at > p.counts_after
       and (opens.event_id is null or (h.occurred_at, h.event_id) > (opens.occurred_at, opens.event_id))
       and (closes.event_id is null or (h.occurred_at, h.event_id) < (closes.occurred_at, closes.event_id))
  left join detection_incident_event l on l.workspace_id = h.workspace_id and l.event_id = h.event_id
  left join incidents_incident i on i.id = l.incident_id
 where i.id is null or i.status not in ('resolved', 'closed')
 order by p.n, h.occurred_at, h.event_id
"""

LINK: Final[LiteralString] = """
insert into detection_incident_event (workspace_id, event_id, incident_id, occurred_at)
select %s::bigint, x.*
  from json_to_recordset(%s::json) as x(event_id bigint, incident_id bigint, occurred_at timestamptz)
 order by event_id
on conflict do nothing
returning event_id
"""

TAKE: Final[LiteralString] = """
delete from detection_pending where id = any(array(
  select id from detection_pending where id <= %s::bigint order by id limit %s::int for update skip locked))
returning workspace_id, rule_id, group_key, event_ids, occurred, sources, created_at
"""

NEWEST: Final[LiteralString] = "select coalesce(max(id), 0) from detection_pending"
# Of the rows after an id: the newest, and how many are of other pairs than these. The limit makes every plan
# read the index.
PEEK: Final[LiteralString] = """
select coalesce(max(o.id), 0), count(*) filter (where p.rule_id is null)
  from (select id, rule_id, group_key from detection_pending
         where id > %s::bigint order by id limit %s::int) o
  left join unnest(%s::bigint[], %s::text[]) as p(rule_id, group_key)
    on p.rule_id = o.rule_id and p.group_key = o.group_key
"""
TAKE_OTHERS: Final[LiteralString] = """
delete from detection_pending where id = any(array(
  select o.id from detection_pending o
   where o.id > %s::bigint
     and not exists (select from unnest(%s::bigint[], %s::text[]) as p(rule_id, group_key)
                      where p.rule_id = o.rule_id and p.group_key = o.group_key)
   order by o.id limit %s::int for update skip locked))
returning workspace_id, rule_id, group_key, event_ids, occurred, sources, created_at
"""

TAKE_SHARERS: Final[LiteralString] = """
delete from detection_pending where id = any(array(
  select id from detection_pending
   where id = any(array(
     select p.id from detection_pending p cross join unnest(p.event_ids) e(id)
       join unnest(%s::bigint[]) shared(id) on shared.id = e.id
      where p.workspace_id = %s::bigint))
   order by id for update skip locked))
returning workspace_id, rule_id, group_key, event_ids, occurred, sources, created_at
"""

# With the time they came, so that what waits is as old as it is.
PUT_BACK: Final[LiteralString] = """
insert into detection_pending (created_at, workspace_id, rule_id, group_key, event_ids, occurred, sources)
select x.* from json_to_recordset(%s::json) as x(created_at timestamptz, workspace_id bigint, rule_id bigint,
       group_key text, event_ids bigint[], occurred timestamptz[], sources text[])
"""

# Groups with hits in a rule's last window, each found by one index look-up.
ACTIVE_GROUPS: Final[LiteralString] = """
with recursive g(group_key) as (
  (select group_key from detection_rule_hit where workspace_id = %(workspace)s and rule_id = %(rule)s
    order by group_key limit 1)
  union all
  select (select h.group_key from detection_rule_hit h where h.workspace_id = %(workspace)s
             and h.rule_id = %(rule)s and h.group_key > g.group_key order by h.group_key limit 1)
    from g where g.group_key is not null)
select g.group_key from g
 where g.group_key is not null and exists (
   select 1 from detection_rule_hit h where h.workspace_id = %(workspace)s and h.rule_id = %(rule)s
      and h.group_key = g.group_key and h.matches and h.occurred_at > %(since)s)
"""
# Events are stored on the day they arrive, so partitions before `since` are not read.
EVENT_TEXTS: Final[LiteralString] = """
select id, event_type, message, case when metadata ?| %s::text[] then metadata end
  from detection_event
 where workspace_id = %s::bigint and id = any(%s::bigint[]) and received_at >= %s::timestamptz
"""

# Measurements of the events just linked, for incidents whose type and severity they can change.
MEASURED: Final[LiteralString] = """
with event_texts as materialized (
  select id, metadata from detection_event
   where workspace_id = %s::bigint and id = any(%s::bigint[]) and received_at >= %s::timestamptz
     and metadata ?| %s::text[])
select l.incident_id, event_texts.metadata
  from event_texts
  join unnest(%s::bigint[], %s::bigint[]) as l(event_id, incident_id) on l.event_id = event_texts.id
  join incidents_incident i on i.id = l.incident_id and i.incident_type = any(%s::text[])
       and i.severity <> 'sev1' and i.severity_basis < %s::int
"""
