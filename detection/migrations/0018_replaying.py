from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('detection', '0017_model_requests'),
    ]

    operations = [
        migrations.AddField(
            model_name='quarantinedrequest',
            name='replaying_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
