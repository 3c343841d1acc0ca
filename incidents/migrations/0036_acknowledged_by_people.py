from django.db import migrations

# Until now, a machine that resolved an incident left its time of resolution as that of the acknowledgement.
# Whoever acknowledged has a name.
ONLY_PEOPLE = """
with emptied as (
  update incidents_incident i
     set acknowledged_at = null
   where i.acknowledged_at = i.resolved_at and i.acknowledged_label = '' and i.acknowledged_by_id is null
     and not exists (
       select from incidents_timelineentry e
        where e.incident_id = i.id and e.occurred_at = i.resolved_at and e.author_id is not null)
  returning i.id)
update incidents_slaclock c
   set phase = 'stopped'
  from emptied
 where c.incident_id = emptied.id and c.kind = 'acknowledge' and c.phase = 'met'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0035_first_events'),
    ]

    operations = [migrations.RunSQL(ONLY_PEOPLE, migrations.RunSQL.noop)]
