"""Notification channels of a workspace."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped


class Channel(WorkspaceScoped):
    """A notification channel of some kind ("slack", "email"). `secrets` is encrypted and never shown.

    `is_for_drills`: receives notifications of drills only; other channels receive none of them.
    """

    class State(models.TextChoices):
        OK = "ok", "Working"
        FAILING = "failing", "Failing"
        BROKEN = "broken", "Broken"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    config = models.JSONField(default=dict, blank=True)
    secrets = models.TextField(blank=True, default="", editable=False)
    fallback = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    is_enabled = models.BooleanField(default=True)
    is_for_drills = models.BooleanField(default=False, db_default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OK)
    reason = models.CharField(max_length=500, blank=True, default="")
    retry_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="channel_name_once")]
        indexes = [
            models.Index(fields=["state"], name="channel_broken", condition=models.Q(state="broken")),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"
