"""How many events came in each hour, by level: counted by the statement that stores them."""

from django.db import migrations

# A connection writes rows of its own, so that two that store at the same time never wait for each other.
# Half of each page stays free, so that counting up stays within it and touches no index.
MAKE = """
create table detection_event_tally (
  workspace_id bigint not null, hour timestamptz not null, level smallint not null, writer int not null,
  count bigint not null,
  primary key (workspace_id, hour, level, writer)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
insert into detection_event_tally
select workspace_id, date_trunc('hour', received_at, 'UTC'), level, 0, count(*)
  from detection_event where received_at > now() - interval '2 days' group by 1, 2, 3;
"""


class Migration(migrations.Migration):
    dependencies = [("detection", "0007_samples_and_changes")]

    operations = [migrations.RunSQL(MAKE, "drop table detection_event_tally")]
