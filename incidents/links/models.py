"""Automatic links between incidents, with reasons."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident


class LinkKind(models.TextChoices):
    """Kind of the strongest reason of a link."""

    CORRELATION_ID = "correlation_id", "Correlation ids in common"
    SHAPES = "shapes", "Message templates in common"
    DEPENDENCY = "dependency", "Dependent components"
    COMPONENT = "component", "The same component"
    CHANGE = "change", "The same change before"
    TIME = "time", "Began together"
    RECURRENCE = "recurrence", "The same trouble before"
    BY_HAND = "by_hand", "Linked by a person"


class IncidentLink(WorkspaceScoped):
    """Two related incidents, and why. Linking merges nothing.

    `reasons` is a list of {kind, text, weight}, `score` their sum, at most 1. `removed_at` is set when a
    person removes the link, which is then not created again. Links that people create are `Incident.related`.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    low = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    high = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=LinkKind.choices)
    reasons: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    score = models.FloatField(default=0)
    by_label = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["low", "high"], name="incident_linked_once"),
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="incident_link_in_order"),
        ]

    def __str__(self) -> str:
        return f"incidents {self.low_id} and {self.high_id}: {self.kind}"
