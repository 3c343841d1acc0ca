"""Checks whether a workspace has events."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.permissions import Capability, require
from detection.models import Event, IncidentEvent


def has_events(actor: Actor) -> bool:
    """Return whether this workspace ever received an event: stored now, or counted by an incident.

    Raises Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    return (
        Event.objects.of(actor.workspace_id).exists() or IncidentEvent.objects.of(actor.workspace_id).exists()
    )
