"""Analysis jobs."""

from __future__ import annotations

from django.db import models

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.models import Incident


class AnalysisJob(WorkspaceScoped, WorkItem):
    """The analysis of one incident, repeated whenever its data changed."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="+")

    class Meta(WorkItem.Meta):
        pass

    def __str__(self) -> str:
        return f"analysis of incident {self.incident_id}: {self.state}"
