"""Fix watches: check for some time that a completed fix holds."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.models import Incident
from postmortems.action_items.models import ActionItem


class FixWatch(WorkspaceScoped, WorkItem):
    """A watch of one completion of an action item; due when the watch ends.

    Watches the fingerprints of the incident's signals; without any, its type on its components.
    """

    class Verdict(models.TextChoices):
        WATCHING = "watching", "Watching"
        HELD = "held", "Held"
        RECURRED = "recurred", "Came back"
        UNWATCHED = "unwatched", "Nothing was watching"
        STOPPED = "stopped", "Stopped: the item is open again"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    item = models.ForeignKey(ActionItem, on_delete=models.CASCADE, related_name="watches")
    completed_at = models.DateTimeField()
    fingerprints: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=64), default=list, blank=True
    )
    incident_type = models.CharField(max_length=40)
    component_ids: ArrayField[list[int], list[int]] = ArrayField(
        models.BigIntegerField(), default=list, blank=True
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices, default=Verdict.WATCHING)

    class Meta(WorkItem.Meta):
        verbose_name_plural = "fix watches"
        constraints = [
            models.UniqueConstraint(fields=["item", "completed_at"], name="fix_watched_once"),
            models.UniqueConstraint(
                fields=["item"], condition=models.Q(verdict="watching"), name="one_watch_at_a_time"
            ),
        ]
        indexes = [
            *WorkItem.Meta.indexes,
            GinIndex(fields=["fingerprints"], name="fix_watch_fingerprints"),
            models.Index(
                fields=["workspace", "incident_type"],
                condition=models.Q(verdict="watching"),
                name="fix_watch_watching",
            ),
        ]

    def __str__(self) -> str:
        return f"watch of item {self.item_id}: {self.verdict}"


class Recurrence(WorkspaceScoped):
    """An incident that showed that a fix did not hold."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    watch = models.ForeignKey(FixWatch, on_delete=models.CASCADE, related_name="recurrences")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["watch", "incident"], name="recurrence_once_per_incident")
        ]

    def __str__(self) -> str:
        return f"recurrence in incident {self.incident_id}"
