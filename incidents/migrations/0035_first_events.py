from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0034_plain_names'),
    ]

    operations = [
        migrations.AddField(
            model_name='incidentevidence',
            name='first_events',
            field=models.JSONField(blank=True, db_default=models.Value([], output_field=models.JSONField()), default=list),
        ),
    ]
