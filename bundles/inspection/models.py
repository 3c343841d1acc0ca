"""Work items of inspection."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from bundles.records.models import Bundle
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped


class Inspection(WorkspaceScoped, WorkItem):
    """The inspection of an uploaded bundle."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    bundle = models.OneToOneField(Bundle, on_delete=models.CASCADE, related_name="inspection")
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkItem.Meta):
        default_manager_name = "across_workspaces"

    def __str__(self) -> str:
        return f"inspection of bundle {self.bundle_id}"
