"""The tables events pass through: made by hand, because Django knows no partitions."""

from django.db import migrations, models

EVENTS = """
create sequence detection_event_id_seq as bigint cache 1;

create table detection_event (
  workspace_id bigint not null, id bigint not null, received_at timestamptz not null default now(),
  occurred_at timestamptz not null, level smallint not null, is_late boolean not null,
  event_id text not null, source text not null, event_type text not null, message text not null,
  correlation_id text not null, metadata jsonb not null,
  primary key (workspace_id, id, received_at)
) partition by range (received_at);
create table detection_event_default partition of detection_event default;

create table detection_event_key (
  workspace_id bigint not null, key uuid not null, received_at timestamptz not null default now(),
  primary key (workspace_id, key)
);
create index detection_event_key_age on detection_event_key using brin (received_at);

create table detection_rule_hit (
  workspace_id bigint not null, rule_id bigint not null, occurred_at timestamptz not null, event_id bigint not null,
  matches boolean not null, group_key text not null, source text
) partition by range (occurred_at);
comment on column detection_rule_hit.source is 'null: the group is the source';
create index detection_rule_hit_window
  on detection_rule_hit (workspace_id, rule_id, group_key, occurred_at, event_id);
create table detection_rule_hit_default partition of detection_rule_hit default;

create table detection_outbox (
  id bigint generated always as identity primary key, created_at timestamptz not null default now(),
  workspace_id bigint not null, rule_id bigint not null, group_key text not null,
  event_ids bigint[] not null, occurred timestamptz[] not null, sources text[] not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 5000);

create table detection_incident_event (
  workspace_id bigint not null, event_id bigint not null, incident_id bigint not null,
  occurred_at timestamptz not null, primary key (workspace_id, event_id)
);
create index detection_incident_event_list
  on detection_incident_event (workspace_id, incident_id, occurred_at, event_id);
"""
DROP_EVENTS = """
drop table detection_incident_event, detection_outbox, detection_rule_hit, detection_event_key, detection_event;
drop sequence detection_event_id_seq;
"""

# Rows that landed in the default partition meanwhile move over, so a partition made too late loses nothing.
PARTITIONS = """
create function detection_make_partition(parent text, key text, lo timestamptz, width interval)
returns boolean language plpgsql as $$
declare
  name text := parent || '_' || to_char(lo at time zone 'UTC', 'YYYYMMDD_HH24');
  hi timestamptz := lo + width;
begin
  if to_regclass(name) is not null then return false; end if;
  execute format('lock table %I in access exclusive mode', parent || '_default');
  execute format('create table %I (like %I including defaults including constraints)', name, parent);
  execute format('with moved as (delete from %I where %I >= %L and %I < %L returning *) insert into %I select * from moved',
                 parent || '_default', key, lo, key, hi, name);
  execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, name, lo, hi);
  return true;
end $$;

create function detection_make_partitions() returns integer language sql as $$
  select count(*) filter (where made)::int from (
    select detection_make_partition('detection_event', 'received_at', t, '1 day') made
      from generate_series(date_trunc('day', now(), 'UTC'), now() + interval '3 days', '1 day') t
    union all
    select detection_make_partition('detection_rule_hit', 'occurred_at', t, '1 hour')
      from generate_series(date_trunc('hour', now() - interval '1 hour', 'UTC'), now() + interval '3 hours', '1 hour') t
  ) x
$$;
select detection_make_partitions();
"""
DROP_PARTITIONS = """
drop function detection_make_partitions();
drop function detection_make_partition(text, text, timestamptz, interval);
"""

# One row, so that versions are handed out in commit order; last_swept_at is not part of a rule's meaning.
RULESET = """
create table detection_ruleset (singleton boolean primary key default true check (singleton), version bigint not null);
insert into detection_ruleset (version) values (1);
create function detection_bump_ruleset() returns trigger language plpgsql as $$
begin update detection_ruleset set version = version + 1; return null; end $$;
create trigger bump_ruleset
  after insert or delete or update of rule_id, incident_type, severity, event_types, minimum_level, sources,
    message_pattern, group_by, error_threshold, time_window_seconds, require_consecutive, min_components_affected,
    cooldown_seconds, enabled, dry_run
  on detection_detectionrule for each statement execute function detection_bump_ruleset();
"""
DROP_RULESET = """
drop trigger bump_ruleset on detection_detectionrule;
drop function detection_bump_ruleset();
drop table detection_ruleset;
"""


class Migration(migrations.Migration):
    dependencies = [("detection", "0001_initial")]

    operations = [
        migrations.RunSQL(EVENTS, DROP_EVENTS),
        migrations.RunSQL(PARTITIONS, DROP_PARTITIONS),
        migrations.RunSQL(RULESET, DROP_RULESET),
    ]
