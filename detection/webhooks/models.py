"""Outcomes of requests that senders may query later."""

from __future__ import annotations

from django.db import models

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from detection.sources.models import KEY_LENGTH, Source


class RequestOutcome(WorkspaceScoped):
    """What a request of a source was about and whether it was done; stored for a day.

    `request_id` was returned to the sender, `key` is that of the alert.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    request_id = models.CharField(max_length=64)
    action = models.CharField(max_length=20)
    key = models.CharField(max_length=KEY_LENGTH, blank=True)
    succeeded = models.BooleanField()
    words = models.CharField(max_length=100)
    processed_at = models.DateTimeField()

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["source", "request_id"], name="outcome_once")]
        indexes = [models.Index(fields=["processed_at"])]

    def __str__(self) -> str:
        return f"{self.action} {self.request_id}: {self.words}"
