"""Plans the analysis of incidents."""

from __future__ import annotations

from django.db.models.functions import Now

from core.queue.models import WorkItem
from core.queue.runner import nudge_queue
from detection.models import AnalysisJob
from detection.queues import ANALYSIS
from incidents.models import Incident


def plan_analysis(workspace_id: int, incident_id: int) -> bool:
    """Make the analysis of an incident due. False if this workspace has no such incident. Idempotent.

    An analysis that is running loses its claim, so that it is repeated with the new data.
    """
    if not Incident.objects.of(workspace_id).filter(pk=incident_id).exists():
        return False
    job = AnalysisJob(
        workspace_id=workspace_id, incident_id=incident_id, state=WorkItem.State.PENDING, due_at=Now()
    )
    AnalysisJob.objects.bulk_create(
        [job],
        update_conflicts=True,
        unique_fields=["incident"],
        update_fields=["state", "due_at", "attempts", "lease_until", "settled_at", "last_error"],
    )
    nudge_queue(ANALYSIS)
    return True
