"""Requests to a language model."""

from __future__ import annotations

from django.db import models

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.models import Incident


class ModelRequest(WorkspaceScoped, WorkItem):
    """The request to a language model for one incident, repeated whenever the rule-based analysis changed.

    `sent_text` is the last request, word for word; `outcome` its result, `last_error` why it failed.
    """

    class Outcome(models.TextChoices):
        WAITING = "", "Waiting"
        WRITTEN = "written", "Text stored"
        FAILED = "failed", "No usable answer"
        SKIPPED = "skipped", "Not asked"
        OVERTAKEN = "overtaken", "The facts changed meanwhile"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="+")
    outcome = models.CharField(
        max_length=10, choices=Outcome.choices, blank=True, default=Outcome.WAITING, db_default=""
    )
    sent_text = models.TextField(blank=True, default="", db_default="")

    class Meta(WorkItem.Meta):
        indexes = [
            *WorkItem.Meta.indexes,
            models.Index(fields=["workspace", "settled_at"], name="modelrequest_settled"),
        ]

    def __str__(self) -> str:
        return f"language model on incident {self.incident_id}: {self.outcome or self.state}"
