"""Making workspaces. The rest of a new workspace (policies, rules) is put in by `config.setup`."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.actor import system_actor
from accounts.models import Workspace
from accounts.services.audit import record
from accounts.texts import clean_name, clean_slug, clean_time_zone, invalid


def create_bare_workspace(*, slug: str, name: str, time_zone: str = "UTC") -> Workspace:
    """A workspace without members, policies or rules. Raises Invalid naming the field."""
    fields = {"slug": clean_slug(slug), "name": clean_name(name), "time_zone": clean_time_zone(time_zone)}
    try:
        with transaction.atomic():
            workspace = Workspace.objects.create(**fields)
            actor = system_actor(workspace.pk)
            record(
                actor, action="workspace.create", target=workspace, summary=f"{workspace.name} was created"
            )
    except IntegrityError as error:
        raise invalid("slug", "unique", "is taken") from error
    return workspace
