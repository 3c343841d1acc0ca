"""Partitions made one at a time, and by whoever comes first; kept events found by their age."""

from django.db import migrations

MAKE = """
create or replace function detection_make_partition(parent text, key text, lo timestamptz, width interval)
returns boolean language plpgsql as $$
declare
  name text := parent || '_' || to_char(lo at time zone 'UTC', 'YYYYMMDD_HH24');
  hi timestamptz := lo + width;
begin
  if to_regclass(name) is not null then return false; end if;
  execute format('lock table %I in access exclusive mode', parent || '_default');
  if to_regclass(name) is not null then return false; end if;
  execute format('create table %I (like %I including defaults including constraints)', name, parent);
  execute format('with moved as (delete from %I where %I >= %L and %I < %L returning *) insert into %I select * from moved',
                 parent || '_default', key, lo, key, hi, name);
  execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, name, lo, hi);
  return true;
end $$;

create function detection_wanted_partitions()
returns table (parent text, key text, lo timestamptz, width interval) language sql stable as $$
  select 'detection_event', 'received_at', t, interval '1 day'
    from generate_series(date_trunc('day', now(), 'UTC'), now() + interval '3 days', '1 day') t
  union all
  select 'detection_rule_hit', 'occurred_at', t, interval '1 hour'
    from generate_series(date_trunc('hour', now() - interval '1 hour', 'UTC'), now() + interval '3 hours', '1 hour') t
$$;

create index detection_event_default_age on detection_event_default using brin (received_at);
"""
UNMAKE = "drop index detection_event_default_age; drop function detection_wanted_partitions();"


class Migration(migrations.Migration):
    dependencies = [("detection", "0003_read_models")]

    operations = [migrations.RunSQL(MAKE, UNMAKE)]
