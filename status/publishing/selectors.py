"""Reads published incidents and maintenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Case, Q, When
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from incidents.models import Component, Incident
from notifications.silences.models import MaintenanceWindow
from notifications.silences.selectors import windows_of
from status.publishing.models import Maintenance, PublicIncident, PublicWindow

MAX_SHOWN: Final = 50
MAX_INCIDENTS: Final = 250
HISTORY: Final = timedelta(days=90)


def is_hidden(incident: Incident) -> bool:
    """Whether an incident can never be published: a drill or a private one."""
    return incident.is_drill or incident.is_private


def internal_names(workspace_id: int) -> list[str]:
    """Names of the components in the catalogue."""
    return list(Component.objects.of(workspace_id).values_list("name", flat=True)[:5000])


def published_of(actor: Actor, incident: Incident) -> PublicIncident | None:
    """The publication of an incident, even if withdrawn. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    found: PublicIncident | None = (
        PublicIncident.objects.of(actor.workspace_id).filter(incident=incident).first()
    )
    return found


def published_incidents(workspace_id: int) -> list[PublicIncident]:
    """Incidents on the page, newest first: unresolved ones and those of the last 90 days, at most 250."""
    rows = PublicIncident.objects.of(workspace_id).filter(withdrawn_at=None)
    over = Q(incident__status__in=("resolved", "closed"))
    recent = rows.filter(Q(published_at__gte=timezone.now() - HISTORY) | ~over)
    # Unresolved ones come first, so that the limit never leaves one out for a newer one that is over.
    found = recent.select_related("incident").order_by(Case(When(over, then=1), default=0), "-published_at")
    shown = [one for one in found[:MAX_INCIDENTS] if not is_hidden(one.incident)]
    return sorted(shown, key=lambda one: one.published_at, reverse=True)


def maintenance_of(workspace_id: int) -> list[Maintenance]:
    """Maintenance that is upcoming, in progress, or ended in the last 90 days; soonest last."""
    rows = Maintenance.objects.of(workspace_id).filter(ends_at__gte=timezone.now() - HISTORY)
    return list(rows.prefetch_related("components").order_by("-starts_at")[:MAX_SHOWN])


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A maintenance window with its next occurrence and its publication."""

    window: MaintenanceWindow
    next_at: datetime | None
    shown: PublicWindow | None


def windows_on(actor: Actor, *, now: datetime) -> list[WindowRow]:
    """All maintenance windows by name. Raises Forbidden."""
    rows = PublicWindow.objects.of(actor.workspace_id).prefetch_related("components")
    shown = {one.window_id: one for one in rows}
    return [
        WindowRow(
            one.window, next((span.starts_at for span in one.occurrences), None), shown.get(one.window.pk)
        )
        for one in windows_of(actor, now=now)
    ]


def window_on(actor: Actor, window_id: int, *, now: datetime) -> WindowRow:
    """One maintenance window. Raises NotFound, Forbidden."""
    for one in windows_on(actor, now=now):
        if one.window.pk == window_id:
            return one
    raise NotFound("There is no such maintenance window in this workspace.")


def maintenance_on(actor: Actor) -> Sequence[Maintenance]:
    """The same for a member. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return maintenance_of(actor.workspace_id)


def maintenance_named(actor: Actor, public_id: str) -> Maintenance:
    """A maintenance by public id. Raises NotFound, Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    found: Maintenance | None = Maintenance.objects.of(actor.workspace_id).filter(public_id=public_id).first()
    if found is None:
        raise NotFound("There is no such maintenance on the status page.")
    return found
