from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0004_plain_names'),
    ]

    operations = [
        migrations.RenameModel(old_name='Pulse', new_name='WorkerHeartbeat'),
    ]
