"""How many events of each source happened in each minute, and how many were errors: for shares of errors."""

from django.db import migrations

# A connection writes rows of its own, so that two that store at the same time never wait for each other.
MAKE = """
create table detection_minute_tally (
  workspace_id bigint not null, source text not null, minute timestamptz not null, writer int not null,
  events bigint not null, errors bigint not null,
  primary key (workspace_id, source, minute, writer)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
insert into detection_minute_tally
select workspace_id, source, date_trunc('minute', occurred_at, 'UTC'), 0, count(*), count(*) filter (where level >= 3)
  from detection_event where received_at > now() - interval '2 hours' and not is_late group by 1, 2, 3;
"""


class Migration(migrations.Migration):
    dependencies = [("detection", "0015_heartbeats")]

    operations = [migrations.RunSQL(MAKE, "drop table detection_minute_tally")]
