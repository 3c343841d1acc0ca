"""Current snapshot of an incident for delivery payloads."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from incidents.components.models import AffectedComponent
from incidents.models import Incident


def snapshot_of(workspace_id: int, incident_id: int) -> dict[str, Any]:
    """Snapshot of the incident in the format of events."""
    incident: Incident = Incident.objects.of(workspace_id).get(pk=incident_id)
    affected = AffectedComponent.objects.of(workspace_id).filter(incident_id=incident_id)
    return {
        "incident_id": incident.pk,
        "number": incident.number,
        "title": incident.title,
        "severity": str(incident.severity),
        "status": str(incident.status),
        "stage": str(incident.stage),
        "type": str(incident.incident_type),
        "labels": incident.labels,
        "is_drill": incident.is_drill,
        "is_private": incident.is_private,
        "impact": incident.impact,
        "version": incident.version,
        "opening": incident.opening,
        "url": f"{settings.BASE_URL}/incidents/{incident.reference}",
        "components": sorted(affected.values_list("component__name", flat=True)),
    }
