from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('remediation', '0004_illegal_moves'),
    ]

    operations = [
        migrations.RenameField(model_name='remediationrun', old_name='asked_approver', new_name='requested_approver'),
    ]
