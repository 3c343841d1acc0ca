"""Decisions about an incident, a person or a channel, with their reasons."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.reasons import Reason
from core.tenancy import WorkspaceScoped


class Decision(WorkspaceScoped):
    """One decision, written in its transaction and never changed; pruned after 30 days.

    `subject` is the name of the channel, person or detector at that time. `key` (64 hex digits) makes it
    unique, so that a repeat after a crash writes nothing.
    """

    class Stage(models.TextChoices):
        DETECTION = "detection", "Detection"
        ESCALATION = "escalation", "Escalation"
        PLANNING = "planning", "Planning"
        SENDING = "sending", "Sending"

    class Verdict(models.TextChoices):
        OPENED = "opened", "Opened"
        JOINED = "joined", "Joined"
        STARTED = "started", "Started"
        PLANNED = "planned", "Planned"
        MUTED = "muted", "Muted"
        HELD = "held", "Held"
        SKIPPED = "skipped", "Not notified"
        ENDED = "ended", "Ended"
        FAILED = "failed", "Failed"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())
    incident_id = models.BigIntegerField(null=True, blank=True)
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    channel_id = models.BigIntegerField(null=True, blank=True)
    subject = models.CharField(max_length=200, blank=True, default="")
    stage = models.CharField(max_length=10, choices=Stage.choices)
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    reason = models.CharField(max_length=20)  # of `Reason`
    event_kind = models.CharField(max_length=80, blank=True, default="")
    data = models.JSONField(default=dict, blank=True)
    key = models.CharField(max_length=64)

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="decision_once")]
        indexes = [
            models.Index(fields=["workspace", "incident_id", "id"], name="decision_by_incident"),
            models.Index(
                fields=["user", "workspace", "-id"],
                name="decision_by_person",
                condition=models.Q(user__isnull=False),
            ),
            BrinIndex(fields=["at"], name="decision_age", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.verdict}: {self.reason}"

    @property
    def words(self) -> str:
        """Return the reason with its details."""
        detail, label = self.data.get("detail"), Reason(self.reason).label
        return f"{label}: {detail}" if detail else str(label)
