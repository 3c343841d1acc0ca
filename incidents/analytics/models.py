"""Tables for analytics: one narrow row per incident, and precomputed figures of the standard periods."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident


class IncidentMeasure(WorkspaceScoped):
    """Times and durations of one incident for analytics, in microseconds.

    Written by triggers of the incident in the transaction of each change. A duration is null if the incident
    has no such time, and negative if its times are in the wrong order.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    incident = models.OneToOneField(
        Incident, primary_key=True, on_delete=models.CASCADE, related_name="measure"
    )
    severity = models.CharField(max_length=4)
    incident_type = models.CharField(max_length=40)
    category = models.CharField(max_length=40)
    status = models.CharField(max_length=14)
    is_drill = models.BooleanField()
    is_private = models.BooleanField()
    is_merged = models.BooleanField()
    started_at = models.DateTimeField()
    detected_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    to_detect = models.BigIntegerField()
    to_acknowledge = models.BigIntegerField(null=True)
    to_mitigate = models.BigIntegerField(null=True)
    to_resolve = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        indexes = [
            models.Index(fields=["workspace", "detected_at"], name="measure_period"),
            models.Index(fields=["workspace", "changed_at"], name="measure_changes"),
        ]

    def __str__(self) -> str:
        return f"measures of incident {self.incident_id}"


class PrecomputedFigures(WorkspaceScoped):
    """Precomputed figures of one standard period, for all who see the same incidents, as JSON.

    `audience`: `all` includes private incidents, `public` does not.
    """

    class Audience(models.TextChoices):
        ALL = "all", "All incidents"
        PUBLIC = "public", "Without private incidents"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    period = models.CharField(max_length=5)
    audience = models.CharField(max_length=6, choices=Audience.choices)
    made_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    body = models.TextField()

    class Meta(WorkspaceScoped.Meta):
        verbose_name_plural = "precomputed figures"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "period", "audience"], name="figures_once")
        ]

    def __str__(self) -> str:
        return f"{self.period} for {self.audience}, {self.made_at:%Y-%m-%d %H:%M:%S}"
