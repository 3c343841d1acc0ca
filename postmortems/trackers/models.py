"""Trackers that report the state of linked issues by a signed webhook."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped


class Tracker(WorkspaceScoped):
    """A tracker: `key` is part of its address, `sealed_secret` signs its requests."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    key = models.CharField(max_length=43, unique=True, editable=False)
    sealed_secret = models.TextField(editable=False)
    last_received_at = models.DateTimeField(null=True, blank=True)
    last_refused_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="tracker_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
