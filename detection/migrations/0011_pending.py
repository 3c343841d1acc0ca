from django.db import migrations

# Touched pairs of a rule and a group that wait for evaluation: a work queue, no outbox.
FORWARDS = """
alter table detection_outbox rename to detection_pending;
alter index if exists detection_outbox_pkey rename to detection_pending_pkey;
alter sequence if exists detection_outbox_id_seq rename to detection_pending_id_seq;
"""
BACKWARDS = """
alter table detection_pending rename to detection_outbox;
alter index if exists detection_pending_pkey rename to detection_outbox_pkey;
alter sequence if exists detection_pending_id_seq rename to detection_outbox_id_seq;
"""


class Migration(migrations.Migration):
    dependencies = [("detection", "0010_builtin_event_types")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
