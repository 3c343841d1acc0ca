"""The newest events an incident counts, for its page; and whether there was ever one at all."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.permissions import Capability, require
from detection.models import Event, IncidentEvent


def latest_events(actor: Actor, incident_id: int, *, limit: int = 20) -> list[Event]:
    """Newest first: two statements. Raises Forbidden. Another workspace's incident has no events here."""
    require(actor, Capability.INCIDENTS_READ)
    links = IncidentEvent.objects.of(actor.workspace_id).filter(incident_id=incident_id)
    wanted = list(links.order_by("-occurred_at", "-event_id").values_list("event_id", flat=True)[:limit])
    found = Event.objects.of(actor.workspace_id).in_bulk(wanted)
    return [found[pk] for pk in wanted if pk in found]


def has_events(actor: Actor) -> bool:
    """Whether this workspace ever received one: stored now, or counted by an incident. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return (
        Event.objects.of(actor.workspace_id).exists() or IncidentEvent.objects.of(actor.workspace_id).exists()
    )
