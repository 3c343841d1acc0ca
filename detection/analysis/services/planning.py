"""Plans the analysis of incidents."""

from __future__ import annotations

from typing import Final

from django.db.models.functions import Now

from core.queue.models import WorkItem
from core.queue.runner import nudge_queue
from detection.models import AnalysisJob
from detection.queues import ANALYSIS
from incidents.analysis.selectors import newest_by_rules
from incidents.models import Incident

# Each analysis reads which events an incident has: on a stream of errors that took a third of a core.
MANY_EVENTS: Final = 1000


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


def plan_after_growth(workspace_id: int, incident_id: int) -> bool:
    """Plan the analysis of an incident whose evidence grew. Returns whether it was planned. Idempotent.

    From 1,000 events on, until the incident is over, only when they doubled since the last revision.
    """
    incident = Incident.objects.of(workspace_id).filter(pk=incident_id).first()
    known = newest_by_rules(workspace_id, incident_id)
    is_open = incident is not None and incident.is_unresolved
    if incident and known and is_open and MANY_EVENTS <= incident.event_count < 2 * known.event_count:
        return False
    return plan_analysis(workspace_id, incident_id)
