from django.db import migrations, models

# Accounts whose address an identity provider verified: it did so at the moment in which it was linked.
VOUCHED_FOR = """
update accounts_user person set address_proven_in = provider.workspace_id
from socialaccount_socialaccount link join accounts_identityprovider provider on provider.slug = link.provider
where link.user_id = person.id and person.address_proven_in is null
    and person.address_proven_at between link.date_joined - interval '1 minute'
        and link.date_joined + interval '1 minute'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0011_token_epoch_of_members'),
        ('socialaccount', '0006_alter_socialaccount_extra_data'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='address_proven_in',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.RunSQL(VOUCHED_FOR, migrations.RunSQL.noop),
    ]
