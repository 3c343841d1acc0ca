"""The title under which a postmortem was published; those published before keep the one they have."""

from django.db import migrations, models
from django.db.models import F


def copy_titles(apps, schema_editor):
    postmortems = apps.get_model("postmortems", "Postmortem")
    rows = postmortems._base_manager.filter(published_revision__isnull=False)
    rows.update(published_title=F("title"))


class Migration(migrations.Migration):

    dependencies = [
        ("postmortems", "0004_meetings_and_trackers"),
    ]

    operations = [
        migrations.AddField(
            model_name="postmortem",
            name="published_title",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.RunPython(copy_titles, migrations.RunPython.noop),
    ]
