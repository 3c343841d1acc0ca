"""Plans requests to a language model."""

from __future__ import annotations

from django.conf import settings
from django.db.models.functions import Now

from core.queue.models import WorkItem
from core.queue.runner import nudge_queue
from detection.models import ModelRequest
from detection.queues import MODEL
from incidents.analysis.models import Author
from incidents.analysis.selectors import newest_analysis
from incidents.models import Incident


def plan_model_text(workspace_id: int, incident_id: int) -> bool:
    """Plan a request about an incident whose newest analysis is rule-based. Idempotent.

    Returns False if no model is configured, the incident is private or not of this workspace, or the model
    already wrote the newest text.
    """
    if not settings.LANGUAGE_MODEL_URL:
        return False
    incident = Incident.objects.of(workspace_id).filter(pk=incident_id, is_private=False).first()
    newest = newest_analysis(incident) if incident else None
    if newest is None or newest.author != Author.OFFLINE:
        return False
    item = ModelRequest(
        workspace_id=workspace_id, incident_id=incident_id, state=WorkItem.State.PENDING, due_at=Now()
    )
    ModelRequest.objects.bulk_create(
        [item],
        update_conflicts=True,
        unique_fields=["incident"],
        update_fields=[
            "state", "due_at", "attempts", "lease_until", "settled_at", "last_error", "outcome",
        ],
    )  # fmt: skip
    nudge_queue(MODEL)
    return True
