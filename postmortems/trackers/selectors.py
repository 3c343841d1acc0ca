"""Reads trackers."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from accounts.actor import Actor
from accounts.permissions import Capability, require
from postmortems.trackers.models import Tracker


def trackers_of(actor: Actor) -> Sequence[Tracker]:
    """The trackers of the workspace by name. Raises Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    return list(Tracker.objects.of(actor.workspace_id).order_by("name"))


def address_of(tracker: Tracker) -> str:
    """Address of its webhook."""
    return f"{settings.BASE_URL}/trackers/{tracker.key}"


def tracker_with_key(key: str) -> Tracker | None:
    """The tracker with this key; the key alone identifies the workspace."""
    found: Tracker | None = Tracker.across_workspaces.filter(key=key).first()
    return found
