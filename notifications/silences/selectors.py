"""Reads silences and maintenance windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Prefetch

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from incidents.models import Component, Incident
from incidents.vocabulary import UNRESOLVED
from notifications.silences.matching import Matcher, matchers_from
from notifications.silences.models import MaintenanceWindow, Silence, WindowOccurrence
from notifications.silences.muting import covers

MAX_SHOWN: Final = 200
MAX_INCIDENTS: Final = 1000


@dataclass(frozen=True)
class ShownSilence:
    """A silence with its matching incidents and its problems."""

    silence: Silence
    matchers: Sequence[Matcher]
    incidents: Sequence[Incident]
    flags: Sequence[str]


@dataclass(frozen=True)
class ShownWindow:
    """A window with its next occurrences."""

    window: MaintenanceWindow
    matchers: Sequence[Matcher]
    occurrences: Sequence[WindowOccurrence]
    flags: Sequence[str]


def silence_for(actor: Actor, silence_id: int) -> Silence:
    """Raises Forbidden, NotFound."""
    require(actor, Capability.INCIDENTS_READ)
    found: Silence | None = (
        Silence.objects.of(actor.workspace_id).select_related("owner").filter(pk=silence_id).first()
    )
    if found is None:
        raise NotFound("There is no such silence in this workspace.")
    return found


def window_for(actor: Actor, window_id: int) -> MaintenanceWindow:
    """Raises Forbidden, NotFound."""
    require(actor, Capability.INCIDENTS_READ)
    rows = MaintenanceWindow.objects.of(actor.workspace_id).filter(archived_at=None)
    found: MaintenanceWindow | None = rows.filter(pk=window_id).first()
    if found is None:
        raise NotFound("There is no such maintenance window in this workspace.")
    return found


def silences_of(actor: Actor, *, ended: bool = False) -> list[ShownSilence]:
    """Active silences by their end, or those ended most recently. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    rows = Silence.objects.of(actor.workspace_id).select_related("owner")
    rows = rows.filter(ended_at__isnull=not ended).order_by("-ended_at" if ended else "ends_at", "pk")
    snapshots = open_snapshots(actor.workspace_id) if not ended else []
    return [shown_silence(one, snapshots) for one in rows[:MAX_SHOWN]]


def shown_silence(
    silence: Silence, snapshots: Sequence[tuple[Incident, dict[str, Any]]] | None = None
) -> ShownSilence:
    """A silence with its matching incidents, except private ones, and its problems."""
    known = open_snapshots(silence.workspace_id) if snapshots is None else snapshots
    known = [one for one in known if not one[0].is_private]
    found = [incident for incident, snapshot in known if covers(silence, snapshot)]
    flags = _unknown(silence.workspace_id, matchers_from(silence.matchers))
    if silence.ended_at is None and not found:
        flags.append("Matches no open incident")
    elif found and len(found) == len(known) > 1:
        flags.append("Matches every open incident")
    return ShownSilence(silence, matchers_from(silence.matchers), found, flags)


def _unknown(workspace_id: int, matchers: Sequence[Matcher]) -> list[str]:
    named = [one.value for one in matchers if one.field == "component" and one.op != "~"]
    known = set(Component.objects.of(workspace_id).filter(name__in=named).values_list("name", flat=True))
    return [f"There is no component {name}" for name in named if name not in known]


def open_snapshots(workspace_id: int) -> list[tuple[Incident, dict[str, Any]]]:
    """Snapshots of unresolved incidents, for matchers."""
    rows = Incident.objects.of(workspace_id).filter(status__in=UNRESOLVED, merged_into=None)
    rows = rows.prefetch_related("affected__component").order_by("-pk")[:MAX_INCIDENTS]
    return [(incident, _snapshot(incident)) for incident in rows]


def _snapshot(incident: Incident) -> dict[str, Any]:
    return {
        "number": incident.number,
        "title": incident.title,
        "severity": str(incident.severity),
        "type": str(incident.incident_type),
        "labels": incident.labels,
        "components": [one.component.name for one in incident.affected.all()],
    }


def matching_incidents(workspace_id: int, silence: Silence) -> list[Incident]:
    """The unresolved incidents that a silence covers."""
    return [one for one, snapshot in open_snapshots(workspace_id) if covers(silence, snapshot)]


def windows_of(actor: Actor, *, now: datetime) -> list[ShownWindow]:
    """Windows by name, each with its next ten occurrences. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    rows = MaintenanceWindow.objects.of(actor.workspace_id).filter(archived_at=None).order_by("name", "pk")
    return [
        shown_window(one, now)
        for one in rows.prefetch_related(_upcoming(actor.workspace_id, now))[:MAX_SHOWN]
    ]


def _upcoming(workspace_id: int, now: datetime) -> Prefetch[str]:
    coming = WindowOccurrence.objects.of(workspace_id).filter(ended_at=None, ends_at__gt=now)
    return Prefetch("occurrences", queryset=coming.order_by("starts_at"))


def shown_window(window: MaintenanceWindow, now: datetime) -> ShownWindow:
    """A window with its next ten occurrences."""
    found = [one for one in window.occurrences.all() if one.ended_at is None and one.ends_at > now]
    matchers = matchers_from(window.matchers)
    flags = _unknown(window.workspace_id, matchers)
    if not found:
        flags.append("Does not occur in the next 60 days")
    return ShownWindow(window, matchers, sorted(found, key=lambda one: one.starts_at)[:10], flags)
