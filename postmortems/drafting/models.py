"""Work items of drafting."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.models import Incident


class DraftRequest(WorkspaceScoped, WorkItem):
    """A draft to write or refresh; one row per incident and outbox event."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    event_id = models.BigIntegerField()
    creates = models.BooleanField(default=False, help_text="Whether a postmortem is drafted if there is none")
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkItem.Meta):
        default_manager_name = "across_workspaces"
        constraints = [models.UniqueConstraint(fields=["incident", "event_id"], name="draft_requested_once")]

    def __str__(self) -> str:
        return f"draft for incident {self.incident_id}"
