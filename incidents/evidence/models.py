"""Figures that detection computes from an incident's events, for other apps."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident


class IncidentEvidence(WorkspaceScoped):
    """Event statistics of one incident, written by detection and readable without it.

    The distributions map an event type or a source to its number of events, most frequent first by count.
    `peak_error_rate` is the percentage of error events among all events of the incident's sources in the
    worst minute, which begins at `peak_at`; null if that minute has too many events to count.
    `first_events` are the first event of each source and event type, oldest first, at most 20:
    [{"at", "source", "event_type", "message"}], credentials masked. `people_affected` is the number of
    distinct people the events name, null if they name none.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="evidence")
    event_count = models.PositiveBigIntegerField(default=0)
    error_count = models.PositiveBigIntegerField(default=0)
    peak_error_rate = models.FloatField(null=True, blank=True)
    peak_at = models.DateTimeField(null=True, blank=True)
    first_source = models.CharField(max_length=200, blank=True)
    primary_type = models.CharField(max_length=200, blank=True)
    primary_source = models.CharField(max_length=200, blank=True)
    error_distribution: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    source_distribution: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    first_events: models.JSONField[Any, Any] = models.JSONField(
        default=list, blank=True, db_default=models.Value([], output_field=models.JSONField())
    )
    metrics_before: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    metrics_after: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    people_affected = models.PositiveBigIntegerField(null=True, blank=True)
    computed_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        verbose_name_plural = "incident evidence"

    def __str__(self) -> str:
        return f"evidence of incident {self.incident_id}: {self.event_count} events"
