"""Merges of incidents, and dismissed proposals to merge."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident


class Merge(WorkspaceScoped):
    """One incident merged into another, with the data to undo that until `undo_until`.

    `signals` are the ids of the signals that moved to the survivor; `before` the fields of both incidents
    that the merge changed, by "absorbed" and "survivor"; `survivor_events` the survivor's number of events
    before.
    """

    class State(models.TextChoices):
        """Whether the merge is in effect."""

        ACTIVE = "active"
        UNDONE = "undone"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    survivor = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="merges")
    absorbed = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    signals = ArrayField(models.BigIntegerField(), default=list, blank=True)
    before: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    survivor_events = models.PositiveBigIntegerField(default=0)
    by_label = models.CharField(max_length=150)
    merged_at = models.DateTimeField(db_default=Now())
    undo_until = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["absorbed"], condition=Q(state="active"), name="merge_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(survivor=F("absorbed")), name="merge_of_two"),
        ]

    def __str__(self) -> str:
        return f"incident {self.absorbed_id} into {self.survivor_id}: {self.state}"


class DismissedProposal(WorkspaceScoped):
    """A dismissed proposal to merge two incidents; `kinds` are the reasons it had."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    low = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    high = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    kinds: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    by_label = models.CharField(max_length=150)
    dismissed_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["low", "high"], name="proposal_dismissed_once"),
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="proposal_in_order"),
        ]

    def __str__(self) -> str:
        return f"dismissed: incidents {self.low_id} and {self.high_id}"
