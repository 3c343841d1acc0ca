"""Queries of archives."""

from __future__ import annotations

from incidents.archive.models import IncidentArchive
from incidents.models import Incident


def archive_of(incident: Incident) -> IncidentArchive | None:
    """Return the archive of an incident the caller may see, if one was ever planned."""
    rows = IncidentArchive.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    found: IncidentArchive | None = rows.first()
    return found
