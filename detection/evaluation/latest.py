"""The newest events of an incident."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.permissions import Capability, require
from detection.models import Event, IncidentEvent


def has_events(actor: Actor) -> bool:
    """Whether this workspace ever received one: stored now, or counted by an incident. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return (
        Event.objects.of(actor.workspace_id).exists() or IncidentEvent.objects.of(actor.workspace_id).exists()
    )
