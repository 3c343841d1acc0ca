"""Whether a subscriber wants all components; those who chose some before keep their choice."""

from django.db import migrations, models


def keep_choices(apps, schema_editor):
    subscribers = apps.get_model("status", "Subscriber")
    subscribers._base_manager.filter(components__isnull=False).update(all_components=False)


class Migration(migrations.Migration):

    dependencies = [
        ("status", "0002_public_windows"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscriber",
            name="all_components",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.RunPython(keep_choices, migrations.RunPython.noop),
    ]
