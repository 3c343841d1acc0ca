"""Reads heartbeat monitors."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.tokens.credentials import digest
from core.errors import NotFound
from core.secrets.encryption import decrypt
from detection.heartbeats.models import Heartbeat


def heartbeats_of(actor: Actor) -> list[Heartbeat]:
    """By name. Raises Forbidden."""
    require(actor, Capability.SOURCES_READ)
    return list(Heartbeat.objects.of(actor.workspace_id).order_by("name", "pk"))


def heartbeat_for(actor: Actor, heartbeat_id: int) -> Heartbeat:
    """Raises Forbidden, NotFound."""
    require(actor, Capability.SOURCES_READ)
    found: Heartbeat | None = Heartbeat.objects.of(actor.workspace_id).filter(pk=heartbeat_id).first()
    if found is None:
        raise NotFound("There is no such heartbeat in this workspace.")
    return found


def heartbeat_by_key(key: str) -> Heartbeat:
    """The monitor whose address has this key, in any workspace. Raises NotFound."""
    found: Heartbeat | None = Heartbeat.across_workspaces.filter(digest=digest(key)).first()
    if found is None:
        raise NotFound("No heartbeat has this address. Nothing was stored.")
    return found


def heartbeat_named(workspace_id: int, name: str) -> Heartbeat:
    """Raises NotFound."""
    found: Heartbeat | None = Heartbeat.objects.of(workspace_id).filter(name=name[:120]).first()
    if found is None:
        raise NotFound(f"Heartbeat with name [{name[:120]}] is not found. Nothing was stored.")
    return found


def address_of(actor: Actor, heartbeat: Heartbeat) -> str:
    """Its address, for those who may change monitors; else empty."""
    if not allowed(actor, Capability.SOURCES_WRITE):
        return ""
    return f"{settings.BASE_URL}/heartbeats/ping/{decrypt(heartbeat.sealed)}"


def heartbeat_ok(workspace_id: int, components: Collection[str]) -> bool | None:
    """Whether every monitor of these components is up; None where there is none that runs."""
    rows = Heartbeat.objects.of(workspace_id).filter(component__in=list(components))
    found = set(rows.exclude(status=Heartbeat.Status.PAUSED).values_list("status", flat=True))
    return found == {Heartbeat.Status.UP} if found else None
