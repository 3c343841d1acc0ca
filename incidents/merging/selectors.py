"""Queries of merges."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.permissions import Capability, require
from incidents.merging.family import family_of
from incidents.merging.models import Merge
from incidents.models import Incident
from incidents.privacy.selectors import seen_by, seen_with


def merges_into(actor: Actor, incident: Incident) -> list[Merge]:
    """Return the merges of other incidents into this one, oldest first, at most 100. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    if len(family_of(actor.workspace_id, incident.pk)) == 1:
        return []
    rows = Merge.objects.of(actor.workspace_id).filter(survivor=incident, state=Merge.State.ACTIVE)
    return list(rows.filter(seen_with(actor, "absorbed")).select_related("absorbed").order_by("pk")[:100])


def merge_of(actor: Actor, incident: Incident) -> Merge | None:
    """Return the merge that closed this incident, if the actor may see the survivor. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    rows = Merge.objects.of(actor.workspace_id).filter(absorbed=incident, state=Merge.State.ACTIVE)
    found: Merge | None = (
        rows.filter(survivor__in=seen_by(actor)).select_related("survivor", "absorbed").first()
    )
    return found
