"""Queries of attachments."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.sql.compiled_queries import compiled
from core.storage.client import bucket
from incidents.attachments.models import Attachment
from incidents.models import Incident
from incidents.privacy.selectors import seen_with
from incidents.selectors import incident_for

MAX_LISTED: Final = 100


def attachments_of(actor: Actor, incident: Incident) -> list[Attachment]:
    """Return the attachments of one incident, oldest first, at most 100."""
    require(actor, Capability.INCIDENTS_READ)
    return _attached(actor.workspace_id, incident.pk)


@compiled(int, int)
def _attached(workspace_id: int, incident_id: int) -> QuerySet[Attachment]:
    return Attachment.objects.of(workspace_id).filter(incident_id=incident_id).order_by("pk")[:MAX_LISTED]


def attachment_for(actor: Actor, attachment_id: int) -> Attachment:
    """Return one attachment of an incident that the actor may read. Raises Forbidden, NotFound."""
    require(actor, Capability.INCIDENTS_READ)
    rows = Attachment.objects.of(actor.workspace_id).filter(seen_with(actor), pk=attachment_id)
    found: Attachment | None = rows.select_related("incident").first()
    if found is None:
        raise NotFound("There is no such attachment in this workspace.")
    incident_for(actor, found.incident.number)
    return found


def content_of(attachment: Attachment) -> bytes:
    """Return its bytes. Raises StorageError, ObjectMissingError."""
    return bucket().get(attachment.key)
