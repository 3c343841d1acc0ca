from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('warroom', '0004_following'),
    ]

    operations = [
        migrations.AlterField(
            model_name='roomstep',
            name='kind',
            field=models.CharField(choices=[('create', 'Create the channel'), ('purpose', 'Set the description'), ('topic', 'Set the topic'), ('bookmark', 'Bookmark the incident page'), ('card', 'Post the incident card'), ('pin', 'Pin the card'), ('invite', 'Invite'), ('remove', 'Remove'), ('archive', 'Archive the channel')], max_length=10),
        ),
    ]
