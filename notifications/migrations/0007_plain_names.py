from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0006_releases'),
    ]

    # The long scan comes first: the rename then holds its lock for a moment only.
    operations = [
        migrations.RunSQL(
            "update notifications_delivery set reason_code = 'lost_response' where reason_code = 'lost_answer'",
            "update notifications_delivery set reason_code = 'lost_answer' where reason_code = 'lost_response'",
        ),
        migrations.RenameField(model_name='escalation', old_name='reaches_nobody', new_name='reaches_no_one'),
    ]
