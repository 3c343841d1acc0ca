"""Silences, maintenance windows with their occurrences, inhibition reviews and releases."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped


class Silence(WorkspaceScoped, WorkItem):
    """Mutes deliveries of matching incidents until it ends. `due_at`: when it is checked next."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    matchers = models.JSONField(default=list)
    includes_sev1 = models.BooleanField(default=False)
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=500)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    until_resolved = models.BooleanField(default=False)
    idle_s = models.PositiveIntegerField(null=True, blank=True)
    noticed_at = models.DateTimeField(null=True, blank=True)
    last_matched_at = models.DateTimeField(null=True, blank=True)
    match_count = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True, default="")
    end_reason = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="silence_ends_after_start"
            )
        ]
        indexes = [
            *WorkItem.Meta.indexes,
            models.Index(
                fields=["workspace", "ends_at"],
                name="silence_active",
                condition=models.Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"silence {self.pk}"

    @property
    def key(self) -> str:
        """Value of `muted_by` in deliveries."""
        return f"silence:{self.pk}"


class MaintenanceWindow(WorkspaceScoped, WorkItem):
    """Planned work, once or recurring, in local time. `due_at`: when its occurrences are refilled."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    matchers = models.JSONField(default=list)
    includes_sev1 = models.BooleanField(default=False)
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    local_start = models.CharField(max_length=19, help_text="2027-03-28T02:00, local time of the zone")
    duration_s = models.PositiveIntegerField()
    zone = models.CharField(max_length=64)
    rule = models.CharField(max_length=200, blank=True, default="")
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        abstract = False

    def __str__(self) -> str:
        return self.name


class WindowOccurrence(WorkspaceScoped, WorkItem):
    """An occurrence in UTC; `due_at` is its end, when unresolved incidents are notified."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    window = models.ForeignKey(MaintenanceWindow, on_delete=models.CASCADE, related_name="occurrences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["window", "starts_at"], name="window_occurrence_once"),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="occurrence_ends_after_start"
            ),
        ]
        indexes = [
            *WorkItem.Meta.indexes,
            models.Index(
                fields=["workspace", "starts_at"],
                name="occurrence_open",
                condition=models.Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.window_id} at {self.starts_at:%Y-%m-%d %H:%M} UTC"

    @property
    def key(self) -> str:
        """Value of `muted_by` in deliveries."""
        return f"window:{self.pk}"


class InhibitionReview(WorkspaceScoped, WorkItem):
    """A check of inhibited incidents, two minutes after the inhibiting one is resolved or less severe."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    parent_id = models.BigIntegerField()
    event_key = models.CharField(max_length=200)

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["workspace", "event_key"], name="inhibition_review_once")
        ]

    def __str__(self) -> str:
        return f"review of incident {self.parent_id}"


class Release(WorkspaceScoped, WorkItem):
    """Sends what `muted_by` had muted, in batches of incidents, after it ended.

    `once` identifies the end. `after_incident`: incidents up to this id are done. `still`: a silence that was
    narrowed and is still active; what it covers stays muted.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    muted_by = models.CharField(max_length=100)
    once = models.CharField(max_length=200)
    text = models.TextField()
    still = models.ForeignKey(Silence, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    after_incident = models.BigIntegerField()

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["workspace", "once"], name="release_once")]

    def __str__(self) -> str:
        return f"release of {self.muted_by}"
