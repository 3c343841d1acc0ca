"""Queries of heartbeat monitors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.conf import settings

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.tokens.credentials import digest
from core.errors import NotFound
from core.secrets.encryption import decrypt
from detection.heartbeats.models import Heartbeat
from incidents.models import Incident


def heartbeats_of(actor: Actor) -> list[Heartbeat]:
    """Return the monitors by name. Raises Forbidden."""
    require(actor, Capability.SOURCES_READ)
    return list(Heartbeat.objects.of(actor.workspace_id).order_by("name", "pk"))


def heartbeat_for(actor: Actor, heartbeat_id: int) -> Heartbeat:
    """Return one monitor. Raises Forbidden, NotFound."""
    require(actor, Capability.SOURCES_READ)
    found: Heartbeat | None = Heartbeat.objects.of(actor.workspace_id).filter(pk=heartbeat_id).first()
    if found is None:
        raise NotFound("There is no such heartbeat in this workspace.")
    return found


def heartbeat_by_key(key: str) -> Heartbeat:
    """Return the monitor with this key in its URL, in any workspace. Raises NotFound."""
    found: Heartbeat | None = Heartbeat.across_workspaces.filter(digest=digest(key)).first()
    if found is None:
        raise NotFound("No heartbeat has this address. Nothing was stored.")
    return found


def heartbeat_named(workspace_id: int, name: str) -> Heartbeat:
    """Return a monitor by name. Raises NotFound."""
    found: Heartbeat | None = Heartbeat.objects.of(workspace_id).filter(name=name[:120]).first()
    if found is None:
        raise NotFound(f"Heartbeat with name [{name[:120]}] is not found. Nothing was stored.")
    return found


def address_of(actor: Actor, heartbeat: Heartbeat) -> str:
    """Return its URL, for those who may change monitors; else empty."""
    if not allowed(actor, Capability.SOURCES_WRITE):
        return ""
    return f"{settings.BASE_URL}/heartbeats/ping/{decrypt(heartbeat.sealed)}"


def heartbeat_ok(workspace_id: int, components: Collection[str]) -> bool | None:
    """Return whether every monitor of these components is up; None if none is active."""
    rows = Heartbeat.objects.of(workspace_id).filter(component__in=list(components))
    found = set(rows.exclude(status=Heartbeat.Status.PAUSED).values_list("status", flat=True))
    return found == {Heartbeat.Status.UP} if found else None


def down_counts(workspace_id: int, incident_ids: Iterable[int]) -> Mapping[int, int]:
    """Return how many heartbeats are down for each incident, including those of incidents merged into it."""
    homes: dict[int, Any] = {incident_id: incident_id for incident_id in incident_ids}
    merged = Incident.objects.of(workspace_id).filter(merged_into__in=list(homes))
    homes |= dict(merged.values_list("pk", "merged_into_id"))
    down = Heartbeat.objects.of(workspace_id).filter(status=Heartbeat.Status.DOWN, incident_id__in=homes)
    return Counter(homes[one.incident_id] for one in down if one.incident_id is not None)
