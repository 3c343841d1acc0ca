from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('detection', '0018_replaying'),
    ]

    operations = [
        migrations.RenameField(model_name='sourcealert', old_name='told_at', new_name='updated_at'),
        migrations.RenameField(model_name='sourcesubscription', old_name='asked_at', new_name='requested_at'),
        migrations.RenameField(model_name='sourcesubscription', old_name='heard_at', new_name='confirmed_at'),
    ]
