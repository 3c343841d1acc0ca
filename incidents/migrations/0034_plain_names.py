from django.db import migrations, models

old, new = 'bulk_action_asked_once', 'bulk_action_once'


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0033_measures'),
    ]

    # The long scan comes first: the renames then hold their locks for a moment only.
    operations = [
        migrations.RunSQL(
            "update incidents_decision set reason = 'lost_response' where reason = 'lost_answer'",
            "update incidents_decision set reason = 'lost_answer' where reason = 'lost_response'",
        ),
        migrations.RenameModel(old_name='KeptFigures', new_name='PrecomputedFigures'),
        migrations.AlterModelOptions(
            name='precomputedfigures',
            options={
                'abstract': False,
                'default_manager_name': 'across_workspaces',
                'verbose_name_plural': 'precomputed figures',
            },
        ),
        migrations.RenameField(model_name='incidentverdict', old_name='judged_by', new_name='reviewed_by'),
        migrations.RenameField(model_name='incidentverdict', old_name='judged_label', new_name='reviewed_label'),
        migrations.RenameField(model_name='incidentverdict', old_name='judged_at', new_name='reviewed_at'),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"alter table incidents_bulkaction rename constraint {old} to {new}",
                    f"alter table incidents_bulkaction rename constraint {new} to {old}",
                )
            ],
            state_operations=[
                migrations.RemoveConstraint(model_name='bulkaction', name=old),
                migrations.AddConstraint(
                    model_name='bulkaction',
                    constraint=models.UniqueConstraint(fields=('workspace', 'request_key'), name=new),
                ),
            ],
        ),
    ]
