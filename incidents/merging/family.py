"""Families of merged incidents, whose timeline and events are read as one."""

from __future__ import annotations

from django.db.models import QuerySet

from core.request_cache import cached_per_request
from core.sql.compiled_queries import compiled
from incidents.models import Incident


@cached_per_request
def family_of(workspace_id: int, incident_id: int) -> tuple[int, ...]:
    """Return the ids of the family, the incident itself first. One statement.

    The caller may see the incident, and so its family: private incidents are merged with private ones only.
    """
    return (incident_id, *_absorbed(workspace_id, incident_id))


@compiled(int, int)
def _absorbed(workspace_id: int, incident_id: int) -> QuerySet[Incident, int]:
    rows = Incident.objects.of(workspace_id).filter(merged_into_id=incident_id)
    return rows.order_by("pk").values_list("pk", flat=True)[:100]
