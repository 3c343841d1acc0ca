"""Heartbeat monitors of regular jobs, and the watch that finds missing heartbeats."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.vocabulary import Severity


class Heartbeat(WorkspaceScoped):
    """One monitor. `due_at`: when it becomes late (from up) or down (from late)."""

    class Status(models.TextChoices):
        NEW = "new", "New"
        UP = "up", "Up"
        LATE = "late", "Late"
        DOWN = "down", "Down"
        PAUSED = "paused", "Paused"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    component = models.CharField(max_length=200)
    severity = models.CharField(max_length=4, choices=Severity.choices, default=Severity.SEV2)
    period_s = models.PositiveIntegerField()
    grace_s = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    sealed = models.TextField(help_text="The encrypted key of its address.")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.NEW)
    last_beat_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    incident_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="heartbeat_name_once"),
            models.UniqueConstraint(fields=["digest"], name="heartbeat_key_once"),
        ]
        indexes = [models.Index(fields=["workspace", "due_at"], name="heartbeat_due")]

    def __str__(self) -> str:
        return self.name


class HeartbeatWatch(WorkspaceScoped, WorkItem):
    """Checks a workspace's heartbeats every few seconds. `looked_at` reveals an outage of Tocsin itself."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    looked_at = models.DateTimeField()

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["workspace"], name="heartbeat_watch_once")]

    def __str__(self) -> str:
        return f"watch of workspace {self.workspace_id}"
