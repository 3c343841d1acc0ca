"""Publication of an incident, for its archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from incidents.archive.parts import OBSTACLES, Part, add_parts
from status.publishing.models import PublicIncident

add_parts(Part("public_incident", "status_publicincident"))


@OBSTACLES.register("status page")
def on_the_status_page(workspace_id: int, ids: Sequence[int], now: datetime) -> Mapping[int, str]:
    """Incidents on the status page, which reads their updates from the timeline."""
    rows = PublicIncident.objects.of(workspace_id).filter(incident_id__in=ids, withdrawn_at=None)
    return dict.fromkeys(rows.values_list("incident_id", flat=True), "it is on the status page")
